"""Judges the client that talks to the mock: what it did wrong, rule by rule."""
