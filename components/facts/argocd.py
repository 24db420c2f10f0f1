"""What Argo CD knows by itself: health checks, exclusions, sync options. Table: ``argocd.yml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

from components.facts.suggest import did_you_mean
from components.facts.tables import table
from components.facts.versions import parse, range_of


@cache
def _health_kinds() -> frozenset[tuple[str, str]]:
    return frozenset((row["group"], kind) for row in table("argocd")["health"] for kind in row["kinds"])


def has_health_check(group: str, kind: str) -> bool:
    """Whether Argo CD ships a health check for the kind; without one it counts as healthy at once."""
    return (group, kind) in _health_kinds()


def health_check_problem(group: str, kind: str, argocd: str, versions: Mapping[str, str]) -> str | None:
    """Why the shipped check of a kind misjudges it in this Argo CD with these component versions."""
    for row in table("argocd")["health_fixed"]:
        if (row["group"], row["kind"]) != (group, kind) or parse(argocd) >= parse(row["since"]):
            continue
        bounds = row["matters_with"].items()
        if all(
            name in versions and parse(versions[name]) in range_of(b.get("since"), None) for name, b in bounds
        ):
            return f"Argo CD {argocd} keeps {kind} Progressing for ever; {row['since']} ships the right check"
    return None


def is_excluded(group: str, kind: str, argocd: str) -> bool:
    """Whether Argo CD's default ``resource.exclusions`` keep the kind from ever being synced."""
    facts = table("argocd")
    if parse(argocd) < parse(facts["exclusions_since"]):
        return False
    return any(group in row["groups"] and kind in row["kinds"] for row in facts["exclusions"])


def sync_option_problem(option: str, *, on_resource: bool = False) -> str | None:
    """Why Argo CD ignores a sync option (``Prune=false``) on an Application, or ``on_resource``."""
    known: Collection[str] = table("argocd")["sync_options"]["resource" if on_resource else "application"]
    name, separator, _ = option.partition("=")
    if name not in known:
        return f"Argo CD has no sync option {name}{did_you_mean(name, known)}"
    return None if separator else f"sync option {name} needs a value: {name}=true"
