"""Kubernetes quantities: parse to numbers, write in the canonical form that the API server stores."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti|)")
_FACTORS: dict[str, Decimal] = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}


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
    """Canonical memory quantity: the largest binary suffix that gives a whole number.

    A decimal quantity (``500M``) stays as it is: the API server keeps its suffix family.
    """
    if quantity[-1:] in "kMGT":
        return quantity
    value = parse(quantity)
    if value != value.to_integral_value():
        raise ValueError(f"{quantity!r} is not a whole number of bytes")
    number = int(value)
    for suffix, power in (("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)):
        whole, rest = divmod(number, 2**power)
        if rest == 0 and whole:
            return f"{whole}{suffix}"
    return str(number)


def gib(value: float) -> str:
    """Whole GiB as a canonical quantity, rounded up: ``131.4`` gives ``132Gi``."""
    return memory(f"{-int(-value // 1)}Gi")


def number(value: float) -> str:
    """A plain number as a canonical quantity, to the thousandth: ``5`` gives ``"5"``, ``0.8`` gives ``"800m"``."""
    return cpu(f"{round(Decimal(str(value)) * 1000)}m")
