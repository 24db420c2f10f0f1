"""Answers for a terminal."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from components.cluster.params import TARGET
from scripts.explain.answer import (
    Answer,
    Choice,
    FieldAnswer,
    Formula,
    KeyAnswer,
    Line,
    LineAnswer,
    Parameter,
    Reached,
    Source,
)
from scripts.explain.authors import Author
from scripts.explain.hits import PARAMETERS
from scripts.terminal import harmless

WIDTH = 110
COLUMN = 64
"""The widest first column."""
SHOWN = 90
"""The most characters of a value."""
Chosen = Mapping[str, Sequence[Parameter]]
"""What chose the entry that a parameter lies in, by target and key."""
MANY = 6
"""The most names of a list that has no line of its own."""


def write(answer: Answer) -> str:
    """The text of an answer."""
    if isinstance(answer, KeyAnswer):
        rows = _key(answer)
    elif isinstance(answer, FieldAnswer):
        rows = _field(answer)
    else:
        rows = _line(answer)
    return harmless("\n".join(row.rstrip() for row in rows) + "\n")


def short(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, str):
        plain = value.isprintable() and value == value.strip() and value
        text = value if plain else json.dumps(value, ensure_ascii=False)
    elif isinstance(value, dict) and value:
        text = f"{{{', '.join(map(str, value))}}}"
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _key(answer: KeyAnswer) -> Iterator[str]:
    if answer.formula is not None:
        yield from _formula(answer.formula, "")
    if answer.parameter is not None:
        yield from _parameter(answer.parameter, answer.children)


def _parameter(parameter: Parameter, children: Sequence[Parameter]) -> Iterator[str]:
    value = "" if children and isinstance(parameter.value, dict) else f" = {_value(parameter)}"
    if parameter.state == "name":
        yield f"{parameter.target}  {_place(parameter)}"
    else:
        yield f"{parameter.key}{value}"
        yield f"  of {parameter.target}"
        yield from _wrapped(parameter.meaning, "  ")
        yield ""
        yield from _lines(parameter)
    if children:
        yield "holds"
        yield from _table((_named(one), _place(one)) for one in children)


def _lines(parameter: Parameter) -> Iterator[str]:
    if parameter.state in ("default", "unset"):
        said = "default" if parameter.state == "default" else "nobody sets it; declared"
        yield f"{said} in {parameter.declared}"
        yield from _overridden(parameter.overridden, "replaced before")
        return
    if parameter.state == "removed":
        default = "" if parameter.value is None else f"; the default {short(parameter.value)} holds"
        yield f"removed by null{default}"
    active = [line for line in parameter.lines if line.active]
    # Of a map or list all lines are active; of anything else the last one wins.
    winners = active if isinstance(parameter.value, dict | list) else active[-1:]
    yield "set by"
    for line in winners:
        yield from _told(line)
    yield from _overridden(parameter.overridden, "which overrides, in this order")
    if parameter.declared:
        yield f"declared in {parameter.declared}"


def _overridden(lines: Sequence[Line], title: str) -> Iterator[str]:
    if lines:
        yield title
        for line in lines:
            yield from _told(line)


def _told(line: Line, indent: str = "  ") -> Iterator[str]:
    yield f"{indent}{line.place}  {line.operator}{short(line.raw)}"
    for include in reversed(line.chain):
        yield f"{indent}  included as {include.written} by {include.place}"
    for reference in line.references:
        yield f"{indent}  ${{{reference.path}}} is" + (
            "" if reference.lines else " not set: its default is used"
        )
        for below in reference.lines:
            yield from _told(below, f"{indent}    ")


def _formula(one: Formula, indent: str, chosen: Chosen | None = None) -> Iterator[str]:
    yield f"{indent}{one.name} = {short(one.value)}  {one.place}"
    if one.formula:
        yield from _wrapped(one.formula, f"{indent}  ")
    if one.expression:
        yield f"{indent}  {one.expression}"
    told = [parameter for parameter in one.inputs if parameter.state != "unset"]
    yield from _parameters(((_named(one), one) for one in told), f"{indent}  ", chosen or {})
    unset = [parameter.key for parameter in one.inputs if parameter.state == "unset"]
    if unset:
        yield f"{indent}  not set: {', '.join(unset)}"
    for below in one.uses:
        yield from _formula(below, f"{indent}  ", chosen)


def _inputs(formulas: Iterable[Formula]) -> Iterator[str]:
    for one in formulas:
        yield from (f"{parameter.target} {parameter.key}" for parameter in one.inputs)
        yield from _inputs(one.uses)


def _field(answer: FieldAnswer) -> Iterator[str]:
    yield f"{answer.file}{f':{answer.line}' if answer.line else ''}"
    yield f"{answer.field} = {short(answer.value)}"
    yield f"  {answer.object}, compiled for {answer.target}"
    if answer.is_stale:
        yield from _stale(answer)
    chosen = {_id(one.parameter): one.chosen_by for one in answer.values}
    if answer.formulas:
        yield "computed"
        for formula in answer.formulas:
            yield from _formula(formula, "  ", chosen)
    told = set(_inputs(answer.formulas))
    values = [one for one in answer.values if _id(one.parameter) not in told or one.fields]
    if values:
        yield "comes from"
        yield from _sources(values, answer.target, chosen)
    if answer.is_fixed:
        yield "fixed: no parameter was found that changes it"
    if answer.presence:
        yield "there because of"
        yield from _presence(answer.presence, answer)
    if answer.unset:
        yield from _wrapped(
            ", ".join(_key_of(one, answer.target) for one in answer.unset), "  ", "not set, would change it: "
        )
    if answer.stacks:
        yield from _stacks(answer)
    if answer.author:
        yield f"written by {_written_by(answer.author)}"


def _written_by(author: Author) -> str:
    if author.adds == "override":
        return f"{author.place}, an override"
    added = f", as a {author.adds} of every object" if author.adds else ""
    language = "Jinja" if author.place.file.startswith("templates/") else "Jsonnet"
    return f"{author.place}{f', {author.function}' if author.function else f' ({language})'}{added}"


def _stale(answer: FieldAnswer) -> Iterator[str]:
    differs = f": there it is {short(answer.written)}" if answer.written != answer.value else ""
    what = answer.problem or f"the file on disk is not what the inventory compiles to now{differs}"
    yield f"  {what}; {'the compile refuses the inventory:' if answer.refused else 'run make compile'}"
    yield from (f"    {one}" for one in answer.refused)


def _stacks(answer: FieldAnswer) -> Iterator[str]:
    yield from _wrapped(_names(answer.stacks), "  ", "stacks that take part: ")
    if answer.alike:
        yield from _wrapped(_names(answer.alike), "  ", "the same would come from: ")


def _sources(sources: Sequence[Source], target: str, chosen: Chosen) -> Iterator[str]:
    if not any(source.fields for source in sources):
        yield from _parameters(((_of(one, target), one.parameter) for one in sources), "  ", chosen)
        return
    for source in sources:
        yield from _parameters([(_of(source, target), source.parameter)], "  ", chosen)
        yield from _wrapped(_names(source.fields), "      ", "    decides ")


def _parameters(rows: Iterable[tuple[str, Parameter]], indent: str, chosen: Chosen) -> Iterator[str]:
    """A line for each parameter, and below it what it overrode, references, and what chose its entry."""
    found = list(rows)
    table = _table(((left, _place(parameter)) for left, parameter in found), indent)
    for row, (_, parameter) in zip(table, found, strict=True):
        yield row
        for line in parameter.overridden:
            yield f"{indent}  overrides {short(line.raw)} of {line.place}"
        for reference in parameter.winner.references if parameter.winner else ():
            places = ", ".join(str(one.place) for one in reference.lines)
            yield f"{indent}  by ${{{reference.path}}}{f' of {places}' if places else ''}"
        for one in chosen.get(_id(parameter), ()):
            yield f"{indent}  chosen by {_named(one)}  {_place(one)}"


def _id(parameter: Parameter) -> str:
    return f"{parameter.target} {parameter.key}"


def _presence(sources: Sequence[Source], answer: FieldAnswer) -> Iterator[str]:
    for at in dict.fromkeys(source.at for source in sources):
        what = "the object" if not at else at if at != answer.key else "the field"
        these = [source for source in sources if source.at == at]
        yield f"  {what}"
        rows = ((_of(one, answer.target, is_there=True), _place(one.parameter)) for one in these)
        yield from _table(rows, "    ")


def _line(answer: LineAnswer) -> Iterator[str]:
    yield f"{answer.place.file}:{answer.place.line}  {answer.includes or answer.key or PARAMETERS}" + (
        "" if answer.includes else f" = {short(answer.raw)}"
    )
    active = answer.targets
    clusters = sorted({name.partition(".")[0] for name in active})
    yield f"  takes part in {_count(len(active), 'target')} of {_count(len(clusters), 'cluster')}"
    yield from _wrapped(_names(active), "    ", "    ")
    replaced = [use for use in answer.uses if not use.active]
    if replaced:
        yield f"  has no effect in {_count(len({use.target for use in replaced}), 'target')}, where it is overridden"
        yield from _table(
            (f"{use.target} {use.key}", f"by {use.overridden_by.place}" if use.overridden_by else "")
            for use in replaced[:MANY]
        )
        if len(replaced) > MANY:
            yield f"    and {len(replaced) - MANY} more"
    yield from _not_looked_at(answer)
    if answer.includes:
        return
    yield from _choices(answer.chooses)
    if not answer.fields:
        yield from _nothing(answer)
    yield from _fields([one for one in answer.fields if one.field or one.how != "absence"])
    yield from _kept_out([one for one in answer.fields if one.how == "absence" and not one.field])


def _fields(reached: Sequence[Reached]) -> Iterator[str]:
    if reached:
        yield f"reaches {_count(len(reached), 'field')}"
    for title in dict.fromkeys((one.kind, one.name) for one in reached):
        these = [one for one in reached if (one.kind, one.name) == title]
        yield f"  {' '.join(title)}"
        yield from _table(((_reached(one), _count(len(one.targets), "target")) for one in these), "    ")


def _kept_out(objects: Sequence[Reached]) -> Iterator[str]:
    """Whole objects that would be there, a line for each kind."""
    if objects:
        yield f"keeps out {_count(sum(one.count for one in objects), 'object')}"
    for kind in sorted({one.kind for one in objects}):
        names = [one.name for one in objects if one.kind == kind]
        yield from _wrapped(_names(names), "      ", f"  {kind} ")


def _not_looked_at(answer: LineAnswer) -> Iterator[str]:
    names = sorted({name for one in answer.unread for name in one.targets})
    if names:
        yield f"{_count(len(names), 'target')} cannot be read, so that nothing is known of what the line reaches there"
    for one in answer.unread[:MANY]:
        yield f"  {one.place}: {one.message}"
        yield from _wrapped(_names(one.targets), "    ", "    ")
    if len(answer.unread) > MANY:
        yield f"  and {len(answer.unread) - MANY} more"
    for cluster in answer.without_own:
        yield f"objects of cluster {cluster} itself are not looked at: it has no {TARGET}.yml"


def _choices(chooses: Sequence[Choice]) -> Iterator[str]:
    if chooses:
        yield "chooses"
        yield from _table((one.entry, ", ".join(map(str, one.places))) for one in chooses[:MANY])
        if len(chooses) > MANY:
            yield f"  and {len(chooses) - MANY} more"


def _nothing(answer: LineAnswer) -> Iterator[str]:
    if not (answer.targets or answer.unread):
        yield "reaches nothing"
        return
    what = "follows the name itself; ask for the lines of what it chooses" if answer.chooses else "it reaches"
    yield f"no compiled field was found that {what}"
    yield "runbooks and docs are not looked at"


def _reached(one: Reached) -> str:
    field = one.field or "the object"
    return field + {"value": "", "presence": " (whether it is there)", "absence": " (kept out)"}[one.how]


def _named(parameter: Parameter) -> str:
    if parameter.state == "name":
        return f"the target's name = {short(parameter.value)}"
    return f"{parameter.key} = {_value(parameter)}"


def _value(parameter: Parameter) -> str:
    return "nothing" if parameter.state == "unset" else short(parameter.value)


def _of(source: Source, target: str, *, is_there: bool = False) -> str:
    key = source.parameter.key if is_there else f"{source.parameter.key} (its key)"
    name = key if source.is_key else _named(source.parameter)
    other = source.parameter.target
    return name if other == target else f"{other.partition('.')[2]}: {name}"


def _key_of(source: Source, target: str) -> str:
    other = source.parameter.target
    return source.parameter.key if other == target else f"{source.parameter.key} of {other.partition('.')[2]}"


def _place(parameter: Parameter) -> str:
    winner = parameter.winner
    if winner is not None and parameter.state in ("set", "name"):
        return str(winner.place)
    if parameter.state == "removed" and winner is not None:
        return f"removed by {winner.place}"
    return f"default, {parameter.declared}" if parameter.state == "default" else f"{parameter.declared}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MANY])
    return shown if len(names) <= MANY else f"{shown} and {len(names) - MANY} more"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _table(rows: Iterable[tuple[str, str]], indent: str = "  ") -> Iterator[str]:
    found = list(rows)
    width = min(max((len(left) for left, _ in found), default=0), COLUMN)
    for left, right in found:
        yield f"{indent}{left:{width}}  {right}"


def _wrapped(text: str, indent: str, first: str | None = None) -> Iterator[str]:
    yield from textwrap.wrap(
        text.replace("``", ""),
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
