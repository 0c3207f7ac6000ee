"""Ways to break the contract, one module per topic; each can be switched on by name."""
