"""An embedded mock of the control plane: a test double, never a service.

It is an independent reading of the contract: nothing here imports the rest of the package,
so that one misunderstanding cannot hide in both. State is kept in memory only, and the
mock listens on loopback only.
"""
