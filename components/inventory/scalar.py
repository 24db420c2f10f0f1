"""How a plain YAML scalar is read: by reclass-rs (YAML 1.2), and by the YAML 1.1 readers beside it.

Kapitan's other backends, yamllint, editors, and people read YAML 1.1, so a plain scalar on which the two
versions disagree is refused by the guard (`other_reading`). Source of the 1.2 rules: serde_yaml 0.9 `de.rs`,
the reader inside reclass-rs 0.10.1, each row proved by a run. Source of the 1.1 rules: PyYAML 6 `resolver.py`
and https://yaml.org/type/.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Final

Scalar = None | bool | int | float | str

#: Bounds of the whole numbers that reclass-rs can hold (i64 and u64).
MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**64 - 1

_WORDS: Final[dict[str, Scalar]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    ".inf": math.inf,
    ".Inf": math.inf,
    ".INF": math.inf,
    "+.inf": math.inf,
    "+.Inf": math.inf,
    "+.INF": math.inf,
    "-.inf": -math.inf,
    "-.Inf": -math.inf,
    "-.INF": -math.inf,
    ".nan": math.nan,
    ".NaN": math.nan,
    ".NAN": math.nan,
}
#: Digits of the widest whole number (128 bits, with sign) that reclass-rs tries to read as one.
_LONGEST_INTEGER: Final = 40
_MAYBE_NUMBER: Final = frozenset("0123456789+-.")
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+", re.ASCII)
_INTEGER: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)
_RADIX: Final = re.compile(r"([-+]?)0(?:x([0-9a-fA-F]+)|o([0-7]+)|b([01]+))", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)

_WORDS_1_1: Final = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), "true"),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), "false"),
    "=": "a value tag",
    "<<": "a merge key",
}
_OCTAL_1_1: Final = re.compile(r"[-+]?0[0-7_]+", re.ASCII)
_INTEGER_1_1: Final = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", re.ASCII)
_SEXAGESIMAL_1_1: Final = re.compile(
    r"[-+]?(?:[1-9][0-9_]*(?::[0-5]?[0-9])+|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)", re.ASCII
)
_FLOAT_1_1: Final = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)", re.ASCII
)
_DATE_1_1: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
    re.ASCII,
)
_VERSION_LIKE: Final = re.compile(r"[1-9][0-9]*\.[0-9]*[1-9]0", re.ASCII)


@lru_cache(maxsize=65536)
def resolve(text: str) -> Scalar:
    """The value of a plain scalar as reclass-rs reads it; see `exceeds_64_bits` for what it cannot hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAYBE_NUMBER:
        return text
    radix = _RADIX.fullmatch(text)
    if radix:
        sign, hexadecimal, octal, binary = radix.groups()
        magnitude = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(binary, 2)
        return -magnitude if sign == "-" else magnitude
    if _LEADING_ZERO.fullmatch(text):
        return text
    if _INTEGER.fullmatch(text) and len(text) <= _LONGEST_INTEGER:
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def exceeds_64_bits(text: str) -> bool:
    """Whether a plain scalar is a whole number that reclass-rs refuses, or silently turns into a float."""
    value = resolve(text)
    if isinstance(value, int):
        return not MIN_INTEGER <= value <= MAX_INTEGER
    return bool(_INTEGER.fullmatch(text)) and not _LEADING_ZERO.fullmatch(text)


@lru_cache(maxsize=65536)
def other_reading(text: str) -> str | None:
    """What a YAML 1.1 reader makes of a plain scalar, when that differs from `resolve(text)`; else None."""
    if text in _WORDS_1_1:
        return _WORDS_1_1[text]
    if not text or text in _WORDS or text[0] not in _MAYBE_NUMBER:
        return None
    value = resolve(text)
    if _DATE_1_1.fullmatch(text):
        return "a date"
    if _SEXAGESIMAL_1_1.fullmatch(text):
        return "a number in base 60"
    if _OCTAL_1_1.fullmatch(text):
        return f"the octal number {int(text.replace('_', ''), 8)}" if text.strip("+-0_") else "the number 0"
    if _INTEGER_1_1.fullmatch(text):
        return "a number" if isinstance(value, str) else None
    if _FLOAT_1_1.fullmatch(text):
        return "a number" if isinstance(value, str) else None
    return "text" if not isinstance(value, str) else None


def looks_like_version(text: str) -> bool:
    """Whether a plain scalar is a number that loses a trailing zero: `1.30` is read as 1.3."""
    return bool(_VERSION_LIKE.fullmatch(text))
