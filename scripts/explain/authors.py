"""Which function wrote a field: found by watching a compile, not by guessing.

Every map and list that a function of ``components/`` returns is remembered with the function; the innermost one on the
way to a field tells who made it. A line inside the function is named only where one literal key alone can be meant.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from components.common import documents, emit, labels, place, waves
from scripts.explain import papers
from scripts.explain.declared import ROOT, Place, shown_file
from scripts.explain.derived import function_at
from scripts.explain.keyed import EMBEDDED, Steps, at

_COMPONENTS = f"{ROOT / 'components'}/"
_SEAMS = tuple(f"{ROOT / path}" for path in ("components/common/place.py", "components/compile/trial.py"))
_JSONNET = f"{ROOT / 'components/monitoring/mixin.py'}"
MIXIN = "components/monitoring"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a field."""

    place: Place
    """Its line where it is certain, else that of the function; the folder alone for Jsonnet."""
    function: str
    """``inference_service()``; empty for Jsonnet."""
    adds: str = ""
    """What is added to every object: ``label``, ``sync wave``, ``namespace``; ``override`` where one has it; else
    empty."""


class Authors:
    """Who made the objects of one compile."""

    def __init__(self, compile_: Callable[[], Mapping[str, dict[str, Any]]]) -> None:
        """Watches ``compile_``, which returns the objects by file."""
        self._kept: list[Any] = []
        self._made: dict[int, CodeType] = {}
        self._texts: dict[str, Any] = {}
        self._writers: dict[str, Author] = {}
        self._objects: list[dict[str, Any]] = []
        previous = sys.getprofile()
        sys.setprofile(self._watch)
        try:
            self._files = compile_()
        finally:
            sys.setprofile(previous)

    def _watch(self, frame: FrameType, event: str, result: Any) -> None:
        code = frame.f_code
        if event != "return" or not code.co_filename.startswith(_COMPONENTS) or code.co_filename in _SEAMS:
            return
        if code.co_name.startswith("<"):  # newer versions of Python call no function for a comprehension
            return
        if code is emit.dump.__code__:
            self._texts[result] = frame.f_locals["data"]
        if isinstance(result, str) and "\n" in result and result not in self._writers:
            is_template = code is documents.render.__code__
            self._writers[result] = (
                _template(frame.f_locals["template"]) if is_template else _function(code, "")
            )
        if isinstance(result, dict | list) and id(result) not in self._made:
            self._kept.append(result)
            self._made[id(result)] = code
            if isinstance(result, dict) and "kind" in result and "metadata" in result:
                self._objects.append(result)

    def of(self, file: str, path: Steps) -> Author | None:
        """Who wrote a field of an object; None for an object that is not among them."""
        placed = self._files.get(file)
        if placed is not None and placed["kind"] == papers.KIND:
            return self._writers.get("\n".join(placed[papers.LINES]))
        built = self._built(placed) if placed is not None else None
        if built is None:
            return None
        value, code, maker, keys = self._walk(built, path)
        if value is None:  # by place, or by an override
            return _added(path) if path[:1] == ("metadata",) and _is_there(placed, path) else None
        if code.co_filename == _JSONNET:
            return Author(Place(MIXIN), "")
        line = _line(code, keys)
        if line is None and (other := self._spread(maker, keys)) is not None:
            code, line = other, _line(other, keys)
        return Author(
            Place(shown_file(code.co_filename), line or function_at(code).lineno), f"{code.co_name}()"
        )

    def _spread(self, made: dict[str, Any] | list[Any], keys: Steps) -> CodeType | None:
        """The one function whose map went into the one that was ``made``, with what lies below its first key."""
        if not keys or not isinstance(made, dict) or not isinstance(keys[0], str):
            return None
        part = made[keys[0]]
        is_part = isinstance(part, dict | list)
        if not is_part and keys[0] in _literal_keys(self._made[id(made)]):
            return None
        makers = {
            self._made[id(one)]
            for one in self._kept
            if isinstance(one, dict)
            and one is not made
            and keys[0] in one
            and (one[keys[0]] is part if is_part else one[keys[0]] == part)
            and (is_part or _line(self._made[id(one)], keys))
        }
        return makers.pop() if len(makers) == 1 else None

    def _built(self, placed: dict[str, Any]) -> dict[str, Any] | None:
        """The object as its builder returned it: it shares its parts with the placed one."""
        for one in self._objects:
            if one["kind"] == placed["kind"] and one["metadata"].get("name") == placed["metadata"]["name"]:
                parts = [
                    key for key, part in one.items() if key != "metadata" and isinstance(part, dict | list)
                ]
                if all(one[key] is placed.get(key) for key in parts):
                    return one
        return None

    def _walk(self, value: Any, path: Steps) -> tuple[Any, CodeType, Any, Steps]:
        """The value at a path as built; the innermost known maker on the way, what it made, and the steps below."""
        code, made, since = self._made[id(value)], value, 0
        for index, step in enumerate(path):
            if step == EMBEDDED:
                value = self._texts.get(value)
            elif isinstance(value, dict):
                value = value.get(str(step))
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                value = None
            if value is None:
                break
            if isinstance(value, dict | list) and id(value) in self._made:
                code, made, since = self._made[id(value)], value, index + 1
        return value, code, made, path[since:]


def _is_there(value: Any, path: Steps) -> bool:
    try:
        at(value, path)
    except LookupError:
        return False
    return True


def _added(path: Steps) -> Author | None:
    """What ``place`` adds to every object."""
    match path:
        case ("metadata", "labels", *_):
            return _function(labels.common.__code__, "label")
        case ("metadata", "annotations", place.SYNC_WAVE):
            return _function(waves.wave.__code__, "sync wave")
        case ("metadata", "namespace"):
            return _function(place.place.__code__, "namespace")
    return _function(place.place.__code__, "metadata")


def _function(code: CodeType, adds: str) -> Author:
    return Author(Place(shown_file(code.co_filename), function_at(code).lineno), f"{code.co_name}()", adds)


def _line(code: CodeType, keys: Steps) -> int | None:
    """The line of the last key in the function, where it stands there once."""
    names = [key for key in keys if isinstance(key, str) and key != EMBEDDED]
    if not names:
        return None
    lines = _literal_keys(code).get(names[-1], ())
    return lines[0] if len(lines) == 1 else None


@cache
def _literal_keys(code: CodeType) -> dict[str, tuple[int, ...]]:
    """Lines of the keys of every map that is written out in a function."""
    found: dict[str, tuple[int, ...]] = {}
    for node in ast.walk(function_at(code)):
        for key in node.keys if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                found[key.value] = (*found.get(key.value, ()), key.lineno)
    return found


def _template(name: str) -> Author:
    return Author(Place((Path("templates") / name).as_posix()), "")
