"""A key of a target: its value, the line that set it, and every value that it overrode."""

from __future__ import annotations

from components.common.errors import InferstackError
from components.facts.suggest import nearest
from components.inventory.origin import CannotResolve
from scripts.explain.answer import KeyAnswer
from scripts.explain.declared import KeyPath, UnknownKey, model_of
from scripts.explain.parameters import root_model
from scripts.explain.workshop import Workshop
from scripts.project import MisuseError


def explain_key(workshop: Workshop, target: str, key: str) -> KeyAnswer:
    """A key, or a derived value's name. Raises MisuseError with the nearest key that exists."""
    try:
        path = workshop.parameters.path(target, key)
        if not path:
            return _root(workshop, target)
        return _of_path(workshop, target, path)
    except UnknownKey as error:
        formula = None if workshop.is_cluster(target) else workshop.formulas(target).named(key)
        if formula is not None:
            return KeyAnswer(None, (), formula)
        raise MisuseError(_unknown(workshop, target, key, error)) from None
    except CannotResolve as error:
        raise InferstackError(str(error)) from None


def _of_path(workshop: Workshop, target: str, path: KeyPath) -> KeyAnswer:
    parameter = workshop.parameters.at(target, path)
    workshop.parameters.check_entries(target, path)
    children = (
        workshop.parameters.children(target, path) if _holds_keys(parameter.value, target, path) else []
    )
    return KeyAnswer(parameter, tuple(children), None)


def _root(workshop: Workshop, target: str) -> KeyAnswer:
    name = workshop.parameters.name_of(target)
    return KeyAnswer(name, tuple(workshop.parameters.children(target, ())), None)


def _holds_keys(value: object, target: str, path: KeyPath) -> bool:
    """Whether there are keys below: what is there is a map, or the model has more of them."""
    if isinstance(value, dict):
        return True
    if value is not None:
        return False
    from scripts.explain.declared import declared

    try:
        return model_of(declared(root_model(target), path).annotation) is not None
    except UnknownKey:
        return False


def _unknown(workshop: Workshop, target: str, key: str, error: UnknownKey) -> str:
    """What is wrong with a key, with the nearest one that exists."""
    parent = error.path[:-1]
    there = workshop.parameters.children(target, parent) if parent or error.known else []
    known = {*error.known, *(child.key.rpartition(".")[2] for child in there)}
    where = ".".join(parent)
    near = _nearest(workshop, target, key) if known or not parent else ""
    if not near and (one := nearest(error.path[-1], known)):
        near = f"; did you mean {'.'.join([*parent, one])}?"
    if not near:
        near = f"; {where or 'it'} has {', '.join(sorted(known))}" if known else f"; {where} holds no keys"
    return f"{target} has no key {key}{near}"


def _nearest(workshop: Workshop, target: str, key: str) -> str:
    """``; did you mean X?``: the key of which only the end was written, else the one that is most like it."""
    leaves = (workshop.fleet if workshop.is_cluster(target) else workshop.study)(target).every_leaf
    every = {".".join(leaf.path[:end]) for leaf in leaves for end in range(1, len(leaf.path) + 1)}
    if not workshop.is_cluster(target):
        every |= workshop.formulas(target).names
    ends = [one for one in every if one.endswith(f".{key}")]
    alike = (one for one in every if one.count(".") == key.count("."))
    found = ends[0] if len(ends) == 1 else nearest(key, alike, 0.75)
    return f"; did you mean {found}?" if found else ""
