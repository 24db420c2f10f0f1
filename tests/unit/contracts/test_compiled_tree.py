"""Every committed manifest is what the API servers accept, by the contracts and by the real CRDs with their rules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from components.contracts import Registry, core, validate
from components.contracts.documents import Json
from tests.support.cel import cel_violations
from tests.support.crds import CRDS, ROOT, index, requires_crds

COMPILED = ROOT / "compiled"
# Pages and values for other charts lie outside what Argo CD syncs.
NOT_SYNCED = ("docs",)
KUBERNETES = "1.36"


def manifests(root: Path) -> Iterator[tuple[str, Json]]:
    """File (relative) and object of every manifest below `root`."""
    for path in sorted(root.rglob("*.yaml")):
        relative = path.relative_to(root)
        if not set(NOT_SYNCED) & set(relative.parts):
            yield from (
                (str(relative), doc) for doc in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader)
            )


@cache
def _compiled() -> tuple[tuple[str, Json], ...]:
    found = tuple(manifests(COMPILED))
    if not found:
        pytest.skip("compiled/ is empty: run `kapitan compile` first")
    return found


@cache
def _registry() -> Registry:
    return Registry(CRDS)


def test_every_manifest_is_valid_by_the_contracts() -> None:
    assert [
        f"{file}: {violation}" for file, obj in _compiled() for violation in validate(obj, KUBERNETES)
    ] == []


def test_core_manifests_are_valid_by_the_published_schemas() -> None:
    # Ours are made from the same files: what the making drops by mistake would be found here.
    core_kinds = [
        (file, obj) for file, obj in _compiled() if core.schema(KUBERNETES, obj["apiVersion"], obj["kind"])
    ]
    assert core_kinds
    for file, obj in core_kinds:
        assert kubernetes_validate.validate(obj, KUBERNETES, strict=True), file


@requires_crds
def test_every_manifest_is_valid_by_the_real_crds() -> None:
    found = (
        (file, violation) for file, obj in _compiled() for violation in _registry().validate(obj, KUBERNETES)
    )
    assert [f"{file}: {violation}" for file, violation in found] == []


@requires_crds
def test_every_manifest_holds_to_the_rules_of_its_crd() -> None:
    found = []
    for file, obj in _compiled():
        crd = index().crd(obj["apiVersion"].rpartition("/")[0], obj["kind"])
        found += [f"{file}: {problem}" for problem in (cel_violations(obj, crd) if crd else ())]
    assert found == []


def test_documents_beside_the_manifests_are_left_alone(tmp_path: Path) -> None:
    for path in ("a/stack/svc.yaml", "a/docs/values.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("kind: A\n", encoding="utf-8")
    assert list(manifests(tmp_path)) == [("a/stack/svc.yaml", {"kind": "A"})]
