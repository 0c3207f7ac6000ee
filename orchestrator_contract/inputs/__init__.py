"""Inputs that are written down or drawn: odd SIDs and malformed keys."""
