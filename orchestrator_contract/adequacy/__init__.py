"""Proof that the suite can be trusted: endpoints that misbehave on purpose, and what must be said of them."""
