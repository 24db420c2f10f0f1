from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from components.cluster.params import ClusterParams
from components.stack.params import StackParams
from scripts.explain.declared import (
    ROOT,
    KeyPath,
    UnknownKey,
    declared,
    entry_of,
    is_map,
    keys_of,
    model_of,
)


def every(model: type[BaseModel], path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key that a model has, with one entry in each map."""
    for _, key, annotation in keys_of(model):
        here = (*path, key)
        yield here
        below = model_of(annotation)
        entry = model_of(entry_of(annotation)) if below is None and is_map(annotation) else None
        if below is not None:
            yield from every(below, here)
        elif entry is not None:
            yield (*here, "x")
            yield from every(entry, (*here, "x"))


@pytest.mark.parametrize("root", [StackParams, ClusterParams])
def test_every_key_has_the_line_that_declares_it(root: type[BaseModel]) -> None:
    for path in every(root):
        found = declared(root, path)
        line = (ROOT / found.place.file).read_text(encoding="utf-8").splitlines()[found.place.line - 1]
        assert re.match(rf"    {found.field}: ", line), (path, str(found.place), line)


def test_a_default_and_its_meaning() -> None:
    found = declared(StackParams, ("serving", "mode"))
    assert found.default == "Standard"
    assert found.meaning == "KServe deployment mode."
    assert found.place.file == "components/model_service/params.py"


def test_a_key_below_an_optional_model_is_known() -> None:
    assert declared(StackParams, ("serving", "storage", "claim", "name")).is_required


def test_free_data_is_an_entry_of_its_map() -> None:
    found = declared(StackParams, ("overrides", "Service", "x", "spec", "type"))
    assert found.is_entry
    assert found.field == "overrides"


@pytest.mark.parametrize(
    ("path", "at", "known"),
    [
        (("serving", "modee"), ("serving", "modee"), "mode"),
        (("servin", "mode"), ("servin",), "serving"),
        (("serving", "mode", "x"), ("serving", "mode", "x"), ""),
    ],
)
def test_an_unknown_key_says_what_stands_beside_it(path: KeyPath, at: KeyPath, known: str) -> None:
    with pytest.raises(UnknownKey) as error:
        declared(StackParams, path)
    assert error.value.path == at
    assert known in error.value.known or not known


def test_places_are_in_the_project() -> None:
    assert not Path(declared(StackParams, ("model", "name")).place.file).is_absolute()
