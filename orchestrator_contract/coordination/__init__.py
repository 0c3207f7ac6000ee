"""State that the processes of one run share, and what they leave on disk."""
