"""What somebody has to apply by hand, because Argo CD does not sync it: the root Applications, and the fragments of
Argo CD's own settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from components.argocd.documents import HEALTH, ROOT
from scripts.check.text import TextError, document
from scripts.review.change import DOCUMENT, Consequence, ObjectChange
from scripts.review.consequences.words import several
from scripts.review.semantic import changes, shown
from scripts.review.view import View, at


def roots(view: View) -> Iterator[Consequence]:
    """Root Applications that are new or change."""
    alike: dict[tuple[str, ...], list[tuple[str, list[str]]]] = {}
    for one in _documents(view, ROOT):
        cluster = one.id.cluster
        if cluster not in view.before:
            what = f"Cluster {cluster} is new, and nothing applies its root Application: Argo CD syncs nothing of it"
            how = f"merges {_path(cluster, HEALTH)} into argocd-cm and then applies {one.file}"
            sentence = f"{what} until somebody {how}."
            yield Consequence("by-hand", "look", sentence, (cluster,), (one.target,))
        elif fields := changes(_parsed(one.old), _parsed(one.new)):
            paths = tuple(shown(field.path) for field in fields)
            old = [str(field.old) for field in fields if shown(field.path).startswith("spec.source.")]
            alike.setdefault(paths, []).append((cluster, old))
    for paths, found in alike.items():
        clusters = tuple(cluster for cluster, _ in found)
        places = several(place for _, old in found for place in old)
        sentence = _changed(clusters, several(paths), places)
        yield Consequence("by-hand", "look", sentence, clusters, _targets(clusters))


def _changed(clusters: tuple[str, ...], paths: str, places: str) -> str:
    """``places``: where the roots read now, if they shall read elsewhere."""
    if len(clusters) == 1:
        what = f"The root Application of {clusters[0]} changes ({paths}), and nothing syncs it"
        file = _path(clusters[0], ROOT)
        stays = f"it goes on reading {places}" if places else "it stays as it was"
    else:
        what = f"The root Applications of {several(clusters, 6)} change ({paths}), and nothing syncs them"
        file = f"{ROOT} of each"
        stays = f"they go on reading {places}" if places else "they stay as they were"
    return f"{what}: until somebody applies {file} by hand again, {stays}."


def health_checks(view: View) -> Iterator[Consequence]:
    """Health checks that Argo CD's settings do not hold yet. A new cluster is told with its root."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in _documents(view, HEALTH):
        old, new = (at(_parsed(doc), "data") or {} for doc in (one.old, one.new))
        kinds = tuple(sorted({key.rpartition("_")[2] for key in new if new[key] != old.get(key)}))
        if one.status == "changed" and kinds:
            alike.setdefault(kinds, []).append(one.id.cluster)
    for kinds, clusters in alike.items():
        what = f"Argo CD needs other health checks of {several(kinds)} ({HEALTH} of {several(clusters, 6)})"
        sentence = (
            f"{what}, and nothing syncs them: until argocd-cm holds them, such objects are judged as before."
        )
        yield Consequence("by-hand", "look", sentence, tuple(clusters), _targets(clusters))


def _documents(view: View, path: str) -> Iterator[ObjectChange]:
    """One document of every cluster in which it differs and is still there."""
    for one in view.of(DOCUMENT):
        if one.status != "removed" and one.file == _path(one.id.cluster, path):
            yield one


def _path(cluster: str, path: str) -> str:
    return f"compiled/{cluster}/cluster/{path}"


def _targets(clusters: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{cluster}.cluster" for cluster in clusters)


def _parsed(doc: Mapping[str, Any] | None) -> dict[str, Any]:
    """The object in a document; its comment is no part of it."""
    try:
        return document(str(at(doc, "text", "")))
    except TextError:
        return {}
