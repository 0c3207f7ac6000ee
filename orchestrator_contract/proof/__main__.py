"""Run the adequacy matrix: ``python -m orchestrator_contract.proof``."""

from orchestrator_contract.proof.matrix import main

if __name__ == "__main__":
    raise SystemExit(main())
