from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scripts.review.escape import code, destination, text

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://example.com/x.png)",
    "`code` ``more``",
    "a | b | c",
    "@everyone look, #1 !2 &3",
    "# heading\n- list\n1. more\n> quote",
    "*bold* _it_ ~~gone~~ $x^2$ \\",
    "&lt;b&gt; &#60;",
    "https://evil.example.com www.evil.example.com",
    "--> <!-- x -->",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_foreign_is_markup(hostile: str) -> None:
    for written in (
        f"- {text(hostile)}",
        f"x {code(hostile)} y",
        f"| a |\n|---|\n| {code(hostile, cell=True)} |",
    ):
        html = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(written)
        tags = set(re.findall(r"</?([a-z0-9]+)", html))
        assert tags <= {"ul", "li", "p", "code", "table", "thead", "tbody", "tr", "th", "td"}


def test_mentions_and_addresses_are_broken() -> None:
    written = text("@team #12 GH-3 https://x.example www.x.example")
    assert not re.search(r"[@#][A-Za-z0-9]", written.replace("&#8203;", "\u200b").replace("\\#", "#"))
    assert "GH-3" not in written
    assert "https:" not in written
    assert "www." not in written


def test_a_bar_does_not_end_a_cell() -> None:
    html = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(f"| a | b |\n|---|---|\n| {code('x|y', cell=True)} | z |")
    )
    assert "<td><code>x|y</code></td>" in html.replace("\n", "")


@given(st.text(max_size=60))
def test_code_is_always_one_code(foreign: str) -> None:
    html = MarkdownIt("commonmark").render(f"x {code(foreign)} y")
    assert html.count("<code>") == 1
    assert "\n" not in code(foreign)


@given(st.text(alphabet="`*_[]()<>|#@-+.1 a\n", max_size=40))
def test_text_stays_text(foreign: str) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(f"- {text(foreign)}")
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {"ul", "li", "p"}


@pytest.mark.parametrize(
    "address",
    ["https://ci.example.com/job(1)/x", "https://ci.example.com/)(", "http://[::1]:8080/a_b_c?d=1&e='2'"],
)
def test_a_link_leads_where_its_address_says(address: str) -> None:
    (inline,) = [
        token
        for token in MarkdownIt("commonmark").parse(f"a · [page]({destination(address)})_")
        if token.type == "inline"
    ]
    (link,) = [token for token in inline.children or () if token.type == "link_open"]
    assert unquote(str(link.attrs["href"])) == address
