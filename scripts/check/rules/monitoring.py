"""Monitoring: every part is scraped, under the labels that rules and dashboards go by, where Prometheus looks."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.rule import rule
from scripts.check.rules.picker import is_on

_TOKEN = "kubernetes.io/service-account-token"


@rule(
    "picker-scrape-authorised",
    kinds=("ServiceMonitor",),
    why="The Endpoint Picker answers Prometheus with 401 or 403: its alerts and dashboards stay empty.",
    fix="Present the token of a ServiceAccount that may get /metrics by a ClusterRole.",
    source="gateway.md 24, 25, 3.5",
    cause=("gateway", "epp", "metricsAuth"),
)
def scrape_authorised(monitor: Obj, view: ClusterView) -> Iterator[Hit]:
    """A monitor of an Endpoint Picker that wants a token presents one whose ServiceAccount may get /metrics."""
    for scrape in view.scrapes_of(monitor):
        wanted = any(pod.role == "epp" and is_on(pod, "--metrics-endpoint-auth", True) for pod in scrape.pods)
        ref = scrape.endpoint.node("authorization.credentials")
        if not wanted:
            continue
        if not ref.text("name"):
            yield Hit(monitor, scrape.endpoint.at("authorization"), "it presents no token")
            continue
        secret = view.compiled("Secret", monitor.namespace, ref.text("name"))
        if secret is None or secret.text("type") != _TOKEN:
            continue
        account = secret.annotations.get("kubernetes.io/service-account.name", "")
        if not _may_get_metrics(secret.namespace, account, view):
            yield Hit(monitor, ref.field, f"ServiceAccount {secret.namespace}/{account} may not get /metrics")


def _may_get_metrics(namespace: str, account: str, view: ClusterView) -> bool:
    for binding in view.bindings_of(namespace, account):
        if binding.kind != "ClusterRoleBinding":
            continue
        role = view.find("ClusterRole", "", binding.text("roleRef.name"))
        if role is not None and (role.origin == "provided" or any(map(_reads_metrics, role.each("rules[]")))):
            return True
    return False


def _reads_metrics(grant: Node) -> bool:
    urls, verbs = grant.strings("nonResourceURLs"), grant.strings("verbs")
    return bool({"/metrics", "*"} & set(urls)) and bool({"get", "*"} & set(verbs))
