"""Errors that are told whole."""

from __future__ import annotations

from components.common.errors import InferstackError


class ToldError(InferstackError):
    """The message is a list of what is wrong, each with its place; nothing is put before it."""
