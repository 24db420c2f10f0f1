"""Looking through every text of a document for something that should not be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from components.contracts.messages import path_text

_SHAPES: tuple[tuple[str, str], ...] = (
    ("a Hugging Face token", r"hf_[A-Za-z0-9]{30,}"),
    ("an API key (sk-…)", r"sk-(?:proj-|ant-api[0-9]+-|or-v1-)?[A-Za-z0-9_]{20,}"),
    ("an AWS access key", r"A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Za-z])"),
    ("an AWS secret key", r"aws_secret_access_key[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9/+]{40}"),
    ("a GitHub token", r"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,})"),
    ("a GitLab token", r"glpat-[A-Za-z0-9_-]{20,}"),
    ("a Google API key", r"AIza[0-9A-Za-z_-]{35}"),
    ("an NVIDIA API key", r"nvapi-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"xox[abprs]-[A-Za-z0-9-]{20,}"),
    ("a Vault token", r"hv[sb]\.[A-Za-z0-9_-]{24,}"),
    ("a JSON web token", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("a password in a URL", r"[a-z][a-z0-9+.-]*://[^\s/:@\"'{}$<>]*:[^\s/:@\"'{}$<>]+@(?=[A-Za-z0-9\[])"),
)
_MARKS = ("hf_", "sk-", "AKIA", "ASIA", "secret_access_key", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
          "glpat-", "AIza", "nvapi-", "xox", "hvs.", "hvb.", "eyJ", "PRIVATE KEY", "@")  # fmt: skip
"""One of them is in every text that one of the shapes fits."""
_EACH = tuple((what, re.compile(f"(?<![A-Za-z0-9_-]){shape}")) for what, shape in _SHAPES)
_RUN = re.compile(r"[A-Za-z0-9]{20,}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_TURN = re.compile(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])")
_TURNS = 5


def texts(value: Any) -> list[str]:
    """Every text in a document, in any order."""
    found: list[str] = []
    open_values = [value]
    for one in open_values:
        kind = type(one)
        if kind is str:
            found.append(one)
        elif kind is dict:
            open_values.extend(one.values())
        elif kind is list:
            open_values.extend(one)
    return found


def secrets(document: Any) -> Iterator[tuple[str, str]]:
    """(field, what) of everything in a document that looks like a secret. The usual document, which has none,
    is looked through without its paths."""
    whole = "\n".join(texts(document))
    if any(mark in whole for mark in _MARKS):
        for field, text in _placed(document, ()):
            if any(mark in text for mark in _MARKS):
                yield from ((field, what) for what, shape in _EACH if shape.search(text))


def _placed(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path_text(path), value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _placed(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _placed(item, (*path, index))


def looks_random(text: str) -> str | None:
    """The part of a text that no person would write: 20 or more letters of both cases and digits that turn into
    each other often. None for names, paths, digests and commit hashes."""
    for run in _RUN.findall(text):
        mixed = run != run.lower() and run != run.upper()
        if mixed and not _HEX.fullmatch(run) and len(_TURN.findall(run)) >= _TURNS:
            return str(run)
    return None
