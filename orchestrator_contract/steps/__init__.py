"""Stimuli that contract tests share."""
