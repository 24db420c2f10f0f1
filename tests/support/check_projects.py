"""Small projects on disk, for tests of the whole check: the committed inventory and its compiled tree, changed."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

from scripts.check.engine import Report, check
from scripts.check.model import Finding

ROOT = Path(__file__).parents[2]
DAY = datetime.date(2026, 11, 24)


def committed(folder: Path, *clusters: str) -> Path:
    """A copy of the committed inventory and tree in ``folder``; with ``clusters``, only these."""
    shutil.copytree(ROOT / "inventory", folder / "inventory")
    shutil.copy(ROOT / ".kapitan", folder / ".kapitan")
    for source in sorted((ROOT / "compiled").iterdir()):
        if not clusters or source.name in clusters:
            shutil.copytree(source, folder / "compiled" / source.name)
    for target in sorted((folder / "inventory" / "targets").iterdir()):
        if clusters and target.name not in clusters:
            shutil.rmtree(target)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Replaces text in a file. Raises ValueError when it is not there."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path} does not hold {old!r}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(root: Path, jobs: int = 1) -> Report:
    """The check of a project on a fixed day; a faulty rule raises."""
    return check(root, DAY, jobs, debug=True)


def found(report: Report, *rule_ids: str) -> list[Finding]:
    """Findings of some rules; errors and warnings of all rules without any."""
    return [one for one in report.findings if (one.rule in rule_ids if rule_ids else one.level != "note")]
