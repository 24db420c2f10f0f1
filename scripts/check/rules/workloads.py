"""Pod templates and what counts on their labels: selectors, spread, users, commands, switches."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from components.common import labels
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Pod
from scripts.check.rule import rule
from scripts.check.servers import engine_of

_IDENTITY = (labels.NAME, labels.INSTANCE, labels.COMPONENT)
"""Labels that together mean one workload of ours."""
_SPREAD = ("kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_WORKLOADS = ("Deployment", "InferenceService")
_COMMANDS = {"vllm": ("vllm", "python3"), "llamacpp": ("llama-server",), "ollama": ("ollama", "sh")}
"""Executables of an engine's image (serving.md 2.1 to 2.3)."""
_EVERY_ADDRESS = ("0.0.0.0", "::", "[::]")
_SWITCHES = (
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "VLLM_NO_USAGE_STATS",
    "DO_NOT_TRACK",
    "OLLAMA_FLASH_ATTENTION",
)
_ON_OFF = frozenset(["0", "1", "true", "false", "True", "False"])


@rule(
    "selector-means-one-workload",
    kinds=("Deployment", "PodDisruptionBudget", "Service", "ServiceMonitor"),
    level="warning",
    why="The next workload with these labels is selected too.",
    fix="Select by name, instance and component.",
    source="gateway.md 9; serving.md 57",
)
def selector_means_one(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """What selects by our labels names all three that mean one workload."""
    for way in ("spec.selector", "spec.selector.matchLabels"):
        selector = obj.texts(way)
        own = [key for key in _IDENTITY if key in selector]
        if own and len(own) < len(_IDENTITY):
            missing = ", ".join(key for key in _IDENTITY if key not in selector)
            yield Hit(obj, way, f"it selects by {', '.join(own)}, and not by {missing}")


@rule(
    "spread-effective",
    kinds=_WORKLOADS,
    level="warning",
    why="The scheduler ignores the constraint, and replicas die together with one node.",
    fix="Spread over kubernetes.io/hostname or a zone by the workload's own labels.",
    source="inference-stacks.md 2.10; kubernetes topology-spread-constraints",
)
def spread_effective(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A spread constraint counts pods of its own workload, over nodes or zones, and allows little skew."""
    for pod in view.pods_of(obj):
        for one in pod.spec.each("topologySpreadConstraints[]"):
            yield from _constraint(obj, pod, one)


def _constraint(obj: Obj, pod: Pod, one: Node) -> Iterator[Hit]:
    key, skew = one.text("topologyKey"), one.number("maxSkew")
    if key not in _SPREAD:
        yield Hit(obj, one.at("topologyKey"), f"no node has the label {key} ({', '.join(_SPREAD)})")
    if skew is not None and skew > 2:
        yield Hit(obj, one.at("maxSkew"), f"all replicas may lie on one node: the skew may be {skew}")
    counted = one.texts("labelSelector.matchLabels")
    strange = {name: value for name, value in counted.items() if pod.labels.get(name) != value}
    wanted = obj.texts("spec.selector.matchLabels")
    if strange or not counted or (wanted and counted != wanted):
        yield Hit(obj, one.at("labelSelector.matchLabels"), "it counts other pods than those of the workload")


@rule(
    "toleration-names-a-taint",
    kinds=_WORKLOADS,
    level="warning",
    why="The pod may be put on any node, whatever it is kept free for, drained nodes included.",
    fix="Give the key of the taint.",
    source="kubernetes taint-and-toleration; serving.md 1.7",
    cause=("accelerators",),
)
def toleration_names(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A toleration names the taint that it tolerates."""
    for pod in view.pods_of(obj):
        for one in pod.spec.each("tolerations[]"):
            if not one.text("key"):
                yield Hit(obj, one.at("key"), "it has no key, so every taint is tolerated")


@rule(
    "non-root-has-a-user",
    scope="cluster",
    why="The kubelet refuses to start a container that may not be root while its image says nothing else.",
    fix="Give runAsUser, in the container or in the pod.",
    source="kubernetes pkg/kubelet/kuberuntime/security_context.go; serving.md 2.1",
    cause=("serving", "runtime"),
)
def non_root_has_user(view: ClusterView) -> Iterator[Hit]:
    """A model server that may not run as root says as whom it runs."""
    for pod in view.pods:
        whole = pod.spec.node("securityContext")
        if pod.role != "model" or not pod.known:
            continue
        for one in pod.containers:
            own = one.node.node("securityContext")
            non_root = own.flag("runAsNonRoot", whole.flag("runAsNonRoot"))
            if non_root and own.number("runAsUser") is None and whole.number("runAsUser") is None:
                said = f"container {one.name} may not be root, and nothing says who else it is"
                yield Hit(pod.owner, own.at("runAsUser"), said)


@rule(
    "engine-command-known",
    scope="cluster",
    why="The container does not start: its image has no such executable.",
    fix="Correct the command of the runtime.",
    source="serving.md 2.1 to 2.3",
    cause=("serving", "runtime"),
)
def command_known(view: ClusterView) -> Iterator[Hit]:
    """A model server is started by an executable of its engine."""
    for pod in view.pods:
        command = pod.main.node.strings("command")
        known = _COMMANDS.get(engine_of(pod, view), ())
        if pod.role == "model" and command and known and posixpath.basename(command[0]) not in known:
            said = f"{command[0]} is not {' or '.join(known)}"
            yield Hit(pod.owner, pod.main.node.at("command"), said)


@rule(
    "server-host-every-address",
    scope="cluster",
    why="The server listens on an address that the pod does not have, or only the pod itself can reach.",
    fix="Use --host=0.0.0.0.",
    source="serving.md 2.1 and 2.2",
    cause=("serving", "args", "host"),
)
def host_every_address(view: ClusterView) -> Iterator[Hit]:
    """A server that is told its address listens on all of them, on a port that exists."""
    for pod in view.pods:
        host, port = pod.main.flag("--host"), pod.main.flag("--port")
        at = pod.main.node.at("args")
        if pod.role in ("model", "litellm") and host is not None and host not in _EVERY_ADDRESS:
            yield Hit(pod.owner, at, f"--host is {host or 'empty'}, not {_EVERY_ADDRESS[0]}")
        if port is not None and not (port.isdigit() and 0 < int(port) < 65536):
            yield Hit(pod.owner, at, f"--port is {port or 'empty'}: no port")


@rule(
    "variable-has-a-value",
    scope="cluster",
    level="warning",
    why="A program takes an empty variable, or a switch that is neither on nor off, for something else than was meant.",
    fix="Give the value, or leave the variable out.",
    source="serving.md 2.1; huggingface_hub constants.py",
    cause=("serving", "env"),
)
def variable_has_value(view: ClusterView) -> Iterator[Hit]:
    """A variable of a pod has a value, and a switch is on or off."""
    for pod in view.pods:
        for container in pod.containers:
            for one in container.node.each("env[]"):
                name = one.text("name")
                if not one.text("value") and not one.map("valueFrom"):
                    yield Hit(pod.owner, container.node.at("env"), f"{name} is empty")
                elif name in _SWITCHES and one.has("value") and one.text("value") not in _ON_OFF:
                    said = f"{name} is {one.text('value')}, neither 0 nor 1"
                    yield Hit(pod.owner, container.node.at("env"), said)


@rule(
    "pre-stop-pauses",
    scope="cluster",
    level="warning",
    why="The command fails, the pod stops at once, and requests that still arrive fail.",
    fix="Run `/bin/sleep` with a number of seconds.",
    source="serving.md 1.9; gateway.md 31",
    cause=("serving", "runtime"),
)
def pre_stop_pauses(view: ClusterView) -> Iterator[Hit]:
    """The command before a stop is a pause of some seconds that a shell or `sleep` can run."""
    for pod in view.pods:
        for container in pod.containers:
            hook = container.node.node("lifecycle.preStop.exec")
            command = hook.strings("command")
            if command and not _pauses(command):
                yield Hit(pod.owner, hook.at("command"), f"{command} is no pause")


def _pauses(command: list[str]) -> bool:
    words: list[str] = command
    if posixpath.basename(command[0]) in ("sh", "bash"):
        if len(command) != 3 or command[1] != "-c":
            return False
        words = command[2].split()
    return (
        len(words) == 2
        and words[0] in ("sleep", "/bin/sleep", "/usr/bin/sleep")
        and words[1].isdigit()
        and 0 < int(words[1]) <= 300
    )


@rule(
    "request-above-zero",
    scope="cluster",
    level="warning",
    why="The scheduler takes the pod for free, and the node's other pods take its CPU away.",
    fix="Ask for what the pod needs.",
    source="serving.md 1.8; inference-stacks.md 2.10",
)
def request_above_zero(view: ClusterView) -> Iterator[Hit]:
    """A container asks for some CPU and memory."""
    zero: Mapping[str, str] = {"cpu": "0", "memory": "0"}
    for pod in view.pods:
        for container in pod.containers:
            requests = container.node.map("resources.requests")
            for what in zero:
                if str(requests.get(what, "1")).rstrip("mMGKTi") == "0":
                    yield Hit(pod.owner, container.node.at(f"resources.requests.{what}"), "it asks for none")


@rule(
    "disruption-budget-holds-some",
    kinds=("PodDisruptionBudget",),
    level="warning",
    why="A drain of nodes may stop every replica at once.",
    fix="Allow fewer pods to be missing than there are at least.",
    source="serving.md 1.10; inference-stacks.md 2.10",
    cause=("serving", "minReplicas"),
)
def budget_holds_some(budget: Obj, view: ClusterView) -> Iterator[Hit]:
    """A disruption budget lets fewer pods go than there are replicas at least."""
    allowed = budget.number("spec.maxUnavailable")
    for pod in view.select(budget.namespace, budget.texts("spec.selector.matchLabels")):
        least = pod.owner.number("spec.predictor.minReplicas") or pod.owner.number("spec.replicas")
        if allowed is not None and least is not None and allowed >= least:
            yield Hit(budget, "spec.maxUnavailable", f"{allowed} may be missing, and there are {least}")


@rule(
    "rollout-keeps-replicas",
    kinds=("Deployment",),
    level="warning",
    why="A rollout stops every replica before another one is ready.",
    fix="Let fewer pods be missing during a rollout than there are, and start few more.",
    source="kubernetes deployment strategy; serving.md 3.6",
)
def rollout_keeps(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A rolling update says what may be missing, and that is less than all."""
    if obj.text("spec.strategy.type") != "RollingUpdate":
        return
    replicas, update = obj.number("spec.replicas") or 1, obj.node("spec.strategy.rollingUpdate")
    for key in ("maxUnavailable", "maxSurge"):
        most = replicas - 1 if key == "maxUnavailable" else replicas
        number = update.number(key)
        if number is None and not update.text(key).endswith("%"):
            yield Hit(obj, update.at(key), "it is not set, which means 25%")
        elif number is not None and number > most:
            yield Hit(obj, update.at(key), f"it is {number}, with {replicas} replicas")


@rule(
    "model-account-without-token",
    kinds=("ServiceAccount",),
    level="warning",
    why="Whoever takes over a model server holds a token for the API server, which the model does not need.",
    fix="Set automountServiceAccountToken to false.",
    source="serving.md 1.8; kubernetes service-accounts-admin",
)
def account_without_token(account: Obj, view: ClusterView) -> Iterator[Hit]:
    """The ServiceAccount of model servers mounts no token."""
    if account.component != "model-service" or account.raw("automountServiceAccountToken") is False:
        return
    yield Hit(account, "automountServiceAccountToken", "it is not false")
