"""The contract as data: catalogue of requirements, schemas, limits."""
