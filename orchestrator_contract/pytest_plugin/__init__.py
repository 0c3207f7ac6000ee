"""The pytest side: options, the run's life, and what a test comes to."""
