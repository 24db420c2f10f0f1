"""What ``inferstack explain`` answers: plain data, written as text or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from scripts.explain.authors import Author
from scripts.explain.declared import Place

State = Literal["set", "default", "unset", "removed", "name"]
"""``set``: by the inventory. ``default``: of the parameter model. ``unset``: neither has a value. ``removed``: the
inventory says ``null``. ``name``: the name of the target's file."""


How = Literal["value", "presence", "absence"]
"""How a line reaches a field: it decides the value, or that the field is there, or (null or ``~`` in the inventory)
that it is not."""


@dataclass(frozen=True, slots=True)
class Include:
    """One entry of a ``classes`` list on the way to a file."""

    place: Place
    written: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the inventory that takes part in a value."""

    place: Place
    key: str
    """What stands there: the key itself, or a parent that replaced or removed it."""
    raw: Any
    """As written, references unresolved."""
    operator: str
    """``~``, ``=`` or empty."""
    active: bool
    """False for a value that a later line replaced."""
    chain: tuple[Include, ...]
    """The includes that led to the file, outermost first; empty for the target's own."""
    references: tuple[Reference, ...]
    """The references in it, in the order in which they were resolved."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a ``${…}`` led to."""

    path: str
    lines: tuple[Line, ...]
    """The lines that made the referenced value; empty when its own default was used."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of a target with its value and what made it."""

    target: str
    key: str
    """Steps joined by dots; empty for the target's name."""
    state: State
    value: Any
    lines: tuple[Line, ...]
    """In merge order. The last active one wins; those that are not active were overridden."""
    declared: Place | None
    """The line of the parameter model that has the key; None for a key that none has (Kapitan's own)."""
    meaning: str

    @property
    def winner(self) -> Line | None:
        """The line that decides the value."""
        return next((line for line in reversed(self.lines) if line.active), None)

    @property
    def overridden(self) -> tuple[Line, ...]:
        """The lines whose values were replaced, in order."""
        return tuple(line for line in self.lines if not line.active)


@dataclass(frozen=True, slots=True)
class Formula:
    """A value that is computed."""

    target: str
    name: str
    value: Any
    formula: str
    """In words."""
    expression: str
    """In Python, where it is one expression."""
    place: Place
    inputs: tuple[Parameter, ...]
    """Parameters that it reads itself."""
    uses: tuple[Formula, ...]
    """Other computed values that it reads."""


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """Of a key, or of a derived value's name."""

    parameter: Parameter | None
    children: tuple[Parameter, ...]
    """What a key holds that is a map."""
    formula: Formula | None
    """Of a derived value; ``parameter`` is then None."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parameter that decides a field."""

    parameter: Parameter
    is_key: bool
    """The field follows the entry's key, not its value."""
    at: str
    """What would be gone without it: the field, or what holds it; empty for the whole object."""
    fields: tuple[str, ...]
    """The fields that follow it, where a part of an object was asked about."""
    chosen_by: tuple[Parameter, ...]
    """Parameters that name the entry which it lies in."""


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """Of a field, or a part, of a compiled object."""

    file: str
    """Seen from the project."""
    line: int
    """In the file; 0 when the file is not there."""
    object: str
    """``Kind namespace/name``."""
    target: str
    field: str
    """With indices: ``spec.args[3]``."""
    key: str
    """With keys of list items: ``spec.args[--max-model-len]``."""
    value: Any
    written: Any
    """What the file holds, where it differs: it was compiled from another inventory."""
    is_stale: bool
    """Whether the file is not there, or not what the inventory compiles to."""
    problem: str
    """Why there is nothing written; empty where there is."""
    refused: tuple[str, ...]
    """Mistakes for which the compile refuses the target, where the file is stale."""
    formulas: tuple[Formula, ...]
    values: tuple[Source, ...]
    """Parameters whose change changes the value, set ones first."""
    presence: tuple[Source, ...]
    """Parameters without whose value the field, or what holds it, would not be there."""
    unset: tuple[Source, ...]
    """Parameters that nobody sets and that would change the value."""
    stacks: tuple[str, ...]
    """For a cluster's own target: the stacks that take part."""
    alike: tuple[str, ...]
    """Stacks that do the same as the only one in ``stacks``."""
    author: Author | None

    @property
    def is_fixed(self) -> bool:
        """Whether no parameter was found that changes the value."""
        return not (self.values or self.unset or self.formulas)


@dataclass(frozen=True, slots=True)
class Reached:
    """One field, in all targets in which a line reaches it."""

    component: str
    kind: str
    name: str
    """Of the object, with ``<stack>``, ``<service>``, ``<namespace>`` and ``<cluster>`` for what differs."""
    field: str
    how: How
    count: int
    """How many fields that is."""
    targets: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """A key of one target that a line takes part in."""

    target: str
    key: str
    active: bool
    overridden_by: Line | None


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a map that a line chooses by its name."""

    key: str
    """The parameter that holds the name."""
    entry: str
    places: tuple[Place, ...]
    """The lines that open the entry."""
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """What keeps targets from being looked at."""

    place: Place
    message: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """Of a line of the inventory."""

    place: Place
    key: str
    """What stands there, below ``parameters``; the class for an entry of ``classes``."""
    raw: Any
    includes: str
    """The class that the line includes; empty for a parameter."""
    uses: tuple[Use, ...]
    chooses: tuple[Choice, ...]
    """Entries whose values are used because of the line."""
    fields: tuple[Reached, ...]
    unread: tuple[Unread, ...]
    """Targets that the line may take part in, which do not resolve."""
    without_own: tuple[str, ...]
    """Clusters of ``targets`` that have no target of their own to look at."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Targets in which the line has an effect on the parameters."""
        return tuple(sorted({use.target for use in self.uses if use.active}))


Answer = KeyAnswer | FieldAnswer | LineAnswer
