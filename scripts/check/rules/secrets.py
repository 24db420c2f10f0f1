"""No secret in Git: their values come from a store, and only their names are compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.facts.suggest import did_you_mean
from scripts.check import scan
from scripts.check.edges.pods import containers, specs
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, Obj
from scripts.check.node import Node
from scripts.check.pods import WORKLOADS
from scripts.check.rule import ALL, rule

_PODS = (*WORKLOADS, "InferenceService", "ServingRuntime", "ClusterServingRuntime")
_LEAKED = "Everybody who can read the repository, or the object in the cluster, has the secret, and Git never forgets."
_MOVE = "Revoke it, put a new one into the secret store, and refer to its Secret (`cluster.secrets`)."
_SECRET_NAME = re.compile(
    r"(^|_)(TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_KEY|PRIVATE_KEY|MASTER_KEY|SALT_KEY|CREDENTIALS?)$"
)
_SECRET_FLAGS = ("--api-key", "--hf-token", "-hft", "--hf_token", "--api_key", "--password", "--token")
_NO_SECRET = re.compile(
    r"(|none|null|empty|dummy|unused|not-?needed|os\.environ/.*|\$\(.*\)|/.*)", re.IGNORECASE
)
"""Values that stand for no secret: placeholders, references to variables, paths of files."""


def _pod_containers(obj: Obj) -> Iterator[Node]:
    """Every container that an object holds, those of cluster-wide runtimes among them."""
    if obj.kind == "ClusterServingRuntime":
        yield from obj.each("spec.containers[]")
        return
    for spec in specs(obj):
        yield from containers(spec)


@rule(
    "secret-value-absent",
    kinds=(ALL,),
    why=_LEAKED,
    fix=_MOVE,
    source="serving.md 17, 82; kserve#4674; dynamo#11098; inference-stacks.md idea 18",
)
def value_absent(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """Nothing that is compiled holds a token, a key or a password by its well-known shape."""
    for field, what in scan.secrets(obj.doc):
        yield Hit(obj, field, f"it holds {what}")


@rule(
    "secret-object-empty",
    kinds=("Secret",),
    why=_LEAKED,
    fix="Use an ExternalSecret (`cluster.secretStore`, `cluster.secrets`).",
    source="serving.md 82",
)
def object_empty(secret: Obj, view: ClusterView) -> Iterator[Hit]:
    """A compiled Secret has no data of its own."""
    for part in ("data", "stringData"):
        if secret.map(part):
            yield Hit(secret, part, f"it holds {', '.join(sorted(secret.map(part)))}")


@rule(
    "secret-variable-by-reference",
    kinds=_PODS,
    why=_LEAKED,
    fix="Take the variable from a Secret (`valueFrom.secretKeyRef`), never from `env` of the inventory.",
    source="serving.md 17, 64; production-stack#894",
    cause=("serving", "env"),
)
def by_reference(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """A variable whose name says that it is secret is taken from a Secret."""
    for container in _pod_containers(obj):
        for variable in container.each("env[]"):
            name, value = variable.text("name"), variable.text("value")
            if _SECRET_NAME.search(name.upper()) and not _NO_SECRET.fullmatch(value):
                yield Hit(obj, variable.at("value"), f"{name} is written out")


@rule(
    "secret-not-in-argument",
    kinds=_PODS,
    why=f"{_LEAKED} Arguments also show in every process list.",
    fix="Use the variable of that flag (VLLM_API_KEY, LLAMA_API_KEY, HF_TOKEN) from a Secret.",
    source="serving.md 17, 2.1, 2.2",
    cause=("serving", "args"),
)
def not_in_argument(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """No argument holds a key, a token or a password."""
    for container in _pod_containers(obj):
        words = container.strings("args")
        for index, word in enumerate(words):
            flag, equals, value = word.partition("=")
            value = value if equals else "".join(words[index + 1 : index + 2])
            if flag in _SECRET_FLAGS and not value.startswith("-") and not _NO_SECRET.fullmatch(value):
                yield Hit(obj, f"{container.at('args')}[{index}]", f"{flag} is written out")


@rule(
    "secret-like-text",
    kinds=(*_PODS, "ConfigMap"),
    level="warning",
    why="It looks like a key that a machine made: in Git everybody who can read the repository has it.",
    fix="If it is a secret, move it to the secret store; if not, waive this with the reason.",
    source="inference-stacks.md idea 18",
)
def like_text(obj: Obj, view: ClusterView) -> Iterator[Hit]:
    """No variable, argument or configuration looks like a key that a machine made."""
    if obj.kind == "ConfigMap":
        texts = [(f'data["{key}"]', text) for key, text in obj.texts("data").items() if text[:1] != "{"]
    else:
        texts = [pair for container in _pod_containers(obj) for pair in _words(container)]
    for field, text in texts:
        if found := scan.looks_random(text):
            yield Hit(obj, field, f"{found[:4]}… is {len(found)} random characters")


def _words(container: Node) -> Iterator[tuple[str, str]]:
    for path in ("command", "args"):
        yield from ((container.at(path), word) for word in container.strings(path))
    for variable in container.each("env[]"):
        yield variable.at("value"), variable.text("value")


@rule(
    "external-secret-declared",
    kinds=("ExternalSecret",),
    why="The store has no such entry, or another one than was agreed: the Secret is never made, or is the wrong one.",
    fix="Name the entry in `cluster.secrets`.",
    source="inference-stacks.md idea 18",
    cause=("cluster", "secrets"),
)
def declared(secret: Obj, view: ClusterView) -> Iterator[Hit]:
    """An ExternalSecret fetches an entry that the cluster declares, from the store that it declares."""
    known = {(one.key, one.property or "") for one in view.facts.secrets.values()}
    for ref in secret.each("spec.data[].remoteRef"):
        wanted = (ref.text("key"), ref.text("property"))
        if wanted not in known:
            hint = did_you_mean(wanted[0], (key for key, _ in known))
            message = f"cluster {view.name} declares no entry {' '.join(filter(None, wanted))}{hint}"
            yield Hit(secret, ref.field, message)
    store, kind = view.facts.secret_store, secret.text("spec.secretStoreRef.kind", "SecretStore")
    given = f"{kind} {secret.text('spec.secretStoreRef.name')}"
    if store and given != f"{store.kind} {store.name}":
        message = f"it fetches from {given}, the cluster declares {store.kind} {store.name}"
        yield Hit(secret, "spec.secretStoreRef", message)


@rule(
    "external-secret-kept",
    kinds=("ExternalSecret",),
    level="warning",
    why="When the store loses the entry, or cannot be asked, the Secret goes and running pods cannot be replaced.",
    fix="Write `creationPolicy: Owner` and `deletionPolicy: Retain`.",
    source="inference-stacks.md idea 18; external-secrets v2.9",
    cause=("cluster", "secretStore"),
)
def kept(secret: Obj, view: ClusterView) -> Iterator[Hit]:
    """The Secret that an ExternalSecret makes outlives the entry that it is fetched from, and goes with its owner."""
    for key, wanted in (("creationPolicy", "Owner"), ("deletionPolicy", "Retain")):
        given = secret.text(f"spec.target.{key}", wanted)
        if given != wanted:
            yield Hit(secret, f"spec.target.{key}", f"it is {given}, not {wanted}")
