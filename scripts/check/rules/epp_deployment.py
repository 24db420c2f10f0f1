"""How the Endpoint Picker is deployed: replicas and leader election, probes, certificates, shutdown, metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from components.facts.tables import table
from scripts.check.durations import seconds
from scripts.check.edges.pools import argument, configuration, pickers, pool_namespace
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.rule import rule
from scripts.check.rules.picker import is_on
from scripts.check.text import TextError, document

_DEPLOYMENT = ("Deployment",)
_ELECTION = "--ha-enable-leader-election"
_HASH = "inferstack.io/config-hash"
_HASH_FIELD = f'spec.template.metadata.annotations["{_HASH}"]'
_PORTS = {"--grpc-port": "ext_proc", "--grpc-health-port": "health", "--metrics-port": "metrics"}
_OTLP = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_STATEFUL = ("prefix-cache", "session", "active-request", "inflight-load", "token-load", "concurrency-detector",
             "latency", "no-hit-lru", "fairness")  # fmt: skip
"""Parts of plugin types that keep state in one process; the precise prefix cache feeds every replica."""


def elects(pod: Pod) -> bool:
    """Whether the replicas of an Endpoint Picker elect a leader."""
    return is_on(pod, _ELECTION, False)


def _port(pod: Pod, flag: str) -> int:
    written = pod.main.flag(flag) or ""
    return int(written) if written.isdecimal() else int(table("epp")["ports"][_PORTS[flag]])


def _state(pod: Pod, view: ClusterView) -> list[str]:
    """What of an Endpoint Picker's configuration lives in one process only."""
    found: list[str] = []
    for text in configuration(pod, view):
        try:
            config = Node(document(text))
        except TextError:
            continue
        types = [one.text("type") for one in config.each("plugins[]")]
        found += [one for one in types if "precise" not in one and any(part in one for part in _STATEFUL)]
        found += [
            gate for gate in config.strings("featureGates") if gate in ("flowControl", "flowControl=true")
        ]
    return sorted(set(found))


@rule(
    "picker-replicas-agree",
    kinds=_DEPLOYMENT,
    why="Each replica knows only its own share of the requests: caches are missed and queues are not kept.",
    fix="Elect a leader (`--ha-enable-leader-election=true`), or run one replica.",
    source="gateway.md 19, 3.4; router#1892, #1946; GIE#2102",
    cause=("gateway", "epp", "replicas"),
)
def replicas_agree(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """Several replicas of an Endpoint Picker whose plugins keep state elect a leader."""
    count = deployment.number("spec.replicas")
    for pod in pickers(deployment, view):
        state = _state(pod, view) if (count or 1) > 1 and not elects(pod) else []
        if state:
            message = f"{count} replicas without a leader keep apart: {', '.join(state)}"
            yield Hit(deployment, "spec.replicas", message)


@rule(
    "picker-replicas-declared",
    kinds=_DEPLOYMENT,
    why="More or fewer Endpoint Pickers run than the inventory, its alerts and its budget say.",
    fix="Run `make compile`; to change the number set `gateway.epp.replicas`.",
    source="gateway.md 3.4; design 5",
    cause=("gateway", "epp", "replicas"),
)
def replicas_declared(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker has as many replicas as its stack declares."""
    stack, count = view.stack_of(deployment), deployment.number("spec.replicas")
    if stack and pickers(deployment, view) and count != stack.gateway.epp.replicas:
        wanted = stack.gateway.epp.replicas
        yield Hit(deployment, "spec.replicas", f"{count} replicas, the inventory says {wanted}")


@rule(
    "picker-not-autoscaled",
    kinds=("HorizontalPodAutoscaler", "ScaledObject"),
    why="Standbys are never ready and replicas do not share their state: more of them serve nothing better.",
    fix="Remove the autoscaler: give the Endpoint Picker more CPU instead.",
    source="gateway.md 19",
    cause=("gateway", "epp"),
)
def not_autoscaled(scaler: Obj, view: ClusterView) -> Iterator[Hit]:
    """No autoscaler scales an Endpoint Picker that elects a leader or keeps state."""
    name = scaler.text("spec.scaleTargetRef.name")
    target = view.compiled("Deployment", scaler.namespace, name)
    for pod in pickers(target, view) if target else ():
        if elects(pod) or _state(pod, view):
            yield Hit(scaler, "spec.scaleTargetRef.name", f"{pod.owner.ref} is an Endpoint Picker")


@rule(
    "picker-rollout",
    kinds=_DEPLOYMENT,
    why="New pods are never ready while the old leader holds the lease, so the rollout waits for ever; Recreate starts "
    "them only when the old leader's last stream has ended, and no request is routed until then.",
    fix="Write maxSurge 0 and maxUnavailable 100% of a RollingUpdate.",
    source="gateway.md 22, 3.4; router#2568, #2603, #1885",
    cause=("gateway", "epp", "replicas"),
)
def rollout(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """A rollout stops all replicas that elect a leader at once, and starts new ones at once."""
    if not any(elects(pod) for pod in pickers(deployment, view)):
        return
    strategy = deployment.text("spec.strategy.type", "RollingUpdate")
    if strategy != "RollingUpdate":
        yield Hit(deployment, "spec.strategy.type", f"{strategy} with leader election")
        return
    replicas = deployment.number("spec.replicas") or 1
    field = "spec.strategy.rollingUpdate.maxUnavailable"
    missing = deployment.raw(field)
    if missing != "100%" and not (isinstance(missing, int) and missing >= replicas):
        said = "25% by default" if missing is None else missing
        yield Hit(deployment, field, f"{said} of {replicas} replicas that elect a leader may be missing")


@rule(
    "picker-budget-off",
    kinds=("PodDisruptionBudget",),
    why="Only the leader is ever ready, so no disruption is allowed, and draining its node hangs.",
    fix="Remove the budget: a standby takes over within seconds.",
    source="gateway.md 22",
    cause=("gateway", "epp"),
)
def budget_off(budget: Obj, view: ClusterView) -> Iterator[Hit]:
    """No disruption budget holds the replicas of an Endpoint Picker that elects a leader."""
    for pod in view.select(budget.namespace, budget.texts("spec.selector.matchLabels")):
        if pod.role == "epp" and elects(pod):
            yield Hit(budget, "spec.selector", f"it holds the {pod.name}, of which one is ready")


@rule(
    "picker-probe-service",
    kinds=_DEPLOYMENT,
    why="With leader election a standby answers other names with an error: it is restarted, or all are called ready.",
    fix="Ask the service `liveness` for liveness and `readiness` for readiness.",
    source="gateway.md 21, 3.3; router health.go",
    cause=("gateway", "epp", "replicas"),
)
def probe_service(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker is probed, and where a leader is elected by the names that leader and standby answer
    rightly."""
    wanted = table("epp")["probes"]
    for pod in pickers(deployment, view):
        for name, service in (("livenessProbe", wanted["liveness"]), ("readinessProbe", wanted["readiness"])):
            probe = pod.main.node.node(name)
            if not isinstance(probe.value, dict):
                yield Hit(deployment, probe.field, f"there is no {name}")
            elif elects(pod) and probe.has("grpc") and probe.text("grpc.service") != service:
                asked = probe.text("grpc.service") or "no name"
                yield Hit(deployment, probe.at("grpc.service"), f"it asks {asked}, not {service}")


@rule(
    "picker-probe-port",
    kinds=_DEPLOYMENT,
    why="Kubernetes speaks no TLS in gRPC probes and another port answers nothing: the pod is never ready.",
    fix="Probe the health port, 9003 or `--grpc-health-port`.",
    source="gateway.md 21, 3.3",
    cause=("gateway", "epp", "flags"),
)
def probe_port(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker is probed on its health port, which is always plain text."""
    for pod in pickers(deployment, view):
        health, served = _port(pod, "--grpc-health-port"), _port(pod, "--grpc-port")
        plain = is_on(pod, "--health-checking", False) and not is_on(pod, "--secure-serving", True)
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = pod.main.node.node(name)
            asked = probe.number("grpc.port")
            if asked is not None and asked != health and not (plain and asked == served):
                yield Hit(deployment, probe.at("grpc.port"), f"it asks port {asked}, health is on {health}")


@rule(
    "picker-ports-declared",
    kinds=_DEPLOYMENT,
    why="The Services lead to the ports that are declared, where nothing listens: no requests, or no metrics.",
    fix="Take the port out of `gateway.epp.flags`: what calls the Endpoint Picker knows the default.",
    source="gateway.md 13, 3.2",
    cause=("gateway", "epp", "flags"),
)
def ports_declared(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The ports that an Endpoint Picker listens on are its container's ports."""
    for pod in pickers(deployment, view):
        declared = [port.number for port in pod.main.ports]
        for flag in _PORTS:
            if _port(pod, flag) not in declared:
                has = ", ".join(map(str, declared)) or "none"
                message = f"{flag} is {_port(pod, flag)}, the container declares {has}"
                yield Hit(deployment, argument(pod.main, flag), message)


@rule(
    "picker-metrics-certificates",
    kinds=_DEPLOYMENT,
    why="The Endpoint Picker ends at once: these flags of its metrics server do not go together.",
    fix="Give `--metrics-cert-dir` with `--metrics-client-ca-file` or with authentication, or none of them.",
    source="gateway.md 17, 3.2; router options.go",
    cause=("gateway", "epp", "flags"),
)
def metrics_certificates(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The certificate flags of an Endpoint Picker's metrics server go together."""
    for pod in pickers(deployment, view):
        folder, authority = pod.main.flag("--metrics-cert-dir"), pod.main.flag("--metrics-client-ca-file")
        if authority and not folder:
            field = argument(pod.main, "--metrics-client-ca-file")
            yield Hit(deployment, field, "--metrics-client-ca-file needs --metrics-cert-dir")
        elif folder and not authority and not is_on(pod, "--metrics-endpoint-auth", True):
            field = argument(pod.main, "--metrics-cert-dir")
            yield Hit(deployment, field, "--metrics-cert-dir without authentication and without a client CA")


@rule(
    "picker-reloads-certificate",
    kinds=_DEPLOYMENT,
    level="warning",
    why="After cert-manager renews the certificate the old one is served until it ends, and then all requests fail.",
    fix="Add `--enable-cert-reload=true`.",
    source="gateway.md 17, 3.2",
    cause=("gateway", "epp", "tls"),
)
def reloads_certificate(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker whose certificate is renewed reloads it."""
    made = {(one.namespace, one.text("spec.secretName")) for one in view.of("Certificate")}
    for pod in pickers(deployment, view):
        secrets = {(pod.namespace, one.text("secret.secretName")) for one in pod.spec.each("volumes[]")}
        path = pod.main.flag("--cert-path")
        if path and made & secrets and not is_on(pod, "--enable-cert-reload", False):
            field = argument(pod.main, "--cert-path")
            yield Hit(deployment, field, "cert-manager renews the certificate, and it is read once")


@rule(
    "picker-image-maintained",
    kinds=_DEPLOYMENT,
    level="warning",
    why="The repository gets no more releases: no fixes, and flags and plugins of another age.",
    fix="Use ghcr.io/llm-d/llm-d-router-endpoint-picker.",
    source="gateway.md 18, 3.1",
    cause=("gateway", "epp", "imageRepository"),
)
def image_maintained(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The Endpoint Picker's image comes from a repository that is still released to."""
    old = {row["name"]: row["until"] for row in table("epp")["images"] if "until" in row}
    for pod in pickers(deployment, view):
        name = pod.main.image.partition("@")[0].rpartition(":")[0]
        if name in old:
            yield Hit(deployment, pod.main.node.at("image"), f"{name} ended with {old[name]}")


@rule(
    "picker-outlives-pods",
    kinds=_DEPLOYMENT,
    level="warning",
    why="The Endpoint Picker is killed while requests that it picked for still run, and those are cut off.",
    fix="Give it a longer grace than its pods and than `--drain-timeout`.",
    source="gateway.md 26, 3.3; inference-stacks.md idea 29",
    cause=("serving", "terminationGraceSeconds"),
)
def outlives_pods(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker has at least the grace of its pool's pods, and time to drain."""
    for pod in pickers(deployment, view):
        grace = _grace(pod)
        field = pod.spec.at("terminationGracePeriodSeconds")
        drain = seconds(pod.main.flag("--drain-timeout") or "30s") or 0
        if grace < drain:
            yield Hit(deployment, field, f"{grace} s of grace, --drain-timeout is {drain:g} s")
        pool = view.compiled("InferencePool", pool_namespace(pod), pod.main.flag("--pool-name") or "")
        labels = pool.texts("spec.selector.matchLabels") if pool else {}
        for served in view.select(pool.namespace, labels) if pool else ():
            if served.role == "model" and grace < _grace(served):
                yield Hit(deployment, field, f"{grace} s of grace, the {served.name} have {_grace(served)} s")


def _grace(pod: Pod) -> int:
    given = pod.spec.number("terminationGracePeriodSeconds")
    return 30 if given is None else given


@rule(
    "picker-traces-somewhere",
    kinds=_DEPLOYMENT,
    level="warning",
    why="The Endpoint Picker exports traces to localhost, fails and logs it for every batch.",
    fix="Write `--tracing=false`, or set OTEL_EXPORTER_OTLP_ENDPOINT.",
    source="gateway.md 26, 3.2",
    cause=("gateway", "epp", "flags"),
)
def traces_somewhere(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker that traces (its default) knows where to."""
    for pod in pickers(deployment, view):
        known = {one.text("name") for one in pod.main.node.each("env[]")}
        if is_on(pod, "--tracing", True) and not known.intersection(_OTLP):
            yield Hit(deployment, argument(pod.main, "--tracing"), "it traces, and no endpoint is set")


@rule(
    "picker-token-mounted",
    kinds=_DEPLOYMENT,
    why="The Endpoint Picker cannot talk to the API server, finds no pod, and never becomes ready.",
    fix="Leave automountServiceAccountToken out of its pod and its ServiceAccount.",
    source="gateway.md 3.5",
    cause=("gateway", "epp"),
)
def token_mounted(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker has the token of its ServiceAccount."""
    for pod in pickers(deployment, view):
        name = pod.spec.text("serviceAccountName") or "default"
        account = view.compiled("ServiceAccount", pod.namespace, name)
        own = pod.spec.flag("automountServiceAccountToken", True)
        of_account = account is None or account.flag("automountServiceAccountToken", True)
        if not (own if pod.spec.has("automountServiceAccountToken") else of_account):
            field = pod.spec.at("automountServiceAccountToken")
            yield Hit(deployment, field, f"the token of ServiceAccount {name} is not mounted")


@rule(
    "config-hash-fresh",
    kinds=_DEPLOYMENT,
    why="The pods are not restarted when their configuration changes, and keep running the old one.",
    fix="Run `make compile`: the annotation is computed from the file.",
    source="gateway.md 28; serving.md 3.4",
)
def hash_fresh(deployment: Obj, view: ClusterView) -> Iterator[Hit]:
    """The configuration's hash on a pod template is that of a file in a ConfigMap that the pod mounts."""
    for pod in view.pods_of(deployment):
        names = [one.text("configMap.name") for one in pod.spec.each("volumes[]") if one.has("configMap")]
        maps = [view.compiled("ConfigMap", pod.namespace, name) for name in names]
        texts = [text for one in maps if one for text in one.texts("data").values()]
        given = deployment.node("spec.template").texts("metadata.annotations").get(_HASH)
        if texts and given is None:
            message = f"the pods mount {', '.join(names)}, and nothing restarts them when it changes"
            yield Hit(deployment, _HASH_FIELD, message)
        elif texts and given not in {hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts}:
            yield Hit(deployment, _HASH_FIELD, f"{given} is the hash of no file in {', '.join(names)}")
