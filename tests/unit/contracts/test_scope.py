"""Which kinds lie in no namespace: of custom kinds the contract says so, of core kinds one list."""

from __future__ import annotations

import pytest

from components.contracts import is_cluster_scoped


@pytest.mark.parametrize(
    ("group", "kind", "expected"),
    [
        ("", "Namespace", True),
        ("", "Service", False),
        ("rbac.authorization.k8s.io", "ClusterRole", True),
        ("rbac.authorization.k8s.io", "Role", False),
        ("serving.kserve.io", "ClusterServingRuntime", True),
        ("serving.kserve.io", "ServingRuntime", False),
        ("gateway.networking.k8s.io", "GatewayClass", True),
        ("other.example.com", "Namespace", False),
    ],
)
def test_scope(group: str, kind: str, expected: bool) -> None:
    assert is_cluster_scoped(group, kind) is expected
