"""Rules of the contract, one module a section; they record the findings."""
