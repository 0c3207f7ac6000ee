"""The pytest plugin: `pytest_plugins` names its modules that have hooks."""

_WITH_HOOKS = ("options", "terminal", "modes", "session", "selection", "outcomes", "beside")
pytest_plugins = [f"{__name__}.{name}" for name in _WITH_HOOKS]
