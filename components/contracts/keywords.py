"""JSON Schema keywords of our own, for what the API server refuses and JSON Schema cannot say.

`uniqueBy: [name]` or `uniqueBy: {containerPort: null, protocol: TCP}`
    no two items agree in these keys, an absent one having the value given; items without any are left alone
`notAbove: {minReplicas: maxReplicas}`
    the first number is not above the second
`notLonger: {scrapeTimeout: interval}`
    the first duration is not longer than the second, unless the second is 0
`requestsWithinLimits: true`
    no request above its limit; extended resources and huge pages need a limit equal to the request
`maxBytes: 1048576`
    the texts of a mapping, keys included, are not longer in all (in UTF-8)
`selectsTemplate: true`
    selector.matchLabels is not empty and part of template.metadata.labels

Each raises ValueError with the words of the violation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_UNITS = {
    "": Decimal(1),
    **{unit: Decimal(10) ** (3 * power) for power, unit in enumerate("num", start=-3)},
    **{unit: Decimal(10) ** (3 * power) for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}
_SECONDS = {
    unit: Decimal(seconds)
    for unit, seconds in {
        "ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400", "w": "604800", "y": "31536000",
    }.items()
}  # fmt: skip
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)([numkMGTPE]|[KMGTPE]i)?")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhdwy])")


def quantity(value: Any) -> Decimal | None:
    """A Kubernetes quantity as a number (bytes, cores, pieces); None when it is none."""
    match = _QUANTITY.fullmatch(str(value))
    return Decimal(match[1]) * _UNITS[match[2] or ""] if match else None


def seconds(value: Any) -> Decimal | None:
    """A Go or Prometheus duration in seconds; None when it is none."""
    if value == "0":
        return Decimal(0)
    parts = _DURATION_PART.findall(value) if isinstance(value, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    return sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))


class UniqueBy:
    """`uniqueBy`: see the module."""

    def __init__(self, parent_schema: Any, value: Any, schema_path: Any) -> None:
        self.keys: dict[str, Any] = value if isinstance(value, dict) else dict.fromkeys(value)

    def validate(self, instance: Any) -> None:
        seen: dict[tuple[Any, ...], int] = {}
        for index, item in enumerate(instance if isinstance(instance, list) else ()):
            if not isinstance(item, Mapping) or self.keys.keys().isdisjoint(item):
                continue
            value = tuple(_hashable(item.get(key, default)) for key, default in self.keys.items())
            first = seen.setdefault(value, index)
            if first != index:
                raise ValueError(f"items {first} and {index} have the same {' and '.join(self.keys)}")


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, dict | list) else value


class NotAbove:
    """`notAbove`: see the module."""

    def __init__(self, parent_schema: Any, value: Any, schema_path: Any) -> None:
        ((self.low, self.high),) = value.items()

    def validate(self, instance: Any) -> None:
        if not isinstance(instance, Mapping):
            return
        low, high = instance.get(self.low), instance.get(self.high)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            raise ValueError(f"{self.low} ({low}) is above {self.high} ({high})")


class NotLonger:
    """`notLonger`: see the module."""

    def __init__(self, parent_schema: Any, value: Any, schema_path: Any) -> None:
        ((self.low, self.high),) = value.items()

    def validate(self, instance: Any) -> None:
        if not isinstance(instance, Mapping):
            return
        low, high = (seconds(instance.get(key)) for key in (self.low, self.high))
        if low is not None and high and low > high:
            first, second = (f"{key} ({instance[key]})" for key in (self.low, self.high))
            raise ValueError(f"{first} is longer than {second}")


class RequestsWithinLimits:
    """`requestsWithinLimits`: see the module. The rules are those of ValidateResourceRequirements in
    k8s.io/kubernetes pkg/apis/core/validation."""

    def __init__(self, parent_schema: Any, value: Any, schema_path: Any) -> None:
        pass

    def validate(self, instance: Any) -> None:
        if not isinstance(instance, Mapping):
            return
        requests, limits = (_mapping(instance.get(key)) for key in ("requests", "limits"))
        for name in sorted({*requests, *limits}, key=str):
            problem = _resource_problem(str(name), requests.get(name), limits.get(name))
            if problem:
                raise ValueError(problem)


def _resource_problem(name: str, request: Any, limit: Any) -> str | None:
    asked, most = quantity(request), quantity(limit)
    whole = "/" in name or name.startswith("hugepages-")
    if whole and any(number is not None and number % 1 for number in (asked, most)):
        return f"{name} comes in whole numbers only"
    if whole and asked is not None and asked != most:
        return f"{name} needs a limit equal to its request ({request})"
    if asked is not None and most is not None and asked > most:
        return f"the request for {name} ({request}) is above its limit ({limit})"
    return None


class MaxBytes:
    """`maxBytes`: see the module."""

    def __init__(self, parent_schema: Any, value: Any, schema_path: Any) -> None:
        self.limit: int = value

    def validate(self, instance: Any) -> None:
        size = sum(_size(key) + _size(value) for key, value in _mapping(instance).items())
        if size > self.limit:
            raise ValueError(f"holds {size:,} bytes; the API server takes {self.limit:,}")


def _size(value: Any) -> int:
    return len(value.encode(errors="replace")) if isinstance(value, str) else 0


class SelectsTemplate:
    """`selectsTemplate`: see the module."""

    def __init__(self, parent_schema: Any, value: Any, schema_path: Any) -> None:
        pass

    def validate(self, instance: Any) -> None:
        selector = _mapping(_mapping(instance).get("selector"))
        wanted = _mapping(selector.get("matchLabels"))
        if not wanted and not selector.get("matchExpressions"):
            raise ValueError("the selector is empty")
        template = _mapping(_mapping(instance).get("template"))
        labels = _mapping(_mapping(template.get("metadata")).get("labels"))
        for key, value in wanted.items():
            if labels.get(key) != value:
                raise ValueError(f"the selector wants the label {key}={value}, which the template lacks")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


KEYWORDS: dict[str, type[Any]] = {
    "uniqueBy": UniqueBy,
    "notAbove": NotAbove,
    "notLonger": NotLonger,
    "requestsWithinLimits": RequestsWithinLimits,
    "maxBytes": MaxBytes,
    "selectsTemplate": SelectsTemplate,
}
