"""Monitors, rules and dashboards of one cluster, from the facts of its stacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from components.cluster.params import Fleet
from components.common import labels
from components.common.manifest import Manifest
from components.common.runtime import Runtime
from components.facts import engines as engine_facts
from components.facts import epp as epp_facts
from components.facts.tables import table
from components.inference_gateway import epp
from components.litellm import workload
from components.monitoring.mixin import (
    Alert,
    EppFacts,
    LiteLlmFacts,
    MonitoringError,
    MonitoringParams,
    Objectives,
    StackFacts,
    evaluate,
)
from components.serving_runtimes.engines import ENGINES
from components.stack import sizing
from components.stack.params import Stack

Names = Mapping[str, str | None]
"""Logical to real metric names."""

NO_METRICS_FLAG = "--disable-log-stats"
"""vLLM's flag that takes its metrics away."""

_SOURCE_PATHS = {
    "gitlab": "-/blob",
    "bitbucket": "src",
    "gitea": "src/branch",
    "forgejo": "src/branch",
    "codeberg": "src/branch",
}
"""Where a forge shows a file of a branch, by a part of its host; GitHub's way (``blob``) for all others."""

_REPOSITORY = re.compile(
    r"^((?P<https>https://)|ssh://)?([^@/]+@)?(?P<host>[^:/]+)(?P<port>:[0-9]+)?[:/](?P<path>.+?)(\.git)?/?$"
)


def build(fleet: Fleet) -> Iterator[Manifest]:
    """Everything that monitors the cluster; nothing where ``cluster.monitoring.enabled`` is false."""
    if fleet.cluster.monitoring.enabled:
        yield from evaluate(parameters(fleet)).manifests()


def alerts(fleet: Fleet) -> tuple[Alert, ...]:
    """What the runbooks say of the cluster's alerts, each once."""
    return evaluate(parameters(fleet)).alerts if fleet.cluster.monitoring.enabled else ()


def parameters(fleet: Fleet) -> MonitoringParams:
    """The argument of the mixin."""
    monitoring = fleet.cluster.monitoring
    stacks = [stack for stack in fleet.stacks if stack.params.monitoring.enabled]
    names = _engine_names(stacks)
    return {
        "cluster": fleet.cluster.name,
        "environment": fleet.params.environment.name,
        "namespace": monitoring.namespace,
        "labels": monitoring.labels,
        "interval": monitoring.interval,
        "runbookBaseUrl": monitoring.runbook_base_url or runbook_base_url(fleet),
        "dashboards": monitoring.dashboards,
        "grafanaLabel": monitoring.dashboard_labels,
        "metrics": {**names, "epp": _epp_names(fleet)},
        "stacks": {stack.name: _stack(stack, names[stack.runtime.engine]) for stack in stacks},
        "litellm": _litellm(fleet),
    }


def runbook_base_url(fleet: Fleet) -> str:
    """Where the repository's forge shows ``compiled/<cluster>/cluster/runbooks/``."""
    argocd = fleet.cluster.argocd
    found = _REPOSITORY.match(argocd.repo_url)
    if found is None:
        raise MonitoringError(f"cluster.argocd.repoUrl {argocd.repo_url!r} is no Git URL with host and path")
    host = found["host"] + ((found["port"] or "") if found["https"] else "")
    source = next((way for part, way in _SOURCE_PATHS.items() if part in host), "blob")
    tree = f"{argocd.path_prefix}/{fleet.cluster.name}/cluster/runbooks/"
    return f"https://{host}/{found['path']}/{source}/{argocd.target_revision}/{tree}"


def _engine_names(stacks: list[Stack]) -> dict[str, Names]:
    """Names of each engine, in the version of its first stack."""
    names: dict[str, Names] = {}
    for stack in stacks:
        names.setdefault(stack.runtime.engine, _names(stack.runtime))
    return names


def _names(runtime: Runtime) -> Names:
    return _names_in(runtime.engine, runtime.version)


@cache
def _names_in(engine: str, version: str) -> Names:
    """Not to be changed: every stack with the engine shares it."""
    facts = engine_facts.engine(engine)
    return {logical: facts.metric(version, logical) for logical in sorted(facts.metrics)}


def _epp_names(fleet: Fleet) -> Names:
    version = fleet.cluster.versions.get("llmdRouter")
    return {} if version is None else _epp_names_in(version)


@cache
def _epp_names_in(version: str) -> Names:
    """Not to be changed: every cluster with the version shares it."""
    return {logical: epp_facts.metric(version, logical) for logical in sorted(table("epp")["metrics"])}


def _stack(stack: Stack, usual: Names) -> StackFacts:
    own = _names(stack.runtime)
    engine = ENGINES[stack.runtime.engine]
    has_metrics = engine.METRICS_PATH is not None and NO_METRICS_FLAG not in engine.arguments(stack)
    return {
        "namespace": stack.namespace,
        "model": stack.model.name,
        "servedName": stack.names.service,
        "engine": stack.runtime.engine,
        "inferenceService": stack.names.service,
        "mode": stack.serving.mode,
        "podSelector": _pods(stack),
        "metricsPort": engine.PORT if has_metrics else None,
        "metricsPath": engine.METRICS_PATH or "/metrics",
        "metrics": {logical: name for logical, name in own.items() if name != usual[logical]},
        "minReplicas": stack.serving.min_replicas,
        "maxReplicas": stack.max_replicas,
        "gpusPerReplica": stack.gpus_per_pod,
        "startupSeconds": sizing.startup_seconds(stack),
        "epp": _epp(stack) if stack.has_pool else None,
        "slo": _objectives(stack),
        "pool": stack.names.pool if stack.has_pool else None,
    }


def _pods(stack: Stack) -> dict[str, str]:
    if stack.is_knative:
        return {"serving.kserve.io/inferenceservice": stack.names.service, "component": "predictor"}
    return labels.predictor_selector(stack.names.predictor_app)


def _epp(stack: Stack) -> EppFacts:
    return {
        "service": stack.names.epp,
        "selector": labels.epp_selector(stack.name),
        "metricsPort": epp.METRICS_PORT_NAME,
        "tokenSecret": stack.names.epp_metrics_token if stack.gateway.epp.metrics_auth else None,
        "replicas": stack.gateway.epp.replicas,
        "flowControl": stack.gateway.epp.flow_control,
    }


def _objectives(stack: Stack) -> Objectives | None:
    slo = stack.params.monitoring.slo
    if slo is None:
        return None
    return {
        "ttftP95Seconds": slo.ttft_p95_seconds,
        "tpotP95Seconds": slo.tpot_p95_seconds,
        "errorRatio": slo.error_ratio,
    }


def _litellm(fleet: Fleet) -> LiteLlmFacts | None:
    """The proxy, where it is compiled here: its keyless metrics port."""
    if not fleet.cluster.litellm.deploy:
        return None
    return {
        "service": fleet.cluster.litellm_service,
        "namespace": fleet.cluster.infrastructure_namespace,
        "port": workload.METRICS_PORT_NAME,
    }
