"""What objects are called: everything in a stack after the stack, and claims and budgets as they are declared."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from components.common.names import StackNames
from components.stack.params import Stack
from scripts.check.fleet import ClusterView, StackView
from scripts.check.model import Hit, Obj
from scripts.check.rule import rule

_ENDINGS = ("-hugging-face-token", "-access-token", "-istio")
"""Of Secrets that are fetched for a stack, and of Services that Istio makes."""


@rule(
    "object-called-after-stack",
    scope="stack",
    level="warning",
    why="It is a copy that nobody compiled, or nobody finds it under the name that the others know.",
    fix="Run `make compile`; remove what it does not make.",
    source="inference-stacks.md 2.1; components/common/names.py",
)
def called_after_stack(view: StackView) -> Iterator[Hit]:
    """Every object of a stack has one of the names that follow from the stack's."""
    known = _names(view.stack)
    for obj in view.objects:
        if obj.name not in known and not any(obj.name == f"{one}{end}" for one in known for end in _ENDINGS):
            yield Hit(obj, "metadata.name", f"{obj.name} is no name of stack {view.name}")


def _names(stack: Stack) -> frozenset[str]:
    own = stack.names
    derived = {
        getattr(own, name)
        for name in (*vars(StackNames), *(field.name for field in dataclasses.fields(StackNames)))
        if not name.startswith("_") and name not in ("limits", "namespace", "predictor_app")
    }
    claim = stack.serving.storage.claim
    return frozenset({*derived, stack.runtime_object, claim.name if claim else stack.name})


@rule(
    "disruption-budget-alone",
    scope="cluster",
    why="The API server refuses to evict a pod that two budgets select, so its node cannot be drained.",
    fix="Remove one of the budgets.",
    source="kubernetes pkg/registry/core/pod/storage/eviction.go",
    cause=("serving", "minReplicas"),
)
def budget_alone(view: ClusterView) -> Iterator[Hit]:
    """No pod is selected by two disruption budgets."""
    first: dict[int, Obj] = {}
    for budget in view.of("PodDisruptionBudget"):
        for pod in view.select(budget.namespace, budget.texts("spec.selector.matchLabels")):
            other = first.setdefault(id(pod), budget)
            if other is not budget:
                yield Hit(budget, "spec.selector", f"{other.ref} selects the {pod.name} too")


@rule(
    "claim-declared",
    scope="stack",
    why="The volume is too small for the weights, costs a multiple, or is of a class that was not meant.",
    fix="Run `make compile`; to change it set `serving.storage.claim`.",
    source="serving.md 1.4; inference-stacks.md 2.5",
    cause=("serving", "storage", "claim"),
)
def claim_declared(view: StackView) -> Iterator[Hit]:
    """A compiled claim has the name, the size, the class and the access that the stack declares."""
    declared = view.stack.serving.storage.claim
    for claim in view.of("PersistentVolumeClaim"):
        if declared is None or claim.name != declared.name:
            yield Hit(
                claim, "metadata.name", f"the stack declares {declared.name if declared else 'no claim'}"
            )
            continue
        for field, own, wanted in (
            ("spec.resources.requests.storage", claim.text("spec.resources.requests.storage"), declared.size),
            ("spec.storageClassName", claim.text("spec.storageClassName"), declared.storage_class),
            ("spec.accessModes", " ".join(claim.strings("spec.accessModes")), declared.access_mode),
        ):
            if own != (wanted or ""):
                yield Hit(claim, field, f"it is {own or 'not set'}, the stack says {wanted or 'nothing'}")
