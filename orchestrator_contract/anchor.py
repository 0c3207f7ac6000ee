"""Keeps pytest's root at the project when option values are existing paths.

pytest finds its root before it knows any plugin's options, so the value of `--target /some/profile.toml`
looks to it like a test path, and the root, its configuration and conftest.py are looked for there. This
module is an entry point, loaded early enough to put that right; outside the project it does nothing.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from _pytest.config.findpaths import determine_setup

from orchestrator_contract.pytest_plugin.options import add_options


def project_of(folder: Path) -> Path | None:
    """The checkout of this project that *folder* is in; None outside of one."""
    for candidate in (folder, *folder.parents):
        file = candidate / "pyproject.toml"
        if file.is_file():
            try:
                name = (
                    tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}).get("name")
                )
            except (OSError, ValueError):
                return None
            return candidate if name == "orchestrator-contract" else None
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Make the options known before conftest.py is looked for."""
    if project_of(Path.cwd()):
        add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Move the root back to the project."""
    here = early_config.invocation_params.dir
    project = project_of(here)
    if project is None or early_config.rootpath == project or early_config.inipath is not None:
        return
    root, ini, values, ignored = determine_setup(
        inifile=str(project / "pyproject.toml"),
        override_ini=None,
        args=[],
        rootdir_cmd_arg=str(project),
        invocation_dir=here,
    )
    # pytest offers no way to do this from outside; these are the names of pytest 9.
    early_config._rootpath, early_config._inipath = root, ini  # noqa: SLF001
    early_config._inicfg, early_config._ignored_config_files = values, ignored  # noqa: SLF001
    early_config._inicache.clear()  # noqa: SLF001
    early_config._parser.extra_info.update(rootdir=str(root), inifile=str(ini))  # noqa: SLF001
    early_config.known_args_namespace.confcutdir = str(project)
    extra = early_config.getini("addopts")
    args[:0] = extra
    early_config.known_args_namespace = early_config._parser.parse_known_args(  # noqa: SLF001
        args, namespace=early_config.known_args_namespace
    )
