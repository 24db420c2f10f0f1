"""Values that are nearly, but not quite, ones that exist: two letters swapped, one lost or one too many.

Numbers are never slips of one another: an A2 is no misspelt A10.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = 5
"""Letters of a word in which one is missed, or is too many: of shorter ones other words come."""
_LETTERS = re.compile(r"[A-Za-z]+")


def slip(value: str, known: Iterable[str]) -> str | None:
    """The known value that a value is nearly, but not quite; None for one that is known, or like none."""
    names = sorted(known)
    return None if value in names else next((one for one in names if _nearly(value, one)), None)


def _nearly(value: str, name: str) -> bool:
    if value.lower() == name.lower() or value.strip() == name:
        return True
    if abs(len(value) - len(name)) > 1:
        return False
    at = next((index for index, (a, b) in enumerate(zip(value, name, strict=False)) if a != b), len(name))
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
