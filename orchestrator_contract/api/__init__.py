"""The calls of the contract, pagination, and polling."""
