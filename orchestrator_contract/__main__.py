"""Makes `python -m orchestrator_contract` the command of that name."""

import sys

from orchestrator_contract.cli import main

sys.exit(main())
