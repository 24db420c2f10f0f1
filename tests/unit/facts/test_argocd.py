"""What Argo CD knows by itself."""

from __future__ import annotations

import pytest

from components.facts import argocd
from components.facts.tables import table


@pytest.mark.parametrize(
    ("group", "kind", "has"),
    [
        ("serving.kserve.io", "InferenceService", True),
        ("apps", "Deployment", True),
        ("gateway.networking.k8s.io", "HTTPRoute", True),
        ("inference.networking.k8s.io", "InferencePool", False),
        ("gateway.envoyproxy.io", "EnvoyExtensionPolicy", False),
        ("monitoring.coreos.com", "PodMonitor", False),
    ],
)
def test_health_checks(group: str, kind: str, has: bool) -> None:
    # serving.md 4.5
    assert argocd.has_health_check(group, kind) is has


def test_no_kind_both_has_and_lacks_a_check() -> None:
    lacking = {(row["group"], kind) for row in table("argocd")["no_health"] for kind in row["kinds"]}
    assert not any(argocd.has_health_check(*each) for each in lacking)


def test_the_check_that_older_releases_get_wrong() -> None:
    # kserve#4791, argo-cd#25312
    asked = ("serving.kserve.io", "InferenceService")
    assert "3.2.1 ships the right check" in str(
        argocd.health_check_problem(*asked, "3.2.0", {"kserve": "0.20.0"})
    )
    assert argocd.health_check_problem(*asked, "3.2.0", {"kserve": "0.15.2"}) is None
    assert argocd.health_check_problem(*asked, "3.5.1", {"kserve": "0.20.0"}) is None
    assert argocd.health_check_problem("apps", "Deployment", "3.2.0", {}) is None


def test_exclusions() -> None:
    # serving.md 4.7
    assert argocd.is_excluded("discovery.k8s.io", "EndpointSlice", "3.5.1")
    assert argocd.is_excluded("coordination.k8s.io", "Lease", "3.5.1")
    assert not argocd.is_excluded("", "Service", "3.5.1")
    assert not argocd.is_excluded("discovery.k8s.io", "EndpointSlice", "2.14.0")


def test_sync_options() -> None:
    assert argocd.sync_option_problem("ServerSideApply=true") is None
    assert argocd.sync_option_problem("Prune=false", on_resource=True) is None
    assert argocd.sync_option_problem("CreateNamespace=true", on_resource=True) is not None
    assert "did you mean ServerSideApply?" in str(argocd.sync_option_problem("ServerSideAply=true"))
    assert argocd.sync_option_problem("PruneLast") == "sync option PruneLast needs a value: PruneLast=true"
