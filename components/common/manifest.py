"""What a builder returns: plain dicts that look like the YAML, with the component they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Manifest = dict[str, Any]
"""One Kubernetes object: apiVersion, kind, metadata, then the rest, in the order it should be read."""

Manifests = Iterable[Manifest]


def key(manifest: Manifest) -> tuple[str, str, str, str]:
    """(group, kind, namespace, name): what the API server tells objects apart by."""
    group = manifest["apiVersion"].rpartition("/")[0]
    metadata = manifest["metadata"]
    return group, manifest["kind"], metadata.get("namespace", ""), metadata["name"]
