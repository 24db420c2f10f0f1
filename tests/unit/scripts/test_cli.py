from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from components.common.errors import InferstackError
from scripts import cli
from scripts.project import MisuseError, Project

HEAVY = ("pydantic", "yaml", "jinja2", "jsonschema", "kapitan", "reclass_rs", "kubernetes_validate")


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A verb `try`, for a test to fill in."""
    module = ModuleType("scripts.try", "Try something.")
    monkeypatch.setitem(sys.modules, "scripts.try", module)
    monkeypatch.setitem(cli.VERBS, "try", "try something")

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=1)

    def run(options: argparse.Namespace, project: Project) -> int:
        return int(options.count)

    vars(module).update(arguments=arguments, run=run)
    return module


def failing(error: BaseException) -> object:
    def run(options: argparse.Namespace, project: Project) -> int:
        raise error

    return run


@pytest.mark.parametrize("name", cli.VERBS)
def test_every_verb_is_a_module_that_explains_itself(name: str) -> None:
    module = importlib.import_module(f"scripts.{name}")

    assert callable(module.arguments)
    assert callable(module.run)
    assert module.__doc__
    assert len(module.__doc__.strip()) > 20


def test_help_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["--help"])

    shown = capsys.readouterr().out
    assert exit_.value.code == 0
    for name, what in cli.VERBS.items():
        assert f"  {name}" in shown
        assert what in shown


def test_no_verb_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "verbs:" in capsys.readouterr().out


def test_an_unknown_verb_is_misuse_and_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["gaurd"]) == 2
    assert capsys.readouterr().err == "inferstack: unknown verb 'gaurd'; did you mean 'guard'?\n"


def test_a_verb_gets_its_options_and_gives_the_exit_code(verb: ModuleType) -> None:
    assert cli.main(["try", "--count", "0"]) == 0
    assert cli.main(["try"]) == 1


def test_an_unknown_option_is_misuse(verb: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["try", "--cuont", "0"])

    assert exit_.value.code == 2
    assert "usage: inferstack try" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [(InferstackError("the file is gone"), 1), (MisuseError("the file is gone"), 2)],
    ids=["mistake", "misuse"],
)
def test_a_users_mistake_is_one_line(
    verb: ModuleType, capsys: pytest.CaptureFixture[str], error: InferstackError, code: int
) -> None:
    vars(verb)["run"] = failing(error)

    assert cli.main(["try"]) == code
    assert capsys.readouterr().err == "inferstack: the file is gone\n"


@pytest.mark.parametrize("words", [["--debug", "try"], ["try", "--debug"]], ids=["before", "after"])
def test_debug_shows_the_traceback(
    verb: ModuleType, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    vars(verb)["run"] = failing(InferstackError("the file is gone"))

    assert cli.main(words) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_of_ours_is_told_from_a_mistake(verb: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    vars(verb)["run"] = failing(ZeroDivisionError("division by zero"))

    assert cli.main(["try"]) == 3
    shown = capsys.readouterr().err
    assert "a fault of inferstack, not of your input: ZeroDivisionError: division by zero" in shown
    assert "Traceback" not in shown
    with pytest.raises(ZeroDivisionError):
        cli.main(["try", "--debug"])


def test_an_interrupt_is_no_fault(verb: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    vars(verb)["run"] = failing(KeyboardInterrupt())

    assert cli.main(["try"]) == 130
    assert capsys.readouterr().err == "inferstack: interrupted\n"


def test_the_project_is_found_from_a_folder_below(
    committed: Project, monkeypatch: pytest.MonkeyPatch, verb: ModuleType
) -> None:
    seen: list[Path] = []

    def run(options: argparse.Namespace, project: Project) -> int:
        seen.append(project.root)
        return 0

    vars(verb)["run"] = run
    monkeypatch.chdir(committed.root / "components" / "common")

    assert cli.main(["try"]) == 0
    assert cli.main(["--root", str(committed.root), "try"]) == 0
    assert seen == [committed.root, committed.root]


def test_outside_of_a_project_is_misuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir("/")

    assert cli.main(["try"]) == 2
    assert "run from the project, or name it with --root" in capsys.readouterr().err
    assert cli.main(["try", "--root", str(tmp_path)]) == 2


def test_help_imports_nothing_heavy(committed: Project) -> None:
    code = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from scripts import cli\n"
        "try:\n    cli.main()\nexcept SystemExit: pass\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=committed.root, capture_output=True, text=True, check=True
    )

    assert ran.stderr == "[]\n"
