"""Model servers and proxies in their pods: probes, folders that they write to, how they start and stop."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from components.stack import sizing
from scripts.check.deployment import container_field, deployment
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath, Obj
from scripts.check.node import Node
from scripts.check.pods import Container, Pod
from scripts.check.rule import rule
from scripts.check.servers import engine_of

_OWNERS = ("InferenceService", "Deployment")
_ISVC = ("InferenceService",)
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
_PATHS: Mapping[str, re.Pattern[str]] = {
    "vllm": re.compile(r"/(health|ping|load|version|metrics|v1/models)"),
    "llamacpp": re.compile(r"/(v1/health|health|metrics|v1/models)"),
    "ollama": re.compile(r"/|/api/(version|tags|ps)|/v1/models(/.+)?"),
    "litellm": re.compile(r"/health(/(liveliness|liveness|readiness))?"),
}
"""Paths that answer GET (serving.md 2.1 to 2.3, 3.1)."""
_LOADED: Mapping[str, re.Pattern[str]] = {
    "llamacpp": re.compile(r"/(v1/)?health"),
    "ollama": re.compile(r"/v1/models/.+"),
}
"""Paths that answer 200 only when the model is loaded; vLLM listens only then."""
_FOLDERS = (
    "HOME HF_HOME XDG_CACHE_HOME XDG_CONFIG_HOME VLLM_CACHE_ROOT VLLM_CONFIG_ROOT TRITON_CACHE_DIR"
    " TORCHINDUCTOR_CACHE_DIR OUTLINES_CACHE_DIR LLAMA_CACHE OLLAMA_MODELS LITELLM_MIGRATION_DIR TMPDIR"
).split()
"""Variables that name a folder which the process writes to."""
_WRITABLE = ("emptyDir", "persistentVolumeClaim", "ephemeral")
_SLEEP = re.compile(r"\bsleep\s+([0-9]+)")


def _models(service: Obj, view: ClusterView) -> list[Pod]:
    return [pod for pod in view.pods_of(service) if pod.role == "model" and pod.known]


def _software(pod: Pod, view: ClusterView) -> str:
    """Engine of a model pod, or ``litellm``; empty for other pods."""
    if pod.role == "model":
        return engine_of(pod, view)
    return "litellm" if pod.role == "litellm" else ""


@rule(
    "service-links-off",
    kinds=_OWNERS,
    level="warning",
    why="Every Service of the namespace becomes variables: one called vllm or redis sets VLLM_PORT or REDIS_PORT.",
    fix="Write `enableServiceLinks: false`.",
    source="serving.md 40; vllm#34199",
)
def links_off(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Pods do not get the namespace's Services as variables."""
    for pod in view.pods_of(obj):
        if pod.role != "worker" and pod.spec.flag("enableServiceLinks", True):
            yield Hit(obj, pod.spec.at("enableServiceLinks"), f"the {pod.name} get them")


@rule(
    "liveness-after-startup",
    kinds=_OWNERS,
    why="The kubelet kills the process while it still starts, again and again.",
    fix="Add a startup probe that waits as long as a start may take.",
    source="serving.md 42; kserve#5062, #5063; airunway#401; aibrix#782",
    cause=("serving", "runtime"),
)
def liveness_after_startup(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model server or proxy with a liveness probe has a startup probe."""
    for pod in view.pods_of(obj):
        node = pod.main.node
        slow = pod.role in ("model", "litellm") and pod.known
        if slow and node.has("livenessProbe") and not node.has("startupProbe"):
            field = container_field(pod, pod.main, "startupProbe")
            yield Hit(obj, field, f"the {pod.name} have a liveness probe and no startup probe")


@rule(
    "startup-budget-declared",
    kinds=_ISVC,
    level="warning",
    why="The kubelet gives the engine less time than the inventory says a start may take.",
    fix="Run `make compile`; to change the time set `serving.startupSeconds`.",
    source="serving.md 42; inference-stacks.md idea 29",
    cause=("serving", "startupSeconds"),
)
def startup_budget(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The startup probe waits as long as the inventory says."""
    one = deployment(service, view)
    probe = one.main.node.node("startupProbe") if one else Node({})
    if one is None or not isinstance(probe.value, dict) or not one.declared:
        return
    budget = (probe.number("periodSeconds") or 10) * (probe.number("failureThreshold") or 3)
    budget += probe.number("initialDelaySeconds") or 0
    wanted = sizing.startup_seconds(one.stack)
    if budget < wanted:
        field = container_field(one.pod, one.main, "startupProbe")
        yield Hit(service, field, f"it waits {budget} s, the inventory says {wanted} s")


@rule(
    "readiness-tells-loaded",
    kinds=_ISVC,
    why="The server answers before its model is there, and the first requests of every new pod fail.",
    fix="Ask /health of llama.cpp, and of Ollama the model itself (`ollama show`, /v1/models/<model>).",
    source="serving.md 43, 2.2, 2.3; docker/model-runner#170; llama-swap#146",
    cause=("serving", "runtime"),
)
def tells_loaded(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Readiness and startup are asked where only a loaded model answers."""
    for pod in _models(service, view):
        engine, main = engine_of(pod, view), pod.main
        wanted = _LOADED.get(engine)
        for name in ("startupProbe", "readinessProbe") if wanted else ():
            probe = main.node.node(name)
            path, field = probe.text("httpGet.path", "/"), container_field(pod, main, name)
            if probe.has("tcpSocket"):
                yield Hit(service, field, f"{engine} accepts connections while the model still loads")
            elif probe.has("httpGet") and wanted and not wanted.fullmatch(path):
                yield Hit(service, field, f"{path} of {engine} answers 200 while the model still loads")


@rule(
    "probe-path-answered",
    kinds=_OWNERS,
    why="The probe never succeeds: the pod is never ready, or is restarted for ever.",
    fix="Ask a path that the server answers, over plain HTTP.",
    source="serving.md 42, 2.1, 2.2, 2.3, 3.1",
    cause=("serving", "runtime"),
)
def path_answered(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A probe asks a model server or LiteLLM for a path that it answers, by the protocol that it speaks."""
    for pod in view.pods_of(obj):
        known = _PATHS.get(_software(pod, view))
        if known is None or not pod.known or pod.main.flag("--api-prefix"):
            continue
        for name in _PROBES:
            get = pod.main.node.node(f"{name}.httpGet")
            path, field = get.text("path", "/"), container_field(pod, pod.main, f"{name}.httpGet")
            if isinstance(get.value, dict) and not known.fullmatch(path):
                yield Hit(obj, field, f"{_software(pod, view)} answers no GET {path}")
            if get.text("scheme", "HTTP") == "HTTPS" and not _encrypts(pod.main):
                yield Hit(obj, field, f"it asks over HTTPS, and the {pod.name} speak plain HTTP")


def _encrypts(container: Container) -> bool:
    flags = ("--ssl-keyfile", "--ssl-key-file", "--ssl_keyfile_path")
    return any(container.flag(flag) is not None for flag in flags)


@rule(
    "server-reachable",
    kinds=_OWNERS,
    why="The server listens inside its own pod only: probes, gateway and Endpoint Picker are refused.",
    fix="Let it listen on 0.0.0.0.",
    source="serving.md 43, 2.2",
    cause=("serving", "args"),
)
def reachable(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model server or LiteLLM listens on the pod's address, and llama.cpp says so: its default is loopback."""
    for pod in view.pods_of(obj):
        software = _software(pod, view)
        if not software or not pod.known:
            continue
        field = container_field(pod, pod.main, "args")
        if software == "ollama":
            host = pod.main.env.get("OLLAMA_HOST", "").rpartition(":")[0]
            field = container_field(pod, pod.main, "env")
        else:
            host = pod.main.flag("--host") or pod.main.env.get("LLAMA_ARG_HOST", "")
        if host in _LOOPBACK:
            yield Hit(obj, field, f"{software} listens on {host}")
        elif not host and software == "llamacpp":
            yield Hit(obj, field, "llama.cpp is given no --host", level="warning")


@rule(
    "server-port-written",
    kinds=_ISVC,
    level="warning",
    why="The default port changed between builds (8080, 9931): an image bump moves the server.",
    fix="Give `--port` (llama.cpp, vLLM) or OLLAMA_HOST with a port.",
    source="serving.md 43, 2.2",
    cause=("serving", "runtime"),
)
def port_written(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The port of a model server is written, not left to the image."""
    for pod in _models(service, view):
        engine, main = engine_of(pod, view), pod.main
        if engine == "ollama":
            written = main.env.get("OLLAMA_HOST", "").rpartition(":")[2]
        else:
            written = main.flag("--port") or main.env.get("LLAMA_ARG_PORT", "")
        if engine and not written:
            yield Hit(service, container_field(pod, main, "args"), f"{engine} is given no port")


def _restricted(pod: Pod) -> bool:
    """Whether the main process cannot write where its image does: it is no root, or its root is read only."""
    for security in (pod.main.node.node("securityContext"), pod.spec.node("securityContext")):
        if security.flag("runAsNonRoot") or security.number("runAsUser"):
            return True
    return pod.main.node.flag("securityContext.readOnlyRootFilesystem")


def _mounts(pod: Pod) -> Mapping[str, bool]:
    """Where something is mounted in the main container, and whether it may write there."""
    volumes = {one.text("name"): one for one in pod.spec.each("volumes[]")}
    found = {}
    for mount in pod.main.node.each("volumeMounts[]"):
        volume = volumes.get(mount.text("name"), Node({}))
        free = not mount.flag("readOnly") and any(volume.has(source) for source in _WRITABLE)
        found[mount.text("mountPath").rstrip("/") + "/"] = free
    return found


def _writable(path: str, mounts: Mapping[str, bool]) -> bool:
    """Whether a path lies where the main container may write: the deepest mount above it decides."""
    above = [at for at in mounts if f"{path}/".startswith(at)]
    return bool(above) and mounts[max(above, key=len)]


@rule(
    "folders-writable",
    kinds=_OWNERS,
    why="The process ends with PermissionError when it first writes its cache, its key or a model.",
    fix="Mount an emptyDir there, or point the variable into one that is mounted.",
    source="serving.md 44, 45; vllm#9118, #16402; kserve#5666; ollama#7471, #10332; llm-d#485",
    cause=("runtimes",),
)
def folders_writable(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Folders that variables name can be written to by a process that is no root."""
    for pod in view.pods_of(obj):
        if not _software(pod, view) or not pod.known or not _restricted(pod):
            continue
        field = container_field(pod, pod.main, "env")
        if "HOME" not in pod.main.env:
            yield Hit(obj, field, "HOME is not set, and the user has none in the image")
        mounts = _mounts(pod)
        for name in _FOLDERS:
            path = pod.main.env.get(name, "")
            if path and path[0] not in "~$" and not (path[0] == "/" and _writable(path, mounts)):
                said = f"{name} is {path}, where nothing writable is mounted"
                yield Hit(obj, field, said, cause=_set_by(name, obj, view))


@rule(
    "user-has-a-name",
    kinds=_ISVC,
    level="warning",
    why="torch asks for the user's name, finds none for the UID, and vLLM ends.",
    fix="Set USER in the runtime's variables.",
    source="serving.md 44, 2.1; vllm#9118; kserve#5666",
    cause=("runtimes",),
)
def user_named(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """vLLM under a UID that its image does not know has USER or LOGNAME."""
    for pod in _models(service, view):
        named = "USER" in pod.main.env or "LOGNAME" in pod.main.env
        if engine_of(pod, view) == "vllm" and _restricted(pod) and not named:
            yield Hit(service, container_field(pod, pod.main, "env"), "neither USER nor LOGNAME is set")


@rule(
    "temporary-folder-writable",
    kinds=_OWNERS,
    why="The process ends when it first makes a temporary file.",
    fix="Mount an emptyDir at /tmp.",
    source="serving.md 45; xencon/aixcl#1812; ollama#647",
    cause=("runtimes",),
)
def temporary_writable(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model server or proxy on a read-only root file system can write to /tmp."""
    for pod in view.pods_of(obj):
        read_only = pod.main.node.flag("securityContext.readOnlyRootFilesystem")
        if _software(pod, view) and read_only and not _writable("/tmp", _mounts(pod)):
            field = container_field(pod, pod.main, "volumeMounts")
            yield Hit(obj, field, f"the root file system of the {pod.name} is read only, and /tmp with it")


@rule(
    "ollama-keeps-model",
    kinds=_ISVC,
    level="warning",
    why="After five idle minutes Ollama unloads the model, and the next request waits for it to load again.",
    fix='Set `OLLAMA_KEEP_ALIVE: "-1"`.',
    source="serving.md 48, 2.3",
    cause=("runtimes",),
)
def keeps_model(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Ollama keeps its model loaded for ever."""
    for pod in _models(service, view):
        given = pod.main.env.get("OLLAMA_KEEP_ALIVE", "")
        if engine_of(pod, view) == "ollama" and not given.startswith("-"):
            field = container_field(pod, pod.main, "env")
            said = f"OLLAMA_KEEP_ALIVE is {given or 'not set: 5m'}"
            yield Hit(service, field, said, cause=_set_by("OLLAMA_KEEP_ALIVE", service, view))


def _set_by(variable: str, obj: Obj, view: ClusterView) -> KeyPath:
    """The key of the inventory that sets a variable of a model's pods."""
    stack = view.stack_of(obj)
    if stack is None:
        return ("runtimes",)
    if variable in stack.serving.env:
        return ("serving", "env", variable)
    own = ("env", variable) if variable in stack.runtime.env else ()
    return ("runtimes", stack.serving.runtime, *own)


@rule(
    "pod-drains-before-it-stops",
    kinds=_OWNERS,
    level="warning",
    why="Gateways send requests to the pod for a moment after it was told to stop, and those are refused.",
    fix="Add a preStop hook that sleeps, shorter than terminationGracePeriodSeconds.",
    source="serving.md 2.1; inference-stacks.md idea 29",
    cause=("serving", "terminationGraceSeconds"),
)
def drains(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model server or proxy pauses before it stops, and its grace is longer than the pause."""
    for pod in view.pods_of(obj):
        if not _software(pod, view) or not pod.known or _is_knative_pod(pod):
            continue
        pause = _pause(pod.main.node.node("lifecycle.preStop"))
        grace = pod.spec.number("terminationGracePeriodSeconds")
        if pause is None:
            field = container_field(pod, pod.main, "lifecycle.preStop")
            yield Hit(obj, field, f"the {pod.name} have no preStop hook")
        elif pause >= (30 if grace is None else grace):
            message = f"{grace or 30} s of grace are used up by a pause of {pause} s"
            yield Hit(obj, pod.spec.at("terminationGracePeriodSeconds"), message, level="error")


@rule(
    "pod-outlives-requests",
    kinds=_ISVC,
    level="warning",
    why="A rollout or a drained node cuts off every answer that takes longer than the pod's grace.",
    fix="Leave `serving.terminationGraceSeconds` out: it follows from `serving.requestTimeoutSeconds`.",
    source="inference-stacks.md idea 29; serving.md 2.1",
    cause=("serving", "terminationGraceSeconds"),
)
def outlives_requests(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model pod that is told to stop may finish the longest request."""
    stack = view.stack_of(service)
    for pod in _models(service, view) if stack else ():
        grace = pod.spec.number("terminationGracePeriodSeconds")
        grace, pause = 30 if grace is None else grace, _pause(pod.main.node.node("lifecycle.preStop")) or 0
        longest = stack.serving.request_timeout_seconds if stack else 0
        if not _is_knative_pod(pod) and grace - pause < longest:
            field = pod.spec.at("terminationGracePeriodSeconds")
            message = f"{grace} s of grace with a pause of {pause} s, a request may take {longest} s"
            yield Hit(service, field, message)


def _is_knative_pod(pod: Pod) -> bool:
    """Knative overwrites hooks and grace (serving.md 1.8)."""
    return pod.role == "model" and not pod.labels.get("app", "").startswith("isvc.")


def _pause(hook: Node) -> int | None:
    """Seconds that a hook waits; 0 for one that does something else; None for no hook."""
    if not isinstance(hook.value, dict):
        return None
    if (seconds := hook.number("sleep.seconds")) is not None:
        return seconds
    found = _SLEEP.search(" ".join(hook.strings("exec.command")))
    return int(found[1]) if found else 0
