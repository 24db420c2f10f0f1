"""Which targets a run is about: by name, by label, by shard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final

from scripts.compile.inputs import Inputs
from scripts.project import MisuseError

FACTS: Final[Mapping[str, str]] = {
    "cluster": "cluster.name",
    "region": "cluster.region",
    "environment": "environment.name",
    "model": "model.name",
    "runtime": "serving.runtime",
    "pool": "serving.pool",
    "wiring": "gateway.wiring",
}
"""Short labels, and the rendered parameter that each stands for."""
VALUES: Final = 8
"""So many values of a label are told to whoever asked for another."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal parts of the fleet."""

    index: int
    """From 1."""
    count: int

    def __contains__(self, target: object) -> bool:
        """A target's shard depends on nothing but its name, so a new one moves no other."""
        return int.from_bytes(sha256(str(target).encode()).digest()[:8]) % self.count == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard(text: str) -> Shard:
    """``3/8``. Raises MisuseError."""
    match = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text)
    if not match or int(match[1]) > int(match[2]):
        raise MisuseError(f"--shard {text}: write K/N with K from 1 to N, as in 3/8")
    return Shard(int(match[1]), int(match[2]))


@dataclass(frozen=True)
class Selection:
    """What was asked for; everything when nothing was."""

    globs: Sequence[str] = ()
    """Names with ``*``, ``?`` and ``[…]``, as ``<cluster>.<stack>`` or ``<cluster>/<stack>``; one must match."""
    labels: Sequence[str] = ()
    """``key=value``; all must hold."""
    shard: Shard | None = None

    @property
    def is_all(self) -> bool:
        """Whether no target is left out."""
        return not (self.globs or self.labels or self.shard)

    def resolve(self, inputs: Inputs) -> Selected:
        """Which targets they are. Raises MisuseError when it is none, and RenderError."""
        names = sorted(inputs.layout.targets)
        for glob in self.globs:
            if not any(_matches(name, glob) for name in names):
                raise MisuseError(f"--target {glob} matches no target; {_near(glob, names)}")
        labelled = _labelled(inputs, self.labels) if self.labels else None
        chosen = Selected(self, labelled)
        if names and not any(map(chosen, names)) and not self.shard:
            asked = [
                *(f"--target {glob}" for glob in self.globs),
                *(f"--label {label}" for label in self.labels),
            ]
            raise MisuseError(f"{' '.join(asked)}: no target is all of that")
        return chosen


@dataclass(frozen=True)
class Selected:
    """Tells for a name, of a target that there is or that there was, whether the run is about it."""

    selection: Selection
    labelled: frozenset[str] | None

    def __call__(self, target: str) -> bool:
        """Whether the run is about a target."""
        wanted = self.selection
        return (
            (not wanted.globs or any(_matches(target, glob) for glob in wanted.globs))
            and (wanted.shard is None or target in wanted.shard)
            and (self.labelled is None or target in self.labelled)
        )


def _matches(target: str, glob: str) -> bool:
    return fnmatchcase(target, glob.replace("/", "."))


def _near(glob: str, names: Iterable[str]) -> str:
    from components.inventory.problem import did_you_mean

    return did_you_mean(
        glob.replace("/", "."), names, "a target is <cluster>.<stack>; quote it for the shell"
    )


def _values(glob: str, found: Iterable[str]) -> str:
    from components.inventory.problem import did_you_mean

    first, more = sorted(found)[:VALUES], len(set(found)) - VALUES
    return did_you_mean(glob, found, f"there are {', '.join(first)}{f' and {more} more' if more > 0 else ''}")


def _labelled(inputs: Inputs, labels: Sequence[str]) -> frozenset[str]:
    """The targets that have all labels, from their rendered parameters."""
    from components.inventory.rendered import render

    wanted = [_pair(label) for label in labels]
    rendered = render(inputs.inventory)
    for key, glob in wanted:
        found = {value for parameters in rendered.values() for value in label_values(parameters, key)}
        if not found:
            raise MisuseError(
                f"--label {key}={glob}: no target has such a label; there are {', '.join(FACTS)}, the keys of "
                "kapitan.labels, and every parameter by its path, as in serving.maxReplicas"
            )
        if not any(fnmatchcase(value, glob) for value in found):
            raise MisuseError(f"--label {key}={glob}: no target has it; {_values(glob, found)}")
    return frozenset(
        target
        for target, parameters in rendered.items()
        if all(_has(parameters, key, glob) for key, glob in wanted)
    )


def _pair(label: str) -> tuple[str, str]:
    key, equals, value = label.partition("=")
    if not (key and equals and value):
        raise MisuseError(f"--label {label}: write key=value, as in environment=prod")
    return key, value


def _has(parameters: Mapping[str, Any], key: str, glob: str) -> bool:
    return any(fnmatchcase(value, glob) for value in label_values(parameters, key))


def label_values(parameters: Mapping[str, Any], key: str) -> list[str]:
    """What a label of a target is: its value, and for names like ``meta-llama/Llama-3.1-8B`` the part after the
    slash too. A label of kapitan.labels comes before a fact of the same name."""
    own = _at(parameters, ("kapitan", "labels", key))
    value = own if own is not None else _at(parameters, FACTS.get(key, key).split("."))
    if value is None or isinstance(value, (dict, list)):
        return []
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return [text, text.rpartition("/")[2]] if "/" in text else [text]


def _at(value: Any, path: Iterable[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
