"""How reclass-rs writes a value into a text: `"a-${b}"` with b true gives `a-True`.

A port of `Value::raw_string` of reclass-rs 0.10: scalars as Python's `str`, numbers as Rust prints them,
mappings and lists as JSON with sorted keys, every number in it as a float.
"""

from __future__ import annotations

import json
import math

from components.inventory.scalar import Scalar
from components.inventory.value import Literal, Mapping, Sequence, Text, Value


class NotText(ValueError):
    """The value cannot stand inside a text. Where it `ends` reclass-rs, no later value can replace it."""

    def __init__(self, ends: bool) -> None:
        super().__init__()
        self.ends = ends


def as_text(value: Value) -> str:
    """The text of a resolved value. Raises NotText for what reclass-rs fails on."""
    if isinstance(value, Literal):
        return _scalar_text(value.data)
    if isinstance(value, (Mapping, Sequence)):
        return json.dumps(_jsonable(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    raise NotText(ends=False)


def _scalar_text(scalar: Scalar) -> str:
    if scalar is None or isinstance(scalar, (bool, int, str)):
        return str(scalar)
    return rust_float(scalar)


def _jsonable(value: Value) -> object:
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items.items()}
    if isinstance(value, Sequence):
        return [_jsonable(item) for item in value.items]
    if isinstance(value, Text):
        return value.text
    if not isinstance(value, Literal):
        raise NotText(ends=True)
    scalar = value.data
    if isinstance(scalar, bool) or not isinstance(scalar, (int, float)):
        return scalar
    return _Number(float(scalar)) if math.isfinite(scalar) else rust_float(float(scalar))


class _Number(float):
    """A float that JSON prints as Rust does."""

    def __repr__(self) -> str:
        return rust_float(self)


def rust_float(number: float) -> str:
    """A float as Rust's ryu prints it: like Python, but `1e16` for `1e+16` and `0.00001` for `1e-05`."""
    if math.isnan(number):
        return ".nan"
    if math.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    text = float.__repr__(number)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    if int(exponent) == -5:
        sign = "-" if mantissa.startswith("-") else ""
        return f"{sign}0.0000{mantissa.lstrip('-').replace('.', '')}"
    return f"{mantissa}e{int(exponent)}"
