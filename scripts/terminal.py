"""Text for a terminal: what is written in an inventory may hold sequences that a terminal would obey."""

from __future__ import annotations


def harmless(text: str) -> str:
    """The text with a question mark in place of every character that is not to be seen, but the ends of lines."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
