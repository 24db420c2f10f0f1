"""Command lines, read as the programs read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.facts import engine, epp
from scripts.check.argv import Arguments, whole

VLLM = engine("vllm").flags
LLAMACPP = engine("llamacpp").flags


def vllm(*words: str) -> Arguments:
    return Arguments(words, VLLM, "0.33.0")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--tensor-parallel-size=4"], "tensor-parallel-size", "4"),
        (["--tensor-parallel-size", "4"], "tensor-parallel-size", "4"),
        (["--tensor_parallel_size=4"], "tensor-parallel-size", "4"),
        (["-tp", "4"], "tensor-parallel-size", "4"),
        (["-tp=4", "--tensor-parallel-size=8"], "tensor-parallel-size", "8"),
        (["vllm", "serve", "/mnt/models", "--port=80"], "port", "80"),
        (["--served-model-name", "a", "b", "--port=80"], "port", "80"),
        (["--enable-auto-tool-choice", "--port", "80"], "port", "80"),
        (["--tensor-parallel-size"], "tensor-parallel-size", None),
        ([], "port", None),
    ],
)
def test_value(words: list[str], name: str, value: str | None) -> None:
    assert vllm(*words).text(name) == value


def test_several_values() -> None:
    assert vllm("--served-model-name", "a", "b", "--port=80").values("served-model-name") == ("a", "b")


@pytest.mark.parametrize(
    ("words", "on"),
    [
        (["--enable-prefix-caching"], True),
        (["--no-enable-prefix-caching"], False),
        (["--enable-prefix-caching", "--no-enable-prefix-caching"], False),
        ([], None),
    ],
)
def test_switches(words: list[str], on: bool | None) -> None:
    assert vllm(*words).on("enable-prefix-caching") is on


def test_go_booleans() -> None:
    read = Arguments(["--secure-serving=false", "--tracing", "--pool-name", "x"], epp.flags(), "0.10.0")
    assert (read.on("secure-serving"), read.on("tracing"), read.text("pool-name")) == (False, True, "x")


def test_a_key_of_a_json_flag_is_not_the_flag() -> None:
    read = vllm("--kv-transfer-config.kv_role=kv_both")
    assert read.find("kv-transfer-config") is None
    assert (read.given[0].name, read.given[0].key) == ("kv-transfer-config", "kv_role")


def test_negative_numbers_are_values() -> None:
    assert Arguments(["--parallel", "-1"], LLAMACPP, "b6800").text("parallel") == "-1"
    assert vllm("--max-model-len", "-1").number("max-model-len") == -1


def test_unknown_flags_take_a_word() -> None:
    read = vllm("--no-such-flag", "4", "--port=80")
    assert [(one.name, one.values) for one in read.given] == [("no-such-flag", ("4",)), ("port", ("80",))]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("131072", 131072),
        ("8k", 8000),
        ("8K", 8192),
        ("0.5M", 524288),
        ("1.5", None),
        ("", None),
        ("x", None),
    ],
)
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole(text) == number


@given(st.lists(st.text(max_size=12), max_size=8))
def test_no_words_raise(words: list[str]) -> None:
    for table, version in ((VLLM, "0.33.0"), (LLAMACPP, "b6800"), (epp.flags(), "0.10.0")):
        read = Arguments(words, table, version)
        for one in read.given:
            assert words[one.index] == one.word
            read.number(one.name), read.decimal(one.name), read.on(one.name), read.values(one.name)
