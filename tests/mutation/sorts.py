"""Which class a fact of a compiled object belongs to."""

from __future__ import annotations

import re
from typing import Any

from tests.mutation.paths import Way

_LABELS = frozenset(["labels", "matchLabels", "annotations", "nodeSelector", "labelSelector"])
_VERSIONS = frozenset(["apiVersion", "image", "version", "targetRevision"])
_FLAGS = frozenset(["args", "command", "env", "syncOptions", "automated"])
_REFERENCE = re.compile(
    r"(Ref|Refs|Name|Selector)$|^(subjects|runtime|project|destination|destinations|path|repoURL|source|storageUri"
    r"|sectionName|configMap|secret|persistentVolumeClaim|namespaceSelector|jsonPointers|ignoreDifferences"
    r"|model_name|api_base|api_key|fallbacks|model_group_alias|pluginRef|resources|apiGroups|verbs|credentials"
    r"|claimName|volumeMounts|host|hostnames|dnsNames|listeners|topologyKey|secretStoreRef|sourceRepos"
    r"|key|remoteRef|clusterResourceWhitelist|namespaceResourceWhitelist|scaleTargetRef|validation)$"
)
_QUANTITY = re.compile(r"\d+(\.\d+)?(ms|s|m|h|d|[KMGT]i?|k|%)?")


def sort_of(kind: str, way: Way, value: Any, *, inside: bool) -> str:
    """The class of the fact at a way; ``inside``: in text inside of the object."""
    keys = [key for key in way if isinstance(key, str)]
    last = keys[-1]
    if not inside and (not _LABELS.isdisjoint(keys) or (kind == "Service" and "selector" in keys)):
        return "labels"
    if last in _VERSIONS:
        return "versions"
    if (
        "ports" in keys
        or last.lower().endswith("port")
        or last in ("portNumber", "number")
        or "targetPorts" in keys
    ):
        return "ports"
    if not _FLAGS.isdisjoint(keys) or isinstance(value, bool):
        return "flags"
    if isinstance(value, int | float) or (isinstance(value, str) and _QUANTITY.fullmatch(value)):
        return "counts"
    if keys[0] == "metadata" or (last == "name" and not any(map(_REFERENCE.search, keys[:-1]))):
        return "names"
    if any(_REFERENCE.search(key) for key in keys):
        return "references"
    return "values"
