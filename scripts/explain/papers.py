"""What is compiled for people, runbooks and fragments, as objects whose fields are lines."""

from __future__ import annotations

from collections.abc import Callable

from components.argocd.documents import HEALTH
from components.cluster.documents import RUNBOOKS, writers
from components.cluster.params import Fleet
from components.monitoring.mixin import Alert
from scripts.explain.effect import Objects
from scripts.explain.keyed import Steps
from scripts.explain.locate import NoSuchField

FOLDERS = ("docs", RUNBOOKS)
"""Folders of a cluster's own target that nothing syncs."""
KIND = "Document"
Alerts = Callable[[], tuple[Alert, ...]]
LINES = "lines"


def needs_kinds(folder: str, file: str) -> bool:
    """Whether a document, or one of a folder, tells of the kinds that are compiled."""
    return folder == FOLDERS[0] and file in ("", HEALTH)


def needs_alerts(folder: str) -> bool:
    """Whether the documents of a folder tell of alerts."""
    return folder == RUNBOOKS


def compiled(fleet: Fleet, folder: str, file: str, alerts: Alerts) -> Objects:
    """A document, or all of a folder where there is none of that name. ``fleet`` knows its kinds."""
    every = writers(fleet, alerts)
    wanted = [file] if file in every else [path for path in every if path.partition("/")[0] == folder]
    return {path: as_object(path, every[path]()) for path in wanted}


def around(fleet: Fleet, folder: str, file: str, alerts: Alerts) -> Objects:
    """All documents of a folder, without the lines of those that are not ``file``."""
    every = writers(fleet, alerts)
    return {
        path: as_object(path, write() if path == file else "")
        for path, write in every.items()
        if path.partition("/")[0] == folder
    }


def as_object(file: str, text: str) -> dict[str, object]:
    """A document as an object, so that it is compared as one."""
    return {"kind": KIND, "metadata": {"name": file}, LINES: text.split("\n")}


def field_at(text: str, line: int) -> Steps:
    """The field that a line (from 1) of a document is. Raises NoSuchField."""
    rows = text.split("\n")
    if not 1 <= line <= len(rows) or not rows[line - 1].strip():
        raise NoSuchField(
            f"line {line} is empty" if 1 <= line <= len(rows) else f"it has {len(rows) - 1} lines"
        )
    return (LINES, line - 1)


def line_of(path: Steps) -> int:
    """The line (from 1) that a field is; the first for the document as a whole."""
    return int(path[1]) + 1 if len(path) > 1 else 1
