"""Did-you-mean: the nearest known name, for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name most like ``name``; a name that ``name`` merely abbreviates wins, then edit distance."""
    names = sorted(known)
    extended = [candidate for candidate in names if len(name) > 4 and candidate.startswith(name)]
    if extended:
        return min(extended, key=len)
    return next(iter(get_close_matches(name, names, n=1, cutoff=cutoff)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean X?`` or nothing, to end a message with."""
    found = nearest(name, known)
    return f"; did you mean {found}?" if found else ""
