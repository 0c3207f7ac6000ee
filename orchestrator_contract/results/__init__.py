"""From what was found to the result: catalogue, ledger, rows, waivers, comparison."""
