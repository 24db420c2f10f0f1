"""SVG of clusters and pools. Every text passes through Markup's escaping; nothing foreign is ever markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from scripts.review.change import ClusterPicture, LedgerRow, Level, Node, StackPicture

WIDTH, HEIGHT, GAP_X, GAP_Y, TOP = 198, 50, 44, 14, 30
COLUMNS = ("outside", "LiteLLM", "gateway", "endpoint picker", "pods")
MARKS = {"added": "new", "removed": "gone", "changed": "changed"}
"""What stands on a box that something happens to."""
_SCALE = 1000


@dataclass(frozen=True, slots=True)
class _Place:
    x: int
    y: int


def cluster(picture: ClusterPicture) -> Markup:
    """One cluster: the way of a request from the left to the right."""
    rows = max(len(picture.stacks), 1)
    height = TOP + rows * (HEIGHT + GAP_Y)
    width = len(COLUMNS) * WIDTH + (len(COLUMNS) - 1) * GAP_X + 4
    middle = TOP + min((rows - 1) * (HEIGHT + GAP_Y) // 2, HEIGHT + GAP_Y)
    wires: list[Markup] = [_wire(_at(0, middle), _at(1, middle))]
    boxes: list[Markup] = [
        _box(picture.external, _at(0, middle), ""),
        _box(picture.litellm, _at(1, middle), ""),
    ]
    for gateway in _gateways(picture):
        place = _at(2, gateway.y)
        wires.append(_wire(_at(1, middle), place, gone=gateway.node.mark == "removed"))
        boxes.append(
            _box(gateway.node, place, "" if len(gateway.rows) > 1 else gateway.rows[0][1].model, picture)
        )
        for y, stack in gateway.rows:
            gone = stack.pods.mark == "removed"
            if stack.epp is not None:
                wires += [_wire(place, _at(3, y), gone=gone), _wire(_at(3, y), _at(4, y), gone=gone)]
                boxes.append(_box(stack.epp, _at(3, y), stack.model, picture))
            else:
                wires.append(_wire(place, _at(4, y), gone=gone))
            boxes.append(_pods(stack, _at(4, y), picture))
    heads = [
        Markup('<text class="column" x="{}" y="14">{}</text>').format(_at(index, 0).x, name)
        for index, name in enumerate(COLUMNS)
    ]
    body = Markup("").join([*heads, *wires, *boxes])
    said = f"{picture.cluster}: {picture.external.name} to {picture.litellm.name} to " + "; ".join(
        f"{one.target.rpartition('.')[2]} ({one.model}, {one.pods.name})" for one in picture.stacks
    )
    return Markup('<svg viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>').format(
        width, height, said, body
    )


@dataclass(frozen=True, slots=True)
class _Gateway:
    node: Node
    y: int
    rows: tuple[tuple[int, StackPicture], ...]


def _gateways(picture: ClusterPicture) -> Iterator[_Gateway]:
    """The gateways with the rows of their stacks; a shared one stands in the middle of its stacks."""
    by_name: dict[tuple[str, bool], list[StackPicture]] = {}
    for stack in picture.stacks:
        key = (stack.gateway.name if stack.gateway.present else stack.target, stack.gateway.present)
        by_name.setdefault(key, []).append(stack)
    y = TOP
    for stacks in by_name.values():
        rows = []
        for stack in stacks:
            rows.append((y, stack))
            y += HEIGHT + GAP_Y
        marks = {stack.gateway.mark for stack in stacks}
        node = stacks[0].gateway
        if len(stacks) > 1 and len(marks) > 1:
            node = Node(node.kind, node.name, node.detail, "changed", node.present)
        yield _Gateway(node, (rows[0][0] + rows[-1][0]) // 2, tuple(rows))


def _at(column: int, y: int) -> _Place:
    return _Place(2 + column * (WIDTH + GAP_X), y)


def _wire(one: _Place, other: _Place, *, gone: bool = False) -> Markup:
    x1, y1, x2, y2 = one.x + WIDTH, one.y + HEIGHT // 2, other.x, other.y + HEIGHT // 2
    bend = (x2 - x1) // 2
    path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 5} {y2}"
    head = f"M{x2 - 7} {y2 - 4}L{x2 - 1} {y2}L{x2 - 7} {y2 + 4}Z"
    kind = "wire gone" if gone else "wire"
    return Markup('<path class="{}" d="{}"/><path class="head" d="{}"/>').format(kind, path, head)


def _pods(stack: StackPicture, place: _Place, picture: ClusterPicture) -> Markup:
    name = stack.target.rpartition(".")[2]
    node = Node("pods", name, f"{stack.pods.name} · {stack.pods.detail}", stack.pods.mark)
    return _box(node, place, stack.model, picture)


def _box(node: Node, place: _Place, model: str, picture: ClusterPicture | None = None) -> Markup:
    kind = f"box {node.mark}" if node.present else f"box away {node.mark}"
    name = node.name if node.present else "no gateway"
    mark = MARKS.get(node.mark, "")
    title = f"{name}: {node.detail}{f' ({mark})' if mark else ''}"
    shape = Markup(
        '<g class="{}"><title>{}</title><rect class="body" x="{}" y="{}" width="{}" height="{}" rx="9"/>'
        '<text x="{}" y="{}">{}</text><text class="detail" x="{}" y="{}">{}</text>{}</g>'
    ).format(
        kind, title, place.x, place.y, WIDTH, HEIGHT,
        place.x + 11, place.y + 21, cut(short(name), 23),
        place.x + 11, place.y + 38, cut(node.detail, 32),
        tag(mark, place.x + WIDTH - 9, place.y),
    )  # fmt: skip
    if not model or picture is None:
        return shape
    said = f"{title}; show only {model} on {picture.cluster}"
    return Markup('<a href="#filters" data-model="{}" data-of="{}" aria-label="{}">{}</a>').format(
        model, picture.cluster, said, shape
    )


def tag(mark: str, right: int, y: int) -> Markup:
    """What happens to a box, on the upper edge of it; ends at ``right``."""
    if not mark:
        return Markup("")
    width = 16 + 6 * len(mark)
    return Markup(
        '<rect class="tag" x="{}" y="{}" width="{}" height="16" rx="8"/><text class="mark" text-anchor="middle" x="{}" '
        'y="{}">{}</text>'
    ).format(right - width, y - 8, width, right - width // 2, y + 4, mark)


def short(name: str) -> str:
    """A name without the endings that every gateway and every Endpoint Picker has."""
    return (
        name.removesuffix("-epp").removesuffix("-inference-gateway").removesuffix("-networking-layer-gateway")
    )


def cut(text: str, limit: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def pool(row: LedgerRow) -> Markup:
    """One pool as two bars: before above, after below; the end of the bar is what the pool has."""
    levels = [level for level in (row.before, row.after) if level is not None]
    widest = max([*(level.peak for level in levels), *((level.capacity or 0) for level in levels), 1])
    parts = []
    if row.before is not None and row.changed:
        parts.append(_bar(row.before, widest, 0, "bar-was", 9))
    if row.after is not None:
        parts.append(_after(row.after, widest))
    said = f"{row.cluster} {row.pool}: " + "; ".join(
        f"{name} {level.minimum} to {level.maximum} of {level.capacity if level.capacity is not None else 'unknown'}"
        for name, level in (("before", row.before), ("after", row.after))
        if level is not None
    )
    body = Markup("").join(parts)
    return Markup(
        '<svg viewBox="0 0 {} 34" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(_SCALE, said, body)


def _bar(level: Level, widest: int, y: int, kind: str, height: int) -> Markup:
    room = _length(level.capacity or 0, widest)
    return _rect(0, room, y, height, "bar-room") + _rect(0, _length(level.minimum, widest), y, height, kind)


def _after(level: Level, widest: int) -> Markup:
    y, height = 12, 20
    bar = _bar(level, widest, y, "bar-min", height)
    low, high, peak = (_length(n, widest) for n in (level.minimum, level.maximum, level.peak))
    bar += _rect(low, high - low, y, height, "bar-max") + _rect(high, peak - high, y, height, "bar-peak")
    if level.capacity is None:
        return bar
    end = _length(level.capacity, widest)
    bar += _rect(end, peak - end, y, height, "bar-over")
    return bar + Markup('<line class="bar-end" x1="{0}" x2="{0}" y1="10" y2="34"/>').format(max(end - 1, 1))


def _rect(x: int, width: int, y: int, height: int, kind: str) -> Markup:
    if width <= 0:
        return Markup("")
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(kind, x, y, width, height)


def _length(number: int, widest: int) -> int:
    return round(number / widest * _SCALE)
