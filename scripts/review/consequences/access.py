"""Who may do what: permissions, the network, secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import product
from typing import Any

from scripts.check.text import TextError, document
from scripts.review.change import Consequence, ObjectChange, Severity
from scripts.review.consequences.words import counted, several
from scripts.review.semantic import shown
from scripts.review.view import View, at, touched

_ROLES = ("Role", "ClusterRole")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_WRITES = frozenset("* create update patch delete deletecollection bind escalate impersonate".split())
_OPEN = ("LoadBalancer", "NodePort")
_CORE = ("secrets", "pods/exec", "nodes", "*")


def permissions(view: View) -> Iterator[Consequence]:
    """Roles that permit more, and subjects that get a role."""
    fresh: dict[str, list[ObjectChange]] = {}
    for one in view.of(*_ROLES):
        gained = _grants(one.new) - _grants(one.old)
        if not gained:
            continue
        if one.status in ("added", "renamed") and not _grave(gained):
            fresh.setdefault(one.id.cluster, []).append(one)
            continue
        severity: Severity = "dangerous" if _grave(gained) else "look"
        sentence = f"{one.id} of {one.id.cluster} permits more: {several(_words(gained), 4)}."
        yield Consequence("permissions", severity, sentence, (one.id.cluster,), (one.target,))
    for cluster, roles in sorted(fresh.items()):
        every = _words(frozenset().union(*(_grants(one.new) for one in roles)))
        who = several(one.stack for one in roles)
        sentence = f"{counted(len(roles), 'new role')} on {cluster}, for {who}: {several(every, 4)}."
        targets = tuple(dict.fromkeys(one.target for one in roles))
        yield Consequence("permissions", "routine", sentence, (cluster,), targets)
    for one in view.of(*_BINDINGS):
        if one.status == "changed" and touched(one, "subjects"):
            sentence = f"{one.id} of {one.id.cluster} gives its role to other subjects."
            yield Consequence("permissions", "look", sentence, (one.id.cluster,), (one.target,))


Grant = tuple[str, str, str]


def _grants(doc: Mapping[str, Any] | None) -> frozenset[Grant]:
    """(group, resource, verb) of every rule; paths stand for resources."""
    found: set[Grant] = set()
    for rule in at(doc, "rules") or ():
        groups = rule.get("apiGroups") or [""]
        resources = [*(rule.get("resources") or ()), *(rule.get("nonResourceURLs") or ())]
        found.update(product(map(str, groups), map(str, resources), map(str, rule.get("verbs") or ())))
    return frozenset(found)


def _grave(grants: Iterable[Grant]) -> bool:
    """Wildcards, and whatever reaches secrets or lets one act for others."""
    return any(
        "*" in grant
        or (grant[0] == "" and grant[1] in _CORE)
        or (grant[0].startswith("rbac.") and grant[2] in _WRITES)
        for grant in grants
    )


def _words(grants: Iterable[Grant]) -> list[str]:
    verbs: dict[str, set[str]] = {}
    for group, resource, verb in grants:
        verbs.setdefault(f"{resource}.{group}" if group else resource, set()).add(verb)
    return [f"{name} ({' '.join(sorted(found))})" for name, found in sorted(verbs.items())]


def network(view: View) -> Iterator[Consequence]:
    """What can be reached that could not before."""
    for one in view.of("Service"):
        old, new = at(one.old, "spec.type", "ClusterIP"), at(one.new, "spec.type", "ClusterIP")
        if one.new is not None and new in _OPEN and (one.old is None or old != new):
            sentence = (
                f"{one.id} of {one.id.cluster} is of type {new}: it can be reached from outside the cluster."
            )
            yield Consequence("network", "dangerous", sentence, (one.id.cluster,), (one.target,))
    for one in view.of("NetworkPolicy"):
        if one.status == "removed":
            sentence = f"{one.id} of {one.id.cluster} goes: whatever it kept out may enter."
            yield Consequence("network", "dangerous", sentence, (one.id.cluster,), (one.target,))
        elif one.status == "changed" and touched(one, "spec"):
            sentence = f"{one.id} of {one.id.cluster} lets other traffic through."
            yield Consequence("network", "look", sentence, (one.id.cluster,), (one.target,))
    yield from _listeners(view)
    yield from _external(view)


def _listeners(view: View) -> Iterator[Consequence]:
    for one in view.of("Gateway"):
        if one.status == "removed":
            continue
        old, new = _ports(one.old), _ports(one.new)
        added = sorted(name for name in new if name not in old)
        if one.status == "changed" and added:
            where = several(f"{name} ({new[name]})" for name in added)
            sentence = f"{one.id} of {one.id.cluster} listens on {where} too."
            yield Consequence("network", "look", sentence, (one.id.cluster,), (one.target,))
        if _from(one.new) - _from(one.old) >= {"All"}:
            sentence = f"{one.id} of {one.id.cluster} admits routes of every namespace."
            yield Consequence("network", "look", sentence, (one.id.cluster,), (one.target,))


def _ports(doc: Mapping[str, Any] | None) -> dict[str, str]:
    listeners = at(doc, "spec.listeners") or ()
    return {str(one.get("name")): f"{one.get('protocol')} {one.get('port')}" for one in listeners}


def _from(doc: Mapping[str, Any] | None) -> set[str]:
    listeners = at(doc, "spec.listeners") or ()
    return {str(at(one, "allowedRoutes.namespaces.from")) for one in listeners}


def _external(view: View) -> Iterator[Consequence]:
    """Routes that hang on the external gateway."""
    for one in view.of("HTTPRoute"):
        declared = view.after.get(one.id.cluster)
        if declared is None or declared.facts is None or one.new is None:
            continue
        gateway = declared.facts.external_gateway
        if gateway in _parents(one.new) and gateway not in _parents(one.old):
            sentence = f"{one.id} of {one.id.cluster} can be reached through the external gateway {gateway}."
            yield Consequence("network", "dangerous", sentence, (one.id.cluster,), (one.target,))


def _parents(doc: Mapping[str, Any] | None) -> set[str]:
    return {str(ref.get("name")) for ref in at(doc, "spec.parentRefs") or ()}


def secrets(view: View) -> Iterator[Consequence]:
    """Secrets that must be there before the sync: those that nobody makes, and entries of the secret store."""
    entries: dict[tuple[str, Entry], set[str]] = {}
    needs: dict[tuple[str, str], set[str]] = {}
    made: set[tuple[str, str]] = set()
    for one in view.change.synced:
        own = at(one.new, "spec.target.name") if one.id.kind == "ExternalSecret" else None
        if own or (one.id.kind in ("Secret", "Certificate") and one.new):
            name = own or at(one.new, "spec.secretName") or one.id.name
            made.add((one.id.cluster, f"{one.id.namespace}/{name}"))
        for entry in _store_keys(one.new) - _store_keys(one.old):
            entries.setdefault((one.id.cluster, entry), set()).add(one.target)
        for name in _newly_named(one):
            needs.setdefault((one.id.cluster, f"{one.id.namespace}/{name}"), set()).add(one.target)
    by_key: dict[str, dict[str, set[str]]] = {}
    for (cluster, entry), targets in entries.items():
        if entry not in _used_before(view, cluster):
            by_key.setdefault(entry[0], {}).setdefault(cluster, set()).update(targets)
    for key, clusters in sorted(by_key.items()):
        stacks = tuple(sorted({target for targets in clusters.values() for target in targets}))
        sentence = f"{key} must be there on {several(sorted(clusters), 6)} before the sync."
        yield Consequence("secret", "look", sentence, tuple(sorted(clusters)), stacks)
    for (cluster, name), targets in sorted(needs.items()):
        if (cluster, name) not in made and not _there(view, cluster, name):
            sentence = f"Secret {name} must exist on {cluster} before the sync: nothing here makes it."
            yield Consequence("secret", "look", sentence, (cluster,), tuple(sorted(targets)))


Entry = tuple[str, str]
"""An entry of a secret store, in words, and the field of it that is read."""


def _store_keys(doc: Mapping[str, Any] | None) -> set[Entry]:
    if not doc or doc.get("kind") != "ExternalSecret":
        return set()
    store = f"{at(doc, 'spec.secretStoreRef.kind', 'SecretStore')} {at(doc, 'spec.secretStoreRef.name')}"
    return {
        (f"Entry {at(entry, 'remoteRef.key')} of {store}", str(at(entry, "remoteRef.property", "")))
        for entry in at(doc, "spec.data") or ()
    }


@lru_cache(maxsize=64)
def _used_before(view: View, cluster: str) -> frozenset[Entry]:
    """Entries that a cluster takes from its stores at the base already."""
    found: set[Entry] = set()
    for target in (t for t in view.pair.base.targets if t.rpartition(".")[0] == cluster):
        files = view.pair.base.compiled(target)
        for path in (path for path in files if "/externalsecret-" in path):
            with suppress(TextError):
                found |= _store_keys(document(files[path]))
    return frozenset(found)


def _newly_named(one: ObjectChange) -> set[str]:
    """Names of secrets that an object refers to and did not before. All keys of such references hold the word."""
    if one.status == "changed" and not any(
        "ecret" in shown(change.path) or "ecret" in str(change.new) for change in one.fields
    ):
        return set()
    return set(_named(one.new)) - set(_named(one.old))


def _named(value: Any) -> Iterator[str]:
    """Names of secrets that a document refers to."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("secretKeyRef", "secretRef") and isinstance(item, Mapping) and item.get("name"):
                yield str(item["name"])
            elif key == "secretName" and isinstance(item, str) and value.get("kind") != "Certificate":
                yield item
            elif key in ("secrets", "imagePullSecrets") and isinstance(item, list):
                yield from (str(one["name"]) for one in item if isinstance(one, Mapping) and one.get("name"))
            else:
                yield from _named(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)


def _there(view: View, cluster: str, name: str) -> bool:
    """Whether the secret is made by an object that did not change: an ExternalSecret of the same name in the files of
    the head."""
    wanted = name.rpartition("/")[2]
    for target in (t for t in view.pair.head.targets if t.rpartition(".")[0] == cluster):
        for path in view.pair.head.compiled(target):
            if path.endswith(
                (f"/externalsecret-{wanted}.yaml", f"/secret-{wanted}.yaml", f"/certificate-{wanted}.yaml")
            ):
                return True
    return False
