"""Dashboards: whole, and drawn from data sources and series of the Grafana that shows them."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule
from scripts.check.served import json_of

_SOURCES = (
    "panels[].datasource",
    "panels[].targets[].datasource",
    "panels[].panels[].datasource",
    "panels[].panels[].targets[].datasource",
    "templating.list[].datasource",
)


_SEEN: WeakKeyDictionary[Obj, tuple[tuple[str, Node], ...]] = WeakKeyDictionary()


def dashboards(obj: Obj) -> tuple[tuple[str, Node], ...]:
    """(field, dashboard) of a ConfigMap; an empty one where the JSON does not parse."""
    if obj.kind != "ConfigMap":
        return ()
    if obj not in _SEEN:
        files = obj.texts("data").items()
        _SEEN[obj] = tuple((f'data["{key}"]', json_of(text)) for key, text in files if key.endswith(".json"))
    return _SEEN[obj]


def targets(board: Node) -> Iterator[Node]:
    """The queries of a dashboard's panels, those in rows too."""
    for path in ("panels[].targets[]", "panels[].panels[].targets[]"):
        yield from (target for target in board.each(path) if target.text("expr"))


@rule(
    "dashboard-readable",
    kinds=("ConfigMap",),
    why="Grafana's sidecar refuses the file, and the dashboard is not there.",
    fix="Run `make compile`.",
    source="inference-stacks.md idea 16",
    cause=("cluster", "monitoring", "dashboards"),
)
def readable(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A dashboard is JSON with a title, a uid and panels."""
    for field, board in dashboards(obj):
        missing = [key for key in ("title", "uid", "panels") if not board.has(key)]
        if missing:
            yield Hit(obj, field, f"it has no {', no '.join(missing)}")


@rule(
    "dashboard-source-variable",
    kinds=("ConfigMap",),
    why="The data source exists in the Grafana where it was drawn, and nowhere else: every panel is empty.",
    fix="Use `${datasource}` with a variable of that name.",
    source="inference-stacks.md idea 16",
    cause=("cluster", "monitoring", "dashboards"),
)
def source_variable(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Panels of a dashboard take their data source from a variable of the dashboard."""
    for field, board in dashboards(obj):
        named = {
            one.text("name") for one in board.each("templating.list[]") if one.text("type") == "datasource"
        }
        allowed = {f"${{{name}}}" for name in named} | {f"${name}" for name in named}
        sources = [one for path in _SOURCES for one in board.each(path)]
        for uid in sorted({one.text("uid") for one in sources} - allowed - {"-- Grafana --", "grafana", ""}):
            yield Hit(obj, field, f"data source {uid} is no variable of the dashboard")


@rule(
    "dashboard-uid-once",
    scope="cluster",
    why="Grafana keeps one of the dashboards, whichever it reads last.",
    fix="Give each dashboard a uid of its own.",
    source="inference-stacks.md idea 16",
    cause=("cluster", "monitoring", "dashboards"),
)
def uid_once(view: ClusterView) -> Iterator[Hit]:
    """No two dashboards of a cluster have one uid."""
    seen: dict[str, Obj] = {}
    for obj in view.of("ConfigMap"):
        for field, board in dashboards(obj):
            uid = board.text("uid")
            other = seen.setdefault(uid, obj) if uid else obj
            if other is not obj:
                yield Hit(obj, field, f"uid {uid} is also that of {other.ref}")
