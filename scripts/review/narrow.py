"""A cluster as it is drawn on a phone: the proxy above, and below it one box a stack with its way in words."""

from __future__ import annotations

from markupsafe import Markup

from scripts.review.change import ClusterPicture, Node, StackPicture
from scripts.review.drawing import MARKS, cut, short, tag

WIDTH, TOP, HEAD, HEIGHT, GAP, INDENT = 360, 10, 50, 70, 14, 24
_GRAVEST = ("removed", "added", "changed", "")


def cluster(picture: ClusterPicture) -> Markup:
    """One cluster, from the top to the bottom."""
    half = (WIDTH - INDENT) // 2 - 2
    right = WIDTH - 2 - half
    parts = [
        _wire(f"M{2 + half} {TOP + HEAD // 2}H{right}"),
        _box(picture.external, 2, half),
        _box(picture.litellm, right, half),
    ]
    y = TOP + HEAD + 2 * GAP
    for stack in picture.stacks:
        parts.append(_wire(f"M10 {y + HEIGHT // 2}H{INDENT}", gone=stack.pods.mark == "removed"))
        parts.append(_stack(stack, y, picture))
        y += HEIGHT + GAP
    if picture.stacks:
        middle = right + half // 2
        last = y - GAP - HEIGHT // 2
        parts.insert(0, _wire(f"M{middle} {TOP + HEAD}V{TOP + HEAD + GAP}H10V{last}"))
    return Markup('<svg viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>').format(
        WIDTH, y, f"{picture.cluster}, from its gateway to its pods", Markup("").join(parts)
    )


def _wire(path: str, *, gone: bool = False) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format("wire gone" if gone else "wire", path)


def _box(node: Node, x: int, width: int) -> Markup:
    mark = MARKS.get(node.mark, "")
    return Markup(
        '<g class="{}"><title>{}</title><rect class="body" x="{}" y="{}" width="{}" height="{}" rx="9"/>'
        '<text x="{}" y="{}">{}</text><text class="detail" x="{}" y="{}">{}</text>{}</g>'
    ).format(
        f"box {node.mark}" if node.present else f"box away {node.mark}",
        f"{node.name}: {node.detail}{f' ({mark})' if mark else ''}",
        x, TOP, width, HEAD,
        x + 10, TOP + 21, cut(short(node.name), 18),
        x + 10, TOP + 38, cut(node.detail, 26),
        tag(mark, x + width - 8, TOP),
    )  # fmt: skip


def _stack(stack: StackPicture, y: int, picture: ClusterPicture) -> Markup:
    nodes = [one for one in (stack.gateway, stack.epp, stack.pods) if one is not None]
    mark = stack.pods.mark or min((one.mark for one in nodes), key=_GRAVEST.index)
    name = stack.target.rpartition(".")[2]
    pods = f"{stack.pods.name} · {stack.pods.detail}"
    gateway = stack.gateway.detail if stack.gateway.present else "no gateway"
    way = [_word(gateway, stack.gateway.mark)]
    if stack.epp is not None:
        way += [Markup(" → "), _word(f"picker, {stack.epp.detail}", stack.epp.mark)]
    said = (
        f"{name}: {pods}{f' ({MARKS[mark]})' if mark else ''}; show only {stack.model} on {picture.cluster}"
    )
    return Markup(
        '<a href="#filters" data-model="{}" data-of="{}" aria-label="{}"><g class="{}">'
        '<rect class="body" x="{}" y="{}" width="{}" height="{}" rx="9"/><text x="{}" y="{}">{}</text>'
        '<text class="detail" x="{}" y="{}">{}</text><text class="detail" x="{}" y="{}">{}</text>{}</g></a>'
    ).format(
        stack.model, picture.cluster, said, f"box {mark}",
        INDENT, y, WIDTH - INDENT - 2, HEIGHT,
        INDENT + 11, y + 22, cut(name, 36),
        INDENT + 11, y + 40, cut(pods, 52),
        INDENT + 11, y + 57, Markup("").join(way),
        tag(MARKS.get(mark, ""), WIDTH - 12, y),
    )  # fmt: skip


def _word(text: str, mark: str) -> Markup:
    kind = f"part {mark}" if mark else "part"
    return Markup('<tspan class="{}">{}</tspan>').format(kind, cut(text, 28))
