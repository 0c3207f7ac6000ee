"""From a 202 to the end of its operation: which links it gives, and what the polls say."""
