"""Configurations to delete: where they come from, what is known of each, and how what is left of them goes."""
