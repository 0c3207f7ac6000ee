"""Configurations to delete: their origin, their state, and their removal."""
