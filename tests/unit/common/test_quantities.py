from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.common import quantities


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("4000m", "4"), ("500m", "500m"), ("0.5", "500m"), ("16", "16"), ("1.5", "1500m")],
)
def test_cpu(written: str, canonical: str) -> None:
    assert quantities.cpu(written) == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1024Mi", "1Gi"),
        ("192Gi", "192Gi"),
        ("2048Gi", "2Ti"),
        ("1.5Gi", "1536Mi"),
        ("500M", "500M"),
        ("1.5G", "1500M"),
        ("1000M", "1G"),
        ("1024M", "1024M"),
        ("2000T", "2P"),
        ("1000", "1k"),
        ("1048576", "1Mi"),
        ("1001", "1001"),
        ("0.5Ki", "512"),
    ],
)
def test_memory(written: str, canonical: str) -> None:
    assert quantities.memory(written) == canonical


@given(st.integers(1, 2**50))
def test_canonical_memory_keeps_the_value(number: int) -> None:
    assert quantities.parse(quantities.memory(str(number))) == number


@pytest.mark.parametrize(("value", "canonical"), [(5, "5"), (0.8, "800m"), (2.5, "2500m"), (10.0, "10")])
def test_number(value: float, canonical: str) -> None:
    assert quantities.number(value) == canonical


def test_gib_rounds_up() -> None:
    assert quantities.gib(131.4) == "132Gi"
    assert quantities.gib(16) == "16Gi"


@pytest.mark.parametrize("wrong", ["", "Gi", "1.2.3", "1e3", "5 Gi", "-1"])
def test_refuses(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a Kubernetes quantity"):
        quantities.parse(wrong)
