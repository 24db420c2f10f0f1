"""What a ServiceAccount may do, by the Roles and bindings of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from scripts.check.model import Obj
from scripts.check.node import Node

if TYPE_CHECKING:
    from scripts.check.fleet import ClusterView

Wanted = tuple[str, str, tuple[str, ...]]
"""(API group, resource, verbs)."""


def missing_rights(
    view: ClusterView, namespace: str, account: str, where: str, wanted: Iterable[Wanted]
) -> Mapping[str, list[str]]:
    """The verbs by resource that an account (of ``namespace``) lacks in the namespace ``where``; with
    ``where`` empty, in the whole cluster. A role of another release counts as granting everything."""
    rules = list(_rules(view, namespace, account, where))
    if None in rules:
        return {}
    known = [rule for rule in rules if rule is not None]
    missing: dict[str, list[str]] = {}
    for group, resource, verbs in wanted:
        lacking = [verb for verb in verbs if not any(_grants(rule, group, resource, verb) for rule in known)]
        if lacking:
            missing[resource] = lacking
    return missing


def _rules(view: ClusterView, namespace: str, account: str, where: str) -> Iterator[Node | None]:
    """The rules of every role that is bound to an account; None for a role that is not compiled here."""
    kinds = ("RoleBinding", "ClusterRoleBinding") if where else ("ClusterRoleBinding",)
    for binding in view.bindings_of(namespace, account):
        if binding.kind not in kinds or (binding.kind == "RoleBinding" and binding.namespace != where):
            continue
        kind = binding.text("roleRef.kind")
        role = view.find(kind, binding.namespace if kind == "Role" else "", binding.text("roleRef.name"))
        if role is None:
            continue
        if role.origin == "provided":
            yield None
        else:
            yield from role.each("rules[]")


def _grants(rule: Node, group: str, resource: str, verb: str) -> bool:
    return (
        _in(group, rule.strings("apiGroups"))
        and _in(resource, rule.strings("resources"))
        and _in(verb, rule.strings("verbs"))
        and not rule.strings("resourceNames")
    )


def _in(word: str, words: list[str]) -> bool:
    return word in words or "*" in words


def subjects(binding: Obj) -> Iterator[tuple[str, str]]:
    """(namespace, name) of the ServiceAccounts that a binding names."""
    for ref in binding.each("subjects[]"):
        if ref.text("kind") == "ServiceAccount":
            yield ref.text("namespace", binding.namespace), ref.text("name")
