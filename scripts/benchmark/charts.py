"""Helm charts and kustomizations that render the objects of a compiled tree, for comparison.

A chart a shape: the committed stacks are the shapes, the synthetic ones are their releases. What differs between two
releases of a shape (cluster, stack, namespace) is a value; the text around it is the compiled one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_VALUES = ("cluster", "stack", "namespace")


@dataclass(frozen=True, slots=True)
class Release:
    """One target of a compiled tree."""

    shape: str
    """Name of its chart: ``<committed cluster>--<committed stack>``."""
    cluster: str
    stack: str
    namespace: str
    folder: Path
    """Where it is compiled."""


def releases(compiled: Path) -> list[Release]:
    """The targets of a synthetic compiled tree (``<cluster>-NNN/<stack>[-NN]``)."""
    found = []
    for folder in sorted(path for path in compiled.glob("*/*") if path.is_dir()):
        cluster, stack = folder.parent.name, folder.name
        copy = re.search(r"-(\d\d)$", stack)
        shape = f"{re.sub(r'-[0-9]{3}$', '', cluster)}--{stack[: copy.start()] if copy else stack}"
        found.append(Release(shape, cluster, stack, _namespace(folder), folder))
    return found


def _namespace(folder: Path) -> str:
    for path in sorted(folder.glob("model-service/inferenceservice-*.yaml")):
        namespace = re.search(r"^  namespace: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if namespace:
            return namespace[1]
    return "llm-platform"


def _objects(folder: Path) -> str:
    synced = [path for path in sorted(folder.rglob("*.yaml")) if "docs" not in path.parts]
    return "".join(f"---\n{path.read_text(encoding='utf-8')}" for path in synced)


def template(release: Release, scope: str) -> str:
    """The objects of a release as a Helm template; ``scope`` is the variable that holds its values."""
    values = {
        getattr(release, name): name for name in _VALUES if (name, release.stack) != ("stack", "cluster")
    }
    # Whole words only: a stack called like a part of a model's name must not replace that part.
    words = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True))
    pattern = re.compile(rf"(?P<brace>\{{\{{|\}}\}})|(?<![\w/-])(?P<word>{words})(?!\w)")

    def put(found: re.Match[str]) -> str:
        if found["brace"]:
            return f'{{{{ "{found["brace"]}" }}}}'
        return f"{{{{ {scope}.{values[found['word']]} }}}}"

    return pattern.sub(put, _objects(release.folder))


def write_charts(all_releases: Iterable[Release], destination: Path) -> Mapping[str, Path]:
    """A chart a shape, made from the first release of each; returns their folders by shape."""
    charts: dict[str, Path] = {}
    for release in all_releases:
        if release.shape in charts:
            continue
        chart = destination / release.shape
        (chart / "templates").mkdir(parents=True)
        _write_chart(chart, release.shape.replace("_", "-"))
        (chart / "templates" / "all.yaml").write_text(template(release, ".Values"), encoding="utf-8")
        charts[release.shape] = chart
    return charts


def write_umbrella(all_releases: list[Release], destination: Path) -> Path:
    """One chart that renders all releases: a loop over values a shape."""
    chart = destination / "umbrella"
    (chart / "templates").mkdir(parents=True)
    _write_chart(chart, "umbrella")
    values: dict[str, list[dict[str, str]]] = {}
    for release in all_releases:
        key = re.sub(r"\W", "_", release.shape)
        if key not in values:
            body = template(release, "$release")
            looped = f"{{{{- range $release := .Values.{key} }}}}\n{body}{{{{- end }}}}\n"
            (chart / "templates" / f"{key}.yaml").write_text(looped, encoding="utf-8")
        values.setdefault(key, []).append({name: getattr(release, name) for name in _VALUES})
    (chart / "values.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return chart


def _write_chart(chart: Path, name: str) -> None:
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n", encoding="utf-8")


def write_kustomizations(all_releases: list[Release], destination: Path) -> list[Path]:
    """A base a shape and an overlay a release, which sets namespace and labels."""
    overlays = []
    bases: dict[str, Path] = {}
    for release in all_releases:
        base = destination / "bases" / release.shape
        if release.shape not in bases:
            base.mkdir(parents=True)
            (base / "all.yaml").write_text(_objects(release.folder), encoding="utf-8")
            (base / "kustomization.yaml").write_text("resources: [all.yaml]\n", encoding="utf-8")
            bases[release.shape] = base
        overlay = destination / "overlays" / f"{release.cluster}--{release.stack}"
        overlay.mkdir(parents=True)
        # A cluster's own objects lie in several namespaces, and hold Namespaces.
        namespace = "" if release.stack == "cluster" else f"namespace: {release.namespace}\n"
        labels = f"labels:\n- pairs: {{app.kubernetes.io/instance: {release.stack}}}\n"
        text = f"resources: [../../bases/{release.shape}]\n{namespace}{labels}"
        (overlay / "kustomization.yaml").write_text(text, encoding="utf-8")
        overlays.append(overlay)
    return overlays
