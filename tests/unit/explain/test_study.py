from __future__ import annotations

from functools import partial

import pytest

from components.compile import trial
from components.compile.targets import place_cluster, place_stack
from components.stack.params import Stack
from scripts.explain import derived
from scripts.explain.alternatives import Remove, Rename, Set, changed
from scripts.explain.study import StackStudy
from scripts.explain.workshop import Workshop
from tests.unit.explain.fleet import clusters, sample, stacks

TARGET = "eu-h100.llama-70b"
SERVICE = "model-service/inferenceservice-llama-70b.yaml"
MODEL = ("spec", "predictor", "model")


def test_a_trial_is_what_is_compiled(workshop: Workshop) -> None:
    for target in stacks(workshop):
        study = workshop.study(target)
        assert dict(study.objects) == place_stack(target, workshop.rendered(target))
        parts = [study.base(component) for component in trial.STACK_COMPONENTS]
        assert {file: one for part in parts for file, one in part.items()} == study.objects


def test_a_trial_of_a_cluster_is_what_is_compiled(workshop: Workshop) -> None:
    parameters = {target: workshop.rendered(target) for target in workshop.targets}
    for target in clusters(workshop):
        assert dict(workshop.fleet(target).objects) == place_cluster(target, parameters)[1]


def causes(study: StackStudy, path: tuple[str, ...], how: str = "value") -> set[str]:
    effects = study.effects_on(SERVICE, path)
    found = [(effect.cause, effect.on(SERVICE, path)) for effect in effects]
    return {
        ".".join(leaf.path) or "<name>" for leaf, influence in found if influence and influence.kind == how
    }


def test_a_number_comes_from_everything_that_it_is_computed_from(workshop: Workshop) -> None:
    found = causes(workshop.study(TARGET), (*MODEL, "resources", "requests", "memory"))
    assert found == {
        "accelerators.h100-sxm.kind",
        "accelerators.h100-sxm.hostMemoryPerGpuGiB",
        "serving.tensorParallelSize",
        "serving.pipelineParallelSize",
        "serving.dataParallelSize",
        "serving.gpus",
        "serving.resources.memory",
    }


def test_a_derived_value_that_is_not_used_changes_nothing(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    every = derived.values(study.stack)
    for component in trial.STACK_COMPONENTS:
        used = derived.used_by(partial(trial.stack_manifests, TARGET, study.fresh(), component))
        assert used & every.keys()
        assert every.keys() - used
        for one in every.keys() - used:
            for value in one.different(every[one]):
                with derived.replaced(one, value):
                    assert trial.stack_manifests(TARGET, study.fresh(), component) == study.base(component)


def test_a_threshold_far_from_the_value_is_found(workshop: Workshop) -> None:
    path = ("spec", "predictor", "deploymentStrategy", "rollingUpdate", "maxSurge")
    assert "cluster.pools.h100.rolloutReserve" in causes(workshop.study(TARGET), path)


def test_a_new_name_of_the_object_is_no_change_of_its_fields(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    assert causes(study, ("metadata", "name")) == {"<name>", "serving.name"}
    assert causes(study, (*MODEL, "modelFormat", "name")) == {"runtimes.vllm.engine"}


def test_what_is_there_because_of_a_parameter_is_told_from_its_value(workshop: Workshop) -> None:
    path = ("spec", "predictor", "terminationGracePeriodSeconds")
    wanted = {"serving.terminationGraceSeconds", "serving.requestTimeoutSeconds"}
    assert causes(workshop.study(TARGET), path) == wanted
    assert causes(workshop.study(TARGET), path, "presence") == {"serving.mode"}


def test_the_key_of_a_map_decides_where_it_is_written(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    path = ("spec", "predictor", "tolerations", "[key=nvidia.com/gpu]", "key")
    effects = [effect for effect in study.effects_on(SERVICE, path) if effect.on(SERVICE, path)]
    assert [(effect.cause.kind, effect.cause.path[-1]) for effect in effects] == [("key", "nvidia.com/gpu")]


def test_the_parameters_that_choose_an_entry(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    assert [leaf.path for leaf in study.choosers(("accelerators", "h100-sxm", "cpuPerGpu"))] == [
        ("cluster", "pools", "h100", "accelerator"),
        ("serving", "pool"),
    ]
    assert [leaf.path for leaf in study.choosers(("runtimes", "vllm", "image", "tag"))] == [
        ("serving", "runtime")
    ]
    assert study.choosers(("serving", "mode")) == []


def test_the_entries_that_a_parameter_chooses(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    found = {".".join(leaf.path): study.chosen(leaf) for leaf in study.every_leaf}
    assert {key: entries for key, entries in found.items() if entries} == {
        "cluster.pools.h100.accelerator": [("accelerators", "h100-sxm")],
        "serving.pool": [("cluster", "pools", "h100")],
        "serving.runtime": [("runtimes", "vllm")],
    }


def test_effects_on_one_field_are_those_of_the_whole(workshop: Workshop) -> None:
    whole, single = StackStudy(TARGET, workshop.rendered(TARGET)), workshop.study(TARGET)
    every = [
        (effect, file, one)
        for component in trial.STACK_COMPONENTS
        for effect in whole.effects(component)
        for file, one in effect.differences
    ]
    for effect, file, one in sample(every, 25):
        found = [other for other in single.effects_on(file, one.path) if other.cause == effect.cause]
        assert found, (effect.cause.path, file, one)
        influence, expected = found[0].on(file, one.path), effect.on(file, one.path)
        assert influence is not None
        assert expected is not None
        assert influence.kind == expected.kind


@pytest.mark.slow
def test_what_is_not_read_has_no_effect(workshop: Workshop) -> None:
    for target in stacks(workshop):
        study = workshop.study(target)
        read = {
            (leaf.path, leaf.kind) for component in trial.STACK_COMPONENTS for leaf in study.leaves(component)
        }
        for leaf in study.every_leaf:
            if (leaf.path, leaf.kind) not in read:
                assert not study.effect(leaf, None).differences, (target, leaf.path)


def test_other_values_are_found_for_nearly_every_parameter(workshop: Workshop) -> None:
    """A parameter that cannot be tried cannot be found."""
    hopeless = {"overrides", "gateway.shared", "serving.storage.claim.create", "cluster.provided"}
    for target in ("eu-h100.llama-70b", "edge-cpu.llama-3b-ollama", "us-h200.llama-70b"):
        study = workshop.study(target)
        values = [leaf for leaf in study.every_leaf if leaf.kind == "value"]
        untried = {".".join(leaf.path) for leaf in values if not study.effect(leaf, None).tried}
        beside_equal = {name for name in untried if name.endswith(".tolerations.nvidia.com/gpu.value")}
        assert untried - beside_equal <= hopeless, target


def test_changes_leave_the_parameters_as_they_are(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    before = repr(study.own)
    for leaf in sample(study.every_leaf, 60):
        for other in study.alternatives(leaf):
            changed(study.own, leaf, other, study.maps)
    assert repr(study.own) == before


def test_a_reference_to_an_entry_follows_its_new_name(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    leaf = next(leaf for leaf in study.every_leaf if leaf.path == ("serving", "runtime"))
    found = changed(study.own, leaf, Set("vllm-x"), study.maps)
    assert found["runtimes"]["vllm-x"] == study.own["runtimes"]["vllm"]
    assert "vllm-x" not in found["cluster"]["runtimes"]


def test_alternatives_of_a_key_rename_and_remove_it(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    leaf = next(leaf for leaf in study.every_leaf if leaf.kind == "key" and leaf.path[-1] == "keda")
    others = study.alternatives(leaf)
    assert others == [Rename("keda-x"), Rename("kedax"), Remove()]
    assert "keda" not in changed(study.own, leaf, Remove(), study.maps)["cluster"]["versions"]
    assert "keda-x" in changed(study.own, leaf, Rename("keda-x"), study.maps)["cluster"]["versions"]


def test_a_derived_value_is_put_back(workshop: Workshop) -> None:
    study = workshop.study(TARGET)
    values = derived.values(study.stack)
    for one, value in values.items():
        with derived.replaced(one, one.different(value)[0]):
            assert one.of(Stack("x", study.stack.params)) == one.different(value)[0]
    assert derived.values(study.fresh()) == values


def test_every_derived_value_says_its_formula() -> None:
    for one in derived.derived():
        assert one.formula, one.name
        assert one.place.line, one.name
