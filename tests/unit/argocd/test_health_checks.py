"""Which health checks a cluster ships."""

from __future__ import annotations

import pytest

from components.argocd.health_checks import INFERENCE_SERVICE, SCRIPTS, checks, script
from components.common.waves import WAVES
from components.facts.argocd import has_health_check
from tests.support.stacks import make_stack, wired
from tests.unit.argocd.fleets import compiled

WITHOUT_STATUS = {
    "AgentgatewayParameters", "AppProject", "ClusterRole", "ClusterRoleBinding", "ClusterServingRuntime",
    "ConfigMap", "InferenceModelRewrite", "InferenceObjective", "Namespace", "NetworkPolicy",
    "PodDisruptionBudget", "PodMonitor", "PrometheusRule", "ReferenceGrant", "Role", "RoleBinding", "Secret",
    "ServiceAccount", "ServiceMonitor", "ServingRuntime",
}  # fmt: skip
"""Kinds of which nobody writes a status that says whether they work."""


def test_every_compiled_kind_is_judged_by_someone_or_has_nothing_to_judge() -> None:
    scripted = {kind for _, kind in SCRIPTS}
    groups = ("", "apps", "cert-manager.io", "external-secrets.io", "gateway.networking.k8s.io", "keda.sh")
    built_in = {kind for kind in WAVES for group in groups if has_health_check(group, kind)}
    assert set(WAVES) - scripted - built_in - WITHOUT_STATUS == set()


def test_no_check_that_argocd_has_is_replaced_without_need() -> None:
    replaced = {kind for kind in SCRIPTS if has_health_check(*kind)}
    assert replaced == {("apps", "Deployment"), INFERENCE_SERVICE}


def test_a_cluster_ships_the_checks_of_its_own_kinds_only() -> None:
    assert set(checks(compiled(make_stack()))) == {
        ("apps", "Deployment"),
        ("argoproj.io", "Application"),
        ("gateway.envoyproxy.io", "BackendTrafficPolicy"),
        ("gateway.envoyproxy.io", "ClientTrafficPolicy"),
        ("gateway.envoyproxy.io", "EnvoyExtensionPolicy"),
        ("gateway.envoyproxy.io", "EnvoyProxy"),
        ("inference.networking.k8s.io", "InferencePool"),
    }


def test_a_cluster_with_another_wiring_ships_others() -> None:
    assert set(checks(compiled(make_stack(**wired("istio"))))) == {
        ("apps", "Deployment"),
        ("argoproj.io", "Application"),
        ("inference.networking.k8s.io", "InferencePool"),
        ("networking.istio.io", "DestinationRule"),
    }


@pytest.mark.parametrize(("argocd", "shipped"), [("3.5.1", False), ("3.2.1", False), ("3.2.0", True)])
def test_inference_services_get_a_check_where_argocds_own_is_wrong(argocd: str, shipped: bool) -> None:
    fleet = compiled(make_stack(cluster={"versions": {"argocd": argocd}}))
    assert (INFERENCE_SERVICE in checks(fleet)) is shipped


@pytest.mark.parametrize("name", sorted(set(SCRIPTS.values())))
def test_scripts_are_clean_literal_blocks(name: str) -> None:
    lines = script(name).splitlines()
    assert lines[0].startswith("-- ")
    assert all(line == line.rstrip() and "\t" not in line and len(line) <= 120 for line in lines)
