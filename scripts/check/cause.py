"""From a hit to the line of the inventory that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.origin import CannotResolve, Origins, UnknownTarget
from scripts.check.declared import Declared
from scripts.check.model import Hit, KeyPath, Obj, Place
from scripts.check.node import keys
from scripts.check.rule import Rule

_BY_KIND: dict[str, KeyPath] = {
    "InferenceService": ("serving",),
    "ServingRuntime": ("serving", "runtime"),
    "ClusterServingRuntime": ("cluster", "runtimes"),
    "InferencePool": ("gateway", "pool"),
    "Gateway": ("gateway",),
    "HTTPRoute": ("gateway",),
    "EnvoyExtensionPolicy": ("gateway", "wiring"),
    "BackendTrafficPolicy": ("gateway", "wiring"),
    "DestinationRule": ("gateway", "wiring"),
    "Certificate": ("gateway", "epp", "issuer"),
    "PersistentVolumeClaim": ("serving", "storage"),
    "Application": ("cluster", "argocd"),
    "AppProject": ("cluster", "argocd"),
    "PodMonitor": ("cluster", "monitoring"),
    "ServiceMonitor": ("cluster", "monitoring"),
    "PrometheusRule": ("cluster", "monitoring"),
}
"""Where to look first when neither the hit nor the rule says."""
_BY_COMPONENT: dict[str, KeyPath] = {
    "model-service": ("serving",),
    "inference-gateway": ("gateway",),
    "litellm": ("cluster", "litellm"),
    "monitoring": ("cluster", "monitoring"),
    "argocd": ("cluster", "argocd"),
}

Cause = tuple[Place | None, tuple[str, ...]]


class Causes:
    """Looks up causes in one inventory; a target is evaluated when something is found in it."""

    def __init__(self, origins: Origins) -> None:
        """``origins`` of the inventory that was checked."""
        self._origins = origins
        self._seen: dict[tuple[str, KeyPath], Cause | None] = {}

    def of(self, rule: Rule, hit: Hit, declared: Declared | None) -> Cause:
        """The place, and the includes that led to its file, outermost first."""
        if hit.place is not None:
            return hit.place, hit.chain
        target = hit.target or (hit.at if isinstance(hit.at, str) else hit.at.target)
        for path in _candidates(rule, hit, declared):
            found = self._trace(target, path)
            if found is not None:
                return found
        return self._file(target)

    def _trace(self, target: str, path: KeyPath) -> Cause | None:
        """The line that decides the value at a path, or at its nearest parent that is set."""
        key = (target, path)
        if key not in self._seen:
            self._seen[key] = self._traced(target, path)
        return self._seen[key]

    def _traced(self, target: str, path: KeyPath) -> Cause | None:
        try:
            for end in range(len(path), 0, -1):
                found = [one for one in self._origins.trace(target, path[:end]) if one.active]
                if found:
                    last = found[-1]
                    return Place(last.file, last.line, last.column), self._chain(target, last.file)
        except (CannotResolve, UnknownTarget):
            pass
        return None

    def _chain(self, target: str, file: str) -> tuple[str, ...]:
        return tuple(str(include) for include in self._origins.chain(target).includes_of(file))

    def _file(self, target: str) -> Cause:
        try:
            return Place(self._origins.target_file(target), 1, 1), ()
        except UnknownTarget:
            return None, ()


def _candidates(rule: Rule, hit: Hit, declared: Declared | None) -> Iterator[KeyPath]:
    """Key paths to try, the likeliest first: an override of the very object, what the hit says, what the rule
    says."""
    obj = hit.at if isinstance(hit.at, Obj) else None
    params = declared.own(obj.target) if declared and obj and not hit.target else None
    if obj and params and obj.name in params.overrides.get(obj.kind, {}):
        yield ("overrides", obj.kind, obj.name, *keys(hit.field.partition("[")[0]))
    if hit.cause:
        yield hit.cause
    if rule.cause:
        yield rule.cause
    if obj and obj.kind in _BY_KIND:
        yield _BY_KIND[obj.kind]
    if obj and obj.component in _BY_COMPONENT:
        yield _BY_COMPONENT[obj.component]
