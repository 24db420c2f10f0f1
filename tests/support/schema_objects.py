"""Objects that hold to a contract, for property-based tests: made field by field, then mended until it accepts them.

Hypothesis draws the seed alone: independent choices reach rare combinations of fields far sooner than choices that it
records and mutates, and an object of a deep contract would exceed what it records.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from hypothesis import strategies as st
from jsonschema_rs import ValidationErrorKind as Kind

from components.contracts.documents import Json, at, resolve
from components.contracts.registry import Compiled
from tests.support import schema_views as views
from tests.support.schema_subset import matching, samples
from tests.support.schema_views import Node

_ROUNDS = 60
_TEXTS = ("", "a", "0", "true", "ab c", "straße", "{{.Name}}", "a\n", '"', "x" * 300)
Path = list[str | int]


class Unmendable(Exception):
    """This seed leads to no valid object."""


def objects(contract: Compiled, words: tuple[str, ...] = ()) -> st.SearchStrategy[Json]:
    """Objects that `contract` accepts, sparse and dense ones, with equal items in their lists where it can be.

    `words` are tried as values wherever they fit.
    """
    return st.integers(0, 2**32 - 1).map(lambda seed: made(contract, words, seed))


def made(contract: Compiled, words: tuple[str, ...], seed: int) -> Json:
    """The object of one seed; of a later one, when that leads to none."""
    for attempt in range(20):
        rng = random.Random(f"{seed} {attempt}")
        maker = Maker(contract.document, rng, rng.choice((0.2, 0.35, 0.5, 0.65)), words)
        obj: Json = maker.value(contract.document)
        for _ in range(_ROUNDS):
            errors = list(contract.validator.iter_errors(obj))
            if not errors:
                return obj
            for error in errors:
                maker.mend(obj, error)
    raise Unmendable(f"no object for seed {seed}")


@dataclass(frozen=True)
class Place:
    """A value in an object, its path, and the mapping or list that holds it."""

    path: Path
    parent: Any
    here: Any


@dataclass(frozen=True)
class Maker:
    """Makes values for the nodes of `document`; an optional field is there with the probability `density`."""

    document: Json
    rng: random.Random
    density: float
    words: tuple[str, ...]

    def value(self, node: Node) -> Any:
        """A value by what holds without condition at `node`."""
        listed = views.values(self.document, node)
        if listed is not None:
            return self.rng.choice(listed)
        match self.rng.choice(sorted(views.types(self.document, node) or {"string"})):
            case "object":
                return self._object(node)
            case "array":
                return self._array(node)
            case "integer":
                return self._integer(node)
            case "boolean":
                return self.rng.random() < 0.5
            case _:
                return self._text(node)

    def _chance(self) -> bool:
        return self.rng.random() < self.density

    def _integer(self, node: Node) -> int:
        low, high = views.most(self.document, node, "minimum"), views.least(self.document, node, "maximum")
        bottom, top = 0 if low is None else low, 2**31 - 1 if high is None else high
        return self.rng.choice((bottom, min(bottom + 1, top), top, self.rng.randint(bottom, top)))

    def _text(self, node: Node) -> str:
        patterns = tuple(fact["pattern"] for fact in views.facts(self.document, node) if "pattern" in fact)
        limits = (
            views.most(self.document, node, "minLength") or 0,
            views.least(self.document, node, "maxLength"),
        )
        known: Sequence[str] = samples(patterns, *limits) if patterns else _TEXTS
        fits = matching(patterns, *limits)
        words = [word for word in self.words if fits(word)]
        pool = words if words and self.rng.random() < 0.3 else known[:3] if self.rng.random() < 0.4 else known
        return self.rng.choice([text for text in pool if fits(text)] or list(known))

    def _array(self, node: Node) -> list[Any]:
        size = self.rng.randint(views.most(self.document, node, "minItems") or 0, 3)
        items = [self.value(views.child(self.document, node, index)) for index in range(size)]
        if items and self._chance():
            items.append(self._twin(items[0], views.child(self.document, node, 0)))
        return items

    def _twin(self, item: Any, node: Node) -> Any:
        """`item` again, or with one field that is there in one of them alone."""
        twin, named = copy.deepcopy(item), views.properties(self.document, node)
        names = sorted(name for name in named if named[name] is not False)
        if isinstance(twin, dict) and names and self._chance():
            name = self.rng.choice(names)
            if twin.pop(name, None) is None:
                twin[name] = self.value(named[name])
        return twin

    def _object(self, node: Node) -> Json:
        named = {
            name: field for name, field in views.properties(self.document, node).items() if field is not False
        }
        required = views.required(self.document, node)
        chosen = [name for name in sorted(named) if name in required or self._chance()]
        found = {name: self.value(named[name]) for name in chosen}
        others = views.first(self.document, node, "additionalProperties")
        if isinstance(others, dict):
            names = views.first(self.document, node, "propertyNames") or {"type": "string"}
            wanted = max(views.most(self.document, node, "minProperties") or 0, self.rng.randint(0, 2))
            found |= {self.value(names): self.value(others) for _ in range(wanted)}
        return found | {name: self.value(others) for name in sorted(required - named.keys())}

    def mend(self, obj: Json, error: jsonschema_rs.ValidationError) -> None:
        """Change `obj` where `error` is, towards validity. A place that is gone meanwhile is left alone."""
        path: Path = list(error.instance_path)
        try:
            place = Place(path, at(obj, path[:-1]) if path else {}, at(obj, path))
        except (KeyError, IndexError, TypeError):
            return
        node = resolve(self.document, at(self.document, list(error.schema_path)[:-1]))
        for kinds, cure in _CURES:
            if isinstance(error.kind, kinds):
                cure(self, place, node, error.kind)
                return
        if not path:
            raise Unmendable(error.message)
        place.parent.pop(path[-1])

    def unknown(self, place: Place, node: Json, kind: Any) -> None:
        for name in kind.unexpected:
            place.here.pop(name, None)

    def missing(self, place: Place, node: Json, kind: Any) -> None:
        self._add(place.path, place.here, kind.property)

    def wrong(self, place: Place, node: Json, kind: Any) -> None:
        place.parent[place.path[-1]] = self.rng.choice(_right_values(kind))

    def too_many(self, place: Place, node: Json, kind: Any) -> None:
        del place.here[getattr(kind, "limit", 1) :]

    def too_few(self, place: Place, node: Json, kind: Any) -> None:
        place.here.append(self.value(views.below(self.document, self.document, [*place.path, 0])))

    def one_field(self, place: Place, node: Json, kind: Any) -> None:
        self._choose_field(place.path, place.here)

    def branch(self, place: Place, node: Json, kind: Any) -> None:
        self._choose_branch(place.path, place.here, node.get("oneOf") or node["anyOf"])

    def contains(self, place: Place, node: Json, kind: Any) -> None:
        self._satisfy([*place.path, 0], place.here[0], node["contains"])

    def excluded(self, place: Place, node: Json, kind: Any) -> None:
        if isinstance(place.here, str):
            place.parent[place.path[-1]] = self.value(views.below(self.document, self.document, place.path))
        elif isinstance(place.here, list):
            del place.here[1:]
        else:
            for name in node["not"].get("required", ())[1:]:
                place.here.pop(name, None)

    def keyword(self, place: Place, node: Json, kind: Any) -> None:
        _mend_keyword(place.here, node, str(kind.keyword))

    def _add(self, path: Path, here: Json, name: str) -> None:
        if name not in here:
            here[name] = self.value(views.below(self.document, self.document, [*path, name]))

    def _choose_field(self, path: Path, here: Json) -> None:
        """Keep or add one optional field."""
        node = views.below(self.document, self.document, path)
        required, named = views.required(self.document, node), views.properties(self.document, node)
        if not named:
            here.popitem()
            return
        keep = self.rng.choice(sorted(named.keys() - required))
        for name in [name for name in here if name not in required | {keep}]:
            del here[name]
        self._add(path, here, keep)

    def _choose_branch(self, path: Path, here: Any, branches: list[Json]) -> None:
        branch = self.rng.choice(branches)
        if isinstance(here, list):
            del here[1:]
            return
        for name in {name for other in branches for name in other.get("required", ())}:
            if name not in branch.get("required", ()):
                here.pop(name, None)
        self._satisfy(path, here, branch)

    def _satisfy(self, path: Path, here: Any, branch: Json) -> None:
        """Make `here` hold to the plain conditions of `branch`: fields with one value, fields that must be there."""
        for name, field in branch.get("properties", {}).items():
            if "const" in field:
                here[name] = field["const"]
        for name in branch.get("required", ()):
            self._add(path, here, name)


def _mend_keyword(here: Any, node: Json, keyword: str) -> None:
    if keyword == "uniqueBy":
        del here[1:]
    elif keyword in ("notAbove", "notLonger"):
        ((low, high),) = node[keyword].items()
        here[low] = here[high]
    elif keyword == "requestsWithinLimits":
        here.pop("requests", None)
        here.pop("limits", None)
    else:
        raise Unmendable(keyword)


def _right_values(kind: Any) -> list[Any]:
    match kind:
        case Kind.Constant():
            return [kind.expected_value]
        case Kind.Enum():
            return list(kind.options)
        case Kind.Pattern():
            return list(samples((kind.pattern,), 0, None))
        case _:
            return [kind.limit]


_CURES: Sequence[tuple[tuple[type, ...], Callable[[Maker, Place, Json, Any], None]]] = (
    ((Kind.AdditionalProperties,), Maker.unknown),
    ((Kind.Required,), Maker.missing),
    ((Kind.Constant, Kind.Enum, Kind.Pattern, Kind.Minimum, Kind.Maximum), Maker.wrong),
    ((Kind.MaxItems, Kind.UniqueItems), Maker.too_many),
    ((Kind.MinItems,), Maker.too_few),
    ((Kind.MinProperties, Kind.MaxProperties), Maker.one_field),
    ((Kind.OneOfMultipleValid, Kind.OneOfNotValid, Kind.AnyOf), Maker.branch),
    ((Kind.Contains,), Maker.contains),
    ((Kind.Not,), Maker.excluded),
    ((Kind.Custom,), Maker.keyword),
)
