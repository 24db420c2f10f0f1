from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.inventory.compose import MAX_DEPTH, compose
from components.inventory.node import plain_data


def problems(text: str) -> list[tuple[int, int, str]]:
    return [(problem.line, problem.column, problem.rule) for problem in compose(text, "f.yml")[1]]


def remedies(text: str) -> list[str]:
    return [problem.remedy for problem in compose(text, "f.yml")[1]]


def test_a_document_is_read_with_types() -> None:
    node, found = compose("a: 1\nb: [x, 'on', null]\n~c:\n  d: 1.5\n", "f.yml")
    assert not found
    assert node is not None
    assert plain_data(node) == {"a": 1, "b": ["x", "on", None], "~c": {"d": 1.5}}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_an_empty_document_is_no_problem(text: str) -> None:
    node, found = compose(text, "f.yml")
    assert not found
    assert node is None or plain_data(node) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\tb: 1\n", (2, 1, "yaml-syntax")),
        ("a: b: c\n", (1, 5, "yaml-syntax")),
        ('b: 1\na: "open\nc: 2\n', (2, 4, "yaml-syntax")),
        ('é: "\x01"\n', (1, 5, "yaml-syntax")),
        ("a: {b: ${c}}\n", (1, 9, "yaml-syntax")),
        ("a: 1\n---\nb: 2\n", (2, 1, "yaml-documents")),
        ("a: &x 1\n", (1, 4, "yaml-anchor")),
        ("a: !secret x\n", (1, 4, "yaml-tag")),
        ("a:\n  <<: {b: 1}\n", (2, 3, "yaml-merge-key")),
        ("%YAML 1.1\n---\na: 1\n", (1, 1, "yaml-directive")),
        ("a: 1\nb: 2\na: 3\n", (3, 1, "duplicate-key")),
        ("a: {x: 1, x: 2}\n", (1, 11, "duplicate-key")),
        ("a: 1\n~a: 2\n", (2, 1, "duplicate-key")),
        ("8080: x\n", (1, 1, "key-type")),
        ("true: x\n", (1, 1, "key-type")),
        ("~: x\n", (1, 1, "key-type")),
        ("? [a]\n: b\n", (1, 3, "key-type")),
        ('"~": x\n', (1, 1, "key-name")),
        ("~~a: x\n", (1, 1, "key-name")),
        ("[" * 100_000, (1, MAX_DEPTH + 1, "yaml-depth")),
        ("- " * 100_000, (1, 2 * MAX_DEPTH + 1, "yaml-depth")),
        ("[" + "a," * 150_000 + "]", (1, 200_002, "yaml-size")),
    ],
)
def test_what_is_refused(text: str, expected: tuple[int, int, str]) -> None:
    assert problems(text) == [expected]


def test_all_at_once() -> None:
    text = "a: &x 1\nb: *x\na: 2\n80: 3\n"
    assert [rule for _, _, rule in problems(text)] == [
        "yaml-anchor",
        "yaml-anchor",
        "duplicate-key",
        "key-type",
    ]


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("a:\n\tb: 1\n", "indent with blanks, not with tabs"),
        ("a: {b: ${c}}\n", 'inside [ ] and { } a reference must be quoted: "${…}"'),
        ("a: [${c}]\n", 'inside [ ] and { } a reference must be quoted: "${…}"'),
        ("a: @x\n", "quote the value: plain text cannot start with `@`"),
        ("a: b: c\n", 'quote the value if it holds ": ", else check the indentation'),
        ("8080: x\n", 'quote it: "8080"'),
    ],
)
def test_the_remedy_fits(text: str, remedy: str) -> None:
    assert remedies(text) == [remedy]


def test_a_bomb_of_aliases_ends_at_once() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    start = time.process_time()
    assert {rule for _, _, rule in problems("\n".join(lines))} == {"yaml-anchor"}
    assert time.process_time() - start < 1


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}'\"&*!|>%@`?~=<$\\ \n\t#,.01é\u2028\x01"), max_size=40))
def test_never_raises(text: str) -> None:
    compose(text, "f.yml")
