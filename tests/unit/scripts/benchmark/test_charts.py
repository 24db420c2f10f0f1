"""Charts render the objects that were compiled. A few lines of Python play Helm: the templates hold nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from scripts.benchmark.charts import (
    Release,
    releases,
    template,
    write_charts,
    write_kustomizations,
    write_umbrella,
)
from scripts.compile import job
from tests.support.compiling import InProcessEngine, compile_now, new_project


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree in which most shapes have several releases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "Engine", InProcessEngine)
        project = new_project(tmp_path_factory.mktemp("charts") / "project", 60)
        compile_now(project)
    return project.root / "compiled"


def rendered(text: str, release: Release) -> list[dict[str, object]]:
    """What Helm makes of a template of :func:`template`."""

    def value(found: re.Match[str]) -> str:
        word = found[1].strip()
        return word.strip('"') if word.startswith('"') else getattr(release, word.removeprefix(".Values."))

    return [
        one for one in yaml.safe_load_all(re.sub(r"{{ ((?:\"(?:{{|}})\"|[.\w]+)) }}", value, text)) if one
    ]


def objects(release: Release) -> list[dict[str, object]]:
    paths = (path for path in sorted(release.folder.rglob("*.yaml")) if "docs" not in path.parts)
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]


def test_a_chart_renders_what_it_was_made_from(compiled: Path) -> None:
    seen: set[str] = set()
    for release in releases(compiled):
        if release.shape not in seen:
            seen.add(release.shape)
            assert rendered(template(release, ".Values"), release) == objects(release)
    assert len(seen) > 20


def test_a_chart_renders_the_objects_of_its_other_releases(compiled: Path) -> None:
    found = releases(compiled)
    first = {release.shape: release for release in reversed(found)}
    others = [one for one in found if first[one.shape] != one and one.stack != "cluster"]
    assert others
    for release in others:
        made = rendered(template(first[release.shape], ".Values"), release)
        wanted = objects(release)
        assert [kinds(one) for one in made] == [kinds(one) for one in wanted]
        assert len(yaml.safe_dump(made)) == pytest.approx(len(yaml.safe_dump(wanted)), rel=0.1)


def kinds(manifest: dict[str, object]) -> tuple[object, object]:
    return manifest["apiVersion"], manifest["kind"]


def test_a_chart_a_shape_and_an_umbrella_over_all(compiled: Path, tmp_path: Path) -> None:
    found = releases(compiled)
    shapes = {release.shape for release in found}

    charts = write_charts(found, tmp_path)
    umbrella = write_umbrella(found, tmp_path)

    assert charts.keys() == shapes
    assert all((chart / "Chart.yaml").is_file() for chart in charts.values())
    assert len(list(umbrella.glob("templates/*.yaml"))) == len(shapes)
    values = yaml.safe_load((umbrella / "values.yaml").read_text(encoding="utf-8"))
    assert sum(map(len, values.values())) == len(found)


def test_an_overlay_a_release(compiled: Path, tmp_path: Path) -> None:
    found = releases(compiled)

    overlays = write_kustomizations(found, tmp_path)

    assert len(overlays) == len(found)
    for overlay in overlays:
        resources = yaml.safe_load((overlay / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
        assert (overlay / resources[0] / "all.yaml").is_file()
