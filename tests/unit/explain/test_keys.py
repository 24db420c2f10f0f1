from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from components.inventory.inventory import Inventory
from components.inventory.origin import CannotResolve, Origins
from scripts.explain import as_json, as_text
from scripts.explain.answer import KeyAnswer
from scripts.explain.keys import explain_key
from scripts.explain.parameters import Parameters
from scripts.explain.workshop import Workshop
from scripts.project import MisuseError, Project
from tests.unit.inventory.strategies import inventories
from tests.unit.inventory.trees import TARGET, reclass, same, write


def ask(workshop: Workshop, target: str, key: str) -> KeyAnswer:
    return explain_key(workshop, target, key)


def test_a_value_with_its_line(workshop: Workshop) -> None:
    answer = ask(workshop, "eu-h100.llama-70b", "serving.tensorParallelSize")
    parameter = answer.parameter
    assert parameter is not None
    assert (parameter.state, parameter.value) == ("set", 4)
    assert parameter.winner is not None
    place = parameter.winner.place
    text = (workshop.project.root / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
    assert text[place.column - 1 :] == "4"
    assert parameter.declared is not None
    assert parameter.declared.file == "components/model_service/params.py"


def test_what_was_overridden_comes_in_order_with_the_includes_that_led_there(workshop: Workshop) -> None:
    parameter = ask(workshop, "lab-l4.gpt-oss-20b", "gateway.wiring").parameter
    assert parameter is not None
    assert [line.raw for line in parameter.overridden] == ["envoy-extension-policy"]
    assert parameter.winner is not None
    assert parameter.winner.raw == "agentgateway"
    assert [step.written for step in parameter.overridden[0].chain] == [
        "clusters.lab-l4",
        "gateways.envoy-extension-policy",
    ]
    assert as_text.write(KeyAnswer(parameter, (), None)).count("\n") > 8


def test_a_default_says_where_the_model_has_it(workshop: Workshop) -> None:
    parameter = ask(workshop, "eu-h100.llama-70b", "serving.mode").parameter
    assert parameter is not None
    assert (parameter.state, parameter.value, parameter.lines) == ("default", "Standard", ())
    assert parameter.meaning == "KServe deployment mode."


def test_null_removes_and_the_lines_say_so(workshop: Workshop) -> None:
    key = "accelerators.l4.nodeSelector.nvidia.com/gpu.product"
    parameter = ask(workshop, "gke-l4.qwen3-8b", key).parameter
    assert parameter is not None
    assert parameter.state == "removed"
    assert [(line.raw, line.active) for line in parameter.lines] == [("NVIDIA-L4", False), (None, True)]
    assert "removed by null" in as_text.write(KeyAnswer(parameter, (), None))


def test_a_map_lists_what_it_holds_set_keys_first(workshop: Workshop) -> None:
    answer = ask(workshop, "eu-h100.llama-70b", "serving")
    states = [child.state for child in answer.children]
    assert states[:4] == ["set"] * 4
    assert {child.key for child in answer.children} >= {
        "serving.runtime",
        "serving.mode",
        "serving.maxModelLen",
    }


def test_no_key_lists_the_root(workshop: Workshop) -> None:
    answer = ask(workshop, "eu-h100.llama-70b", "")
    assert {child.key for child in answer.children} >= {"cluster", "model", "serving", "overrides"}
    assert not any(child.key in ("kapitan", "_reclass_") for child in answer.children)


@pytest.mark.parametrize("name", ["memory", "max_surge", "maxSurge", "names.epp", "served_names"])
def test_a_derived_value_says_its_formula_and_inputs(workshop: Workshop, name: str) -> None:
    answer = ask(workshop, "eu-h100.llama-70b", name)
    assert answer.parameter is None
    assert answer.formula is not None
    assert answer.formula.formula
    assert answer.formula.inputs or answer.formula.uses


def test_a_formula_builds_on_others(workshop: Workshop) -> None:
    formula = ask(workshop, "eu-h100.llama-70b", "memory").formula
    assert formula is not None
    assert [one.name for one in formula.uses] == ["gpus_per_pod"]
    assert [one.name for one in formula.uses[0].uses] == ["world_size"]
    assert "serving.tensorParallelSize" in {one.key for one in formula.uses[0].uses[0].inputs}
    assert "serving.tensorParallelSize" not in {one.key for one in formula.inputs}


@pytest.mark.parametrize(
    ("target", "key", "said"),
    [
        ("eu-h100.llama-70b", "serving.tensorParalelSize", "did you mean serving.tensorParallelSize?"),
        ("eu-h100.llama-70b", "servin.mode", "did you mean serving.mode?"),
        ("eu-h100.llama-70b", "servng.tensorParallelSize", "did you mean serving.tensorParallelSize?"),
        ("eu-h100.llama-70b", "epp.replicas", "did you mean gateway.epp.replicas?"),
        ("eu-h100.llama-70b", "names.eppp", "did you mean names.epp?"),
        ("eu-h100.llama-70b", "serving.zzz", "; serving has accessToken, args, "),
        ("eu-h100.llama-70b", "memry", "did you mean memory?"),
        ("eu-h100.llama-70b", "serving.mode.x", "serving.mode holds no keys"),
        ("eu-h100.llama-70b", "cluster.pools.h100.nodez", "did you mean cluster.pools.h100.nodes?"),
        ("eu-h100.cluster", "serving", "has no key serving"),
        ("eu-h100.cluster", "pools.h100.nodes", "did you mean cluster.pools.h100.nodes?"),
        # entries of maps that are not there, though the models know their keys
        ("eu-h100.llama-70b", "cluster.pools.h10.nodes", "did you mean cluster.pools.h100.nodes?"),
        ("eu-h100.llama-70b", "cluster.pools.nope", "did you mean cluster.pools.h100?"),
        ("eu-h100.llama-70b", "accelerators.nope.kind", "did you mean accelerators.h100-sxm.kind?"),
        ("eu-h100.llama-70b", "runtimes.nope.device", "did you mean runtimes.vllm.device?"),
        ("eu-h100.llama-70b", "model.adapters.zz.rank", "; model.adapters holds no keys"),
        ("eu-h100.llama-70b", "model.args.vllm.nope", "; model.args.vllm has "),
    ],
)
def test_an_unknown_key_names_the_nearest(workshop: Workshop, target: str, key: str, said: str) -> None:
    with pytest.raises(MisuseError) as error:
        ask(workshop, target, key)
    assert said in str(error.value)


def test_every_key_of_the_committed_fleet_is_what_is_rendered(workshop: Workshop) -> None:
    for target in workshop.targets:
        rendered = reclass(workshop.project.inventory, target)
        for path in keys(rendered):
            parameter = workshop.parameters.at(target, path)
            agrees(parameter.state, parameter.value, rendered, path)


def keys(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every path through the maps of rendered parameters."""
    for key, item in value.items() if isinstance(value, dict) else ():
        yield (*path, key)
        yield from keys(item, (*path, key))


def agrees(state: str, value: Any, rendered: Any, path: tuple[str, ...]) -> None:
    expected = rendered
    for key in path:
        expected = expected[key]
    if expected is None:
        assert state == "removed"
    else:
        assert state == "set"
        assert same(value, expected), path


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inventories())
def test_the_explained_value_is_the_rendered_value(files: dict[str, str]) -> None:
    """Class order, relative classes, removal by null, ``~``, ``=`` and references: held against reclass-rs."""
    with tempfile.TemporaryDirectory() as folder:
        inventory = write(Path(folder), files)
        parameters = Parameters(Origins(Inventory(inventory)))
        try:
            parameters.origins.parameters(TARGET)
        except CannotResolve:
            return
        rendered = reclass(inventory)
        workshop = Workshop(Project(inventory.parent))
        for path in keys(rendered):
            parameter = parameters.at(TARGET, path)
            agrees(parameter.state, parameter.value, rendered, path)
            assert parameter.lines or path[0] == "_reclass_"
            answer = explain_key(workshop, TARGET, ".".join(path))
            told = json.loads(as_json.write(answer))
            assert told["parameter"]["value"] == json.loads(json.dumps(parameter.value))
            as_text.write(answer)
