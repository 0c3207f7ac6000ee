"""Evidence that the suite detects defects: endpoints that misbehave on purpose."""
