"""The memory verdict of every model of a cluster, for people and for reviews: also of those that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.check.deployment import Deployment, deployments
from scripts.check.fit import fit
from scripts.check.fit_gguf import fit_gguf
from scripts.check.fleet import ClusterView
from scripts.check.plans import gguf_plan, vllm_plan
from scripts.table import aligned

UNKNOWN = "unknown"
"""The verdict where a fact is missing that decides it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One InferenceService. GiB are of one GPU for vLLM, of the pod for llama.cpp and Ollama."""

    target: str
    service: str
    """``namespace/name``."""
    model: str
    verdict: str
    """``ok``, ``margin``, ``no`` or ``unknown``."""
    left_gib: float | None = None
    """What one request at full context leaves free."""
    tokens: int | None = None
    """Tokens that the KV cache of one replica holds (vLLM)."""
    calibrated: bool = False
    """Whether every constant was measured for this engine version and card."""
    arithmetic: str = ""


def verdicts(view: ClusterView) -> list[Row]:
    """The rows of one cluster, by target and service."""
    return sorted(_rows(view), key=lambda row: (row.target, row.service))


def _rows(view: ClusterView) -> Iterator[Row]:
    for one in deployments(view).values():
        yield _row(one)


def _row(one: Deployment) -> Row:
    service = f"{one.service.namespace}/{one.service.name}"
    name = one.stack.model.name
    plan = vllm_plan(one)
    if plan:
        found = fit(plan)
        return Row(
            one.target,
            service,
            name,
            found.verdict,
            round(found.left_gib, 2),
            found.tokens,
            found.calibrated,
            found.arithmetic,
        )
    small = gguf_plan(one)
    if small and small.architecture:
        judged = fit_gguf(small)
        left = round(judged.left_gib, 2)
        return Row(one.target, service, name, judged.verdict, left, arithmetic=judged.arithmetic)
    return Row(one.target, service, name, UNKNOWN)


_HEAD = ("target", "model", "verdict", "left GiB", "KV tokens")


def text(rows: Sequence[Row]) -> str:
    """The verdicts for people: a line a model, ``~`` before estimates, and below it how the number came about."""
    table = aligned([_HEAD, *map(_line, rows)], (3, 4)).splitlines(keepends=True)
    told = [f"  {row.arithmetic}\n" if row.arithmetic else "" for row in rows]
    return "".join([table[0], *(part for pair in zip(table[1:], told, strict=True) for part in pair)])


def _line(row: Row) -> tuple[str, ...]:
    left = "?" if row.left_gib is None else f"{'' if row.calibrated else '~'}{row.left_gib:.1f}"
    return (row.target, row.model, row.verdict, left, "" if row.tokens is None else f"{row.tokens:,}")


def record(row: Row) -> dict[str, Any]:
    """A row as plain data; null where it is not known."""
    return {
        "target": row.target,
        "service": row.service,
        "model": row.model,
        "verdict": row.verdict,
        "leftGiB": row.left_gib,
        "kvTokens": row.tokens,
        "calibrated": row.calibrated,
        "arithmetic": row.arithmetic or None,
    }
