"""The seam to the compiler: one target compiled in memory from given parameters.

Nothing else of a review knows that there is a compiler, and this module knows no builder, only its front door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.common.errors import InferstackError, Mistake, MistakesError

Compile = Callable[[str, Mapping[str, Mapping[str, Any]]], "dict[str, str] | None"]
"""From a target and the parameters by target to file texts by path (``compiled/…``); None where it does not
compile."""


def compile_texts(target: str, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, str] | None:
    """What the compiler makes of a target."""
    from components.compile.targets import compile_target

    return _attempt(target, lambda: compile_target(target, parameters))


def compile_objects(target: str, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, str] | None:
    """What the compiler makes of a target, without the documents that nothing syncs: half of the time of a cluster."""
    from components.common.place import texts
    from components.compile.targets import is_cluster, place_cluster, place_stack

    if is_cluster(target):
        return _attempt(target, lambda: texts(place_cluster(target, parameters)[1]))
    return _attempt(target, lambda: texts(place_stack(target, parameters[target])))


def _attempt(target: str, make: Callable[[], Mapping[str, str]]) -> dict[str, str] | None:
    try:
        files = make()
    except (InferstackError, AssertionError, LookupError, ValueError, TypeError):
        return None
    folder = "compiled/" + target.replace(".", "/")
    return {f"{folder}/{path}": text for path, text in files.items()}


def refusal(target: str, parameters: Mapping[str, Mapping[str, Any]]) -> list[Mistake]:
    """Why the compiler does not take a target; nothing where it does."""
    from components.compile.targets import compile_target

    try:
        compile_target(target, parameters)
    except MistakesError as error:
        return error.mistakes
    except (InferstackError, AssertionError, LookupError, ValueError, TypeError):
        return []
    return []
