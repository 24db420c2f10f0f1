"""Health checks for the kinds that Argo CD judges wrongly or not at all: ``health/*.lua``.

Without a check a kind is healthy as soon as it exists, so a sync wave does not wait for it. The scripts run
in Argo CD's sandbox: gopher-lua 5.1 with the base and table libraries, one second (argo-cd v3.5
util/lua/lua.go).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from components.cluster.params import Fleet
from components.facts.argocd import health_check_problem

GroupKind = tuple[str, str]

SCRIPTS: dict[GroupKind, str] = {
    ("agentgateway.dev", "AgentgatewayPolicy"): "policy",
    ("aigateway.envoyproxy.io", "AIGatewayRoute"): "referenced",
    ("apps", "Deployment"): "deployment",
    ("argoproj.io", "Application"): "application",
    ("gateway.envoyproxy.io", "Backend"): "referenced",
    ("gateway.envoyproxy.io", "BackendTrafficPolicy"): "policy",
    ("gateway.envoyproxy.io", "ClientTrafficPolicy"): "policy",
    ("gateway.envoyproxy.io", "EnvoyExtensionPolicy"): "policy",
    ("gateway.envoyproxy.io", "EnvoyProxy"): "referenced",
    ("gateway.envoyproxy.io", "SecurityPolicy"): "policy",
    ("inference.networking.k8s.io", "InferencePool"): "referenced",
    ("networking.gke.io", "GCPBackendPolicy"): "referenced",
    ("networking.gke.io", "HealthCheckPolicy"): "referenced",
    ("networking.istio.io", "DestinationRule"): "destination_rule",
    ("serving.kserve.io", "InferenceService"): "inference_service",
}
"""The script of each kind. Kinds that nobody writes a status of need none."""

APPLICATION: GroupKind = ("argoproj.io", "Application")
INFERENCE_SERVICE: GroupKind = ("serving.kserve.io", "InferenceService")

_FOLDER = Path(__file__).with_name("health")


@cache
def script(name: str) -> str:
    """The text of ``health/<name>.lua``."""
    return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def checks(fleet: Fleet) -> dict[GroupKind, str]:
    """The scripts that the cluster needs, by kind: of what is compiled, and of the Applications themselves.

    InferenceService has a check in Argo CD; ours takes its place only where the declared one is too old.
    """
    compiled = {kind for kinds in fleet.kinds.values() for kind in kinds} | {APPLICATION}
    wanted = compiled & SCRIPTS.keys()
    if not _misjudges_inference_services(fleet):
        wanted.discard(INFERENCE_SERVICE)
    return {kind: script(SCRIPTS[kind]) for kind in sorted(wanted)}


def _misjudges_inference_services(fleet: Fleet) -> bool:
    versions = fleet.cluster.versions
    if "argocd" not in versions:
        return False
    return health_check_problem(*INFERENCE_SERVICE, versions["argocd"], versions) is not None
