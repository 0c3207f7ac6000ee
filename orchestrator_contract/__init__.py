"""Contract tests for Twilio Conversation Orchestrator's *Delete Configuration*.

PYTEST_DONT_REWRITE: the command imports this package before pytest, which would warn of that.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("orchestrator-contract")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
