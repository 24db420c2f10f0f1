"""The keywords that JSON Schema does not have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from components.contracts.keywords import KEYWORDS, quantity, seconds


def accepts(schema: dict[str, Any], value: Any) -> bool:
    return jsonschema_rs.Draft202012Validator(schema, keywords=KEYWORDS).is_valid(value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        (4, 4),
        ("500m", "0.5"),
        ("16Gi", 16 * 2**30),
        ("1.5G", 1_500_000_000),
        ("100n", "0.0000001"),
        ("1k", 1000),
    ],
)
def test_a_quantity_is_a_number(text: Any, number: Any) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "1GB", "-1", "Gi", "1 Gi", None, "1e3"])
def test_other_texts_are_no_quantity(text: Any) -> None:
    assert quantity(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("0s", 0),
        ("90s", 90),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("250ms", "0.25"),
        ("1d", 86400),
        ("2w", 1209600),
    ],
)
def test_a_duration_is_seconds(text: str, number: Any) -> None:
    assert seconds(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "10", "s", "1x", "1h 1m", "1m2", None, 5])
def test_other_texts_are_no_duration(text: Any) -> None:
    assert seconds(text) is None


@pytest.mark.parametrize(
    ("keys", "items", "good"),
    [
        (["name"], [{"name": "a"}, {"name": "b"}], True),
        (["name"], [{"name": "a"}, {"name": "a"}], False),
        (["name"], [{}, {}], True),
        (["port", "host"], [{"port": 1}, {"port": 1, "host": "a"}], True),
        (["port", "host"], [{"port": 1}, {"port": 1}], False),
        ({"port": None, "protocol": "TCP"}, [{"port": 1}, {"port": 1, "protocol": "TCP"}], False),
        ({"port": None, "protocol": "TCP"}, [{"port": 1}, {"port": 1, "protocol": "UDP"}], True),
        (["name"], [{"name": {"a": 1}}, {"name": {"a": 1}}], False),
        (["name"], ["a", "a"], True),
        (["name"], "no list", True),
    ],
)
def test_unique_by(keys: Any, items: Any, good: bool) -> None:
    assert accepts({"uniqueBy": keys}, items) is good


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"a": 1, "b": 1}, True),
        ({"a": 2, "b": 1}, False),
        ({"a": 2}, True),
        ({"a": "2", "b": 1}, True),
        ([], True),
    ],
)
def test_not_above(value: Any, good: bool) -> None:
    assert accepts({"notAbove": {"a": "b"}}, value) is good


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"a": "60s", "b": "1m"}, True),
        ({"a": "61s", "b": "1m"}, False),
        ({"a": "61s", "b": "0s"}, True),
        ({"a": "61s"}, True),
        ({"a": "x", "b": "1s"}, True),
        ("text", True),
    ],
)
def test_not_longer(value: Any, good: bool) -> None:
    assert accepts({"notLonger": {"a": "b"}}, value) is good


@pytest.mark.parametrize(
    ("requests", "limits", "good"),
    [
        ({"cpu": "1"}, {}, True),
        ({"cpu": "500m"}, {"cpu": "1"}, True),
        ({"cpu": "2"}, {"cpu": "1500m"}, False),
        ({"memory": "1Gi"}, {"memory": "1073741824"}, True),
        ({"nvidia.com/gpu": "4"}, {"nvidia.com/gpu": 4}, True),
        ({"nvidia.com/gpu": "4"}, {"nvidia.com/gpu": "8"}, False),
        ({"nvidia.com/gpu": "4"}, {}, False),
        ({}, {"nvidia.com/gpu": "4"}, True),
        ({}, {"nvidia.com/gpu": "500m"}, False),
        ({"hugepages-2Mi": "4Mi"}, {}, False),
        ("text", {}, True),
    ],
)
def test_requests_within_limits(requests: Any, limits: Any, good: bool) -> None:
    assert accepts({"requestsWithinLimits": True}, {"requests": requests, "limits": limits}) is good


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"a": "bcd"}, True),
        ({"a": "bcde"}, False),
        ({"a": "üü"}, False),
        ({"a": 1, "b": []}, True),
        ("too long", True),
    ],
)
def test_max_bytes(value: Any, good: bool) -> None:
    assert accepts({"maxBytes": 4}, value) is good


@pytest.mark.parametrize(
    ("selector", "labels", "good"),
    [
        ({"matchLabels": {"a": "b"}}, {"a": "b", "c": "d"}, True),
        ({"matchLabels": {"a": "b"}}, {"a": "c"}, False),
        ({"matchLabels": {"a": "b"}}, {}, False),
        ({"matchLabels": {}}, {"a": "b"}, False),
        ({}, {"a": "b"}, False),
    ],
)
def test_selects_template(selector: Any, labels: Any, good: bool) -> None:
    value = {"selector": selector, "template": {"metadata": {"labels": labels}}}
    assert accepts({"selectsTemplate": True}, value) is good
