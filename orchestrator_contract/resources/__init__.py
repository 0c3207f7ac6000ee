"""The resources: a configuration in its scope, and an operation."""
