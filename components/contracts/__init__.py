"""Validation of compiled objects against what the API server accepts.

`validate(obj, kubernetes)` answers with a list of violations, empty for a good object. Core kinds are checked
with the schemas of the cluster's Kubernetes version, custom kinds with the hand-written contracts of this
folder, or with a directory of CRDs through `Registry(crds)`. See docs/contracts.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from components.contracts import core, documents
from components.contracts.core import UnsupportedKubernetes
from components.contracts.core import supported as supported_kubernetes
from components.contracts.messages import Violation
from components.contracts.registry import Registry, compile_contracts

__all__ = [
    "Registry",
    "UnsupportedKubernetes",
    "Violation",
    "compile_contracts",
    "is_cluster_scoped",
    "supported_kubernetes",
    "validate",
]


@cache
def is_cluster_scoped(group: str, kind: str) -> bool:
    """Whether objects of a kind lie in no namespace; False for a kind that nothing is known of."""
    contract = documents.contract(group, kind)
    return contract.scope == "Cluster" if contract else core.is_cluster_scoped(group, kind)


@cache
def _default() -> Registry:
    return Registry()


def validate(obj: Mapping[str, Any], kubernetes: str) -> list[Violation]:
    """What Kubernetes `kubernetes` ("1.36") with the operators' CRDs would refuse in `obj`.

    Raises UnsupportedKubernetes (a ValueError) for a version outside `supported_kubernetes()`.
    """
    return _default().validate(obj, kubernetes)
