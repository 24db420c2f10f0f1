"""Golden cases: engine x wiring. ``pytest tests/golden --snapshot-update`` accepts a change."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from components.common.place import place, texts
from components.inference_gateway.wiring import WIRINGS
from components.stack import build
from tests.support.stacks import make_stack
from tests.unit.inference_gateway.test_build import ENGINES, wired


class _Yaml(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "yaml"


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("engine", ENGINES)
def test_stack(engine: str, wiring: str, snapshot: SnapshotAssertion) -> None:
    stack = make_stack(**wired(wiring, engine))
    files = texts(place(build.owner("eu-h100.llama-70b", stack), build.built(stack)))
    text = "".join(f"# {path}\n{files[path]}---\n" for path in sorted(files))
    assert text == snapshot(extension_class=_Yaml)
