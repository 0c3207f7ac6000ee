"""Run the adequacy matrix: ``python -m orchestrator_contract.adequacy``."""

from orchestrator_contract.adequacy.matrix import main

if __name__ == "__main__":
    raise SystemExit(main())
