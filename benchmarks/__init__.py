"""Comparisons with other programs on one machine in one run: ``python -m benchmarks.compare``."""
