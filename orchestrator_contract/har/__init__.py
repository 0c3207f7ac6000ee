"""Recorded traffic (HAR 1.2): judging it without sending anything, and writing the suite's own."""
