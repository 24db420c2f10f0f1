"""References between objects: an edge names its target by kind, namespace and name, and what of it is meant
(a port, a listener, a key). One graph holds everything in a cluster; whatever needs to know who refers to
whom reads it here.

Which fields are references says ``edges/<topic>.py``; ``rules/references.py`` makes a rule of each kind of
edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.check.model import KeyPath, Obj

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView


@dataclass(frozen=True, slots=True)
class Edge:
    """One reference."""

    source: Obj
    field: str
    """Path of the field that refers."""
    kind: str
    namespace: str
    """Empty for cluster-scoped kinds."""
    name: str
    group: str | None = None
    """API group; any when None."""
    port: int | str | None = None
    """Port of a Service, by number or name."""
    section: str = ""
    """Listener of a Gateway, rule of a route, port name of a Service."""
    keys: tuple[str, ...] = ()
    """Keys of a ConfigMap or Secret."""
    cause: KeyPath = ()
    """Key of the source's target that leads to the reference."""

    @property
    def target(self) -> str:
        """For messages: ``Service llm-platform/x``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


Extractor = Callable[[Obj, "ClusterView"], Iterator[Edge]]
"""The references of one kind that an object holds."""


def complaint(edge: Edge, view: ClusterView) -> str | None:
    """Why an edge does not resolve: one sentence that names both ends and the nearest name; None when it
    does."""
    found = view.find(edge.kind, edge.namespace, edge.name, edge.group)
    if found is None:
        return f"there is no {edge.target}{_hint(edge, view)}"
    if found.origin == "provided":
        return None
    if edge.port is not None and edge.kind == "Service":
        return _port(found, edge.port)
    if edge.section:
        return _section(found, edge.section)
    if edge.keys:
        return _keys(found, edge.keys)
    return None


def _hint(edge: Edge, view: ClusterView) -> str:
    if edge.group and view.find(edge.kind, edge.namespace, edge.name):
        return f" in group {edge.group}"
    near = view.near(edge.kind, edge.namespace, edge.name)
    return f"; the nearest name is {near}" if near else ""


def _port(service: Obj, port: int | str) -> str | None:
    ports = list(service.each("spec.ports[]"))
    numbers = [one.number("port") for one in ports]
    names = [one.text("name") for one in ports if one.has("name")]
    if port in numbers or port in names:
        return None
    has = ", ".join(map(str, numbers if isinstance(port, int) else names)) or "none"
    return f"{service.ref} has no port {port} (has {has})"


def _section(found: Obj, section: str) -> str | None:
    path, what = _SECTIONS.get(found.kind, ("", ""))
    if not path:
        return None
    names = [one.text("name") for one in found.each(path)]
    if section in names:
        return None
    return f"{found.ref} has no {what} {section} (has {', '.join(filter(None, names)) or 'none'})"


_SECTIONS = {
    "Gateway": ("spec.listeners[]", "listener"),
    "HTTPRoute": ("spec.rules[]", "rule"),
    "Service": ("spec.ports[]", "port"),
}
_TOKEN = "kubernetes.io/service-account-token"
_TOKEN_KEYS = frozenset(("token", "ca.crt", "namespace"))
"""What Kubernetes writes into a Secret of that type."""


def _keys(found: Obj, keys: tuple[str, ...]) -> str | None:
    has = {key for part in ("data", "stringData", "binaryData") for key in found.map(part)}
    if found.text("type") == _TOKEN:
        has |= _TOKEN_KEYS
    missing = [key for key in keys if key not in has]
    if not missing:
        return None
    plural = "s" if len(missing) > 1 else ""
    return f"{found.ref} has no key{plural} {', '.join(missing)} (has {', '.join(sorted(has)) or 'none'})"
