"""The pytest plugin: `pytest_plugins` names its modules that have hooks."""

pytest_plugins = [
    f"{__name__}.{name}"
    for name in ("options", "terminal", "modes", "session", "selection", "outcomes", "workers")
]
