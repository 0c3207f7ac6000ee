"""The one error of a target that can't be used as described."""

from __future__ import annotations


class ProfileError(Exception):
    """The target can't be used as described; the message names the file, the key and what was expected."""
