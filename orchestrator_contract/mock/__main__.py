"""Lets ``python -m orchestrator_contract.mock`` start the mock."""

import sys

from orchestrator_contract.mock.cli import main

sys.exit(main())
