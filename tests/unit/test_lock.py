"""The lock files: complete, hashed, of one mind, and installable from any index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("run", "test")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


def text(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(text(lock))}


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def declared(*extras: str) -> list[Requirement]:
    table = project()["project"]
    lines = [
        *table["dependencies"],
        *(line for extra in extras for line in table["optional-dependencies"][extra]),
    ]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_no_index_host_or_path_is_named(lock: str) -> None:
    for line in text(lock).splitlines():
        assert "://" not in line
        assert " @ " not in line
        assert not line.lstrip().startswith(("-", "file:")) or line.lstrip().startswith("--hash=")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^ *#.*\n", "", text(lock), flags=re.MULTILINE).strip())

    assert len(entries) == len(pins(lock)) > 50
    for entry in entries:
        assert PIN.match(entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_tests_run_against_what_is_run() -> None:
    assert pins("run").items() <= pins("test").items()


@pytest.mark.parametrize(("lock", "extras"), [("run", ["build"]), ("test", ["build", "dev"])])
def test_the_pins_are_what_the_project_asks_for(lock: str, extras: list[str]) -> None:
    locked = pins(lock)
    for requirement in declared(*extras):
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_no_test_tool_is_installed_to_run() -> None:
    tools = {
        canonicalize_name(Requirement(line).name)
        for line in project()["project"]["optional-dependencies"]["dev"]
    }

    assert tools & pins("run").keys() <= {"yamllint"}  # Kapitan brings it


def test_kapitan_is_of_one_version_everywhere() -> None:
    settings = (ROOT / ".kapitan").read_text(encoding="utf-8")

    assert f"version: {pins('run')['kapitan']}\n" in settings


def test_python_is_of_one_range_everywhere() -> None:
    finder = (ROOT / "scripts/find-python.sh").read_text(encoding="utf-8")
    low, high = re.findall(r"\((3), (\d+)\)", finder)

    assert project()["project"]["requires-python"] == f">={'.'.join(low)},<{'.'.join(high)}"
    assert project()["tool"]["mypy"]["python_version"] == ".".join(low)
