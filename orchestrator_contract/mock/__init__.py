"""An embedded control plane to test the suite against: a test double, never a service.

It is a second reading of the contract: nothing here imports the rest of the package, so
that one misunderstanding cannot hide in both. State lives in memory, dies with the
process, and is reachable from loopback only.
"""
