from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from components.inventory.rendered import render
from components.stack.params import StackParams
from scripts.fragments import FOLDERS, Schema, fragment
from scripts.project import Project
from tests.support.stacks import cluster, runtimes

FRAGMENTS = {folder: fragment(folder) for folder in FOLDERS}
VALIDATORS = {folder: Draft7Validator(schema) for folder, schema in FRAGMENTS.items()}
REFERENCES = st.from_regex(r"\A[a-z]{0,3}\$\{[a-z:]{1,12}\}\Z")


def accepts(folder: str, **parameters: Any) -> bool:
    return VALIDATORS[folder].is_valid({"parameters": parameters})


def schemas(part: Any) -> Iterator[Schema]:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from schemas(value)
    elif isinstance(part, list):
        for item in part:
            yield from schemas(item)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_fragment_is_a_schema_that_demands_nothing(folder: str) -> None:
    Draft7Validator.check_schema(FRAGMENTS[folder])
    assert VALIDATORS[folder].is_valid({})
    for schema in schemas(FRAGMENTS[folder]):
        assert not isinstance(schema.get("required"), list)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_reference_of_a_fragment_resolves(folder: str) -> None:
    for schema in schemas(FRAGMENTS[folder]):
        if isinstance(schema.get("$ref"), str):
            target: Any = FRAGMENTS[folder]
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            assert isinstance(target, dict)


def test_every_root_key_has_a_home() -> None:
    homes = {key for keys in FOLDERS.values() for key in keys}

    assert set(StackParams.model_json_schema()["properties"]) <= homes


def test_part_of_a_model_is_enough() -> None:
    assert accepts("targets", serving={"maxReplicas": 4})
    assert accepts("clusters", cluster={"namespace": "llm"})


@pytest.mark.parametrize(
    "parameters",
    [
        {"serving": {"maxReplicass": 4}},
        {"servin": {}},
        {"serving": {"storage": {"claim": {"nam": "weights"}}}},
        {"serving": {"~maxReplicass": 4}},
        {"cluster": {}},
    ],
    ids=["key", "root", "nested", "operator", "foreign"],
)
def test_unknown_keys_are_refused(parameters: dict[str, Any]) -> None:
    assert not accepts("targets", **parameters)


@pytest.mark.parametrize(
    "serving",
    [
        {"maxReplicas": "4"},
        {"maxReplicas": 0},
        {"mode": "standard"},
        {"namespace": "LLM"},
        {"pool": 3},
        {"resources": []},
        {"args": {"max-model-len": 1.5, "x": {"y": None}}, "env": {"A": 1}},
    ],
    ids=["type", "minimum", "enum", "pattern", "text", "mapping", "map"],
)
def test_wrong_values_are_refused(serving: dict[str, Any]) -> None:
    assert not accepts("targets", serving=serving)


@pytest.mark.parametrize("key", ["maxReplicas", "mode", "namespace", "resources", "env", "expertParallel"])
@given(reference=REFERENCES)
def test_a_reference_stands_for_any_value(key: str, reference: str) -> None:
    assert accepts("targets", serving={key: reference})


@pytest.mark.parametrize("key", ["maxReplicas", "mode", "namespace", "resources", "env", "expertParallel"])
def test_null_removes_any_value(key: str) -> None:
    assert accepts("targets", serving={key: None})
    assert accepts("targets", serving=None)


@pytest.mark.parametrize("operator", ["~", "="])
def test_keys_may_carry_an_operator(operator: str) -> None:
    assert accepts("targets", **{f"{operator}serving": {f"{operator}maxReplicas": 4}})
    assert not accepts("targets", serving={f"{operator}maxReplicas": "4"})
    assert accepts("runtimes", runtimes={f"{operator}vllm": {"engine": "vllm"}})
    assert not accepts("runtimes", runtimes={"Vllm": {}})


def test_a_name_in_a_map_is_checked_and_removed_by_null() -> None:
    assert accepts("clusters", cluster={"pools": {"h100": None}})
    assert not accepts("clusters", cluster={"pools": {"H100": {"nodes": 1}}})


def test_whatever_is_a_whole_target_is_no_mistake_in_a_file(committed: Project) -> None:
    everything = Draft7Validator(
        {
            **FRAGMENTS["targets"],
            "properties": {
                "parameters": {
                    "properties": {
                        key: value
                        for one in FRAGMENTS.values()
                        for key, value in one["properties"]["parameters"]["properties"].items()
                    }
                }
            },
            "$defs": {name: value for one in FRAGMENTS.values() for name, value in one["$defs"].items()},
        }
    )
    for target, parameters in render(committed.inventory).items():
        errors = [error.message for error in everything.iter_errors({"parameters": parameters})]
        assert not errors, target


def test_the_samples_of_the_tests_are_fragments_too() -> None:
    assert accepts("clusters", cluster=cluster())
    assert accepts("runtimes", runtimes=runtimes())
