"""Weights, claims, tokens, context and adapters of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from components.common import names
from components.common.errors import Mistake
from components.facts.versions import parse
from components.model_service.build import TOKEN_PURPOSE
from components.stack.params import Stack

_IMAGES = ("oci://", "oci+native://")


def weights(stack: Stack) -> Iterator[Mistake]:
    """Something says where the weights come from, and the engine can read them."""
    model, runtime = stack.model, stack.runtime
    if runtime.engine == "ollama":
        if not model.ollama_tag:
            yield Mistake(
                ("model", "ollamaTag"),
                "Ollama needs the name under which it pulls the model",
                "set model.ollamaTag: name:tag",
            )
        return
    if stack.storage_uri is None:
        yield Mistake(
            ("model", "weights", "uri"),
            "nothing says where the weights come from",
            "set model.weights.uri or serving.storage.uri",
        )
        return
    if runtime.engine == "llamacpp" and not (model.weights.file or "").endswith(".gguf"):
        yield Mistake(
            ("model", "weights", "file"), "llama.cpp needs the name of a .gguf file", "set model.weights.file"
        )
    if stack.needs_token:
        yield from _token(stack)


def claim(stack: Stack) -> Iterator[Mistake]:
    """A claim can be made, mounted and found."""
    wanted = stack.serving.storage.claim
    path = ("serving", "storage", "claim")
    if wanted is None:
        return
    if stack.serving.storage.uri:
        yield Mistake(
            ("serving", "storage", "uri"),
            "the weights cannot come from a URI and from a claim",
            "remove one of them",
        )
    if wanted.create and not wanted.size:
        yield Mistake(
            (*path, "size"), "a claim that is created needs a size", "set its size, for example 200Gi"
        )
    if wanted.access_mode == "ReadOnlyMany" and stack.runtime.engine == "ollama":
        yield Mistake(
            (*path, "accessMode"),
            "Ollama writes the models that it pulls to the claim",
            "use ReadWriteMany, or for a single pod ReadWriteOnce",
        )
    if wanted.access_mode == "ReadWriteOnce" and stack.max_replicas > 1:
        yield Mistake(
            (*path, "accessMode"),
            f"a ReadWriteOnce claim mounts on one node, but there may be {stack.max_replicas} pods",
            "use ReadOnlyMany or ReadWriteMany",
        )


def _source(stack: Stack) -> tuple[str, ...]:
    """The key that says where the weights come from."""
    storage = stack.serving.storage
    if storage.claim is not None:
        return ("serving", "storage", "claim", "path")
    return ("serving", "storage", "uri") if storage.uri else ("model", "weights", "uri")


def image(stack: Stack) -> Iterator[Mistake]:
    """Weights from an OCI image fit the cluster."""
    uri, cluster, path = stack.storage_uri or "", stack.cluster, _source(stack)
    if uri.startswith("oci+native://") and parse(cluster.kubernetes) < parse("1.35"):
        yield Mistake(
            path,
            f"image volumes need Kubernetes 1.35, cluster {cluster.name} has {cluster.kubernetes}",
            "use oci://, which KServe mounts through a sidecar",
        )
    if uri.startswith("oci://") and cluster.namespaces.pod_security == "restricted":
        yield Mistake(
            path,
            "KServe takes the security context off a pod with an oci:// image, which level restricted refuses",
            "use oci+native://, or cluster.namespaces.podSecurity: baseline",
        )


def _token(stack: Stack) -> Iterator[Mistake]:
    cluster = stack.cluster
    if cluster.secret_store is None or TOKEN_PURPOSE not in cluster.secrets:
        yield Mistake(
            ("cluster", "secrets"),
            f"{stack.model.name} is gated, and cluster {cluster.name} does not say where its access token is kept",
            f"set cluster.secretStore and cluster.secrets.{TOKEN_PURPOSE}",
        )


def context(stack: Stack) -> Iterator[Mistake]:
    """The context is one that the model was made for."""
    wanted = stack.serving.max_model_len
    if wanted and wanted > stack.model.max_context:
        yield Mistake(
            ("serving", "maxModelLen"),
            f"{wanted} tokens, but {stack.model.name} was made for {stack.model.max_context}",
            "lower it, or raise model.maxContext if the model's card says so",
        )


def _beside_adapters(stack: Stack, uri: str) -> Iterator[Mistake]:
    """Adapters make several storage URIs, of which KServe v0.20 mounts no image, and of a claim the root only
    (storage_initializer_injector.go)."""
    if uri.startswith(_IMAGES):
        yield Mistake(
            _source(stack),
            f"KServe mounts no image beside adapters: {uri}",
            "take the weights from hf://, s3:// or a claim of their own",
        )
    if uri.startswith("pvc://") and "/" in uri.removeprefix("pvc://").strip("/"):
        yield Mistake(
            _source(stack),
            f"beside adapters KServe mounts the root of a claim, not the folder in {uri}",
            "keep the weights at the root of a claim of their own, or take them from hf:// or s3://",
        )


def _folder(name: str, folders: dict[str, str]) -> Iterator[Mistake]:
    """The folder of an adapter is its own, and makes a name of a volume (KServe: ``mnt-adapters-<folder>``)."""
    folder = names.adapter_folder(name)
    volume = folder.strip("/").replace("/", "-")
    other = folders.setdefault(folder, name)
    path = ("model", "adapters", name)
    if other != name:
        yield Mistake(path, f"the adapters {other!r} and {name!r} would share {folder}", "rename one of them")
    if len(volume) > names.LABEL_LIMIT:
        yield Mistake(
            path,
            f"the volume of the adapter would be called {volume!r}: {len(volume)} characters,"
            f" {names.LABEL_LIMIT} are allowed",
            f"shorten the adapter's name by {len(volume) - names.LABEL_LIMIT}",
        )


def adapters(stack: Stack) -> Iterator[Mistake]:
    """Adapters have an engine that loads them, and names of their own."""
    if stack.model.adapters and stack.runtime.engine != "vllm":
        yield Mistake(
            ("model", "adapters"),
            f"{stack.runtime.engine} serves no LoRA adapters here",
            "use a vLLM runtime",
        )
    if stack.model.adapters and stack.is_knative:
        yield Mistake(
            ("model", "adapters"), "Knative mode cannot mount several storage URIs", "use Standard mode"
        )
    if stack.model.adapters and stack.storage_uri:
        yield from _beside_adapters(stack, stack.storage_uri)
    folders: dict[str, str] = {}
    for name, adapter in sorted(stack.model.adapters.items()):
        yield from _folder(name, folders)
        if adapter.uri.startswith(_IMAGES):
            yield Mistake(
                ("model", "adapters", name, "uri"),
                f"KServe mounts no image beside other storage: {adapter.uri}",
                "take the adapter from hf://, s3:// or a claim",
            )
        if name in stack.served_names:
            yield Mistake(
                ("model", "adapters", name),
                f"the adapter {name!r} is called like the model that it adapts",
                "rename the adapter",
            )
