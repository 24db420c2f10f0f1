"""Memory constants of serving engines and cards, in GiB. The arithmetic that uses them lives with its users.

Table: ``memory.yml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from components.facts.suggest import did_you_mean
from components.facts.tables import FactError, Table, table
from components.facts.versions import parse, range_of

ModelKind = Literal["dense", "moe", "multimodal"]
Basis = Literal["measured", "nvidia-smi", "vendor"]


@dataclass(frozen=True)
class Constant:
    """A memory constant. ``calibrated``: measured for this engine version and card, else an estimate."""

    gib: float
    calibrated: bool
    origin: str


@dataclass(frozen=True)
class Card:
    """One accelerator: usable memory in GiB, how that is known, and how many GPUs a usual node has."""

    name: str
    marketed_gb: float
    usable_gib: float
    basis: Basis
    per_node: int
    calibrated: bool

    @property
    def measured(self) -> bool:
        """Whether the figure was read off a card rather than a data sheet."""
        return self.basis != "vendor"


def card(name: str) -> Card | None:
    """The accelerator ``name`` (``h100-sxm``), None if it is not in the table."""
    facts = table("memory")
    row = facts["accelerators"].get(name)
    if row is None:
        return None
    return Card(
        name=name,
        marketed_gb=row["marketed_gb"],
        usable_gib=row["usable_gib"],
        basis=row["basis"],
        per_node=row["per_node"],
        calibrated=name in facts["calibrated"]["accelerators"],
    )


def cards() -> tuple[str, ...]:
    """Names of all accelerators in the table."""
    return tuple(table("memory")["accelerators"])


def families() -> frozenset[str]:
    """Architecture families with an activation constant of their own."""
    return frozenset(row["family"] for row in table("memory")["activation"])


def activation(
    family: str, version: str, *, kind: ModelKind = "dense", pipeline: int = 1, accelerator: str | None = None
) -> Constant:
    """Peak activation in GiB on one GPU for a vLLM version, on the stage that holds most of it.

    ``kind`` picks the default of a family without a row. Raises FactError for an unknown ``kind``.
    """
    rows = table("memory")["activation"]
    own = next((row for row in rows if row["family"] == family and _holds(row, version)), None)
    row = own or _default(kind, version)
    origin = f"{family}, measured" if own else f"default for {kind} models"
    return Constant(
        gib=round(row["gib"] * _pipeline_share(pipeline), 3),
        calibrated=own is not None and calibrated(version, accelerator),
        origin=origin,
    )


def non_torch(version: str, tensor: int, pipeline: int = 1, *, accelerator: str | None = None) -> Constant:
    """Memory in GiB per GPU that torch does not see, by tensor and pipeline parallel size."""
    rows = [row for row in table("memory")["non_torch"] if _holds(row, version)]
    wide = [row for row in rows if row["tensor"] <= tensor and row["pipeline"] <= pipeline]
    row = max(wide, key=lambda each: (each["tensor"], each["pipeline"]))
    origin = f"tensor parallel {tensor}, pipeline parallel {pipeline}"
    return Constant(row["gib"], calibrated(version, accelerator), origin)


def calibrated(version: str, accelerator: str | None) -> bool:
    """Whether the constants were measured for this vLLM version and card."""
    bounds = table("memory")["calibrated"]
    return accelerator in bounds["accelerators"] and _holds(bounds, version)


def margin_gib() -> float:
    """Half the width of the verdict "margin", in GiB."""
    return float(table("memory")["margin_gib"])


def warmup_utilization() -> float:
    """The gpu-memory-utilization above which a warm-up can run out of memory."""
    return float(table("memory")["warmup_utilization"])


def exhausting_utilization() -> float:
    """The gpu-memory-utilization above which a fit is never "ok"."""
    return float(table("memory")["exhausting_utilization"])


def _holds(row: Table, version: str) -> bool:
    return parse(version) in range_of(row.get("since"), row.get("until"))


def _default(kind: str, version: str) -> Table:
    rows = table("memory")["activation_defaults"]
    kinds = {row["kind"] for row in rows}
    if kind not in kinds:
        raise FactError(f"no model kind {kind!r}{did_you_mean(kind, kinds)}")
    found: Table = next(row for row in rows if row["kind"] == kind and _holds(row, version))
    return found


def _pipeline_share(pipeline: int) -> float:
    shares = table("memory")["activation_by_pipeline"]
    return float(shares[max(size for size in shares if size <= pipeline)])
