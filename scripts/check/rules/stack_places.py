"""Where stacks live: namespaces, and the places in claims that their weights come from."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit
from scripts.check.rule import rule

_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")


@rule(
    "stack-outside-system-namespaces",
    scope="stack",
    why="Argo CD then owns, and may prune, a namespace that the cluster itself lives in.",
    fix="Choose a namespace for models.",
    source="kubernetes namespaces, initial namespaces; inference-stacks.md idea 19",
    cause=("serving", "namespace"),
)
def outside_system(view: StackView) -> Iterator[Hit]:
    """No stack lives in a namespace of Kubernetes itself."""
    namespace = view.stack.namespace
    if namespace in _SYSTEM:
        yield Hit(view.target, "serving.namespace", f"it is {namespace}")


@rule(
    "claim-path-of-one-model",
    scope="cluster",
    level="warning",
    why="One of the two serves the weights of the other under its own name.",
    fix="Correct serving.storage.claim of one of them.",
    source="inference-stacks.md 2.18; serving.md 1.9",
    cause=("serving", "storage"),
)
def path_of_one(view: ClusterView) -> Iterator[Hit]:
    """Two models do not come from one file, or one folder, of one claim."""
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    for name, stack in sorted(view.stacks.items()):
        claim = stack.serving.storage.claim
        if claim is None or stack.runtime.engine == "ollama":  # Ollama keeps many models in one folder
            continue
        place = (stack.namespace, claim.name, claim.path or "", stack.model.weights.file or "")
        other, model = first.setdefault(place, (name, stack.model.name))
        if model != stack.model.name:
            said = f"{stack.model.name} comes from {claim.name}/{claim.path or ''}, like {model} ({other})"
            yield Hit(f"{view.name}.{name}", "serving.storage.claim", said)
