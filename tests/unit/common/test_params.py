"""Scalar types of the inventory: what they let through can be read, and their messages are words."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from components.cluster.params import ClusterParams
from components.common import params, quantities
from components.common.forms import HINT, form
from components.facts import versions
from components.stack.params import StackParams

VERSION: TypeAdapter[str] = TypeAdapter(params.Version)
DATE: TypeAdapter[str] = TypeAdapter(params.Date)
PATCH: TypeAdapter[dict[str, Any]] = TypeAdapter(params.Patch)
REPOSITORY: TypeAdapter[str] = TypeAdapter(params.Repository)


@given(st.from_regex(versions.WRITTEN, fullmatch=True))
def test_a_version_that_is_let_through_is_one(text: str) -> None:
    assert versions.parse(text).text == text


@pytest.mark.parametrize(
    "text", ["0.33.0", "1.31.0-rc.0", "0.8.5.post1", "b6800", "2.9", "0.10.0+cu129", "0.11.0rc2", "36"]
)
def test_versions_as_projects_write_them(text: str) -> None:
    assert VERSION.validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["0.33.0x", "v1.9.0", "latest", "", "1.2.3.4.5", "1.", "b", "b-1", "1.2.3\n"]
)
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValidationError):
        VERSION.validate_python(text)


@pytest.mark.parametrize("text", ["2026-02-31", "2026-13-01", "2025-02-29", "0000-01-01", "26-1-1"])
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ValidationError):
        DATE.validate_python(text)


def test_a_leap_day_is_one() -> None:
    assert DATE.validate_python("2028-02-29") == "2028-02-29"


@given(st.from_regex(r"\A[0-9]{1,15}(\.[0-9]{1,9})?(k|M|G|T|Ki|Mi|Gi|Ti)?\Z"))
def test_bytes_that_are_let_through_have_a_canonical_form(text: str) -> None:
    try:
        TypeAdapter(params.Bytes).validate_python(text)
    except ValidationError:
        return
    assert quantities.parse(quantities.memory(text)) == quantities.parse(text) > 0


@pytest.mark.parametrize("value", [{"a": {1: 2}}, {"a": [float("inf")]}, {"a": float("nan")}])
def test_what_json_does_not_have_is_no_patch(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PATCH.validate_python(value)


@pytest.mark.parametrize(
    "text",
    ["docker.io/vllm/vllm-openai", "localhost:5000/x", "ghcr.io/berriai/litellm-non_root", "ollama/ollama"],
)
def test_repositories(text: str) -> None:
    assert REPOSITORY.validate_python(text) == text


@pytest.mark.parametrize("text", ["a//b", "a b", "ghcr.io/x:v1", "Docker.io/x", "a/", "x@sha256"])
def test_what_is_no_repository(text: str) -> None:
    with pytest.raises(ValidationError):
        REPOSITORY.validate_python(text)


def test_words_are_declared_once_beside_the_pattern() -> None:
    schema = TypeAdapter(params.Slug).json_schema()

    assert schema[HINT] == str(form(schema["pattern"]))
    assert schema[HINT].endswith("no dash last, for example llama-70b")


def models(root: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and all that it holds, at any depth."""
    found: set[type[BaseModel]] = set()
    pending: list[Any] = [root]
    while pending:
        one = pending.pop()
        if isinstance(one, type) and issubclass(one, BaseModel):
            if one not in found:
                found.add(one)
                pending += [field.annotation for field in one.model_fields.values()]
        else:
            pending += get_args(one)
    return found


@pytest.mark.parametrize("root", [StackParams, ClusterParams])
def test_no_bound_of_a_key_is_hidden_by_that_of_its_type(root: type[BaseModel]) -> None:
    """Of two bounds of one kind, the last one alone holds."""
    for model in models(root):
        for name, field in model.model_fields.items():
            kinds = [type(one) for one in field.metadata if isinstance(one, Ge | Gt | Le | Lt)]
            assert len(kinds) == len(set(kinds)), f"{model.__name__}.{name}: {field.metadata}"
