from __future__ import annotations

import re

import pytest

from scripts.explain import as_json, as_text
from scripts.explain.answer import LineAnswer
from scripts.explain.fields import explain_field
from scripts.explain.hits import hits, span_at
from scripts.explain.keyed import keyed, shown
from scripts.explain.lines import explain_line
from scripts.explain.reach import Touch, touches
from scripts.explain.workshop import Workshop
from scripts.project import MisuseError, Project
from tests.unit.explain.fleet import fields_of, sample, stacks

MODEL = "inventory/classes/models/llama-3-3-70b-instruct.yml"
CLUSTER = "inventory/classes/clusters/eu-h100.yml"
TARGET = "inventory/targets/eu-h100/llama-70b.yml"


def line_with(workshop: Workshop, file: str, text: str) -> int:
    rows = (workshop.project.root / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, row in enumerate(rows, 1) if text in row)


def ask(workshop: Workshop, file: str, text: str) -> LineAnswer:
    return explain_line(workshop, file, line_with(workshop, file, text))


def reached(answer: LineAnswer) -> dict[str, tuple[str, int]]:
    return {f"{one.kind} {one.name} {one.field}": (one.how, len(one.targets)) for one in answer.fields}


def test_a_line_of_a_model_reaches_its_stacks_and_their_proxies(workshop: Workshop) -> None:
    answer = ask(workshop, MODEL, "maxContext:")
    assert answer.key == "model.maxContext"
    assert answer.targets == ("eu-h100.llama-70b", "us-h200.llama-70b")
    found = reached(answer)
    assert found["InferenceService <stack> spec.predictor.model.args[--max-model-len]"] == ("value", 2)
    proxy = "ConfigMap infra-litellm-proxy-config data.config.yaml|model_list[model_name=<stack>]"
    assert found[f"{proxy}.model_info.max_input_tokens"] == ("value", 2)


def test_a_line_of_a_target_reaches_everything_that_is_computed_from_it(workshop: Workshop) -> None:
    found = reached(ask(workshop, TARGET, "tensorParallelSize:"))
    for field in (
        "args[--tensor-parallel-size]",
        "resources.requests.memory",
        "resources.limits.nvidia.com/gpu",
    ):
        assert found[f"InferenceService <stack> spec.predictor.model.{field}"] == ("value", 1)
    assert any("inference_gpus_per_replica" in one for one in found)


def test_a_line_that_is_overridden_says_where_and_by_what(workshop: Workshop) -> None:
    answer = ask(workshop, "inventory/classes/gateways/envoy-extension-policy.yml", "wiring:")
    lost = [use for use in answer.uses if not use.active]
    assert [use.target for use in lost] == ["lab-l4.gpt-oss-20b"]
    assert lost[0].overridden_by is not None
    assert lost[0].overridden_by.place.file == "inventory/classes/gateways/agentgateway.yml"
    assert "has no effect in 1 target, where it is overridden" in as_text.write(answer)


def test_null_says_what_it_keeps_out(workshop: Workshop) -> None:
    answer = ask(workshop, "inventory/classes/clusters/gke-l4.yml", "nvidia.com/gpu.product: null")
    assert reached(answer) == {
        "InferenceService <stack> spec.predictor.nodeSelector.nvidia.com/gpu.product": ("absence", 2)
    }


@pytest.mark.parametrize(
    ("file", "before", "now", "objects", "fields"),
    [
        (
            "inventory/targets/lab-l4/gemma-3-27b-q4.yml",
            "      enabled: false",
            "      enabled: false",
            {"InferencePool <stack>", "EnvoyExtensionPolicy <stack>-inference-gateway-epp"},
            {"BackendTrafficPolicy <stack> spec.loadBalancer.endpointOverride"},
        ),
        (
            "inventory/classes/clusters/edge-cpu.yml",
            "    runtimes:",
            "    monitoring: {enabled: false}\n    runtimes:",
            {"PrometheusRule inference-alerts", "PodMonitor <stack>", "Application <cluster>-monitoring"},
            {
                "ConfigMap infra-litellm-proxy-config data.config.yaml|litellm_settings.callbacks",
                "AppProject inference-<cluster> spec.destinations[namespace=monitoring]",
            },
        ),
    ],
)
def test_false_says_what_it_keeps_out(
    project: Project, file: str, before: str, now: str, objects: set[str], fields: set[str]
) -> None:
    path = project.root / file
    path.write_text(path.read_text(encoding="utf-8").replace(before, now), encoding="utf-8")
    answer = ask(Workshop(project), file, "enabled: false")
    gone = [one for one in answer.fields if one.how == "absence"]
    assert {f"{one.kind} {one.name}" for one in gone if not one.field} >= objects
    assert {f"{one.kind} {one.name} {one.field}" for one in gone if one.field} >= fields
    whole = {(one.kind, one.name) for one in gone if not one.field}
    assert not [one for one in gone if one.field and (one.kind, one.name) in whole]
    count = sum(one.count for one in gone if not one.field)
    assert f"\nkeeps out {count} objects\n" in as_text.write(answer)


def test_a_choice_says_which_objects_another_one_would_bring(workshop: Workshop) -> None:
    found = reached(ask(workshop, "inventory/classes/gateways/agentgateway.yml", "wiring:"))
    assert found["EnvoyProxy <stack>-inference-gateway "] == ("absence", 1)
    assert not [one for one, (how, _) in found.items() if how == "absence" and not one.endswith(" ")]


def test_null_in_an_override_says_what_it_removes(project: Project) -> None:
    with (project.root / TARGET).open("a", encoding="utf-8") as file:
        file.write("  overrides: {InferenceService: {llama-70b: {spec: {predictor:\n")
        file.write("    {minReplicas: null}}}}}\n")
    answer = ask(Workshop(project), TARGET, "{minReplicas: null}")
    assert reached(answer) == {"InferenceService <stack> spec.predictor.minReplicas": ("absence", 1)}


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("parameters:", "<<<<<<< ours\nparameters:", "could not find expected ':'"),
        ("stacks.stack", "stacks.stak", "unknown class `stacks.stak`. did you mean `stacks.stack`?"),
        ("serving:", "serving: &a", "anchor `&a`: it hides where a value comes from"),
        ("  serving:", "  overrides: ${nothing}\n  serving:", "reference `${nothing}`: no key `nothing`"),
    ],
)
def test_targets_that_cannot_be_read_are_named(project: Project, before: str, now: str, said: str) -> None:
    broken = project.inventory / "targets/us-h200/llama-70b.yml"
    broken.write_text(broken.read_text(encoding="utf-8").replace(before, now, 1), encoding="utf-8")
    answer = ask(Workshop(project), MODEL, "maxContext:")
    assert answer.targets == ("eu-h100.llama-70b",)
    assert [one.targets for one in answer.unread] == [("us-h200.llama-70b",)]
    told = as_text.write(answer)
    assert "1 target cannot be read" in told
    assert f"  {answer.unread[0].place}: {said}" in told
    assert answer.unread[0].place.file == "inventory/targets/us-h200/llama-70b.yml"
    assert answer.unread[0].place.line
    elsewhere = ask(Workshop(project), "inventory/classes/runtimes/llamacpp.yml", "version:")
    assert bool(elsewhere.unread) == ("<<<" in now)


def test_a_cluster_without_its_own_target_is_said_not_to_be_looked_at(project: Project) -> None:
    (project.inventory / "targets/us-h200/cluster.yml").unlink()
    answer = ask(Workshop(project), MODEL, "maxContext:")
    assert answer.without_own == ("us-h200",)
    said = "objects of cluster us-h200 itself are not looked at: it has no cluster.yml\n"
    assert said in as_text.write(answer)


def test_the_place_of_a_line_has_the_column_of_its_value(workshop: Workshop) -> None:
    answer = ask(workshop, TARGET, "tensorParallelSize:")
    row = (workshop.project.root / TARGET).read_text(encoding="utf-8").splitlines()[answer.place.line - 1]
    assert row[answer.place.column - 1 :] == "4"
    opened = ask(workshop, TARGET, "  serving:")
    assert opened.place.column == 3


def test_a_line_that_opens_a_map_stands_for_all_that_it_holds(workshop: Workshop) -> None:
    whole, part = ask(workshop, TARGET, "  serving:"), ask(workshop, TARGET, "maxReplicas:")
    assert set(reached(part)) < set(reached(whole))


@pytest.mark.parametrize(
    ("file", "text", "entry", "home"),
    [
        (TARGET, "pool: h100", "cluster.pools.h100", CLUSTER),
        (
            CLUSTER,
            "accelerator: h100-sxm",
            "accelerators.h100-sxm",
            "inventory/classes/accelerators/h100-sxm.yml",
        ),
    ],
)
def test_a_name_says_which_entry_it_chooses(
    workshop: Workshop, file: str, text: str, entry: str, home: str
) -> None:
    answer = ask(workshop, file, text)
    assert [(one.key, one.entry) for one in answer.chooses] == [(answer.key, entry)]
    assert answer.chooses[0].targets == tuple(one for one in answer.targets if not workshop.is_cluster(one))
    place = answer.chooses[0].places[-1]
    assert place.file == home
    opened = explain_line(workshop, place.file, place.line)
    assert opened.key == entry
    assert opened.fields
    told = as_text.write(answer)
    assert f"chooses\n  {entry}  {place}\n" in told
    assert "no compiled field was found that follows the name itself; ask for the lines of what" in told


def test_a_line_for_which_nothing_was_found_says_what_was_not_looked_at(workshop: Workshop) -> None:
    told = as_text.write(ask(workshop, CLUSTER, "externalSecrets:"))
    assert told.endswith("no compiled field was found that it reaches\nrunbooks and docs are not looked at\n")


def test_the_line_that_opens_the_parameters_has_a_name(workshop: Workshop) -> None:
    told = as_text.write(ask(workshop, TARGET, "parameters:")).splitlines()[0]
    assert told.endswith("  parameters = {serving, litellm, monitoring}")


def test_an_include_names_its_targets(workshop: Workshop) -> None:
    answer = ask(workshop, "inventory/classes/clusters/eu-h100.yml", "- environments.prod")
    assert answer.includes == "environments.prod"
    assert "eu-h100.llama-70b" in answer.targets
    assert "lab-l4.llama-8b" not in answer.targets
    assert answer.fields == ()


def test_the_line_that_opens_the_classes_has_the_targets_of_all(workshop: Workshop) -> None:
    answer = ask(workshop, TARGET, "classes:")
    assert answer.targets == ("eu-h100.llama-70b",)
    assert answer.includes == "clusters.eu-h100, stacks.stack, models.llama-3-3-70b-instruct"


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        (TARGET, 1, "holds no value"),
        (TARGET, 999, "the file has 22 lines"),
        ("inventory/classes/models/nothing.yml", 3, "no class and no target"),
    ],
)
def test_a_line_without_a_value_is_refused(workshop: Workshop, file: str, line: int, said: str) -> None:
    with pytest.raises(MisuseError) as error:
        explain_line(workshop, file, line)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("  model:\n    ~args: {vllm: {max-num-seqs: 64}}\n", "~args:"),
        ("  model:\n    args:\n      ~vllm:\n        max-num-seqs: 64\n", "~vllm:"),
    ],
    ids=["on one line", "on several"],
)
def test_a_map_that_replaces_another_says_which_flags_it_takes_out(
    project: Project, written: str, text: str
) -> None:
    with (project.root / TARGET).open("a", encoding="utf-8") as file:
        file.write(written)
    workshop = Workshop(project)
    found = reached(ask(workshop, TARGET, text))
    flags = {
        field.partition("args")[2]: how for field, (how, _) in found.items() if "spec.predictor" in field
    }
    assert flags == {
        "[--max-num-seqs]": "value",
        "[--enable-auto-tool-choice]": "absence",
        "[--tool-call-parser]": "absence",
    }
    if "\n        max-num-seqs" in written:  # the flag itself takes nothing out
        below = reached(ask(workshop, TARGET, "        max-num-seqs"))
        assert {how for how, _ in below.values()} == {"value"}


def test_a_map_that_replaces_another_says_what_the_cluster_misses(project: Project) -> None:
    path = project.root / TARGET
    path.write_text(path.read_text(encoding="utf-8").replace("    fallbacks:", "    ~fallbacks:"))
    own = project.root / MODEL
    with own.open("a", encoding="utf-8") as file:
        file.write("  litellm:\n    fallbacks:\n      qwen3-30b-a3b: 3\n")
    answer = ask(Workshop(project), TARGET, "~fallbacks:")
    fallback = (
        "ConfigMap infra-litellm-proxy-config data.config.yaml|router_settings.fallbacks[<stack>].<stack>"
    )
    gone = [one for one in answer.fields if one.how == "absence"]
    assert f"{fallback}[<stack>]" in {f"{one.kind} {one.name} {one.field}" for one in gone}
    assert {one.targets for one in gone} == {("eu-h100.cluster",)}


def test_a_line_below_a_replaced_map_has_no_effect(project: Project) -> None:
    with (project.root / TARGET).open("a", encoding="utf-8") as file:
        file.write("  model:\n    ~args: {}\n")
    answer = ask(Workshop(project), MODEL, "tool-call-parser:")
    assert {use.target: use.active for use in answer.uses} == {
        "eu-h100.llama-70b": False,
        "us-h200.llama-70b": True,
    }


def test_an_item_of_a_list_reaches_its_own_field(project: Project) -> None:
    with (project.root / TARGET).open("a", encoding="utf-8") as file:
        file.write("  model:\n    args:\n      vllm:\n        middleware:\n")
        file.write('          - one.two\n          - "${model:licence}"\n')
    workshop = Workshop(project)
    pods = "InferenceService <stack> spec.predictor.model.args"
    assert set(reached(ask(workshop, TARGET, "- one.two"))) == {f"{pods}[one.two]"}
    assert set(reached(ask(workshop, TARGET, "${model:licence}"))) == {f"{pods}[llama3.3]"}


def test_a_referenced_value_reaches_through_the_reference(project: Project) -> None:
    path = project.root / TARGET
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("maxReplicas: 4", "maxReplicas: ${serving:tensorParallelSize}"), encoding="utf-8"
    )
    workshop = Workshop(project)
    answer = ask(workshop, TARGET, "tensorParallelSize: 4")
    assert {use.key for use in answer.uses} == {"serving.tensorParallelSize", "serving.maxReplicas"}
    assert "InferenceService <stack> spec.predictor.maxReplicas" in reached(answer)
    file = "compiled/eu-h100/llama-70b/model-service/inferenceservice-llama-70b.yaml"
    back = explain_field(workshop, file, "spec.predictor.maxReplicas")
    source = next(one.parameter for one in back.values if one.parameter.key == "serving.maxReplicas")
    assert source.winner is not None
    assert [one.path for one in source.winner.references] == ["serving:tensorParallelSize"]
    assert "by ${serving:tensorParallelSize} of" in as_text.write(back)


def in_stacks(workshop: Workshop, file: str, line: int) -> list[Touch]:
    span = span_at(workshop.origins.inventory, file, line)
    found = [hit for hit in hits(workshop.origins, span) if not workshop.is_cluster(hit.target)]
    return [touch for touch in touches(workshop, span, found) if not workshop.is_cluster(touch.target)]


def test_what_a_field_comes_from_reaches_it(workshop: Workshop) -> None:
    """Forward, then back: each line that an explanation names lists the field."""
    every = [found for target in stacks(workshop) for found in fields_of(workshop, target)]
    tried = 0
    for file, path in sample(every, 20, seed=11):
        answer = explain_field(workshop, file, shown(path))
        for source in (*answer.values, *answer.presence)[:2]:
            winner = source.parameter.winner
            if winner is None or not winner.place.line:
                continue
            inner = file.split("/", 3)[3]
            manifest = workshop.study(answer.target).objects[inner]
            key = keyed(manifest, path)
            found = [
                touch
                for touch in in_stacks(workshop, winner.place.file, winner.place.line)
                if (touch.target, touch.file) == (answer.target, inner)
                and key[: len(touch.path)] == touch.path
            ]
            assert found, (file, shown(path), str(winner.place))
            tried += 1
    assert tried > 8


def test_what_a_line_reaches_comes_from_it(workshop: Workshop) -> None:
    """Back, then forward: each field that a line lists names the line."""
    files = sorted((workshop.project.inventory).rglob("*.yml"))
    lines = [
        (path.relative_to(workshop.project.root).as_posix(), number)
        for path in files
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.match(r"\s+\S+: \S", row)
    ]
    tried = 0
    for file, line in sample(lines, 30, seed=5):
        for touch in sample(in_stacks(workshop, file, line), 2):
            if touch.how == "absence":
                continue
            compiled = f"compiled/{touch.target.replace('.', '/')}/{touch.file}"
            answer = explain_field(workshop, compiled, shown(touch.path) or "kind")
            sources = (*answer.values, *answer.presence, *answer.unset)
            places = {
                (one.place.file, one.place.line) for source in sources for one in source.parameter.lines
            }
            assert (file, line) in places, (file, line, compiled, shown(touch.path))
            tried += 1
    assert tried > 15


@pytest.mark.slow
def test_the_directions_agree_for_the_clusters_own_targets(workshop: Workshop) -> None:
    tried = 0
    for text in ("maxContext:", "name: meta-llama"):
        line = line_with(workshop, MODEL, text)
        span = span_at(workshop.origins.inventory, MODEL, line)
        found = list(touches(workshop, span, list(hits(workshop.origins, span))))
        for touch in [one for one in found if workshop.is_cluster(one.target)][:6]:
            compiled = f"compiled/{touch.target.replace('.', '/')}/{touch.file}"
            answer = explain_field(workshop, compiled, shown(touch.path))
            places = {
                (one.place.file, one.place.line) for source in answer.values for one in source.parameter.lines
            }
            assert (MODEL, line) in places, (compiled, shown(touch.path))
            tried += 1
    assert tried > 4


def test_json_holds_every_target_and_file(workshop: Workshop) -> None:
    answer = ask(workshop, MODEL, "maxContext:")
    text = as_json.write(answer)
    for one in answer.fields:
        assert all(file in text for file in one.files)
