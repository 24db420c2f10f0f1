from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.inventory.text import rust_float
from tests.unit.inventory.trees import TARGET_FILE, reclass, write


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1000.0, "1000.0"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
        (1.5e22, "1.5e22"),
        (1e-5, "0.00001"),
        (-1.25e-5, "-0.0000125"),
        (1e-6, "1e-6"),
        (math.inf, ".inf"),
        (-math.inf, "-.inf"),
        (math.nan, ".nan"),
    ],
)
def test_rust_float(number: float, text: str) -> None:
    assert rust_float(number) == text


@settings(max_examples=60, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1e-5)
@example(5e-324)
def test_floats_stand_in_a_text_as_reclass_rs_writes_them(number: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        parameters = f"parameters:\n  number: {json.dumps(number)}\n  text: 'x${{number}}'\n"
        inventory = write(Path(folder), {TARGET_FILE: parameters})
        assert reclass(inventory)["text"] == f"x{rust_float(number)}"
