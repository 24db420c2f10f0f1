"""Names, labels and shards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.compile.selection import Selected, Selection, Shard, label_values, shard
from scripts.project import MisuseError

PARAMETERS = {
    "cluster": {"name": "eu-h100", "region": "eu-central-1"},
    "model": {"name": "meta-llama/Llama-3.3-70B-Instruct", "gated": True},
    "serving": {"maxReplicas": 4, "runtime": "vllm"},
    "kapitan": {"labels": {"team": "search", "region": "here"}},
}
NAMES = st.from_regex(r"[a-z]{1,8}\.[a-z0-9-]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("cluster", ["eu-h100"]),
        ("model", ["meta-llama/Llama-3.3-70B-Instruct", "Llama-3.3-70B-Instruct"]),
        ("runtime", ["vllm"]),
        ("serving.maxReplicas", ["4"]),
        ("model.gated", ["true"]),
        ("team", ["search"]),
        ("region", ["here"]),
        ("serving", []),
        ("pool", []),
        ("serving.maxReplicas.more", []),
    ],
)
def test_a_label_is_a_fact_a_parameter_or_kapitans(key: str, values: list[str]) -> None:
    assert label_values(PARAMETERS, key) == values


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "3/0", "-1/8", "a/b", "1/99999", "3/8/2", "٣/8"])
def test_a_shard_is_one_of_several(text: str) -> None:
    with pytest.raises(MisuseError, match=r"write K/N"):
        shard(text)


@given(NAMES, st.integers(1, 32))
def test_every_target_is_in_one_shard(name: str, count: int) -> None:
    homes = [index for index in range(1, count + 1) if name in Shard(index, count)]

    assert len(homes) == 1


def test_shards_are_the_same_everywhere() -> None:
    homes = {
        name: next(k for k in range(1, 9) if name in Shard(k, 8)) for name in ("eu.a", "eu.b", "eu.cluster")
    }

    assert homes == {"eu.a": 8, "eu.b": 8, "eu.cluster": 6}


def test_shards_are_even() -> None:
    sizes = [sum(f"c-{n % 25}.s-{n}" in Shard(index, 8) for n in range(8000)) for index in range(1, 9)]

    assert sum(sizes) == 8000
    assert min(sizes) > 850
    assert max(sizes) < 1150


@pytest.mark.parametrize(
    ("globs", "chosen"),
    [
        (["eu.a"], {"eu.a"}),
        (["eu/a"], {"eu.a"}),
        (["eu.*"], {"eu.a", "eu.b"}),
        (["*/a", "us.b"], {"eu.a", "us.a", "us.b"}),
        ([], {"eu.a", "eu.b", "us.a", "us.b"}),
    ],
)
def test_globs_match_whole_names(globs: list[str], chosen: set[str]) -> None:
    selected = Selected(Selection(globs=globs), None)

    assert {name for name in ("eu.a", "eu.b", "us.a", "us.b") if selected(name)} == chosen


def test_everything_must_hold() -> None:
    selected = Selected(Selection(globs=["eu.*"], labels=["x=y"]), frozenset({"eu.a", "us.a"}))

    assert {name for name in ("eu.a", "eu.b", "us.a") if selected(name)} == {"eu.a"}
