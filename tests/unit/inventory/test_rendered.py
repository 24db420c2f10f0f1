from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from components.inventory.origin import Origins, UnknownTarget
from components.inventory.rendered import RenderError, render
from tests.unit.inventory.trees import TARGET, TARGET_FILE, write

FILES = {
    TARGET_FILE: "classes: [base]\nparameters: {name: '${_reclass_:name:full}'}",
    "targets/lab/qwen3.yml": "classes: [base]\nparameters: {replicas: 2}",
    "classes/base.yml": "parameters: {replicas: 1, kapitan: {vars: {target: '${_reclass_:name:full}'}}}",
}


def test_all_targets(tmp_path: Path) -> None:
    rendered = render(write(tmp_path, FILES))
    assert list(rendered) == [TARGET, "lab.qwen3"]
    assert rendered["lab.qwen3"]["replicas"] == 2
    assert rendered[TARGET]["name"] == TARGET
    assert rendered[TARGET]["_reclass_"]["name"] == {
        "full": "lab.llama",
        "parts": ["lab", "llama"],
        "path": "lab/llama",
        "short": "llama",
    }


def test_some_are_the_same_as_among_all(tmp_path: Path) -> None:
    root = write(tmp_path, FILES)
    assert render(root, [TARGET]) == {TARGET: render(root)[TARGET]}


def test_some_do_not_need_the_others(tmp_path: Path) -> None:
    root = write(tmp_path, {**FILES, "targets/lab/broken.yml": "parameters: [\n"})
    assert list(render(root, ["lab.qwen3"])) == ["lab.qwen3"]
    with pytest.raises(RenderError, match=r"inventory/targets/lab/broken.yml:2:1"):
        render(root)


def test_an_unknown_target(tmp_path: Path) -> None:
    with pytest.raises(UnknownTarget, match=r"did you mean `lab\.qwen3`\?"):
        render(write(tmp_path, FILES), ["lab.qwen"])


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (
            {TARGET_FILE: "parameters: {a: '${b}'}"},
            f"inventory/{TARGET_FILE}:1:17: reference `${{b}}`: no key `b`",
        ),
        ({TARGET_FILE: "classes: [b]"}, f"inventory/{TARGET_FILE}:1:11: unknown class `b`"),
        ({TARGET_FILE: "parameters: {a: !x 1}"}, f"inventory/{TARGET_FILE}:1:17: tag `!x`"),
        ({TARGET_FILE: "parameters: {=a: 1, a: 2}"}, f"inventory/{TARGET_FILE}:1:21: duplicate key `a`"),
        (
            {
                TARGET_FILE: "classes: [base]\nparameters: {replicas: {}}",
                "classes/base.yml": FILES["classes/base.yml"],
            },
            f"inventory/{TARGET_FILE}:2:14: `replicas` is a mapping here and a number in inventory/classes/base.yml",
        ),
        ({"targets/lab/a.yml": "", "targets/lab/a.yaml": ""}, "inventory/targets/lab/a.yml: `lab.a` is also"),
    ],
)
def test_an_error_names_the_file(tmp_path: Path, files: dict[str, str], line: str) -> None:
    with pytest.raises(RenderError) as error:
        render(write(tmp_path, files))
    assert str(error.value).startswith(line)


def test_the_config_of_reclass_counts_as_for_kapitan(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            **FILES,
            "reclass-config.yml": "class_mappings: ['* more']\n",
            "classes/more.yml": "parameters: {m: 1}",
        },
    )
    assert render(root)[TARGET]["m"] == 1
    (root / "reclass-config.yml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(RenderError, match=r"inventory/reclass-config.yml: not a mapping"):
        render(root)


def test_what_kapitan_renders(tmp_path: Path) -> None:
    """The same parameters as `kapitan inventory`, which adds its own defaults below `kapitan`."""
    root = write(tmp_path, FILES)
    code = (
        "import json, sys; from kapitan.inventory.backends.reclass_rs import ReclassRsInventory as Inventory; "
        "inventory = Inventory(sys.argv[1], compose_target_name=True).inventory; "
        "print(json.dumps({name: target['parameters'] for name, target in inventory.items()}))"
    )
    command = [sys.executable, "-c", code, str(root)]
    run = subprocess.run(command, capture_output=True, check=True, text=True, cwd=tmp_path)
    theirs = json.loads(run.stdout)
    ours = render(root)
    for name, parameters in ours.items():
        assert {key: theirs[name][key] for key in parameters if key != "kapitan"} == {
            key: value for key, value in parameters.items() if key != "kapitan"
        }
        assert theirs[name]["kapitan"]["vars"]["target"] == parameters["kapitan"]["vars"]["target"]


def test_the_committed_inventory_is_evaluated_as_reclass_rs_renders_it() -> None:
    inventory = Path(__file__).parents[3] / "inventory"
    origins = Origins(inventory)
    for name, parameters in render(inventory).items():
        assert origins.value(name) == parameters
