"""Versions: that they belong together, that they bring what is compiled, and that images are of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from components.facts import VersionError, compatibility, crd_available, engine, litellm, parse
from components.facts.tables import table
from components.facts.versions import Version, parse_tag, range_of
from scripts.check.deployment import serving_container
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit, KeyPath, Obj
from scripts.check.rule import ALL, rule

_POOL_FIELDS = "InferencePool"
"""Its fields have rules of their own (pool-ports-fit-version, pool-has-endpoint-picker)."""
_TESTED = " is tested with "
_OWN_IMAGES = {"vllm": "vllm-", "llamacpp": "llama.cpp", "ollama": "ollama"}
"""How an engine's own images begin, whatever registry mirrors them: vllm-openai, vllm-openai-rocm."""
_UNKNOWN = "no component"
"""Unknown names of components are mistakes of the inventory, and told as such."""


@rule(
    "versions-belong-together",
    scope="cluster",
    why="Nobody runs these versions together: controllers refuse objects or do not start.",
    fix="Take the versions of a set that is tested together, or change the one that is named.",
    source="gateway.md 1; ai-gateway site/docs/compatibility.md; inference-stacks.md 3 idea 13",
)
def belong_together(view: ClusterView) -> Iterator[Hit]:
    """The versions that a cluster declares need nothing that it lacks."""
    for problem in compatibility.pin_set_problems(view.versions):
        if not problem.startswith(_UNKNOWN):
            name = _component(problem, view.versions)
            yield Hit(view.target, f"cluster.versions.{name}", problem, cause=("cluster", "versions", name))


@rule(
    "versions-tested-together",
    scope="cluster",
    level="note",
    why="Nobody has tried these versions together, or they are known to lose something together.",
    fix="Try them in dev first, or take the versions that the project tests with.",
    source="kserve v0.20.0 kserve-deps.env; gateway.md 1",
)
def tested_together(view: ClusterView) -> Iterator[Hit]:
    """The versions that a cluster declares are ones that are tested together."""
    untested: dict[str, list[str]] = {}
    for note in compatibility.pin_set_notes(view.versions):
        who, tested, others = note.partition(_TESTED)
        if tested:
            pin, _, here = others.partition(" (")[0].partition(", not ")
            untested.setdefault(who, []).append(f"{pin} (here {here})")
        elif not _about_others(note, view):
            yield _version_note(view, note)
    for who, pins in untested.items():
        yield _version_note(view, f"{who}{_TESTED}{', '.join(pins)}")


def _about_others(note: str, view: ClusterView) -> bool:
    """Whether a note is about a kind that the cluster does not compile."""
    kinds = {kind for row in table("crds")["rows"] for api in row["apis"] for kind in api["kinds"]}
    named = kinds.intersection(word.removesuffix("s") for word in re.findall(r"[A-Za-z]+", note))
    return any(next(view.of(kind), None) is None for kind in named)


def _version_note(view: ClusterView, message: str) -> Hit:
    name = _component(message, view.versions)
    return Hit(view.target, f"cluster.versions.{name}", message, cause=("cluster", "versions", name))


@rule(
    "wiring-versions",
    scope="stack",
    why="The gateway does not wire the Endpoint Picker in, and requests get 500 or go to any pod.",
    fix="Declare the versions that the wiring needs, or choose another wiring.",
    source="gateway.md 1 and 5",
)
def wiring_versions(view: StackView) -> Iterator[Hit]:
    """The cluster has the versions that a stack's wiring needs."""
    stack = view.stack
    if not stack.has_pool:
        return
    for problem in compatibility.wiring_problems(stack.gateway.wiring, view.cluster.versions):
        yield Hit(view.target, "gateway.wiring", problem, cause=("gateway", "wiring"))


@rule(
    "api-served",
    kinds=(ALL,),
    why="The API server knows no such kind or version, and Argo CD's sync stops there.",
    fix="Declare the version that brings it in cluster.versions, if it is installed.",
    source="serving.md 71; gateway.md 57; inference-stacks.md 3 idea 13",
)
def api_served(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """The cluster declares what brings the kind and the version of every object."""
    api = (obj.group, obj.version, obj.kind)
    found = view.once((crd_available, api), lambda: crd_available(*api, view.versions))
    if not found.ok:
        cause: KeyPath = ("cluster", "versions", *([found.component] if found.component else []))
        said = f"{obj.text('apiVersion')} {obj.kind} needs {found.needs}"
        yield Hit(obj, "apiVersion", said, cause=cause, target=view.target)


@rule(
    "field-served",
    kinds=(ALL,),
    why="The API server refuses the field, or drops it in silence.",
    fix="Declare a version that has the field, or do without it.",
    source="gateway.md 2 and 5; inference-stacks.md 3 idea 13",
)
def field_served(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """The declared versions have every field that an object sets."""
    if obj.kind == _POOL_FIELDS or not (obj.text("apiVersion") and obj.kind):
        return
    for problem in compatibility.field_problems(obj.doc, view.versions):
        yield Hit(
            obj,
            problem.partition(" ")[0].replace("[]", "[0]"),
            problem,
            target=view.target,
            cause=("cluster", "versions"),
        )


@rule(
    "api-not-ending",
    kinds=(ALL,),
    level="warning",
    why="The next version of the component no longer serves it, and the object cannot be synced any more.",
    fix="Write the group and version that take its place.",
    source="gateway.md 40; llm-d-benchmark#1640",
)
def api_not_ending(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """No object is of an API version that a later release takes away."""
    row = _ending().get((obj.group, obj.version, obj.kind))
    if row is None:
        return
    component, since, until, use = row
    have = _parsed(view.versions.get(component, ""))
    if have is not None and have in range_of(since, until):
        title = compatibility.title(component)
        yield Hit(
            obj,
            "apiVersion",
            f"{obj.text('apiVersion')} {obj.kind} ends with {title} {until} (this is {have}); use {use}",
            f"Write {use}.",
        )


@cache
def _ending() -> Mapping[tuple[str, str, str], tuple[str, str | None, str, str]]:
    """(component, since, until, what takes its place) of API versions that end."""
    return {
        (row["group"], api["version"], kind): (row["component"], api.get("since"), api["until"], api["use"])
        for row in table("crds")["rows"]
        for api in row["apis"]
        if "until" in api and "use" in api and row["component"]
        for kind in api["kinds"]
    }


@rule(
    "runtime-image-of-version",
    kinds=("ClusterServingRuntime", "ServingRuntime"),
    why="Flags, metrics and memory are checked against one version, and another one runs.",
    fix="Give the runtime's version and its image's tag the same number.",
    source="inference-stacks.md 3 idea 8; serving.md 46",
)
def runtime_image(runtime: Obj, view: ClusterView) -> Iterator[Hit]:
    """The image of a runtime is the one that is declared, and the engine's own is of the declared version.
    Distributors count in their own way (nvcr.io/nvidia/vllm:26.10-py3)."""
    container = serving_container(runtime)
    image = container.text("image")
    stack = view.stack_of(runtime)
    of_stack = stack is not None and stack.runtime_object == runtime.name
    known = {stack.serving.runtime: stack.runtime} if stack else view.params.runtimes if view.params else {}
    declared = next(
        (
            (name, one)
            for name, one in known.items()
            if of_stack or runtime.name == f"{view.facts.runtime_prefix}-{name}"
        ),
        None,
    )
    if declared is None:
        return
    name, facts = declared
    if image != facts.image.reference:
        said = f"the image is {image or 'not set'}, declared is {facts.image.reference}"
        yield Hit(runtime, container.at("image"), said, cause=("runtimes", name, "image"))
        return
    tagged = parse_tag(facts.image.tag or "")
    own = facts.image.repository.rpartition("/")[2].startswith(_OWN_IMAGES[facts.engine])
    if own and tagged is not None and tagged != _parsed(facts.version):
        said = f"the tag {facts.image.tag} is of {tagged}, runtimes.{name}.version says {facts.version}"
        yield Hit(runtime, container.at("image"), said, cause=("runtimes", name, "version"))


@rule(
    "engine-version-known",
    scope="cluster",
    level="note",
    why="A flag or a metric that is missing there may not be noticed.",
    fix="Take a version between those that the fact tables were read from.",
    source="inference-stacks.md 3.1 point 3",
)
def engine_version(view: ClusterView) -> Iterator[Hit]:
    """The fact tables were read from versions around the pinned ones."""
    for name, runtime in sorted((view.params.runtimes if view.params else {}).items()):
        if view.facts.runtimes.get(name):
            problem = engine(runtime.engine).coverage_problem(runtime.version)
            if problem:
                path = ("runtimes", name, "version")
                yield Hit(view.target, ".".join(path), problem, cause=path)
    for component, told in (("llmdRouter", _router_coverage), ("litellm", _proxy_coverage)):
        version = view.facts.versions.get(component)
        problem = told(version) if version and _parsed(version) is not None else None
        if problem:
            path = ("cluster", "versions", component)
            yield Hit(view.target, ".".join(path), problem, cause=path)


def _router_coverage(version: str) -> str | None:
    read = table("epp")["versions"]
    if parse(read["first"]) <= parse(version) <= parse(read["last"]):
        return None
    return f"EPP {version} is outside the fact table ({read['first']} to {read['last']})"


def _proxy_coverage(version: str) -> str | None:
    return litellm.coverage_problem(version)


@rule(
    "proxy-image-of-version",
    scope="cluster",
    why="LiteLLM's configuration is checked against one version, and another one runs.",
    fix="Give cluster.versions.litellm and the tag of cluster.litellm.image the same number.",
    source="serving.md 3 and 46",
)
def proxy_image(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM's image is of the declared version."""
    version = view.facts.versions.get("litellm", "")
    wanted = _parsed(version)
    for pod in view.pods:
        if pod.role != "litellm" or wanted is None:
            continue
        _, tag = _split(pod.main.image)
        found = parse_tag(tag.removeprefix("main-")) if tag else None
        if found is not None and found != wanted:
            said = f"the tag is {tag}, cluster.versions.litellm says {version}"
            yield Hit(
                pod.owner, pod.main.node.at("image"), said, cause=("cluster", "litellm", "image", "tag")
            )


def _split(image: str) -> tuple[str, str | None]:
    """(repository, tag) of an image; without its digest."""
    name = image.partition("@")[0]
    head, separator, tag = name.rpartition(":")
    return (head, tag) if separator and "/" not in tag else (name, None)


def _parsed(text: str) -> Version | None:
    try:
        return parse(text)
    except VersionError:
        return None


def _component(message: str, versions: Mapping[str, str]) -> str:
    """The component that a message of the tables is about: the first whose title it holds."""
    titles = {name: compatibility.title(name) for name in versions}
    found = [(message.find(title), -len(title), name) for name, title in titles.items() if title in message]
    return min(found)[2] if found else "kubernetes"
