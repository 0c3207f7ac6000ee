"""Lets `python -m orchestrator_contract` do what `orchestrator-contract` does."""

import sys

from orchestrator_contract.cli import main

sys.exit(main())
