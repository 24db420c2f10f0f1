"""The model of a change: what differs between two trees, why, what follows, and how it is judged.

Built once by :mod:`scripts.review.build`; the writers only read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

Severity = Literal["routine", "look", "dangerous"]
SEVERITIES: Final[tuple[Severity, ...]] = ("routine", "look", "dangerous")
"""From harmless to grave."""


class _Missing:
    """Stands for a value that is not there; null is a value."""

    def __repr__(self) -> str:
        return "(absent)"

    def __reduce__(self) -> str:
        """Itself in every process: it is told by identity."""
        return "MISSING"


MISSING: Final = _Missing()
DOCUMENT: Final = "Document"
"""Kind of files that Argo CD never syncs: runbooks, values, notes."""


class Step(NamedTuple):
    """One step of a path into an object.

    ``key``: entry of a map; ``item``: the map in a list whose ``name`` (keys joined by commas) has ``value``;
    ``word``: a scalar in a list without order; ``flag``: an argument and its values; ``whole``: a map in a list that
    nothing tells apart, as JSON; ``index``: place in a list; ``text``: into a text that holds YAML or JSON.
    """

    kind: Literal["key", "item", "word", "flag", "whole", "index", "text"]
    name: str = ""
    value: str = ""


Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: a value, or everything below it where it appears or goes as a whole."""

    path: Path
    old: Any
    """``MISSING`` where the field is new."""
    new: Any
    """``MISSING`` where the field is gone."""
    causes: tuple[int, ...] = ()
    """Indices into :attr:`Change.causes`."""


class ObjectId(NamedTuple):
    """What the API servers of a fleet tell objects apart by."""

    cluster: str
    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


Status = Literal["added", "removed", "changed", "renamed"]


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that differs. A renamed one is a new object for the API server; it is told as one change."""

    status: Status
    id: ObjectId
    """At the head; at the base where it is removed."""
    target: str
    """``<cluster>.<stack>`` that compiles it."""
    file: str
    """The compiled file, at the head; at the base where it is removed."""
    fields: tuple[FieldChange, ...] = ()
    old_id: ObjectId | None = None
    """Its identity at the base, where it is renamed."""
    old_target: str = ""
    old: Mapping[str, Any] | None = field(default=None, repr=False)
    """The document at the base."""
    new: Mapping[str, Any] | None = field(default=None, repr=False)
    """The document at the head."""
    causes: tuple[int, ...] = ()
    """Why it is there, gone or renamed; causes of changed fields stand at the fields."""

    @property
    def stack(self) -> str:
        """The target's own name."""
        return self.target.rpartition(".")[2]

    @property
    def is_document(self) -> bool:
        """Whether it is a file that nothing syncs."""
        return self.id.kind == DOCUMENT


CauseKind = Literal["value", "include", "file", "code", "unknown"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One line of the inventory that changed; or files of the project, or nothing that was found."""

    kind: CauseKind
    file: str = ""
    line: int = 0
    """At the head; at the base where the line is gone. 0: the file as a whole."""
    key: str = ""
    """Dotted key below ``parameters``, or the class that is included."""
    old: Any = field(default=MISSING, hash=False)
    new: Any = field(default=MISSING, hash=False)
    files: tuple[str, ...] = ()
    """For ``code``: what changed beside the inventory."""
    old_file: str = ""
    """For a ``file`` that moved: where it was."""

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def at_base(self) -> bool:
        """Whether ``line`` counts in the file at the base."""
        return self.new is MISSING and self.old is not MISSING


@dataclass(frozen=True, slots=True)
class Consequence:
    """What will happen: one sentence."""

    rule: str
    severity: Severity
    sentence: str
    clusters: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    """Targets that it is about: ``<cluster>.<stack>``."""
    remedy: str = ""
    """What would make it harmless, if anything."""


@dataclass(frozen=True, slots=True)
class Level:
    """What the stacks of a pool take; GPUs, in a CPU pool pods."""

    capacity: int | None
    minimum: int
    maximum: int
    peak: int
    """At the largest number of replicas, while the largest stack rolls out; with all rollouts of the change as far as
    there is room."""
    price: float | None = None
    """Per hour at the smallest number of replicas, in the cluster's currency."""

    @property
    def free(self) -> int | None:
        """What is left at the smallest number of replicas."""
        return None if self.capacity is None else self.capacity - self.minimum


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One pool before and after."""

    cluster: str
    pool: str
    unit: str
    accelerator: str
    currency: str
    before: Level | None
    after: Level | None
    rollout: int = 0
    """What all rollouts of this change ask for at once, on top of what runs."""

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class MemoryVerdict:
    """How a model fits into its GPUs, before and after. Empty texts: not known."""

    target: str
    before: str
    after: str
    arithmetic: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One box of the picture."""

    kind: Literal["external", "litellm", "gateway", "epp", "pods"]
    name: str
    detail: str
    mark: Literal["", "added", "removed", "changed"] = ""
    present: bool = True


@dataclass(frozen=True, slots=True)
class StackPicture:
    """One stack as it is drawn: from its gateway to its pods."""

    target: str
    model: str
    gateway: Node
    epp: Node | None
    pods: Node


@dataclass(frozen=True, slots=True)
class ClusterPicture:
    """One cluster as it is drawn."""

    cluster: str
    environment: str
    region: str
    external: Node
    litellm: Node
    stacks: tuple[StackPicture, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    hidden: int = 0
    """Stacks that nothing changes in, or that there is no room for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement, and why."""

    severity: Severity
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        """For people."""
        return {"routine": "routine", "look": "look here", "dangerous": "dangerous"}[self.severity]


@dataclass(frozen=True, slots=True)
class Change:
    """Everything about a change."""

    base: str
    head: str
    objects: tuple[ObjectChange, ...]
    causes: tuple[Cause, ...]
    consequences: tuple[Consequence, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    memory: tuple[MemoryVerdict, ...] = ()
    pictures: tuple[ClusterPicture, ...] = ()
    verdict: Verdict = Verdict("routine", ())
    models: Mapping[str, str] = field(default_factory=dict)
    """The model of every stack of the clusters that the change is in, by target."""
    notes: tuple[str, ...] = ()
    """What limits what this review can say."""

    @property
    def synced(self) -> tuple[ObjectChange, ...]:
        """Changes of objects, without documents."""
        return tuple(one for one in self.objects if not one.is_document)

    @property
    def clusters(self) -> tuple[str, ...]:
        """Clusters in which something changes, sorted."""
        return tuple(sorted({one.id.cluster for one in self.objects}))

    @property
    def stacks(self) -> tuple[str, ...]:
        """Targets of which objects change, without the clusters' own, sorted."""
        return tuple(sorted({one.target for one in self.synced if one.stack != "cluster"}))

    @property
    def restarting(self) -> tuple[str, ...]:
        """Stacks whose pods are replaced, sorted; with a runtime those too in which no object changes."""
        return tuple(
            sorted({name for one in self.consequences if one.rule == "restart" for name in one.stacks})
        )
