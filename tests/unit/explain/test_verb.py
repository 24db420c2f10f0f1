from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.common.errors import InferstackError
from scripts.benchmark.fleet import write_fleet
from scripts.cli import main
from scripts.explain import as_text
from scripts.explain.fields import explain_field
from scripts.explain.keys import explain_key
from scripts.explain.question import answer
from scripts.explain.workshop import Workshop
from scripts.project import Project

ROOT = Path(__file__).resolve().parents[3]
SERVICE = "compiled/eu-h100/llama-70b/model-service/inferenceservice-llama-70b.yaml"
CLUSTER = "inventory/classes/clusters/eu-h100.yml"
MODEL = "inventory/classes/models/llama-3-3-70b-instruct.yml"


def explain(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["--root", str(ROOT), "explain", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    code, out, _ = explain(capsys, *words, "--format", "json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def shape(value: Any) -> set[str]:
    return set(value)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("eu-h100/llama-70b", "serving.tensorParallelSize"), "key"),
        (("eu-h100.llama-70b", "serving.tensorParallelSize"), "key"),
        (("inventory/targets/eu-h100/llama-70b.yml", "serving.tensorParallelSize"), "key"),
        (("eu-h100/llama-70b", "memory"), "key"),
        (("eu-h100/llama-70b",), "key"),
        (("eu-h100/cluster", "cluster.name"), "key"),
        ((f"{SERVICE}:20",), "field"),
        ((f"{SERVICE}:20:3",), "field"),
        ((SERVICE, "spec.predictor.model.args[3]"), "field"),
        ((f"{ROOT}/{SERVICE}", "metadata.name"), "field"),
        ((f"{MODEL}:5",), "line"),
    ],
)
def test_every_form_of_the_question_is_answered(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], kind: str
) -> None:
    assert told(capsys, *words)["kind"] == kind
    assert explain(capsys, *words)[0] == 0


def test_a_path_may_be_given_from_where_one_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / "compiled/eu-h100/llama-70b")
    code, out, _ = explain(capsys, "model-service/inferenceservice-llama-70b.yaml", "metadata.name")
    assert code == 0
    assert out.startswith(SERVICE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("eu-h100/llama-7b", "serving"), "did you mean `eu-h100.llama-70b`?"),
        (("eu-h100/llama-70b", "serving.mod"), "did you mean serving.mode?"),
        ((SERVICE,), "say one line or one field"),
        ((f"{SERVICE}:3", "kind"), "say one line or one field"),
        ((MODEL,), "say a line"),
        ((f"{MODEL}:5", "x"), "is a line already"),
        (("eu-h100/llama-70b:3",), "a line is one of compiled/"),
        ((f"{SERVICE}:abc",), f"{SERVICE}: abc is no line: {SERVICE}:12"),
        ((f"{ROOT}/{MODEL}:abc", "x"), f"{MODEL}: abc is no line: {ROOT}/{MODEL}:12"),
        ((f"{MODEL}:",), f"{MODEL}: nothing is no line: {MODEL}:12"),
        ((SERVICE.rpartition("/")[0], "kind"), "is a folder: name a file in it"),
        ((SERVICE, "spec.\x1b[31m"), "spec has no"),
        (("compiled/\x1b[31m", "x"), "compiled/?[31m: a compiled object is"),
        (("inventory/classes/models/nothing.yml:3",), "no class and no target of the inventory"),
    ],
)
def test_a_question_that_makes_no_sense_is_misuse(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    code, out, err = explain(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert err[:-1].isprintable()


def test_a_broken_inventory_is_told_by_its_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(ROOT / ".kapitan", tmp_path)
    shutil.copytree(ROOT / "inventory", tmp_path / "inventory")
    target = tmp_path / "inventory/targets/eu-h100/llama-70b.yml"
    text = target.read_text(encoding="utf-8")
    target.write_text(text.replace("runtime: vllm", "runtime: ${nothing}"), encoding="utf-8")
    for words in (["eu-h100/llama-70b", "serving.pool"], [SERVICE, "kind"]):
        assert main(["--root", str(tmp_path), "explain", *words]) == 1
        assert "inventory/targets/eu-h100/llama-70b.yml:" in capsys.readouterr().err
    target.write_text(text.replace("runtime: vllm", "runtime: vlm"), encoding="utf-8")
    assert main(["--root", str(tmp_path), "explain", SERVICE, "kind"]) == 1
    assert "inventory/targets/eu-h100/llama-70b.yml:10:14: " in capsys.readouterr().err
    assert main(["--root", str(tmp_path), "explain", "eu-h100/llama-70b", "serving.runtime"]) == 0


PLACE = {"file", "line", "column"}
LINE = {"place", "key", "raw", "operator", "active", "chain", "references"}
PARAMETER = {"target", "key", "state", "value", "lines", "declared", "meaning", "winner", "overridden"}
FORMULA = {"target", "name", "value", "formula", "expression", "place", "inputs", "uses"}
SOURCE = {"parameter", "isKey", "at", "fields", "chosenBy"}


def test_the_json_of_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "lab-l4/gpt-oss-20b", "gateway.wiring")
    assert shape(found) == {"kind", "parameter", "children", "formula"}
    assert shape(found["parameter"]) == PARAMETER
    assert shape(found["parameter"]["lines"][0]) == LINE
    assert shape(found["parameter"]["lines"][0]["place"]) == PLACE
    assert shape(found["parameter"]["lines"][0]["chain"][0]) == {"place", "written"}
    assert found["parameter"]["overridden"] == found["parameter"]["lines"][:1]
    assert found["parameter"]["winner"] == found["parameter"]["lines"][-1]
    assert shape(told(capsys, "eu-h100/llama-70b", "memory")["formula"]) == FORMULA


def test_the_json_of_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, SERVICE, "spec.predictor.model.resources.requests.memory")
    assert shape(found) == {
        *(
            "kind",
            "file",
            "line",
            "object",
            "target",
            "field",
            "key",
            "value",
            "written",
            "isStale",
            "isFixed",
            "problem",
            "refused",
        ),
        *("formulas", "values", "presence", "unset", "stacks", "alike", "author"),
    }
    assert shape(found["values"][0]) == SOURCE
    assert shape(found["values"][0]["parameter"]) == PARAMETER
    assert shape(found["author"]) == {"place", "function", "adds"}


def test_the_json_of_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, f"{MODEL}:5")
    assert shape(found) == {
        "kind",
        "place",
        "key",
        "raw",
        "includes",
        "uses",
        "chooses",
        "fields",
        "unread",
        "withoutOwn",
    }
    assert shape(found["uses"][0]) == {"target", "key", "active", "overriddenBy"}
    assert shape(found["fields"][0]) == {
        *("component", "kind", "name", "field", "how", "count", "targets", "files")
    }
    chooses = told(capsys, f"{CLUSTER}:30")["chooses"]
    assert shape(chooses[0]) == {"key", "entry", "places", "targets"}
    assert shape(chooses[0]["places"][0]) == PLACE


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A fleet of 300 stacks."""
    root = tmp_path_factory.mktemp("fleet")
    shutil.copy(ROOT / ".kapitan", root)
    write_fleet(ROOT / "inventory", root / "inventory", 300)
    return Project(root)


def test_a_value_costs_what_its_own_target_costs(large: Project) -> None:
    """However large the fleet is: only the files of one target are read, of a cluster's field those of the cluster."""
    workshop = Workshop(large)
    target = next(name for name in workshop.targets if name.endswith(".llama-70b-01"))
    explain_key(workshop, target, "serving.tensorParallelSize")
    cluster, _, stack = target.partition(".")
    file = f"compiled/{cluster}/{stack}/model-service/inferenceservice-{stack}.yaml"
    explain_field(workshop, file, "spec.predictor.maxReplicas")
    chain = len(workshop.origins.chain(target).units)
    assert len(workshop.origins.inventory._sources) == chain
    proxy = f"compiled/{cluster}/cluster/litellm/configmap-infra-litellm-proxy-config.yaml"
    explain_field(workshop, proxy, f"data.config.yaml|model_list[model_name={stack}].model_info.id")
    targets = workshop.cluster_targets(cluster)
    units = {unit.name for name in targets for unit in workshop.origins.chain(name).units}
    assert len(workshop.origins.inventory._sources) == len(units)


_WORDS = st.text("abcst[].|:/\x00'\"$~=-01é ", max_size=12)
_STARTS = st.sampled_from(["", "eu-h100/llama-70b", SERVICE, MODEL, "compiled/", "inventory/", "x" * 5000])


@settings(max_examples=60, deadline=None)
@given(_STARTS, _WORDS, st.sampled_from(["", "serving", "spec", "metadata.labels", "data"]), _WORDS)
def test_no_question_ends_in_a_traceback(start: str, rest: str, key: str, more: str) -> None:
    """Whatever is asked: an answer, or one line that says what is wrong."""
    with contextlib.suppress(InferstackError):
        as_text.write(answer(Project(ROOT), f"{start}{rest}", f"{key}{more}"))


def test_the_documented_commands_answer_as_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """Line numbers move with every edit; what is said does not."""
    page = (ROOT / "docs/explain.md").read_text(encoding="utf-8")
    examples = re.findall(r"```\n\$ inferstack explain (.*?)\n(.*?)```", page, re.DOTALL)
    assert len(examples) >= 4
    for command, shown in examples:
        code, out, _ = explain(capsys, *shlex.split(command))
        assert code == 0
        assert _without_places(out) == _without_places(shown)


def _without_places(text: str) -> list[str]:
    return [" ".join(re.sub(r"(:\d+)+", "", row).split()) for row in text.splitlines()]
