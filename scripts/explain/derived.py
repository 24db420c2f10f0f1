"""Values that are computed from parameters, with their formulas: the docstrings of the functions that compute them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from inspect import getmembers, isfunction
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, get_type_hints

from components.common.cluster import Cluster
from components.common.names import StackNames
from components.stack import sizing
from components.stack.params import Stack
from scripts.explain.declared import Place, literals, shown_file
from scripts.field_source import syntax

Plain = str | int | float | bool | list[Any]


@dataclass(frozen=True, slots=True)
class Derived:
    """One derived value of a stack."""

    name: str
    """``memory``, ``max_surge``, ``names.epp``, ``cluster.litellm_service``."""
    holder: type | ModuleType
    attribute: str
    function: Callable[..., Any]

    @property
    def code(self) -> CodeType:
        """What is compiled of the function."""
        return self.function.__code__

    @property
    def formula(self) -> str:
        """The docstring of what computes it."""
        return " ".join((ast.get_docstring(self._syntax) or "").split())

    @property
    def expression(self) -> str:
        """What it returns, where the function does nothing else; else empty."""
        statements = [one for one in self._syntax.body if not isinstance(one, ast.Expr)]
        only = statements[0] if len(statements) == 1 else None
        return ast.unparse(only.value) if isinstance(only, ast.Return) and only.value else ""

    @property
    def place(self) -> Place:
        """Where the function is."""
        return Place(shown_file(self.code.co_filename), self._syntax.lineno)

    def of(self, stack: Stack) -> Any:
        """Its value for a stack."""
        if self.holder is StackNames:
            return getattr(stack.names, self.attribute)
        if self.holder is Cluster:
            return getattr(stack.cluster, self.attribute)
        return (
            getattr(sizing, self.attribute)(stack)
            if self.holder is sizing
            else getattr(stack, self.attribute)
        )

    def different(self, value: Plain) -> list[Plain]:
        """Other values that it could have."""
        listed = [one for one in literals(get_type_hints(self.function).get("return")) if one != value]
        return listed or _different(value)

    @property
    def _syntax(self) -> ast.FunctionDef:
        return function_at(self.code)


@cache
def function_at(code: CodeType) -> ast.FunctionDef:
    """The definition that was compiled to ``code``. Raises LookupError."""
    for node in ast.walk(syntax(Path(code.co_filename))):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    raise LookupError(code.co_qualname)


@cache
def derived() -> tuple[Derived, ...]:
    """Everything that is derived from a stack's parameters, by name."""
    sizes = [
        Derived(name, sizing, name, function)
        for name, function in getmembers(sizing, isfunction)
        if function.__module__ == sizing.__name__ and not name.startswith("_") and _is_of_stack(function)
    ]
    own = [Derived(name, Stack, name, getter) for name, getter in _properties(Stack)]
    names = [Derived(f"names.{name}", StackNames, name, getter) for name, getter in _properties(StackNames)]
    cluster = [Derived(f"cluster.{name}", Cluster, name, getter) for name, getter in _properties(Cluster)]
    return tuple(sorted([*sizes, *own, *names, *cluster], key=lambda one: one.name))


def _is_of_stack(function: Callable[..., Any]) -> bool:
    """Whether a function asks for a stack and nothing else."""
    hints = get_type_hints(function)
    return [hint for name, hint in hints.items() if name != "return"] == [Stack]


def _properties(holder: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, member in vars(holder).items():
        getter = member.fget if isinstance(member, property) else getattr(member, "func", None)
        if isinstance(member, property | cached_property) and getter is not None:
            yield name, getter


def values(stack: Stack) -> dict[Derived, Plain]:
    """The derived values of one stack that are plain data, sorted by name."""
    found: dict[Derived, Plain] = {}
    for one in derived():
        value = one.of(stack)
        if isinstance(value, str | int | float | bool) or (isinstance(value, list) and value):
            found[one] = value
    return found


@contextmanager
def replaced(one: Derived, value: Any) -> Iterator[None]:
    """A derived value that is something else in here."""
    original = vars(one.holder)[one.attribute]
    other: Callable[..., Any] | property = (
        (lambda _stack: value) if one.holder is sizing else property(lambda _self: value)
    )
    setattr(one.holder, one.attribute, other)
    try:
        yield
    finally:
        setattr(one.holder, one.attribute, original)


def used_by(compute: Callable[[], object]) -> frozenset[Derived]:
    """The derived values that a computation asks for, of stacks that have computed none before."""
    seen: set[Derived] = set()
    originals = [(one, vars(one.holder)[one.attribute]) for one in derived()]
    for one, _ in originals:
        setattr(one.holder, one.attribute, _noting(one, seen))
    try:
        compute()
    finally:
        for one, original in originals:
            setattr(one.holder, one.attribute, original)
    return frozenset(seen)


def _noting(one: Derived, seen: set[Derived]) -> Callable[..., Any] | property:
    """What computes a derived value, and notes that it was asked for."""

    def compute(of: Any) -> Any:
        seen.add(one)
        return one.function(of)

    return compute if one.holder is sizing else property(compute)


@contextmanager
def all_replaced(these: Mapping[Derived, Any]) -> Iterator[None]:
    """Derived values that are something else in here."""
    with ExitStack() as stack:
        for one, value in these.items():
            stack.enter_context(replaced(one, value))
        yield


def _different(value: Plain) -> list[Plain]:
    """Other values of the same kind for a derived value."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value * 2, 0, value * 100]
    if isinstance(value, float):
        return [value * 1.5, value * 100, 0.0]
    if isinstance(value, list):
        return [[*value[:-1], f"{value[-1]}-x"]]
    digits = "".join(character for character in value if character.isdigit())
    return [value.replace(digits, str(int(digits) + 1), 1)] if digits and digits in value else [f"{value}-x"]
