"""Secrets come from a store; only their names are compiled."""

from __future__ import annotations

from typing import Any

from components.common.cluster import RemoteSecret, SecretStore
from components.common.manifest import Manifest


def external_secret(
    metadata: dict[str, Any], store: SecretStore, field: str, remote: RemoteSecret
) -> Manifest:
    """One Secret with one key, fetched by External Secrets. Its defaults are written out (external-secrets v2.9)."""
    name = metadata["name"]
    reference = {
        "key": remote.key,
        **({"property": remote.property} if remote.property else {}),
        "conversionStrategy": "Default",
        "decodingStrategy": "None",
        "metadataPolicy": "None",
        "nullBytePolicy": "Ignore",
    }
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": metadata,
        "spec": {
            "refreshInterval": store.refresh_interval,
            "secretStoreRef": {"kind": store.kind, "name": store.name},
            "target": {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
            "data": [{"secretKey": field, "remoteRef": reference}],
        },
    }
