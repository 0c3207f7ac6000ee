"""Runs tests marked `beside` beside later ones where operations take long."""

from __future__ import annotations

from functools import partial
from inspect import signature

import pytest

from orchestrator_contract.pytest_plugin.run import RUN
from orchestrator_contract.pytest_plugin.selection import is_marked


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Begin a marked test; what it finds later is attributed to it."""
    mark = pyfuncitem.get_closest_marker("beside")
    if mark is None or is_marked(pyfuncitem, "clock"):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    body, beside = partial(pyfuncitem.obj, **given), pyfuncitem.config.stash[RUN].endpoint.beside
    beside.run(body, waits=mark.kwargs.get("always", False))
    return True
