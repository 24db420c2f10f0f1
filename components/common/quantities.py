"""Kubernetes quantities: parse to numbers, write in the canonical form that the API server stores."""

from __future__ import annotations

import re
from decimal import Decimal

_DECIMAL = {"P": 10**15, "T": 10**12, "G": 10**9, "M": 10**6, "k": 10**3}
_BINARY = {"Pi": 2**50, "Ti": 2**40, "Gi": 2**30, "Mi": 2**20, "Ki": 2**10}
_FACTORS = {"m": Decimal("0.001"), "": Decimal(1)} | {
    suffix: Decimal(factor) for suffix, factor in (_DECIMAL | _BINARY).items()
}
_QUANTITY = re.compile(rf"([0-9]+(?:\.[0-9]+)?)({'|'.join(_FACTORS)})")


def parse(quantity: str) -> Decimal:
    """The value of a quantity in its base unit (cores, bytes). Raises ValueError when it is none."""
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is not a Kubernetes quantity")
    return Decimal(match[1]) * _FACTORS[match[2]]


def cpu(quantity: str) -> str:
    """Canonical CPU quantity: whole cores as ``"4"``, else milli-cores as ``"500m"``."""
    milli = parse(quantity) * 1000
    if milli != milli.to_integral_value():
        raise ValueError(f"{quantity!r} is finer than 1m of CPU")
    cores, rest = divmod(int(milli), 1000)
    return str(cores) if rest == 0 else f"{int(milli)}m"


def memory(quantity: str) -> str:
    """Canonical memory quantity: the largest suffix that gives a whole number, of powers of 2 or of 1000 as written.

    Bytes without a suffix take one of powers of 2 where they are a multiple of 1024.
    """
    value = parse(quantity)
    if value != value.to_integral_value():
        raise ValueError(f"{quantity!r} is not a whole number of bytes")
    number = int(value)
    binary = quantity[-1:] not in _DECIMAL and number % 1024 == 0
    for suffix, factor in (_BINARY if binary else _DECIMAL).items():
        whole, rest = divmod(number, factor)
        if rest == 0 and whole:
            return f"{whole}{suffix}"
    return str(number)


def gib(value: float) -> str:
    """Whole GiB as a canonical quantity, rounded up: ``131.4`` gives ``132Gi``."""
    return memory(f"{-int(-value // 1)}Gi")


def number(value: float) -> str:
    """A plain number as a canonical quantity, to the thousandth: ``5`` gives ``"5"``, ``0.8`` gives ``"800m"``."""
    return cpu(f"{round(Decimal(str(value)) * 1000)}m")
