"""What is checked and what is found: compiled objects, findings, places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from scripts.check.node import Node, below

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
KeyPath = tuple[str | int, ...]
"""A path in the rendered parameters of a target: ``("serving", "maxReplicas")``."""


class Key(NamedTuple):
    """What the API server tells objects of one cluster apart by; ``namespace`` is empty for cluster-scoped
    kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, eq=False)
class Obj:
    """One compiled object. Compared by identity, like the file that it is."""

    path: str
    """File, seen from the project:
    ``compiled/eu-h100/llama-70b/model-service/inferenceservice-llama-70b.yaml``."""
    cluster: str
    target: str
    """The target that compiled it: ``eu-h100.llama-70b``."""
    component: str
    """The folder below the target's: ``model-service``."""
    doc: dict[str, Any] = field(repr=False)
    origin: Literal["compiled", "made", "provided"] = "compiled"
    """``made``: a controller makes it of the compiled object in ``path``, and ``doc`` holds what is known of
    it. ``provided``: another release brings it (``cluster.provided``), and only its name is known."""

    source: Obj | None = field(default=None, repr=False)
    """What a made object is made of."""

    @cached_property
    def root(self) -> Node:
        """The document; :class:`Obj` passes its accessors on."""
        return Node(self.doc)

    @cached_property
    def key(self) -> Key:
        """Group, kind, namespace and name; empty where the document has none."""
        root = self.root
        group = root.text("apiVersion").rpartition("/")[0]
        return Key(group, root.text("kind"), root.text("metadata.namespace"), root.text("metadata.name"))

    @property
    def stack(self) -> str:
        """The target's own name: ``llama-70b``, or ``cluster``."""
        return self.target.rpartition(".")[2]

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        return self.key.group

    @property
    def version(self) -> str:
        """API version without the group: ``v1beta1``."""
        return self.root.text("apiVersion").rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The kind."""
        return self.key.kind

    @property
    def namespace(self) -> str:
        """The namespace; empty for cluster-scoped kinds."""
        return self.key.namespace

    @property
    def name(self) -> str:
        """The name."""
        return self.key.name

    @property
    def ref(self) -> str:
        """For messages: ``InferencePool llm-platform/llama-70b``."""
        return str(self.key)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """``metadata.labels``."""
        return self.root.texts("metadata.labels")

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """``metadata.annotations``."""
        return self.root.texts("metadata.annotations")

    def raw(self, path: str) -> Any:
        """See :meth:`Node.raw`."""
        return self.root.raw(path)

    def has(self, path: str) -> bool:
        """See :meth:`Node.has`."""
        return self.root.has(path)

    def node(self, path: str) -> Node:
        """See :meth:`Node.node`."""
        return self.root.node(path)

    def text(self, path: str, default: str = "") -> str:
        """See :meth:`Node.text`."""
        return self.root.text(path, default)

    def number(self, path: str) -> int | None:
        """See :meth:`Node.number`."""
        return self.root.number(path)

    def flag(self, path: str, default: bool = False) -> bool:
        """See :meth:`Node.flag`."""
        return self.root.flag(path, default)

    def map(self, path: str) -> dict[str, Any]:
        """See :meth:`Node.map`."""
        return self.root.map(path)

    def texts(self, path: str) -> Mapping[str, str]:
        """See :meth:`Node.texts`."""
        return self.root.texts(path)

    def strings(self, path: str) -> list[str]:
        """See :meth:`Node.strings`."""
        return self.root.strings(path)

    def each(self, path: str) -> Iterator[Node]:
        """See :meth:`Node.each`. Remembered: rules ask for the same lists again and again."""
        found = self._lists.get(path)
        if found is None:
            found = self._lists[path] = below(self.doc, (), path)
        return iter(found)

    @cached_property
    def _lists(self) -> dict[str, list[Node]]:
        return {}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, as shown; line and column count from 1, 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule found, before its cause and its level are known."""

    at: Obj | str
    """The object, or the target (``eu-h100.llama-70b``) where it is about no object."""
    field: str
    """Field of the object (``spec.targetPorts[0].number``), or key of the target's parameters; may be
    empty."""
    message: str
    """What is wrong here, with both ends and the values: ``port 80 is no port of Service ns/x (has
    8080)``."""
    fix: str = ""
    """What to do here; the rule's own remedy when empty."""
    cause: KeyPath = ()
    """Key in the parameters of the object's target whose value leads to this."""
    target: str = ""
    """The target whose parameters hold ``cause``, where it is not the object's own."""
    level: Level | None = None
    """Overrides the rule's level: a verdict of *margin* is no error."""
    place: Place | None = None
    """The line of the inventory, where it is known already; else ``cause`` is looked up."""
    chain: tuple[str, ...] = ()
    """The includes that led to ``place``, outermost first."""
    file: str = ""
    """The compiled file, where it holds no object."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is told: plain data, so that it can pass between processes and be written in any format."""

    rule: str
    level: Level
    message: str
    why: str
    """What happens when it is not corrected: one sentence."""
    fix: str
    """What to do: one sentence."""
    cluster: str = ""
    target: str = ""
    object: str = ""
    """``Kind namespace/name``."""
    field: str = ""
    file: str = ""
    """The compiled file."""
    line: int = 0
    """Its line at which the field stands, from 1; 0 when that is not known."""
    cause: Place | None = None
    """The line of the inventory that leads to it."""
    chain: tuple[str, ...] = ()
    """The includes that led to that line's file, outermost first, each ``file:line:column``."""
    waived: str = ""
    """Who waives it, until when and why; empty when nobody does."""

    @property
    def place(self) -> Place:
        """Where a person should look first: the inventory, else the compiled file."""
        return self.cause or Place(self.file or "inventory")

    @property
    def sort_key(self) -> tuple[int, str, int, int, str, str, str, str]:
        """Errors first, then by place."""
        place = self.place
        level = LEVELS.index(self.level)
        return (level, place.file, place.line, place.column, self.rule, self.object, self.field, self.message)
