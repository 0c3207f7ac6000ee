"""Keeps pytest's root in this checkout when an option names a path.

pytest looks for its root before it knows the options of plugins. The value of `--target
/a/profile.toml` looks to it like a test path then, and it takes that file's folder for the root.
This module is an entry point, so that it is loaded all the same: it starts pytest once more, with
the checkout's configuration. Outside of a checkout it does nothing.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

_CONFIGURATION = "pyproject.toml"


def checkout_of(folder: Path) -> Path | None:
    """The checkout of this project that holds *folder*; None outside of one."""
    for candidate in (folder, *folder.parents):
        try:
            text = (candidate / _CONFIGURATION).read_text(encoding="utf-8")
            name = tomllib.loads(text).get("project", {}).get("name")
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            return None
        return candidate if name == "orchestrator-contract" else None
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options before pytest looks for conftest.py."""
    if checkout_of(Path.cwd()):
        # Other projects of this environment need not import any of it.
        pytest.register_assert_rewrite("orchestrator_contract.pytest_plugin")
        from orchestrator_contract.pytest_plugin import options  # noqa: PLC0415

        options.pytest_addoption(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Run the session with the checkout as root, if pytest took another."""
    given = config.invocation_params
    root = checkout_of(given.dir)
    chosen = config.option.inifilename or config.option.rootdir
    if root is None or chosen or config.rootpath == root:
        return None
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    plugins = [*(given.plugins or ())]
    # Hypothesis's plugin counts sessions: once loaded, it has to see this one start.
    if (loaded := config.pluginmanager.get_plugin("hypothesispytest")) is not None:
        plugins.append(loaded)
    return int(pytest.main(["-c", str(root / _CONFIGURATION), *given.args], plugins=plugins))
