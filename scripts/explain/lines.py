"""A line of the inventory: the targets that it takes part in, and the compiled fields that it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from components.cluster.params import TARGET
from components.inventory.node import plain_data
from scripts.explain.answer import How, LineAnswer, Reached, Unread, Use
from scripts.explain.choices import choices
from scripts.explain.declared import Place
from scripts.explain.fields import COMPILED
from scripts.explain.hits import CLASSES, Hit, Span, hits, span_at, unread
from scripts.explain.keyed import shown
from scripts.explain.placeholders import General, generalised
from scripts.explain.reach import Touch, touches
from scripts.explain.workshop import Workshop


def explain_line(workshop: Workshop, file: str, line: int) -> LineAnswer:
    """A line of a class or target. Raises MisuseError for a line that holds no value."""
    span = span_at(workshop.origins.inventory, file, line)
    place = Place(file, line, _column(span, line))
    if span.path[0] == CLASSES:
        return _of_class(workshop, span, place)
    found = list(hits(workshop.origins, span))
    return LineAnswer(
        place=place,
        key=".".join(map(str, span.key)),
        raw=plain_data(span.node),
        includes="",
        uses=tuple(_use(workshop, hit) for hit in found),
        fields=tuple(_grouped(workshop, touches(workshop, span, found))),
        chooses=tuple(choices(workshop, span, found)),
        unread=_unread(workshop, file),
        without_own=tuple(_without_own(workshop, found)),
    )


def _column(span: Span, line: int) -> int:
    """Where the value starts on the line, else its key; 0 where the line goes on with what an earlier one began."""
    key = span.source.key_position(span.path)
    places = [(span.node.line, span.node.column), *([(key.line, key.column)] if key else [])]
    return next((column for start, column in places if start == line), 0)


def _unread(workshop: Workshop, file: str) -> tuple[Unread, ...]:
    return tuple(
        Unread(Place(one.file, one.line, one.column), f"{one.message}. {one.remedy}", tuple(targets))
        for one, targets in unread(workshop.origins, file).items()
    )


def _without_own(workshop: Workshop, found: Iterable[Hit]) -> list[str]:
    clusters = sorted({hit.target.partition(".")[0] for hit in found if hit.active})
    return [cluster for cluster in clusters if f"{cluster}.{TARGET}" not in workshop.targets]


def _of_class(workshop: Workshop, span: Span, place: Place) -> LineAnswer:
    """An entry of a ``classes`` list, or all of them: the targets whose chain comes through it."""
    uses = [
        Use(target, "", True, None)
        for target in workshop.targets
        if any(
            step.file == span.source.name and step.line in span.lines
            for use in workshop.origins.chain(target).classes
            for step in use.includes
        )
    ]
    raw = plain_data(span.node)
    includes = ", ".join(map(str, raw)) if isinstance(raw, list) else str(raw)
    return LineAnswer(place, "", raw, includes, tuple(uses), (), (), _unread(workshop, span.source.name), ())


def _use(workshop: Workshop, hit: Hit) -> Use:
    winner = workshop.parameters.line(hit.target, hit.winner) if hit.winner is not None else None
    return Use(hit.target, ".".join(hit.key), hit.active, winner)


def _grouped(workshop: Workshop, found: Iterable[Touch]) -> Iterator[Reached]:
    """The same field of many targets once."""
    groups: dict[tuple[str, str, str, str, How], list[Touch]] = {}
    names: dict[str, General] = {}
    for touch in found:
        if touch.target not in names:
            names[touch.target] = _without_names(workshop, touch.target)
        general = names[touch.target]
        kind, name = touch.object
        component = touch.file.partition("/")[0]
        groups.setdefault((component, kind, general(name), general(shown(touch.path)), touch.how), []).append(
            touch
        )
    for (component, kind, name, field, how), these in sorted(groups.items()):
        if how == "presence" and (component, kind, name, field, "value") in groups:
            continue
        yield Reached(
            component=component,
            kind=kind,
            name=name,
            field=field,
            how=how,
            count=len(these),
            targets=tuple(sorted({touch.target for touch in these})),
            files=tuple(sorted({_file(touch) for touch in these})),
        )


def _file(touch: Touch) -> str:
    return f"{COMPILED}/{touch.target.replace('.', '/')}/{touch.file}"


def _without_names(workshop: Workshop, target: str) -> General:
    """Puts words in the place of the names that differ from target to target."""
    cluster = target.partition(".")[0]
    if workshop.is_cluster(target):
        return generalised(cluster, workshop.fleet(target).fleet.stacks)
    return generalised(cluster, [workshop.study(target).stack])
