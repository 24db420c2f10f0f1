"""Values that are nearly, but not quite, ones that exist: two letters swapped, one lost or one too many.

Numbers are never slips of one another: an A2 is no misspelt A10.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = 5
"""Letters of a word in which one is missed, or is too many: of shorter ones other words come."""
_COPY = re.compile(r"x|-\d|-copy")
"""What is left behind a name by a copy, or by a slip of the finger."""
_LETTERS = re.compile(r"[A-Za-z]+")


def slip(value: str, known: Iterable[str], *, copies: bool = False) -> str | None:
    """The known value that a value is nearly, but not quite; None for one that is known, or like none.

    ``copies``: also one with a copy's number behind it, where nothing can be called so by itself.
    """
    names = sorted(known)
    if value in names:
        return None
    for one in names:
        if _nearly(value, one) or (copies and value.startswith(one) and _COPY.fullmatch(value[len(one) :])):
            return one
    return None


def _nearly(value: str, name: str) -> bool:
    if value.lower() == name.lower() or value.strip() == name:
        return True
    if abs(len(value) - len(name)) > 1:
        return False
    shared = min(len(value), len(name))
    at = next((index for index in range(shared) if value[index] != name[index]), shared)
    if len(value) == len(name):
        return (
            value[at : at + 2] == name[at : at + 2][::-1]
            and value[at : at + 2].isalnum()
            and value[at + 2 :] == name[at + 2 :]
        )
    longer, shorter = (value, name) if len(value) > len(name) else (name, value)
    return longer[at + 1 :] == shorter[at:] and longer[at].isalpha() and _word_at(longer, at) > _WORD


def _word_at(text: str, at: int) -> int:
    """Letters of the word at a place."""
    word = next((one for one in _LETTERS.finditer(text) if one.start() <= at < one.end()), None)
    return len(word.group()) if word else 0
