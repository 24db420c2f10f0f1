"""The errors that a user can cause. ``main`` functions print them; nobody prints a traceback for one."""

from __future__ import annotations

from dataclasses import dataclass


class InferstackError(Exception):
    """Root of every error that is shown as a message."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in one target's parameters, before its place in the inventory is looked up."""

    path: tuple[str | int, ...]
    """Key path in the rendered parameters."""
    message: str
    """What is wrong."""
    remedy: str
    """What to do."""
    target: str = ""
    """The target whose parameters hold it, where that is not the one that was compiled."""


class MistakesError(InferstackError):
    """A target's parameters cannot be compiled."""

    def __init__(self, target: str, mistakes: list[Mistake]) -> None:
        """``mistakes`` holds all that were found, not only the first."""
        super().__init__("; ".join(f"{target}: {one.message}; {one.remedy}" for one in mistakes))
        self.target = target
        self.mistakes = mistakes
