"""The one error of a target that can't be used as described."""

from __future__ import annotations


class ProfileError(Exception):
    """The target is not usable as described, by file, key and expectation."""
