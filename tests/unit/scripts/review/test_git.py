"""`inferstack review` in repositories: what it reads, and what it says where there is nothing to read."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.cli import main
from scripts.project import Project
from scripts.review.load import pair
from tests.support import review_cases as support

LLAMA = "inventory/targets/eu/llama-70b.yml"


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(root: Path) -> None:
    """Compile the inventory of a checkout."""
    shutil.rmtree(root / "compiled", ignore_errors=True)
    for path, text in support.compiled(root).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def edit(root: Path, old: str, new: str, file: str = LLAMA) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "fleet"
    shutil.copytree(support.FLEET, root / "inventory")
    (root / ".kapitan").write_text("version: 0.36.3\n", encoding="utf-8")
    write(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=base")
    return root


def review(root: Path, *words: str) -> int:
    return main(["--root", str(root), "review", *words, "--date", "2026-11-24"])


def test_the_working_tree_against_the_main_branch(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    write(repository)
    assert review(repository) == 0
    said = capsys.readouterr().out
    assert f"{LLAMA}:11  serving.maxReplicas: 2 → 3" in said
    assert "the working tree" in said
    assert "note:" not in said


def test_two_revisions(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "switch", "--quiet", "--create", "topic")
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    write(repository)
    git(repository, "commit", "--quiet", "--all", "--message=more")
    edit(repository, "maxReplicas: 3", "maxReplicas: 4")
    assert review(repository, "main", "topic") == 0
    said = capsys.readouterr().out
    assert "serving.maxReplicas: 2 → 3" in said
    assert "does not see them" in said  # the working tree is dirty


def test_the_merge_base_is_the_default(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "switch", "--quiet", "--create", "topic")
    git(repository, "switch", "--quiet", "main")
    edit(repository, "minReplicas: 2", "minReplicas: 3", "inventory/targets/eu/qwen-8b.yml")
    git(repository, "commit", "--quiet", "--all", "--message=main goes on")
    git(repository, "switch", "--quiet", "topic")
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    write(repository)
    assert review(repository) == 0
    said = capsys.readouterr().out
    assert "serving.maxReplicas" in said
    assert "minReplicas" not in said


def test_new_files_count_before_they_are_added(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(repository / LLAMA, repository / "inventory/targets/eu/llama-new.yml")
    write(repository)
    assert review(repository) == 0
    assert "inventory/targets/eu/llama-new.yml  new file" in capsys.readouterr().out


def test_an_edit_that_was_not_compiled(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    assert review(repository) == 0
    said = capsys.readouterr().out
    assert (
        "compiled/ is not what the inventory compiles to (eu/llama-70b, eu/cluster): run `make compile`"
        in said
    )
    assert "look here" in said


def test_an_edit_that_does_not_compile(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository, "qwen-8b: 1", "qwen-9b: 1")
    assert review(repository) == 0
    said = capsys.readouterr().out
    assert f"does not compile, so this review misses what the edits do: {LLAMA}:14" in said
    assert "falls back to 'qwen-9b', which no stack of the cluster serves" in said


def test_a_stack_that_went_without_a_compile(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "inventory/targets/lab/llama-8b.yml").unlink()
    assert review(repository) == 0
    said = capsys.readouterr().out
    assert "compiled/ is not what the inventory compiles to (lab/llama-8b, lab/cluster)" in said


def test_files_of_every_format(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    write(repository)
    files = {name: tmp_path / name for name in ("markdown", "html", "json")}
    words = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    assert review(repository, *words, "--page-url", "https://ci.example.com/1") == 0
    capsys.readouterr()
    assert "(https://ci.example.com/1)" in files["markdown"].read_text(encoding="utf-8")
    assert files["html"].read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert '"severity": "routine"' in files["json"].read_text(encoding="utf-8")


def test_nothing_is_checked_out_and_nothing_left(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    before = git(repository, "status", "--porcelain")
    review(repository, "main", "main")
    capsys.readouterr()
    assert git(repository, "status", "--porcelain") == before
    assert git(repository, "stash", "list") == ""


def test_an_inventory_that_does_not_render_at_the_base(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(repository, "tensorParallelSize: 4", "tensorParallelSize: ${no:such}")
    git(repository, "commit", "--quiet", "--all", "--message=broken")
    edit(repository, "${no:such}", "4")
    assert review(repository) == 0
    said = capsys.readouterr().out
    assert "note: the inventory at main" in said
    assert f"{LLAMA}:10" in said


def test_an_inventory_that_is_no_yaml_at_the_head(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(repository, "serving:", "serving: [")
    assert review(repository) == 0
    said = capsys.readouterr().out
    assert "note: the inventory at the working tree does not render" in said
    assert LLAMA in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense"], "there is no revision 'nonsense'"),
        (["main", "nonsense"], "there is no revision 'nonsense'"),
        (["main..HEAD"], "write the two apart: `inferstack review main HEAD`"),
        (["main...feature"], "write the two apart: `inferstack review main feature`"),
        (["--main", "trunk"], "no main branch (trunk)"),
        (["--page-url", "javascript:alert(1)"], "is no address"),
    ],
)
def test_misuse(repository: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert review(repository, *words) == 2
    found = capsys.readouterr().err
    assert message in found
    assert len(found.splitlines()) == 1


def test_an_address_may_hold_brackets(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository, "  serving:", "  serving: # larger")
    url = "https://ci.example.com/job/review%20(2)/[x]"
    assert review(repository, "--format", "markdown", "--page-url", url, "--source-url", url) == 0
    assert r"(https://ci.example.com/job/review%20\(2\)/[x])" in capsys.readouterr().out


def test_a_shallow_clone(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "commit", "--quiet", "--allow-empty", "--message=second")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", str(clone))
    assert review(clone, first) == 2
    assert "this clone is shallow: `git fetch --unshallow`" in capsys.readouterr().err


def test_a_conflict_marker(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(repository, "  serving:", "<<<<<<< HEAD\n  serving:")
    assert review(repository) == 2
    assert f"{LLAMA}:7: a conflict marker" in capsys.readouterr().err


def test_an_unfinished_merge(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "switch", "--quiet", "--create", "topic")
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    git(repository, "commit", "--quiet", "--all", "--message=three")
    git(repository, "switch", "--quiet", "main")
    edit(repository, "maxReplicas: 2", "maxReplicas: 4")
    git(repository, "commit", "--quiet", "--all", "--message=four")
    subprocess.run(["git", "merge", "topic"], cwd=repository, capture_output=True, check=False)
    assert review(repository) == 2
    assert "is not merged yet" in capsys.readouterr().err
    assert review(repository, "main", "topic") == 0


def test_no_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".kapitan").touch()
    assert review(tmp_path) == 2
    assert "lies in no git repository" in capsys.readouterr().err


def test_no_git(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert review(repository) == 2
    assert "git is not installed" in capsys.readouterr().err


def test_only_what_differs_is_read(repository: Path) -> None:
    edit(repository, "maxReplicas: 2", "maxReplicas: 3")
    write(repository)
    with pair(Project(repository), None, None, ("main",)) as both:
        assert both.inventory == (LLAMA,)
        assert all("/llama-70b/" in path or "/cluster/" in path for path in both.head.texts)
        assert both.affected == {"eu.llama-70b"}
        written = sorted(path.name for path in both.base.inventory.root.rglob("*.yml"))
        assert written == ["llama-70b.yml"]
