"""Random edits of a project, as people, editors, crashes and merges make them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from components.common import emit
from scripts.compile.workspace import Workspace
from scripts.project import Project

Edit = Callable[[Project, random.Random], None]


def _stacks(project: Project) -> list[Path]:
    return [path for path in sorted(project.inventory.glob("targets/*/*.yml")) if path.stem != "cluster"]


def _compiled(project: Project) -> list[Path]:
    return sorted(path for path in (project.root / "compiled").rglob("*") if path.is_file())


def _any_inventory_file(project: Project, chance: random.Random) -> Path:
    return chance.choice(sorted(project.inventory.rglob("*.yml")))


def comment(project: Project, chance: random.Random) -> None:
    """A line that changes nothing."""
    path = _any_inventory_file(project, chance)
    path.write_text(f"{path.read_text(encoding='utf-8')}# {chance.random()}\n", encoding="utf-8")


def replicas(project: Project, chance: random.Random) -> None:
    """A number of one stack."""
    path = chance.choice(_stacks(project))
    document = _read(path)
    parameters = document.setdefault("parameters", {})
    parameters.setdefault("serving", {})["maxReplicas"] = chance.randint(1, 3)
    _write(path, document)


def any_value(project: Project, chance: random.Random) -> None:
    """Some value somewhere; often what comes of it is refused."""
    path = _any_inventory_file(project, chance)
    document = _read(path)
    places = list(_places(document.get("parameters", {})))
    if places:
        holder, key = chance.choice(places)
        holder[key] = _other(holder[key], chance)
        _write(path, document)


def new_stack(project: Project, chance: random.Random) -> None:
    """A copy of a stack in a namespace of its own."""
    path = chance.choice(_stacks(project))
    document = _read(path)
    name = f"{path.stem}-{chance.randint(10, 99)}"
    serving = document.setdefault("parameters", {}).setdefault("serving", {})
    serving["namespace"] = name
    serving.pop("name", None)
    _write(path.with_stem(name), document)


def remove_stack(project: Project, chance: random.Random) -> None:
    """One stack less, unless it is the last."""
    stacks = _stacks(project)
    if len(stacks) > 1:
        chance.choice(stacks).unlink()


def remove_cluster(project: Project, chance: random.Random) -> None:
    """One cluster less, unless it is the last."""
    clusters = sorted({path.parent for path in _stacks(project)})
    if len(clusters) > 1:
        shutil.rmtree(chance.choice(clusters))


def unused_class(project: Project, chance: random.Random) -> None:
    """A class that nobody includes."""
    path = project.inventory / f"classes/models/unused-{chance.randint(1, 9)}.yml"
    path.write_text("parameters: {}\n", encoding="utf-8")


def broken_file(project: Project, chance: random.Random) -> None:
    """YAML that is none, in a file of its own."""
    path = project.inventory / "classes/models/broken.yml"
    if path.exists():
        path.unlink()
    else:
        path.write_text("parameters: [\n", encoding="utf-8")


def hand_edit(project: Project, chance: random.Random) -> None:
    """A compiled file that somebody corrected."""
    files = _compiled(project)
    if files:
        path = chance.choice(files)
        path.write_bytes(path.read_bytes() + b"# corrected\n")


def hand_delete(project: Project, chance: random.Random) -> None:
    """A compiled file or folder that somebody deleted."""
    files = _compiled(project)
    if files:
        path = chance.choice(files)
        path.unlink() if chance.random() < 0.7 else shutil.rmtree(path.parent)


def stray(project: Project, chance: random.Random) -> None:
    """A file that nobody compiled."""
    files = _compiled(project)
    folder = chance.choice(files).parent if files else project.root / "compiled"
    for _ in range(chance.randint(0, 3)):
        folder = folder.parent if folder != project.root / "compiled" else folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"stray-{chance.randint(0, 9)}"
    if path.exists():
        return
    if chance.random() < 0.3:
        path.symlink_to("/etc/hostname")
    elif chance.random() < 0.3:
        (path / "a" / "b").mkdir(parents=True)
        (path / "a" / "b" / "c.yaml").touch()
    else:
        path.touch()


def touch(project: Project, chance: random.Random) -> None:
    """New times, as after a checkout."""
    for path in [*_compiled(project), *project.inventory.rglob("*.yml")]:
        if chance.random() < 0.5:
            path.touch()


def lose_state(project: Project, chance: random.Random) -> None:
    """A state that is gone, torn, or garbage."""
    state = Workspace(project.root).state
    if state.exists():
        content = state.read_bytes()
        kind = chance.randrange(3)
        if kind == 0:
            state.unlink()
        elif kind == 1:
            state.write_bytes(content[: chance.randrange(len(content))])
        else:
            where = chance.randrange(len(content))
            state.write_bytes(content[:where] + bytes([content[where] ^ 1]) + content[where + 1 :])


def old_state(project: Project, chance: random.Random) -> None:
    """The state of a day long ago; kept the first time, put back the next."""
    state, kept = Workspace(project.root).state, project.root / "kept-state"
    if not state.exists():
        return
    if kept.exists():
        shutil.copy(kept, state)
    else:
        shutil.copy(state, kept)


def leftovers(project: Project, chance: random.Random) -> None:
    """What a run that was killed has left."""
    folder = Workspace(project.root).staging / "candidate" / "project" / "compiled"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "half.yaml").touch()


EDITS: tuple[Edit, ...] = (
    comment,
    replicas,
    any_value,
    new_stack,
    remove_stack,
    remove_cluster,
    unused_class,
    broken_file,
    hand_edit,
    hand_delete,
    stray,
    touch,
    lose_state,
    old_state,
    leftovers,
)


def _read(path: Path) -> dict[str, Any]:
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded if isinstance(loaded, dict) else {}


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(emit.dump(document), encoding="utf-8")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every scalar."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return []
    own = [(value, key) for key, item in items if not isinstance(item, (dict, list))]
    return own + [place for _, item in items for place in _places(item)]


def _other(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 2))
    return f"{value}x"
