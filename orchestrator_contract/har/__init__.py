"""Recorded traffic (HAR 1.2): judged without requests, and written."""
