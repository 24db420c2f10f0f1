from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.explain.keyed import at, embedded, fields, keyed, shown, steps
from scripts.explain.locate import NoSuchField, field_at_line, field_at_path, line_of, same_field

OBJECT: dict[str, Any] = {
    "metadata": {"name": "x", "labels": {"app.kubernetes.io/name": "y", "app": "z"}},
    "spec": {
        "containers": [{"name": "main", "args": ["--v=2", "serve"]}, {"name": "side", "args": []}],
        "ports": [{"number": 80}, {"number": 80}],
        "fallbacks": [{"a": ["b"]}, {"c": ["d"]}],
    },
    "data": {"epp.yaml": "plugins:\n- type: one\n- type: two\n  weight: 3\n", "note": "only\ntext\n"},
}
TEXT = """\
metadata:
  name: x
  labels:
    app: z

spec:
  args:
  - --v=2
  - serve
  ports:
  - name: http
    port: 80
data:
  epp.yaml: |
    # weights
    plugins:
    - type: one

    - type: two
      weight: 3
  note: |
    only
    text
"""


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([{"name": "a"}, {"name": "b"}], ["[name=a]", "[name=b]"]),
        ([{"name": "a"}, {"name": "a"}], ["[0]", "[1]"]),
        (
            [{"kind": "A", "name": "x"}, {"kind": "B", "name": "x"}, {"kind": "A", "name": "y"}],
            ["[kind=A,name=x]", "[kind=B,name=x]", "[kind=A,name=y]"],
        ),
        ([{"number": 80}], ["[0]"]),
        ([{"a": [1]}, {"b": [2]}], ["[a]", "[b]"]),
        (["--v=2", "serve"], ["[--v]", "[serve]"]),
        (["a", "a"], ["[0]", "[1]"]),
        ([""], ["[0]"]),
        ([1, 2], ["[0]", "[1]"]),
    ],
)
def test_list_items_are_told_apart(items: list[Any], expected: list[str]) -> None:
    assert steps(items) == expected


def test_text_that_holds_yaml_is_entered_and_other_text_is_not() -> None:
    found = {shown(path): value for path, value in fields(OBJECT).items()}
    assert found["data.epp.yaml|plugins[type=two].weight"] == 3
    assert found["data.note"] == "only\ntext\n"
    assert found["spec.containers[name=side].args"] == []


def test_json_text_is_one_field() -> None:
    assert embedded('{\n  "panels": []\n}\n') is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spec.containers[0].args[1]", ("spec", "containers", 0, "args", 1)),
        ("spec.containers[name=main].args[--v]", ("spec", "containers", 0, "args", 0)),
        ("spec.containers[side].args", ("spec", "containers", 1, "args")),
        ("metadata.labels.app.kubernetes.io/name", ("metadata", "labels", "app.kubernetes.io/name")),
        ("metadata.labels['app.kubernetes.io/name']", ("metadata", "labels", "app.kubernetes.io/name")),
        (".metadata.labels.app", ("metadata", "labels", "app")),
        ("$.metadata.name", ("metadata", "name")),
        ("data.epp.yaml|plugins[type=two].weight", ("data", "epp.yaml", "|", "plugins", 1, "weight")),
        ("data.epp.yaml.plugins[1].weight", ("data", "epp.yaml", "|", "plugins", 1, "weight")),
        ("spec.fallbacks[c].c[0]", ("spec", "fallbacks", 1, "c", 0)),
    ],
)
def test_a_path_as_people_write_it(text: str, expected: tuple[str | int, ...]) -> None:
    assert field_at_path(OBJECT, text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spec.container[0]", "spec has no 'container'; did you mean containers?"),
        ("spec.containers.args", "spec.containers is a list: say which item, [0] to [1]"),
        ("spec.containers[2]", "spec.containers has 2 items, the first is [0]"),
        ("spec.containers[name=sid]", "spec.containers has no item 'name=sid'; did you mean name=side?"),
        ("metadata.name.x", "metadata.name holds no fields: it is 'x'"),
        ("zzz", "the object has no 'zzz'; it has metadata, spec, data"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(text: str, said: str) -> None:
    with pytest.raises(NoSuchField) as error:
        field_at_path(OBJECT, text)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (1, "metadata"),
        (2, "metadata.name"),
        (8, "spec.args[0]"),
        (10, "spec.ports"),
        (11, "spec.ports[0].name"),
        (12, "spec.ports[0].port"),
        (14, "data.epp.yaml"),
        (17, "data.epp.yaml|plugins[0].type"),
        (20, "data.epp.yaml|plugins[1].weight"),
        (23, "data.note"),
    ],
)
def test_a_line_is_the_field_that_stands_on_it(line: int, expected: str) -> None:
    assert shown(field_at_line(TEXT, line)) == expected


@pytest.mark.parametrize("line", [0, 5, 24, 99])
def test_a_line_without_a_field_is_refused(line: int) -> None:
    with pytest.raises(NoSuchField):
        field_at_line(TEXT, line)


def test_a_field_is_found_at_its_own_line() -> None:
    for line in (2, 8, 9, 11, 12, 17, 20):
        assert line_of(TEXT, field_at_line(TEXT, line)) == line


_SCALARS = st.none() | st.booleans() | st.integers() | st.text("abc-", max_size=4)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abck", min_size=1, max_size=3), inner, max_size=4)
        | st.lists(
            st.fixed_dictionaries({"name": st.text("ab", min_size=1, max_size=2), "v": inner}), max_size=3
        )
    ),
    max_leaves=20,
)


def _indices(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path] + [below for step, item in items for below in _indices(item, (*path, step))]


@given(st.dictionaries(st.text("abck", min_size=1, max_size=3), _VALUES, max_size=4))
def test_keyed_paths_name_each_field_once_and_lead_back(value: dict[str, Any]) -> None:
    paths = _indices(value)
    names = [keyed(value, path) for path in paths]
    assert len(set(names)) == len(names)
    for path, name in zip(paths, names, strict=True):
        assert same_field(value, name) == path
    assert all(
        at(value, found) == item for name, item in fields(value).items() if (found := same_field(value, name))
    )
