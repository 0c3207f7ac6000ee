"""What contract tests are made of: steps, observations and second looks that many of them share."""
