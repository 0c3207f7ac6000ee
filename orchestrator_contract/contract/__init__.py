"""What must hold, as data: the catalogue of requirements, the schemas, and the limits of the contract."""
