"""What goes wrong in a bake."""

from __future__ import annotations


class BakeError(Exception):
    """A template did not render; the message carries cookiecutter's words and the hook's output."""


class Escape(BakeError):
    """Something would have been written outside of the project; nothing was."""
