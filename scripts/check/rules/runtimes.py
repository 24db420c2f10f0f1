"""InferenceServices and the runtimes that they name: KServe's own selection, replayed."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.pods import SERVING
from scripts.check.rule import rule
from scripts.check.servers import listens_on

_MODEL = "spec.predictor.model"
_KSERVE_PORT = 8080
"""Where KServe's Service leads where a container declares no port."""
_V2_FORMATS = ("vLLM", "triton")
"""Formats for which KServe's defaulter sets protocol v2; v1 for the others (predictor_model.go)."""


@rule(
    "inference-service-format-supported",
    kinds=("InferenceService",),
    why="KServe reports RuntimeUnhealthy or NoSupportingRuntime, and no pod is made.",
    fix="Write a format that the runtime lists.",
    source="serving.md 2; kserve#4464, kserve#2955",
    cause=("serving", "runtime"),
)
def format_supported(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The runtime that an InferenceService names lists its model format, in its version."""
    runtime = view.runtime_of(service)
    if runtime is None:
        return
    name, version = service.text(f"{_MODEL}.modelFormat.name"), service.text(f"{_MODEL}.modelFormat.version")
    formats = [
        (one.text("name"), one.text("version")) for one in runtime.each("spec.supportedModelFormats[]")
    ]
    if not any(name == known and version in ("", has) for known, has in formats):
        listed = ", ".join(f"{known} {has}".strip() for known, has in formats) or "none"
        wanted = f"{name} {version}".strip() or "no format"
        yield Hit(service, f"{_MODEL}.modelFormat", f"{runtime.ref} lists {listed}, not {wanted}")


@rule(
    "inference-service-protocol-supported",
    kinds=("InferenceService",),
    why='KServe reports "does not support specified protocol version", and no pod is made.',
    fix="Leave `protocolVersions` out of the runtime, or list v1 and v2.",
    source="serving.md 3; kserve#3176",
    cause=("serving", "runtime"),
)
def protocol_supported(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The runtime that an InferenceService names lists the protocol that takes effect, or none at all."""
    runtime = view.runtime_of(service)
    listed = runtime.strings("spec.protocolVersions") if runtime else []
    name = service.text(f"{_MODEL}.modelFormat.name")
    effective = service.text(f"{_MODEL}.protocolVersion") or ("v2" if name in _V2_FORMATS else "v1")
    if runtime and listed and effective not in listed:
        message = f"{runtime.ref} lists {', '.join(listed)}, not {effective}"
        yield Hit(service, f"{_MODEL}.protocolVersion", message)


@rule(
    "inference-service-runtime-on",
    kinds=("InferenceService",),
    why="KServe reports RuntimeDisabled, and no pod is made.",
    fix="Remove `disabled` from the runtime.",
    source="serving.md 2, 1.1",
    cause=("cluster", "runtimes"),
)
def runtime_on(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """The runtime that an InferenceService names is not disabled."""
    runtime = view.runtime_of(service)
    if runtime and runtime.flag("spec.disabled"):
        yield Hit(service, f"{_MODEL}.runtime", f"{runtime.ref} is disabled")


@rule(
    "inference-service-names-runtime",
    kinds=("InferenceService",),
    why="KServe picks any runtime that takes the format: another image and other arguments, without a word.",
    fix="Name the runtime.",
    source="serving.md 2, 1.1; inference-stacks.md idea 26",
    cause=("serving", "runtime"),
)
def names_runtime(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """An InferenceService names its runtime."""
    if service.has(_MODEL) and not service.text(f"{_MODEL}.runtime"):
        yield Hit(service, f"{_MODEL}.runtime", "it names no runtime")


@rule(
    "runtime-has-serving-container",
    kinds=("ClusterServingRuntime", "ServingRuntime"),
    why='KServe fails with "failed to find kserve-container in ServingRuntime containers", and no pod is made.',
    fix="Call the container of the model server `kserve-container`.",
    source="serving.md 1; kserve utils.go",
    cause=("cluster", "runtimes"),
)
def has_serving_container(runtime: Obj, view: ClusterView) -> Iterator[Hit]:
    """A runtime has a container called kserve-container."""
    names = [one.text("name") for one in runtime.each("spec.containers[]")]
    if SERVING not in names:
        yield Hit(runtime, "spec.containers", f"its containers are called {', '.join(names) or 'nothing'}")


@rule(
    "server-listens-where-declared",
    kinds=("InferenceService",),
    why="KServe's Service, the probes and the pool use a port on which the server does not listen.",
    fix="Give container port and `--port` the same number.",
    source="serving.md 50; gateway.md 4",
    cause=("serving", "args"),
)
def listens_where_declared(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A model server listens on a container port that is declared."""
    for pod in view.pods_of(service):
        listens = listens_on(pod, view)
        declared = [port.number for port in pod.main.ports]
        if pod.role == "model" and listens is not None and declared and listens not in declared:
            has = ", ".join(map(str, declared))
            yield Hit(
                service, pod.main.node.at("ports"), f"the server listens on {listens}, declared is {has}"
            )


@rule(
    "probe-asks-a-port",
    kinds=("InferenceService", "Deployment"),
    why="The probe never succeeds: the pod is never ready, or is restarted for ever.",
    fix="Ask a port on which the container listens.",
    source="inference-stacks.md idea 1; serving.md 42",
    cause=("serving", "runtime"),
)
def probe_asks_a_port(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A probe asks a port that its container declares."""
    for pod in view.pods_of(obj):
        for container in pod.containers if pod.known else ():
            declared = {port.number for port in container.ports} | {
                port.name for port in container.ports if port.name
            }
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                for how in ("httpGet", "grpc", "tcpSocket"):
                    asked = container.node.raw(f"{probe}.{how}.port")
                    if isinstance(asked, int | str) and declared and asked not in declared:
                        has = ", ".join(sorted(map(str, declared)))
                        field = container.node.at(f"{probe}.{how}.port")
                        yield Hit(obj, field, f"the {pod.name} have no port {asked} (has {has})")


@rule(
    "mount-has-a-volume",
    kinds=("InferenceService", "Deployment"),
    why="The API server refuses the pod, and none is made.",
    fix="Declare the volume, or correct its name.",
    source="inference-stacks.md idea 1",
    cause=("serving", "runtime"),
)
def mount_has_a_volume(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Every volume mount names a volume of its pod."""
    for pod in view.pods_of(obj):
        names = {one.text("name") for one in pod.spec.each("volumes[]")}
        for container in pod.containers if pod.known else ():
            for mount in container.node.each("volumeMounts[]"):
                if mount.text("name") not in names:
                    has = ", ".join(sorted(names)) or "none"
                    field = container.node.at("volumeMounts")
                    yield Hit(
                        obj, field, f"{mount.text('mountPath')} mounts {mount.text('name')!r} (has {has})"
                    )


@rule(
    "llamacpp-image-serves",
    kinds=("ServingRuntime", "ClusterServingRuntime"),
    why="Its entry point is another program, which does not know the server's arguments and ends at once.",
    fix="Use a tag that begins with `server`: server, server-cuda, server-rocm, server-vulkan.",
    source="serving.md 2.2; llama.cpp docs/docker.md",
    cause=("runtimes",),
)
def image_serves(runtime: Obj, view: ClusterView) -> Iterator[Hit]:
    """The image of llama.cpp is the one of its server: `full` starts a script, `light` the command line."""
    if not any(one.text("name") == "gguf" for one in runtime.each("spec.supportedModelFormats[]")):
        return
    for container in runtime.each("spec.containers[]"):
        tag = container.text("image").partition("@")[0].rpartition("/")[2].partition(":")[2]
        if not container.has("command") and tag.partition("-")[0] in ("full", "light"):
            yield Hit(runtime, container.at("image"), f"tag {tag} is not that of the server")


@rule(
    "runtime-declares-its-port",
    kinds=("InferenceService",),
    why="KServe's Service sends requests to 8080 where a container declares no port, and nothing listens there.",
    fix="Run `make compile`: it declares the port of the engine.",
    source="serving.md 1.6 and 50; kserve v0.20 service_reconciler.go",
    cause=("serving", "runtime"),
)
def declares_port(service: Obj, view: ClusterView) -> Iterator[Hit]:
    """A server that does not listen on 8080 declares its port."""
    for pod in view.pods_of(service):
        port = listens_on(pod, view) if pod.role == "model" else None
        if port not in (None, _KSERVE_PORT) and pod.known and not pod.main.ports:
            yield Hit(service, pod.main.node.at("ports"), f"it listens on {port}, and declares no port")
