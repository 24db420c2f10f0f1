from __future__ import annotations

from typing import Any

import pytest

from components.common.errors import Mistake, MistakesError
from components.stack.params import Stack
from tests.support.stacks import make_fleet, make_stack


def mistake(*stacks: Stack, **cluster: Any) -> Mistake:
    with pytest.raises(MistakesError) as raised:
        make_fleet(*(stacks or (make_stack(),)), cluster=cluster)
    (only,) = raised.value.mistakes
    return only


def test_a_master_key_that_nothing_brings() -> None:
    found = mistake(litellm={"deploy": True}, secrets={"litellm-master-key": None})
    assert found.path == ("cluster", "litellm", "masterKeySecret")
    assert "llm-platform/litellm-master-key" in found.message
    assert "cluster.secrets.litellm-master-key" in found.remedy
    assert "cluster.provided.Secret" in found.remedy


def test_a_secret_store_is_needed_too() -> None:
    assert mistake(litellm={"deploy": True}, secretStore=None).path[-1] == "masterKeySecret"


@pytest.mark.parametrize("key", ["redisSecret", "databaseSecret", "saltKeySecret"])
def test_other_secrets_are_declared(key: str) -> None:
    litellm = {"deploy": True, key: "mine"}
    assert mistake(litellm=litellm).path == ("cluster", "litellm", key)
    make_fleet(
        make_stack(), cluster={"litellm": litellm, "provided": {"Secret": {"llm-platform/mine": True}}}
    )


def test_a_proxy_of_another_release_needs_no_secret_here() -> None:
    make_fleet(make_stack(), cluster={"secretStore": None, "secrets": {"litellm-master-key": None}})


def adapted(name: str, adapter: str, uri: str) -> Stack:
    return make_stack(name, model={"name": f"acme/{name}", "adapters": {adapter: {"uri": uri}}})


def test_an_adapter_with_the_public_name_of_a_model() -> None:
    found = mistake(
        make_stack("support", model={"name": "acme/s"}), adapted("a", "support", "hf://acme/support")
    )
    assert "'support'" in found.message


def test_an_adapter_name_that_stands_for_two_adapters() -> None:
    found = mistake(adapted("a", "support", "hf://acme/one"), adapted("b", "support", "hf://acme/two"))
    assert "hf://acme/one and hf://acme/two" in found.message
    make_fleet(adapted("a", "support", "hf://acme/one"), adapted("b", "support", "hf://acme/one"))


def test_an_alias_that_hides_a_model() -> None:
    pair = (make_stack("a"), make_stack("b", model={"name": "acme/b"}))
    found = mistake(*pair, litellm={"modelGroupAliases": {"a": "b"}})
    assert found.path == ("cluster", "litellm", "modelGroupAliases", "a")


def test_an_alias_that_leads_nowhere() -> None:
    found = mistake(litellm={"modelGroupAliases": {"gpt-4": "llama-7b"}})
    assert found.path == ("cluster", "litellm", "modelGroupAliases", "gpt-4")
    assert "did you mean 'llama-70b'?" in found.remedy


def test_a_public_name_that_stands_for_two_models() -> None:
    pair = (make_stack("a"), make_stack("b", model={"name": "acme/b"}, litellm={"modelName": "a"}))
    assert "in stacks a, b" in mistake(*pair).message
    make_fleet(make_stack("a"), make_stack("b", litellm={"modelName": "a"}))


def test_fallbacks_that_lead_nowhere_or_back() -> None:
    assert "falls back to itself" in mistake(make_stack(litellm={"fallbacks": {"llama-70b": 1}})).message
    found = mistake(make_stack(litellm={"fallbacks": {"llama-70": 1}}))
    assert "which no stack of the cluster serves" in found.message
    assert "did you mean 'llama-70b'?" in found.remedy


def test_a_stack_that_stays_out_is_no_fallback() -> None:
    hidden = make_stack("hidden", model={"name": "acme/h"}, litellm={"enabled": False})
    assert "'hidden'" in mistake(make_stack(litellm={"fallbacks": {"hidden": 1}}), hidden).message
