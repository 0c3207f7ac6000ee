"""The resources of the contract: a configuration in its scope, and the operation of an accepted request."""
