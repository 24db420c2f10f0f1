"""Every mistake in a target's parameters is one sentence with its key path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.common.errors import Mistake, MistakesError
from components.common.load import attempt, load
from components.stack.params import StackParams
from tests.support.stacks import stack_params


def _mistakes(**overrides: Any) -> dict[tuple[str | int, ...], Mistake]:
    with pytest.raises(MistakesError) as caught:
        load("eu.llama", stack_params(**overrides), StackParams)
    return {mistake.path: mistake for mistake in caught.value.mistakes}


def test_unknown_key_with_a_suggestion() -> None:
    found = _mistakes(serving={"maxReplica": 3})
    assert found["serving", "maxReplica"] == Mistake(
        ("serving", "maxReplica"), "unknown key serving.maxReplica", "did you mean 'maxReplicas'?"
    )


def test_unknown_key_inside_a_map_of_objects() -> None:
    found = _mistakes(cluster={"pools": {"h100": {"nods": 1}}})
    assert found["cluster", "pools", "h100", "nods"].remedy == "did you mean 'nodes'?"


def test_missing_fact() -> None:
    found = _mistakes(model={"weights": {"sizeGiB": None}})
    assert found["model", "weights", "sizeGiB"].message == "model.weights.sizeGiB is missing"


def test_wrong_type_is_not_converted() -> None:
    found = _mistakes(serving={"minReplicas": "1"})
    assert found["serving", "minReplicas"] == Mistake(
        ("serving", "minReplicas"),
        "serving.minReplicas is the text '1'",
        "remove the quotes, or write what is meant",
    )


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("maxReplicas", [4], "use a whole number"),
        ("maxReplicas", 4.5, "use a whole number"),
        ("maxReplicas", True, "use a whole number"),
        ("expertParallel", 1, "use true or false"),
        ("gpuMemoryUtilization", {}, "use a number"),
        ("env", ["A"], "use a mapping"),
        ("resources", "4Gi", "use a mapping"),
        ("pool", ["h100"], "use a text"),
        ("priorityClass", True, 'write it in quotes: "true"'),
    ],
)
def test_what_to_write_instead(key: str, value: object, remedy: str) -> None:
    assert _mistakes(serving={key: value})["serving", key].remedy == remedy


@pytest.mark.parametrize("value", [[1, 2], ["x", None], [["x"]]])
def test_a_list_may_hold_texts_only(value: object) -> None:
    (mistake,) = _mistakes(serving={"args": {"x": value}}).values()
    assert mistake.remedy == "use true or false, a number, a text, a list of texts or a mapping"


def test_a_key_and_its_value_are_two_mistakes() -> None:
    path = ("cluster", "pools", "h100", "nodeSelector", "bad key!")
    with pytest.raises(MistakesError) as caught:
        load(
            "eu.llama",
            stack_params(cluster={"pools": {"h100": {"nodeSelector": {path[-1]: "bad value!"}}}}),
            StackParams,
        )
    assert [(mistake.path, mistake.message) for mistake in caught.value.mistakes] == [
        (path, "cluster.pools.h100.nodeSelector has the name 'bad key!'"),
        (path, "cluster.pools.h100.nodeSelector.bad key! is 'bad value!'"),
    ]


def test_allowed_words_are_named() -> None:
    found = _mistakes(gateway={"wiring": "istoi"})
    assert "envoy-extension-policy" in found["gateway", "wiring"].remedy


def test_a_value_that_fits_no_member_of_a_union_is_one_mistake() -> None:
    found = _mistakes(serving={"args": {"x": None, "y": {1: 2}}})
    assert list(found) == [("serving", "args", "y")]


def test_bad_key_of_a_map() -> None:
    found = _mistakes(cluster={"pools": {"H100": {"accelerator": "h100", "nodes": 1}}})
    assert list(found) == [("cluster", "pools", "H100")]


def test_all_at_once() -> None:
    found = _mistakes(
        serving={"gpu": 1, "minReplicas": "1"}, model={"maxContext": -1}, gateway={"wirin": "x"}
    )
    assert len(found) == 4


def test_null_removes() -> None:
    parameters = stack_params()
    parameters["serving"]["maxModelLen"] = None
    assert load("eu.llama", parameters, StackParams).serving.max_model_len is None


@pytest.mark.parametrize(
    ("resources", "key", "words"),
    [
        ({"cpu": "0.0005"}, "cpu", "write "),
        ({"cpu": "4Gi"}, "cpu", "write "),
        ({"memory": "500m"}, "memory", "write "),
        ({"memory": "1.5"}, "memory", "not a whole number of bytes"),
        ({"sharedMemory": "0.3Ki"}, "sharedMemory", "not a whole number of bytes"),
    ],
)
def test_a_quantity_that_the_resource_does_not_have(resources: dict[str, str], key: str, words: str) -> None:
    found = _mistakes(serving={"resources": resources})
    assert list(found) == [("serving", "resources", key)]
    mistake = found["serving", "resources", key]
    assert words in f"{mistake.message}; {mistake.remedy}"


def test_a_request_above_its_limit() -> None:
    found = _mistakes(gateway={"epp": {"resources": {"memory": "16Gi"}}})
    assert "memory 16Gi is above memoryLimit 8Gi" in found["gateway", "epp", "resources"].message


def test_a_rule_says_what_to_do() -> None:
    found = _mistakes(accelerators={"h100": {"tolerations": {"gpu": {"value": "x"}}}})
    mistake = found["accelerators", "h100", "tolerations", "gpu"]
    assert mistake.message.endswith("operator Exists takes no value")
    assert mistake.remedy == "set operator: Equal, or remove the value"


def test_null_in_a_patch_removes_a_field_and_elsewhere_the_override() -> None:
    parameters = stack_params()
    parameters["overrides"] = {
        "Deployment": {"epp": {"spec": {"revisionHistoryLimit": None}}, "gone": None},
        "Gateway": None,
    }
    assert load("eu.llama", parameters, StackParams).overrides == {
        "Deployment": {"epp": {"spec": {"revisionHistoryLimit": None}}}
    }


def test_overrides_that_are_no_patches() -> None:
    assert list(_mistakes(overrides={"Deployment": {"epp": 1}})) == [("overrides", "Deployment", "epp")]
    assert list(_mistakes(overrides={"Deployment": 1})) == [("overrides", "Deployment")]
    assert list(_mistakes(overrides=[])) == [("overrides",)]


def test_a_request_longer_than_a_duration_and_a_variable_that_is_none() -> None:
    found = _mistakes(serving={"requestTimeoutSeconds": 100000, "env": {"1 A": "b"}})
    assert list(found) == [("serving", "env", "1 A"), ("serving", "requestTimeoutSeconds")]


def _places(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in node.items() if isinstance(node, dict) else ():
        yield (*path, key)
        yield from _places(value, (*path, key))


_PLACES = sorted(_places(stack_params()))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=5,
)


@given(place=st.sampled_from(_PLACES), key=st.none() | st.text(), value=_VALUES)
def test_whatever_is_written_is_read_or_a_mistake(
    place: tuple[str, ...], key: str | None, value: Any
) -> None:
    parameters = stack_params()
    *parents, last = place
    node: Any = parameters
    for parent in parents:
        node = node[parent]
    node[last if key is None else key] = value

    read, mistakes = attempt(parameters, StackParams)

    assert read or mistakes
    assert all(mistake.message and mistake.remedy for mistake in mistakes)
