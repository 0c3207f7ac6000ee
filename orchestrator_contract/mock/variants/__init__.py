"""Conformant ways to differ, one module per topic; each can be switched on by name."""
