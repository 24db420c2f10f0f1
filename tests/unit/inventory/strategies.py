"""Random small inventories: class chains, relative names, merges, removals, operators and references.

Every key has one kind nearly always, so that most inventories render; the rest test that failures agree.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.unit.inventory.trees import TARGET_FILE, block

KINDS = {"map": "mapping", "more": "mapping", "list": "list", "one": "scalar", "two": "scalar"}
FACTS: dict[str, Any] = {
    "facts": {
        "small": {"one": 1, "map": {"two": "q"}},
        "large": {"one": 2, "list": [1], "map": {"one": 4}, "~two": 7},
        "text": "str",
        "list": [1, 2],
        "llama": "by name",
    },
    "one": "base",
    "two": 3,
    "more": {"two": 1, "one": "more", "map": {"one": 4}, "list": [9]},
}
CLASSES = {
    "a": "classes/a.yml",
    "b": "classes/b.yml",
    "dir": "classes/dir/init.yml",
    "dir.a": "classes/dir/a.yml",
    "dir.b": "classes/dir/b.yml",
    "dir.sub": "classes/dir/sub/init.yml",
    "dir.sub.a": "classes/dir/sub/a.yml",
}

_scalar_paths = st.sampled_from(
    "one two facts:text facts:small:one more:one _reclass_:name:short facts:${_reclass_:name:short} "
    "facts:nothing map:one".split()
)
_mapping_paths = st.sampled_from(["facts:small", "facts:large", "more:map"])
_list_paths = st.sampled_from(["facts:list", "facts:large:list", "more:list"])
_defaults = st.sampled_from(["", "", "", "::7", "::text", "::"])
_around = st.sampled_from([("x-", ""), ("", "-y"), ("\\\\", ""), ("$", "}"), ("", "")])
_plain = st.sampled_from([1, 2, True, "s", "t", 1.5, "", 0, -3, "a}b", "$$", "\\${one}", "$[x]"])


@st.composite
def _scalar(draw: st.DrawFn) -> object:
    if draw(st.integers(0, 9)) > 2:
        return draw(_plain)
    reference = "${" + draw(_scalar_paths) + draw(_defaults) + "}"
    before, after = draw(_around)
    return before + reference + after


@st.composite
def _value(draw: st.DrawFn, kind: str, depth: int, operators: bool) -> object:
    chance = draw(st.integers(0, 99))
    if chance < 7:
        return None
    if chance < 10:
        kind = draw(st.sampled_from(["mapping", "list", "scalar"]))
    by_reference = draw(st.integers(0, 6)) == 0
    if kind == "mapping":
        if by_reference:
            return "${" + draw(_mapping_paths) + "}"
        return draw(_mapping(operators, depth + 1)) if depth < 3 else {}
    if kind == "list":
        if by_reference:
            return "${" + draw(_list_paths) + "}"
        kinds = draw(st.lists(st.sampled_from(["scalar", "scalar", "mapping"]), max_size=2))
        return [draw(_value(item, depth + 2, operators)) for item in kinds]
    return draw(_scalar())


@st.composite
def _mapping(draw: st.DrawFn, operators: bool, depth: int = 0) -> dict[str, object]:
    keys = draw(st.lists(st.sampled_from(sorted(KINDS)), unique=True, max_size=4))
    operator = st.sampled_from([""] * 40 + ["~"] * 6 + ["="]) if operators else st.just("")
    return {draw(operator) + key: draw(_value(KINDS[key], depth, operators)) for key in keys}


@st.composite
def _includes(draw: st.DrawFn) -> list[str]:
    absolute = st.sampled_from(sorted(CLASSES))
    relative = st.sampled_from([".a", ".b", "..a", "..b", "...b", ".sub"])
    by_reference = st.sampled_from(["${two}", "dir.${facts:text}", "${nothing}"])
    weights = [absolute] * 12 + [relative] * 5 + [by_reference]
    return [draw(draw(st.sampled_from(weights))) for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2])))]


def _file(classes: list[str], parameters: dict[str, object]) -> str:
    head = f"classes:{block(classes, 1)}" if classes else ""
    return f"{head}parameters:{block(parameters, 1)}"


@st.composite
def inventories(draw: st.DrawFn, operators: bool = True) -> dict[str, str]:
    """The files of an inventory with one target. Classes may include themselves in a circle."""
    files = {path: _file(draw(_includes()), draw(_mapping(operators))) for path in CLASSES.values()}
    facts = _file([], FACTS)
    files["classes/facts.yml"] = facts if operators else facts.replace("~", "")
    more = draw(st.lists(st.sampled_from([*sorted(CLASSES), ".dir.a", "..b"]), max_size=4))
    files[TARGET_FILE] = _file(["facts", *more], draw(_mapping(operators)))
    return files
