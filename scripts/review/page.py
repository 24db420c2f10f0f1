"""A review as one self-contained page: no request, no frame, no style or script but its own.

Foreign text is data: in the markup it is escaped, in the JSON every ``<`` is, and the script of the page puts it into
text nodes alone. A content security policy lets nothing run but that script, by its digest.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.review import drawing, narrow, show
from scripts.review.change import (
    MISSING,
    SEVERITIES,
    Cause,
    Change,
    ClusterPicture,
    Consequence,
    LedgerRow,
    Severity,
)
from scripts.review.grouping import Group, Row, documents, groups, idle
from scripts.terminal import harmless

WORDS: Mapping[str, str] = {"routine": "routine", "look": "look here", "dangerous": "dangerous"}
LEGEND = (("before", "bar-was"), ("smallest", "bar-min"), ("largest", "bar-max"), ("rollout", "bar-peak"),
          ("over budget", "bar-over"))  # fmt: skip
_NAMES = ("name-added", "name-moved", "name-lost", "alias", "alias-lost", "fallback-lost")
"""Consequences of what the cluster's own target tells LiteLLM, although they are about stacks."""
_RUNTIMES = ("ClusterServingRuntime", "ServingRuntime")
MAX_VALUE = 4000
MAX_ROWS = 400
"""Rows of one group, and characters of one value, that the page holds; the JSON has all."""
_FOLDER = Path(__file__).resolve().parents[2] / "templates" / "review"


def write(change: Change, source_url: str = "") -> str:
    """The page. ``source_url``: where the files of the head can be read, for links to lines of the inventory."""
    found = groups(change)
    changed = frozenset(change.stacks)
    data = {
        "words": WORDS,
        "consequences": [_consequence(change, one) for one in change.consequences],
        "groups": [_group(change, one, changed, source_url) for one in found],
        "stacks": [],
    }
    severities = [one.severity for one in change.consequences]
    return render(
        data,
        title=f"Review: {change.verdict.words}",
        heading="Review",
        subject=f"{change.base} → {change.head}",
        verb="review",
        verdict=change.verdict,
        summary=show.summary(change),
        notes=change.notes,
        tiles=_tiles(change, severities),
        pictures=[
            picture(one) for one in change.pictures if one.stacks or one.litellm.mark or one.external.mark
        ],
        pools=[pool(row) for row in change.ledger],
        lists=[
            {"id": "consequences", "title": "What follows", "noun": "consequences", "columns": ()},
            {"id": "changes", "title": "Why, and what changes", "noun": "causes", "columns": ()},
        ],
        filters=(
            ("cluster", "Cluster"),
            ("model", "Model"),
            ("severity", "Severity"),
            ("cause", "Cause of changes"),
        ),
        extras=_extras(change),
    )


def render(data: Mapping[str, Any], **values: Any) -> str:
    """The page of a review or of a map."""
    style, script = _file("style.css"), _file("page.js")
    anchors = [("picture", "Stacks")] if values["pictures"] else []
    anchors += [("ledger", "GPUs")] if values["pools"] else []
    anchors += [(f"title-{one['id']}", one["title"]) for one in values["lists"]]
    made = _environment().get_template("page.html.j2").render(
        data=Markup(embedded(data)),  # noqa: S704 - no `<` is left in it
        style=Markup(style),  # noqa: S704 - a file of this repository
        script=Markup(script),  # noqa: S704 - a file of this repository
        style_hash=_digest(style),
        script_hash=_digest(script),
        sections=anchors,
        legend=LEGEND[0 if values["verdict"] else 1 :],
        **values,
    )  # fmt: skip
    return harmless(made)


def embedded(data: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end the element, or a line of a script."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@cache
def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _tiles(change: Change, severities: list[Severity]) -> list[tuple[str, str]]:
    edits = sum(1 for one in change.causes if one.kind in ("value", "include", "file"))
    numbers = [
        (edits, "edit", "edits"),
        (len(change.synced), "object", "objects"),
        (len(change.stacks), "stack", "stacks"),
        (len({one.id.cluster for one in change.synced}), "cluster", "clusters"),
        (len(change.restarting), "stack restarts", "stacks restart"),
        (severities.count("dangerous"), "dangerous", "dangerous"),
        (severities.count("look"), "to look at", "to look at"),
    ]
    return [(f"{number:,}", one if number == 1 else more) for number, one, more in numbers]


def picture(one: ClusterPicture) -> dict[str, Any]:
    """What the template needs of one cluster."""
    about = " · ".join(filter(None, (one.environment, one.region)))
    rest = f" · {show.count(one.hidden, 'other stack')} not drawn" if one.hidden else ""
    return {
        "cluster": one.cluster,
        "about": about + rest,
        "svg": drawing.cluster(one),
        "narrow": narrow.cluster(one),
        "versions": sorted(one.versions.items()),
    }


def pool(row: LedgerRow) -> dict[str, Any]:
    """What the template needs of one pool."""
    _, has, before, after, rollout, peak, free = show.level(row)
    numbers = [f"{before} → {after}" if row.changed and row.before else after]
    numbers.append(f"peak {peak}, free {free}" + (f", this rollout {rollout}" if rollout else ""))
    price = row.after.price if row.after else None
    if price is not None:
        numbers.append(f"{price:,.2f} {row.currency} an hour")
    return {
        "cluster": row.cluster,
        "name": f"{row.cluster} / {row.pool}",
        "has": f"{has}, {row.accelerator}",
        "svg": drawing.pool(row),
        "numbers": numbers,
    }


def _extras(change: Change) -> list[tuple[str, list[str]]]:
    lost = [f"{show.place(one)}  {show.cause(one)}" for one in idle(change)]
    found: list[tuple[str, list[str]]] = []
    if lost:
        found.append(("Edits without effect on what Argo CD syncs", lost[:MAX_ROWS]))
    if files := documents(change):
        found.append(("Documents that nothing syncs and that change too", list(files[:MAX_ROWS])))
    memory = [
        f"{one.target}: {one.before or 'unknown'} → {one.after}. {one.arithmetic}" for one in change.memory
    ]
    return [*([("Memory", memory)] if memory else []), *found]


def _severity(change: Change, group: Group, changed: frozenset[str]) -> Severity:
    """The gravest consequence of what some edits do. ``changed``: stacks of which an object does."""
    found = [one.severity for one in change.consequences if _follows(one, group, changed)]
    return max(found, key=SEVERITIES.index, default="routine")


def _follows(one: Consequence, group: Group, changed: frozenset[str]) -> bool:
    """Whether a consequence is one of some edits. What is about a whole cluster, about a stack in which no object
    changes, or about names that LiteLLM has, comes from the cluster's own target."""
    own = {name for name in one.stacks if name in changed}
    if own and one.rule not in _NAMES:
        return not own.isdisjoint(group.targets)
    clusters = {name.rpartition(".")[0] for name in one.stacks} or set(one.clusters)
    if clusters.isdisjoint(name.rpartition(".")[0] for name in group.targets if name.endswith(".cluster")):
        return False
    return not own or not group.stacks or not own.isdisjoint(group.stacks)


def _behind(change: Change, group: Group) -> list[str]:
    """Stacks that restart with a runtime of their cluster, although no object of theirs changes."""
    clusters = {
        target.rpartition(".")[0] for row in group.rows if row.kind in _RUNTIMES for target in row.targets
    }
    changed = set(change.stacks)
    return [name for name in change.restarting if name not in changed and name.rpartition(".")[0] in clusters]


def _models(change: Change, targets: Iterable[str]) -> list[str]:
    return sorted({change.models[target] for target in targets if target in change.models})


def _consequence(change: Change, one: Any) -> dict[str, Any]:
    return {
        "severity": one.severity,
        "rule": one.rule,
        "sentence": one.sentence,
        "remedy": one.remedy,
        "clusters": list(one.clusters),
        "models": _models(change, one.stacks),
    }


def _group(change: Change, one: Group, changed: frozenset[str], source_url: str) -> dict[str, Any]:
    return {
        "severity": _severity(change, one, changed),
        "causes": [_cause(cause, source_url) for cause in one.causes],
        "files": sorted({cause.file or show.cause(cause) for cause in one.causes}),
        "reach": show.reach(one),
        "clusters": list(one.clusters),
        "models": _models(change, [*one.targets, *_behind(change, one)]),
        "rows": [_row(row) for row in one.rows[:MAX_ROWS]],
    }


def _cause(one: Cause, source_url: str) -> dict[str, Any]:
    found: dict[str, Any] = {"place": show.place(one), "text": show.cause(one)}
    if source_url and one.file and not one.at_base:
        found["url"] = f"{source_url}/{one.file}" + (f"#L{one.line}" if one.line else "")
    if one.kind == "value":
        found |= {"key": one.key, "old": _value(one.old), "new": _value(one.new)}
    return found


def _row(row: Row) -> dict[str, Any]:
    objects = ", ".join(row.objects[:3]) + (
        f" and {len(row.objects) - 3} more" if len(row.objects) > 3 else ""
    )
    return {
        "status": row.status,
        "kind": row.kind,
        "field": row.field,
        "old": _value(row.old),
        "new": _value(row.new),
        "count": row.count,
        "differs": row.differs and bool(row.field),
        "where": show.targets(row.targets),
        "objects": objects,
    }


def _value(data: Any) -> str | None:
    """A value in full, as far as the page holds it; None for an absent one."""
    if data is MISSING:
        return None
    if isinstance(data, str):
        text = data if data else '""'
    elif isinstance(data, list) and data and all(isinstance(item, str) for item in data):
        text = "\n".join(item.removeprefix("=") for item in data)
    else:
        text = (
            json.dumps(data, ensure_ascii=False, indent=1)
            if isinstance(data, dict | list)
            else json.dumps(data)
        )
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"
