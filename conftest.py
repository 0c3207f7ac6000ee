"""Loads the suite's plugin for every test below."""

pytest_plugins = ["orchestrator_contract.pytest_plugin"]
