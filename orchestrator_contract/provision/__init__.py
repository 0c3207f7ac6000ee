"""Configurations to delete: their sources, what is known of each, and cleaning up."""
