"""What a cluster's own target says of all that is compiled for the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from components.common.errors import Mistake, MistakesError
from components.compile.targets import compile_target
from tests.support.stacks import cluster_params, stack_params

_SHARED = {"sharedGateways": {"llama": {"wiring": "envoy-extension-policy"}}}
_CLAIM = {"storage": {"claim": {"name": "weights", "create": True, "size": "200Gi"}}}


def _compile(stacks: dict[str, dict[str, Any]], **cluster: Any) -> list[Mistake]:
    parameters = {f"eu-h100.{name}": stack_params(cluster=cluster, **own) for name, own in stacks.items()}
    parameters["eu-h100.cluster"] = cluster_params(cluster=cluster)
    try:
        compile_target("eu-h100.cluster", parameters)
    except MistakesError as error:
        return error.mistakes
    return []


def test_stacks_of_one_namespace_have_objects_of_their_own() -> None:
    own_runtime = {"runtimes": {"vllm": {"namespaced": True}}}
    assert _compile({"llama": own_runtime, "qwen": own_runtime}) == []


@pytest.mark.parametrize(
    ("stacks", "cluster", "message", "target"),
    [
        (
            {"llama": {"serving": _CLAIM}, "qwen": {"serving": _CLAIM}},
            {},
            "PersistentVolumeClaim llm-platform/weights would be made by llama and by qwen",
            "eu-h100.llama",
        ),
        (
            {"llama": {}},
            _SHARED,
            "Gateway llm-platform/llama-inference-gateway and 3 more would be made by llama and by cluster",
            "eu-h100.llama",
        ),
        (
            {"c": {"serving": {"namespace": "a-b"}}, "b-c": {"serving": {"namespace": "a", "name": "x"}}},
            {},
            "ClusterRole a-b-c-inference-gateway-epp-metrics-auth and 1 more would be made by b-c and by c",
            "eu-h100.b-c",
        ),
    ],
)
def test_an_object_that_two_targets_make(
    stacks: dict[str, Any], cluster: dict[str, Any], message: str, target: str
) -> None:
    (mistake,) = _compile(stacks, **cluster)
    assert (mistake.message, mistake.target) == (message, target)
    assert mistake.path == ()
    assert mistake.remedy


def test_a_shared_gateway_that_nobody_uses_needs_what_runs_it() -> None:
    found = _compile({}, **_SHARED, versions={"envoyGateway": None})
    assert [mistake.path for mistake in found] == [("cluster", "sharedGateways", "llama", "wiring")]
