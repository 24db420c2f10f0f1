"""Filling the store of CRDs, and saying what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from components.facts.compatibility import bringing, component_of
from scripts.schemas import pins, source
from scripts.schemas.errors import SchemasError
from scripts.schemas.pins import Pin
from scripts.schemas.place import folder, is_version
from scripts.schemas.source import Crd

_TAKEN = ".taken"
"""Beside the CRDs: the SHA-256 of every text that they were taken from, one a line."""


def add(root: Path, cluster: str, versions: Mapping[str, str], sources: Sequence[str]) -> list[str]:
    """Takes from sources what belongs to the versions of a cluster, and pins URLs; what was done, a line each. Raises
    SchemasError before anything is written."""
    found: dict[str, dict[str, list[Crd]]] = {}
    digests: dict[str, str] = {}
    wrong: list[str] = []
    for one in sources:
        try:
            texts = source.content(one)
            found[one] = _declared(source.crds(texts, one), cluster, versions, one)
            digests[one] = source.digest(b"".join(texts))
        except SchemasError as error:
            wrong.append(str(error))
    if wrong:
        raise SchemasError(wrong)
    known = pins.read(root)
    told = []
    for one, by_component in found.items():
        for component, crds in sorted(by_component.items()):
            version = versions[component]
            _put(folder(root, component, version), crds, digests[one])
            told.append(f"{component} {version}: {len(crds)} CRDs from {one}")
            if source.is_url(one):
                known = [pin for pin in known if pin[:3] != (component, version, one)]
                known.append(Pin(component, version, one, digests[one]))
    if any(map(source.is_url, found)):
        pins.write(root, known)
        told.append(f"pinned in {pins.FILE}: commit it")
    return told


def fetch(root: Path, wanted: Iterable[Pin]) -> list[str]:
    """Gets what is pinned and not here; what was done, a line each. Raises SchemasError with every source that cannot
    be had or is another than was pinned; the others are taken."""
    missing: dict[tuple[str, str], list[Pin]] = {}
    for pin in wanted:
        if pin.sha256 not in _taken(folder(root, pin.component, pin.version)):
            missing.setdefault((pin.url, pin.sha256), []).append(pin)
    told: list[str] = []
    wrong: list[str] = []
    for (url, sha256), pinned in missing.items():
        try:
            told.extend(_fetched(root, url, sha256, pinned))
        except SchemasError as error:
            wrong.append(str(error))
    if wrong:
        raise SchemasError(wrong)
    return told or ["everything that is pinned is here"]


def _fetched(root: Path, url: str, sha256: str, pinned: Iterable[Pin]) -> Iterator[str]:
    text = source.download(url)
    if source.digest(text) != sha256:
        raise SchemasError(
            [f"{url}: its SHA-256 is {source.digest(text)}, pinned is {sha256}; nothing was taken"]
        )
    by_component = _by_component(source.crds([text], url))
    for pin in pinned:
        crds = by_component.get(pin.component, [])
        _put(folder(root, pin.component, pin.version), crds, sha256)
        yield f"{pin.component} {pin.version}: {len(crds)} CRDs from {url}"


def _by_component(crds: Iterable[Crd]) -> dict[str, list[Crd]]:
    found: dict[str, list[Crd]] = {}
    for crd in crds:
        component = component_of(crd["spec"]["group"], crd["spec"]["names"]["kind"])
        if component:
            found.setdefault(component, []).append(crd)
    return found


def _declared(
    crds: Sequence[Crd], cluster: str, versions: Mapping[str, str], one: str
) -> dict[str, list[Crd]]:
    """The CRDs of components that the cluster declares. Raises SchemasError where there are none."""
    found = {name: own for name, own in _by_component(crds).items() if is_version(versions.get(name, ""))}
    if not found:
        groups = ", ".join(sorted({crd["spec"]["group"] for crd in crds}))
        raise SchemasError(
            [f"{one}: it is of {groups}, and {cluster} declares no version of what brings that"]
        )
    return found


def _put(place: Path, crds: Iterable[Crd], sha256: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for crd in crds:
        spec = crd["spec"]
        name = f"{spec['group']}.{spec['names']['kind'].lower()}.yaml"
        plain = {"apiVersion": crd.get("apiVersion"), "kind": "CustomResourceDefinition", "spec": spec}
        text = yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=False)
        (place / name).write_text(text, encoding="utf-8")
    (place / _TAKEN).write_text("\n".join(sorted({*_taken(place), sha256})) + "\n", encoding="ascii")


def _taken(place: Path) -> frozenset[str]:
    path = place / _TAKEN
    return frozenset(path.read_text(encoding="ascii").split()) if path.is_file() else frozenset()


def table(root: Path, declared: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A line for every version of a component with CRDs: how many are here, and who declares it."""
    clusters: dict[tuple[str, str], list[str]] = {}
    for cluster, versions in sorted(declared.items()):
        for component, version in versions.items():
            if component in bringing():
                clusters.setdefault((component, version), []).append(cluster)
    pinned = {pin[:2] for pin in pins.read(root)}
    lines = [
        f"{component} {version}: {_state(root, component, version, (component, version) in pinned)}"
        f" ({', '.join(own)})"
        for (component, version), own in sorted(clusters.items())
    ]
    return lines or ["no cluster declares a version of what brings CRDs"]


def _state(root: Path, component: str, version: str, pinned: bool) -> str:
    count = len(list(folder(root, component, version).glob("*.yaml")))
    if count:
        return f"{count} CRDs"
    return "pinned, not here: inferstack schemas fetch" if pinned else "not here: our contracts hold"
