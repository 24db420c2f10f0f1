"""Words that sentences share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from components.stack.params import Stack


def several(names: Iterable[str], limit: int = 3) -> str:
    """``a, b and 4 more``."""
    listed: Sequence[str] = list(dict.fromkeys(names))
    if len(listed) > limit:
        return f"{', '.join(listed[:limit])} and {len(listed) - limit} more"
    if len(listed) <= 1:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 pod``, ``3 pods``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def are(number: int) -> str:
    """The verb for so many: ``is``, ``are``."""
    return "is" if number == 1 else "are"


def minutes(seconds: int) -> str:
    """A duration for people: ``16 min``."""
    return f"{-(-seconds // 60)} min"


def place(target: str) -> str:
    """A target for sentences: ``llama-70b (eu-h100)``."""
    cluster, _, name = target.rpartition(".")
    return f"cluster {cluster}" if name == "cluster" else f"{name} ({cluster})"


def held(stack: Stack) -> str:
    """What pods that stay hold: ``their pods keep 8 GPUs of pool h200``."""
    size = stack.gpu_demand.minimum
    gpus = f"{counted(size, 'GPU')} of pool" if size else "their places in pool"
    return f"their pods keep {gpus} {stack.serving.pool}"
