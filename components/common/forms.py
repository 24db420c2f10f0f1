"""What a text must look like: a pattern for machines, words and an example for people, said once.

``Annotated[str, text(pattern, words, example)]`` is a kind of text. Messages, the editors' schemas and the parameter
reference all take its words from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

HINT = "patternErrorMessage"
"""The keyword under which editors (YAML language server, VS Code) look for words in place of a pattern."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of text."""

    pattern: str
    words: str
    """What to write, so that "write …" is a sentence."""
    example: str

    def __str__(self) -> str:
        return f"{self.words}, for example {self.example}"


_FORMS: dict[str, Form] = {}


def text(pattern: str, words: str, example: str, *, longest: int | None = None) -> Any:
    """Metadata of a text that matches ``pattern`` and has ``longest`` characters at most."""
    form = _FORMS.setdefault(pattern, Form(pattern, words, example))
    return Field(pattern=pattern, max_length=longest, json_schema_extra={HINT: str(form)})


def form(pattern: str) -> Form | None:
    """The form of a pattern, where it has one."""
    return _FORMS.get(pattern)
