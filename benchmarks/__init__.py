"""Comparisons with other programs: ``python -m benchmarks.compare``."""
