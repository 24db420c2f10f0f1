"""Small things in pod templates that keep a pod from starting, or make it start as something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit
from scripts.check.node import Node
from scripts.check.pods import Container, Pod
from scripts.check.rule import rule
from scripts.check.servers import engine_of
from scripts.check.slips import slip

_SHELLS = ("sh", "/bin/sh", "bash", "/bin/bash")
_VARIABLES = frozenset(
    "HOME HF_HOME HF_HUB_OFFLINE HF_TOKEN TORCHINDUCTOR_CACHE_DIR TRITON_CACHE_DIR USER LOGNAME VLLM_CACHE_ROOT"
    " VLLM_CONFIG_ROOT VLLM_NO_USAGE_STATS XDG_CACHE_HOME XDG_CONFIG_HOME NAMESPACE POD_NAME OLLAMA_HOST OLLAMA_MODELS"
    " OLLAMA_KEEP_ALIVE OLLAMA_CONTEXT_LENGTH OLLAMA_NUM_PARALLEL OLLAMA_NO_CLOUD OLLAMA_MAX_LOADED_MODELS MODEL_TAG"
    " GRACEFUL_SHUTDOWN_TIMEOUT KEEPALIVE_TIMEOUT LITELLM_LOG LITELLM_MODE LITELLM_LOCAL_MODEL_COST_MAP"
    " LITELLM_DISABLE_ACCESS_LOG_PATHS LITELLM_MASTER_KEY LITELLM_SALT_KEY PROMETHEUS_METRICS_PORT REDIS_HOST"
    " REDIS_PORT REDIS_PASSWORD DATABASE_URL".split()
)
"""Variables that engines, the Endpoint Picker and LiteLLM read."""
_COUNT = re.compile(r"0*[1-9]\d*")
_COUNTS = {
    "--max-model-len": re.compile(r"0*[1-9]\d*(\.\d+)?[kKmMgG]?|-1|auto"),
    "--max-num-seqs": _COUNT,
    "--ctx-size": re.compile(r"\d+"),
    "--parallel": re.compile(r"0*[1-9]\d*|-1"),
    "--tensor-parallel-size": _COUNT,
    "--threads": re.compile(r"0*[1-9]\d*|-1"),
    "OLLAMA_CONTEXT_LENGTH": re.compile(r"\d+"),
    "OLLAMA_NUM_PARALLEL": re.compile(r"\d+"),
    "KEEPALIVE_TIMEOUT": _COUNT,
    "REDIS_PORT": _COUNT,
    "PROMETHEUS_METRICS_PORT": _COUNT,
}
"""What flags and variables may be that count something. llama.cpp and Ollama take 0 and -1 for their own choice, vLLM
takes 32k (vllm/utils/argparse_utils.py, llama.cpp common/arg.cpp, ollama envconfig)."""
_EVERY_ADDRESS = re.compile(r"(?:https?://)?(?:0\.0\.0\.0|\[::\]|:)(?::?\d+)?")
_READY = re.compile(r"\S+ -c test -e (\S+) && ollama show \"\$MODEL_TAG\" >/dev/null")
_USED = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def _containers(view: ClusterView) -> Iterator[tuple[Pod, Container]]:
    for pod in view.pods:
        if pod.known:
            yield from ((pod, one) for one in pod.containers)


@rule(
    "container-has-image",
    scope="cluster",
    why="The API server, or KServe, refuses the pod.",
    fix="Give the image of the runtime.",
    source="kubernetes Container; serving.md 1.6",
    cause=("serving", "runtime"),
)
def has_image(view: ClusterView) -> Iterator[Hit]:
    """Every container has an image."""
    for pod, one in _containers(view):
        if not one.image:
            yield Hit(pod.owner, one.node.at("image"), f"container {one.name} has no image")


@rule(
    "port-names-apart",
    scope="cluster",
    why="The API server refuses a pod with two ports of one name.",
    fix="Give every port of a container a name of its own.",
    source="kubernetes ValidateContainerPorts",
)
def port_names(view: ClusterView) -> Iterator[Hit]:
    """No two ports of a container have one name."""
    for pod, one in _containers(view):
        for name, count in Counter(port.name for port in one.ports if port.name).items():
            if count > 1:
                yield Hit(pod.owner, one.node.at("ports"), f"{count} ports are called {name}")


@rule(
    "variable-name-known",
    scope="cluster",
    level="warning",
    why="Nothing reads a variable of that name, so what it says is not so.",
    fix="Correct the name.",
    source="serving.md 2.1 to 2.3 and 3.2",
    cause=("serving", "env"),
)
def variable_name(view: ClusterView) -> Iterator[Hit]:
    """No variable is nearly, but not quite, one that is read."""
    for pod, one in _containers(view):
        for variable in one.node.each("env[]"):
            name = variable.text("name")
            if not name or name in _VARIABLES:
                continue
            near = slip(name, _VARIABLES)
            if near:
                said = f"nothing reads the variable {name}; did you mean {near}?"
                yield Hit(pod.owner, one.node.at("env"), said)


@rule(
    "number-counts-something",
    scope="cluster",
    why="The server does not start, or serves with its default.",
    fix="Give a whole number.",
    source="serving.md 2.1 to 2.3",
    cause=("serving", "args"),
)
def number_counts(view: ClusterView) -> Iterator[Hit]:
    """Flags and variables that count something are numbers that their programs take."""
    for pod, one in _containers(view):
        if pod.role == "epp":
            continue
        for name, allowed in _COUNTS.items():
            flag = name.startswith("-")
            value = one.flag(name) if flag else one.env.get(name)
            if value is not None and not allowed.fullmatch(value):
                yield Hit(pod.owner, one.node.at("args" if flag else "env"), f"{name} is {value or 'empty'}")


@rule(
    "ollama-listens-everywhere",
    scope="cluster",
    why="Ollama listens on an address that the pod does not have, and does not start.",
    fix="Set OLLAMA_HOST to 0.0.0.0:11434.",
    source="serving.md 2.3",
    cause=("serving", "env", "OLLAMA_HOST"),
)
def ollama_listens(view: ClusterView) -> Iterator[Hit]:
    """Ollama listens on every address of the pod."""
    for pod, one in _containers(view):
        host = one.env.get("OLLAMA_HOST")
        if host is not None and not _EVERY_ADDRESS.fullmatch(host):
            yield Hit(pod.owner, one.node.at("env"), f"OLLAMA_HOST is {host}")


@rule(
    "script-run-by-shell",
    scope="cluster",
    why="The container does not start: what should be run is no program.",
    fix="Run a script with /bin/sh -c, and nothing after it.",
    source="serving.md 2.3; kubernetes define-command-argument-container",
    cause=("serving", "runtime"),
)
def script_by_shell(view: ClusterView) -> Iterator[Hit]:
    """A script is run by a shell, and variables in it are set."""
    for pod, one in _containers(view):
        command, args = one.node.strings("command"), one.node.strings("args")
        yield from _script(pod, one, one.node.at("command"), [*command, *args])
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = one.node.node(f"{probe}.exec")
            yield from _script(pod, one, asked.at("command"), asked.strings("command"))


def _script(pod: Pod, container: Container, field: str, words: list[str]) -> Iterator[Hit]:
    scripts = [word for word in words if any(sign in word for sign in ("\n", " && ", "; "))]
    if not scripts:
        if words and words[0] in _SHELLS:
            yield Hit(pod.owner, field, "the shell is given nothing to run")
        return
    if words[:2] != [words[0], "-c"] or words[0] not in _SHELLS or len(words) != 3:
        yield Hit(pod.owner, field, "a script is not run by a shell with -c, or not by itself")
    own = {one.text("name") for one in container.node.each("env[]")}
    assigned = set(re.findall(r"^\s*(\w+)=|\bfor (\w+) in\b", scripts[0], re.MULTILINE))
    for name in dict.fromkeys(_USED.findall(scripts[0])):
        if name not in own and not any(name in pair for pair in assigned):
            yield Hit(pod.owner, field, f"the script uses ${name}, which is not set")


@rule(
    "ollama-probe-asks-model",
    scope="cluster",
    why="The probe never succeeds, or succeeds before the model is there.",
    fix="Run `make compile`.",
    source="serving.md 2.3 and 43",
    cause=("serving", "runtime"),
)
def ollama_probe(view: ClusterView) -> Iterator[Hit]:
    """A probe of Ollama waits for the file that its start script makes, and asks for the model."""
    for pod in view.pods:
        if pod.role != "model" or not pod.known or engine_of(pod, view) != "ollama":
            continue
        script = " ".join(pod.main.args)
        for probe in ("startupProbe", "readinessProbe"):
            asked = " ".join(pod.main.node.node(f"{probe}.exec").strings("command"))
            file = _READY.fullmatch(asked)
            if asked and not (file and f"touch {file.group(1)}\n" in script):
                yield Hit(
                    pod.owner, pod.main.node.at(f"{probe}.exec.command"), "it does not ask for the model"
                )


@rule(
    "shared-memory-in-memory",
    scope="cluster",
    level="warning",
    why="Ranks exchange tensors through a disk, or have the 64 MiB of the container runtime.",
    fix="Mount an emptyDir with `medium: Memory` at /dev/shm.",
    source="serving.md 2.1 and 1.8",
    cause=("serving", "resources", "sharedMemory"),
)
def shared_memory(view: ClusterView) -> Iterator[Hit]:
    """What is mounted at /dev/shm lies in memory, and what lies in memory is mounted there."""
    for pod in view.pods:
        if pod.role != "model" or not pod.known:
            continue
        mounts = {one.text("mountPath"): one.text("name") for one in pod.main.node.each("volumeMounts[]")}
        for volume in pod.spec.each("volumes[]"):
            name, memory = volume.text("name"), volume.text("emptyDir.medium") == "Memory"
            if name == mounts.get("/dev/shm") and not memory:
                yield Hit(pod.owner, volume.at("emptyDir.medium"), f"volume {name} at /dev/shm lies on disk")
            if memory and name != mounts.get("/dev/shm"):
                yield Hit(pod.owner, volume.at("name"), f"volume {name} lies in memory, not at /dev/shm")


@rule(
    "volume-in-use",
    scope="cluster",
    level="warning",
    why="What should be read or written there is somewhere else.",
    fix="Mount it, or take it away.",
    source="kubernetes volumes; serving.md 1.6",
    cause=("serving", "runtime"),
)
def volume_in_use(view: ClusterView) -> Iterator[Hit]:
    """Every volume of a pod is mounted by one of its containers."""
    for pod in view.pods:
        if not pod.known:
            continue
        holders = [*pod.spec.each("containers[]"), *pod.spec.each("initContainers[]")]
        mounted = {one.text("name") for holder in holders for one in holder.each("volumeMounts[]")}
        for volume in pod.spec.each("volumes[]"):
            if volume.text("name") not in mounted:
                yield Hit(pod.owner, volume.at("name"), f"no container mounts {volume.text('name')}")


@rule(
    "picker-knows-itself",
    scope="cluster",
    why="Replicas of the Endpoint Picker elect a leader under a wrong name, or look for pods in another namespace.",
    fix="Take NAMESPACE and POD_NAME from the pod itself.",
    source="llm-d-router v0.10 cmd/epp/runner; gateway.md 30",
)
def picker_knows_itself(view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker is told its namespace and its pod's name, and where its configuration is."""
    wanted = {"NAMESPACE": "metadata.namespace", "POD_NAME": "metadata.name"}
    for pod, one in _containers(view):
        if pod.role != "epp" or one is not pod.main:
            continue
        told = {each.text("name"): _field_of(each) for each in one.node.each("env[]")}
        for name, path in wanted.items():
            if told.get(name) != path:
                said = f"{name} is {told.get(name) or 'not set'}, not {path} of the pod"
                yield Hit(pod.owner, one.node.at("env"), said)
        if not one.flag("--config-file") and not one.flag("--config-text"):
            yield Hit(pod.owner, one.node.at("args"), "no flag says where its configuration is")


def _field_of(variable: Node) -> str:
    return variable.text("valueFrom.fieldRef.fieldPath")
