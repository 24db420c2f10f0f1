"""Scalars of compiled documents: what YAML 1.1 and 1.2 read alike, and JSON has."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import yaml

TAG = "tag:yaml.org,2002:"
TEXT = f"{TAG}str"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_BOOLEANS = {"true": True, "false": False}
_PLAIN = yaml.SafeLoader("")

Scalar = str | int | float | bool | None


class ScalarError(ValueError):
    """Parsers differ about the text, or it is nothing that JSON has. The message says what to do."""


@lru_cache(maxsize=65536)
def plain_tag(text: str) -> str:
    """The tag of a plain scalar by YAML 1.1. Most scalars of a fleet are the same few thousand."""
    tag: str = _PLAIN.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag


def scalar(tag: str, text: str) -> Scalar:
    """The value of a scalar. Raises ScalarError."""
    match tag.removeprefix(TAG):
        case "str":
            return text
        case "int" if _INTEGER.fullmatch(text):
            return int(text)
        case "bool" if text in _BOOLEANS:
            return _BOOLEANS[text]
        case "null":
            return None
        case "float":
            return _number(tag, text)
        case "bool" | "int" | "timestamp" | "value" | "merge":
            raise ScalarError(f"{text!r} is read in another way by other YAML parsers: quote it")
    raise ScalarError(f"the tag {tag}: write plain YAML")


def _number(tag: str, text: str) -> float:
    try:
        value: float = _PLAIN.construct_yaml_float(yaml.ScalarNode(tag, text))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ScalarError(f"{text!r} is no number that JSON has")
    return value
