"""Where weights come from, how they reach the pods, and what the server is told to load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from components.facts import kserve, parse
from components.facts.tables import table
from scripts.check.deployment import Deployment, deployment
from scripts.check.edges.workloads import claim_of
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import Container
from scripts.check.rule import rule
from scripts.check.servers import engine_of

_ISVC = ("InferenceService",)
_MODEL = "spec.predictor.model"
_URI = f"{_MODEL}.storageUri"
_ACCOUNT = "spec.predictor.serviceAccountName"
_CLAIM = "persistentVolumeClaim.claimName"
_ONE_NODE = ("ReadWriteOnce", "ReadWriteOncePod")
_UNREAD = "The engine does not find its weights, ends, and is restarted for ever."


def uris(service: Obj) -> Iterator[tuple[Node, str, str, str]]:
    """(mapping, key, URI, mount path) of everything that KServe fetches or mounts."""
    if uri := service.text(_URI):
        yield service.node(_MODEL), "storageUri", uri, str(table("kserve")["model_path"])
    for one in service.each("spec.predictor.storageUris[]"):
        yield one, "uri", one.text("uri"), one.text("mountPath", str(table("kserve")["model_path"]))


@rule(
    "storage-uri-fetchable",
    kinds=_ISVC,
    why="The storage initializer refuses the URI, and the pods never start.",
    fix="Write a URI that the cluster's KServe knows: `hf://owner/model[:revision]`, s3://, pvc://, oci://.",
    source="serving.md 14, 1.9; kserve_storage.py",
    cause=("model", "weights", "uri"),
)
def uri_fetchable(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The cluster's KServe can fetch every storage URI."""
    version = view.versions.get("kserve")
    for holder, key, uri, _ in uris(service) if version else ():
        if problem := kserve.storage_problem(uri, str(version)):
            yield Hit(service, holder.at(key), problem)


@rule(
    "model-has-storage",
    kinds=_ISVC,
    why="KServe takes it for a server of many models and injects its agent, which waits for a model for ever.",
    fix="Give a storage URI, or name the format `huggingface` where the engine pulls the model itself.",
    source="serving.md 15, 1.10; kserve#2568",
    cause=("serving", "storage"),
)
def has_storage(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model without a storage URI has the one format that KServe does not take for a multi-model server."""
    wanted = table("kserve")["format_without_storage"]
    name = service.text(f"{_MODEL}.modelFormat.name")
    stored = service.has(_URI) or service.has("spec.predictor.storageUris")
    if service.has(_MODEL) and not stored and name != wanted:
        yield Hit(service, _URI, f"format {name} and no storage URI: KServe injects its multi-model agent")


@rule(
    "weights-declared",
    kinds=_ISVC,
    why="The pods load other weights than those that were reviewed and sized.",
    fix="Run `make compile`; to change the weights change the model's class.",
    source="inference-stacks.md ideas 14, 24; design 5",
    cause=("model", "weights", "uri"),
)
def weights_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """What KServe fetches is what the model's class says, in that revision, adapters included."""
    stack = view.stack_of(service)
    if stack is None or service.name != stack.names.service:
        return
    wanted = [stack.storage_uri] if stack.storage_uri else []
    wanted += [one.storage_uri for one in stack.model.adapters.values()]
    for holder, key, uri, _ in uris(service):
        if uri not in wanted:
            said = ", ".join(wanted) or "none"
            yield Hit(service, holder.at(key), f"it is {uri}, the inventory says {said}")
    given = {uri for _, _, uri, _ in uris(service)}
    for uri in wanted if given else ():
        if uri not in given:
            yield Hit(service, "spec.predictor", f"{uri} is not fetched")


@rule(
    "gated-weights-have-token",
    kinds=_ISVC,
    why="The storage initializer reads no variable of the pod, gets 401 from the hub, and the pods never start.",
    fix="Let the pods' ServiceAccount list a Secret with the key HF_TOKEN.",
    source="serving.md 16, 1.9; kserve#4400, #6260, #3832; inference-stacks.md idea 18",
    cause=("cluster", "secrets"),
)
def have_token(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Gated weights are fetched with a token that the pods' ServiceAccount carries."""
    stack = view.stack_of(service)
    if stack is None or not stack.needs_token:
        return
    key = table("kserve")["storage"]["token_key"]
    account = view.find("ServiceAccount", service.namespace, service.text(_ACCOUNT) or "default")
    if account is None or account.origin != "compiled":
        if not service.text(_ACCOUNT):
            yield Hit(service, _ACCOUNT, f"{stack.model.name} is gated, and the pods have no ServiceAccount")
        return
    names = [one.text("name") for one in account.each("secrets[]")]
    secrets = [view.find("Secret", service.namespace, name) for name in names]
    if any(one and (one.origin == "provided" or key in one.map("data")) for one in secrets):
        return
    beside = f"; {key} among the pod's variables does not reach it" if _in_pod(service, key) else ""
    has = ", ".join(names) or "no Secret"
    yield Hit(service, _ACCOUNT, f"{account.ref} lists {has}, none with the key {key}{beside}")


def _in_pod(service: Obj, key: str) -> bool:
    return any(one.text("name") == key for one in service.each(f"{_MODEL}.env[]"))


@rule(
    "claim-reaches-every-replica",
    kinds=_ISVC,
    why="The claim mounts on one node: pods on any other wait for the volume for ever.",
    fix="Use a claim that is ReadOnlyMany or ReadWriteMany, or one replica without surge.",
    source="serving.md 33, 1.9; inference-stacks.md idea 28",
    cause=("serving", "storage", "claim", "accessMode"),
)
def claim_reaches(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A claim that mounts on one node is used by one pod at a time."""
    high = service.number("spec.predictor.maxReplicas") or 1
    surge = service.raw("spec.predictor.deploymentStrategy.rollingUpdate.maxSurge")
    for field, name in _claims(service):
        modes = _modes(service, name, view)
        if not modes or any(mode not in _ONE_NODE for mode in modes):
            continue
        if high > 1:
            yield Hit(service, field, f"claim {name} is {', '.join(modes)}, and there may be {high} pods")
        elif surge not in (None, 0, "0", "0%"):
            yield Hit(service, field, f"claim {name} is {', '.join(modes)}, and a rollout adds {surge} pod")


def _claims(service: Obj) -> Iterator[tuple[str, str]]:
    """(field, claim) of the claims that every pod mounts."""
    for holder, key, uri, _ in uris(service):
        if name := claim_of(uri):
            yield holder.at(key), name
    for volume in service.each("spec.predictor.volumes[]"):
        if name := volume.text("persistentVolumeClaim.claimName"):
            yield volume.at("persistentVolumeClaim.claimName"), name


def _modes(service: Obj, name: str, view: ClusterView) -> list[str]:
    """Access modes of a claim: as compiled, else as the stack declares them."""
    compiled = view.compiled("PersistentVolumeClaim", service.namespace, name)
    if compiled:
        return compiled.strings("spec.accessModes")
    stack = view.stack_of(service)
    claim = stack.serving.storage.claim if stack else None
    return [claim.access_mode] if claim and claim.name == name else []


@rule(
    "storage-paths-share-a-parent",
    kinds=_ISVC,
    why="KServe's webhook refuses the InferenceService.",
    fix="Mount everything below one folder, such as /mnt.",
    source="serving.md 1.3",
    cause=("model", "adapters"),
)
def share_a_parent(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The mount paths of several storage URIs lie below one folder that is not the root."""
    paths = [one.text("mountPath") for one in service.each("spec.predictor.storageUris[]")]
    tops = {path.split("/")[1] for path in paths if path.startswith("/")}
    if len(paths) > 1 and len(tops) > 1:
        yield Hit(service, "spec.predictor.storageUris", f"{', '.join(paths)} share no folder but /")


@rule(
    "model-path-mounted",
    kinds=_ISVC,
    why=_UNREAD,
    fix="Let the engine load what KServe mounts: /mnt/models, or a file below it.",
    source="serving.md 2.1, 2.2, 43",
    cause=("runtimes",),
)
def model_path_mounted(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The engine loads its model from a path at which KServe puts the weights."""
    one = deployment(service, view)
    path = _model_path(one) if one and one.takes_flags else None
    if one and path is not None and not _is_there(path, service, one.main):
        where = ", ".join(mount for *_, mount in uris(service)) or "nowhere"
        yield Hit(
            service, f"{_MODEL}.args", f"the engine loads {path or 'nothing'}, the weights are at {where}"
        )


def _model_path(one: Deployment) -> str | None:
    """What the engine is told to load; None where that cannot be told."""
    if given := one.arguments.text("model"):
        return given
    if one.engine.name != "vllm":
        return ""
    words = one.main.args
    after = words[words.index("serve") + 1 :] if "serve" in words else []
    return after[0] if after and not after[0].startswith("-") else ""


def _is_there(path: str, service: Obj, container: Container) -> bool:
    """Whether something is mounted at a path or above it."""
    mounts = [mount for *_, mount in uris(service)]
    mounts += [one.text("mountPath") for one in container.node.each("volumeMounts[]")]
    return any(PurePosixPath(path).is_relative_to(mount) for mount in mounts if mount)


@rule(
    "adapter-path-mounted",
    kinds=_ISVC,
    why="vLLM ends at once, because an adapter that it was told to load is not there.",
    fix="Give the adapter a storage URI whose mount path is the one in `--lora-modules`.",
    source="serving.md 2.1, 1.3; inference-stacks.md idea 2",
    cause=("model", "adapters"),
)
def adapter_path_mounted(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every adapter in --lora-modules lies where a storage URI or a volume is mounted."""
    one = deployment(service, view)
    if one is None or one.engine.name != "vllm" or not one.takes_flags:
        return
    for module in one.arguments.values("lora-modules"):
        name, path = _adapter(module)
        if path.startswith("/") and not _is_there(path, service, one.main):
            field = one.field_of("lora-modules")
            yield Hit(service, field, f"adapter {name} is looked for in {path}, where nothing is mounted")


def _adapter(module: str) -> tuple[str, str]:
    """(name, path) of one value of ``--lora-modules``."""
    if module.startswith("{"):
        try:
            told = Node(json.loads(module))
        except ValueError:
            return "", ""
        return told.text("name"), told.text("path")
    name, _, path = module.partition("=")
    return name, path


@rule(
    "gguf-file-named",
    kinds=_ISVC,
    why=_UNREAD,
    fix="Set `model.weights.file` to the .gguf file.",
    source="serving.md 43, 2.2",
    cause=("model", "weights", "file"),
)
def gguf_file_named(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """llama.cpp is given a .gguf file, the one of the model's class."""
    one = deployment(service, view)
    if one is None or one.engine.name != "llamacpp" or not one.takes_flags:
        return
    path, wanted = one.arguments.text("model") or "", one.stack.model.weights.file or ""
    field = one.field_of("model")
    if not path.endswith(".gguf"):
        yield Hit(service, field, f"--model {path or 'is not given'} is no .gguf file")
    elif not path.endswith(f"/{wanted}"):
        yield Hit(service, field, f"--model {path}, the model's class says {wanted}")


@rule(
    "image-volume-supported",
    kinds=_ISVC,
    why="The API server drops the volume or refuses the pod, and the engine finds no weights.",
    fix="Use `oci://`, which KServe mounts through a sidecar, or a newer Kubernetes.",
    source="serving.md 1.9; kubernetes ImageVolume",
    cause=("serving", "storage", "uri"),
)
def image_volume_supported(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Weights in `oci+native://` need image volumes, which Kubernetes has by default from 1.35."""
    kubernetes = view.facts.kubernetes
    for holder, key, uri, _ in uris(service):
        if uri.startswith("oci+native://") and parse(kubernetes) < parse("1.35"):
            yield Hit(service, holder.at(key), f"{uri} needs Kubernetes 1.35, {view.name} has {kubernetes}")


@rule(
    "model-pulled-is-declared",
    kinds=_ISVC,
    why="Ollama serves another model than the one that was reviewed and sized.",
    fix="Run `make compile`; to change the model set `model.ollamaTag`.",
    source="serving.md 2.3; inference-stacks.md idea 14",
    cause=("model", "ollamaTag"),
)
def pulled_is_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """Ollama pulls the tag of the model's class."""
    stack = view.stack_of(service)
    for pod in view.pods_of(service) if stack else ():
        tag = pod.main.env.get("MODEL_TAG", "")
        if stack and pod.known and engine_of(pod, view) == "ollama" and tag != stack.model.ollama_tag:
            message = f"it pulls {tag or 'nothing'}, the inventory says {stack.model.ollama_tag}"
            yield Hit(service, f"{_MODEL}.env", message)


@rule(
    "claim-belongs-to-group",
    kinds=_ISVC,
    why="A new volume is root's: a process that is no root gets PermissionError when it first writes a model there.",
    fix="Run `make compile`: it sets `fsGroup` for pods that write to a claim.",
    source="serving.md 45; ollama#7471; kubernetes security-context, fsGroup",
    cause=("serving", "storage"),
)
def claim_of_group(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A pod that is no root, and writes to a claim that is made for it, has a group of its own on the claim."""
    for pod in view.pods_of(service):
        security = pod.spec.node("securityContext")
        user = pod.main.node.node("securityContext").number("runAsUser") or security.number("runAsUser")
        if pod.role != "model" or not pod.known or not user or security.number("fsGroup") is not None:
            continue
        written = {
            one.text("name") for one in pod.main.node.each("volumeMounts[]") if not one.flag("readOnly")
        }
        for volume in pod.spec.each("volumes[]"):
            claim = view.compiled("PersistentVolumeClaim", pod.namespace, volume.text(_CLAIM))
            if claim and volume.text("name") in written:
                said = f"user {user} writes to {claim.name}, and the pod has no fsGroup"
                yield Hit(service, "spec.predictor.securityContext.fsGroup", said)
