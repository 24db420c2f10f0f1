"""What is compiled for people: runbooks, and files that somebody applies by hand. Argo CD syncs none of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from components.argocd import documents as argocd
from components.argocd.applications import application_name
from components.cluster import runbook
from components.cluster.params import Fleet
from components.common import emit
from components.common.documents import render
from components.litellm import workload
from components.litellm.proxy_config import longest_request_seconds, proxy_config
from components.monitoring import build as monitoring
from components.monitoring.mixin import Alert
from components.stack.params import Stack

README = "docs/README.md"
LITELLM_VALUES = "docs/litellm-values.yaml"
RUNBOOKS = "runbooks"
_VALUES_COMMENT = """\
# The models of {cluster} as values of the sibling infrastructure chart, for those who still run it. Nothing syncs
# this file:
#
#   helm upgrade {release} ./charts/inference-infrastructure --namespace {namespace} \\
#     --reuse-values -f {file}
#
# A Helm list replaces the one before it, so this file holds every model of the cluster. Fallbacks, limits and costs
# are not in it: they are in ConfigMap {config_map}, which the proxy can mount instead.
"""
_MEANINGS = {
    argocd.HEALTH: "health checks for Argo CD's settings",
    argocd.ROOT: "the Application that syncs all others",
    LITELLM_VALUES: "models as values of the infrastructure chart",
}


def documents(fleet: Fleet) -> dict[str, str]:
    """File texts by path below the cluster's folder. ``fleet.kinds`` must hold what is compiled."""
    return {path: write() for path, write in writers(fleet).items()}


def writers(
    fleet: Fleet, alerts: Callable[[], tuple[Alert, ...]] | None = None
) -> dict[str, Callable[[], str]]:
    """What writes each file, by path below the cluster's folder. ``alerts``: of the cluster, where they are known."""
    synced_by_hand = (LITELLM_VALUES, argocd.HEALTH, argocd.ROOT)
    alerts = alerts or cache(lambda: monitoring.alerts(fleet))  # every runbook asks for them
    return {
        LITELLM_VALUES: lambda: litellm_values(fleet),
        argocd.HEALTH: lambda: argocd.health(fleet),
        argocd.ROOT: lambda: argocd.root(fleet),
        README: lambda: readme(fleet, sorted(synced_by_hand)),
        f"{RUNBOOKS}/litellm.md": lambda: litellm_runbook(fleet, alerts()),
        **{
            f"{RUNBOOKS}/{stack.name}.md": partial(stack_runbook, fleet, stack, alerts)
            for stack in fleet.stacks
        },
    }


def stack_runbook(fleet: Fleet, stack: Stack, alerts: Callable[[], tuple[Alert, ...]]) -> str:
    """What to do when a stack is in trouble. ``alerts`` of the cluster."""
    return render("runbook.md.j2", **runbook.values(fleet, stack, alerts()))


def litellm_values(fleet: Fleet) -> str:
    """Values of the infrastructure chart: its keys are camelCase, and ``apiBase`` ends with /v1."""
    cluster = fleet.cluster
    entries = [model_values(entry) for entry in proxy_config(fleet)["model_list"]]
    comment = _VALUES_COMMENT.format(
        cluster=cluster.name,
        release=cluster.infrastructure.release_name,
        namespace=cluster.infrastructure_namespace,
        file=LITELLM_VALUES.rpartition("/")[2],
        config_map=workload.config_map_name(cluster),
    )
    return comment + emit.dump({"litellm-proxy": {"litellm": {"modelList": entries}}})


def model_values(entry: dict[str, Any]) -> dict[str, Any]:
    """One model of ``model_list`` as the chart's README writes it."""
    parameters = entry["litellm_params"]
    return {
        "modelName": entry["model_name"],
        "litellmParams": {
            "model": parameters["model"],
            "apiBase": parameters["api_base"],
            "apiKey": parameters["api_key"],
        },
    }


def litellm_runbook(fleet: Fleet, alerts: tuple[Alert, ...]) -> str:
    """What to do when the proxy is in trouble."""
    return render(
        "runbook-litellm.md.j2",
        cluster=fleet.cluster,
        config=proxy_config(fleet),
        longest=longest_request_seconds(fleet),
        application=application_name(fleet, "litellm"),
        selector=",".join(f"{key}={value}" for key, value in workload.selector(fleet.cluster).items()),
        port=workload.PORT,
        master_key_field=workload.MASTER_KEY_FIELD,
        alerts=[alert for alert in alerts if alert.scope == "litellm"],
    )


def readme(fleet: Fleet, files: list[str]) -> str:
    """The cluster at a glance, with links to everything else."""
    listed = [(path.rpartition("/")[2], _MEANINGS.get(path)) for path in files]
    return render("cluster.md.j2", fleet=fleet, cluster=fleet.cluster, files=listed)
