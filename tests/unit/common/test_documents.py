"""Prose from templates."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from components.common import documents


def test_templates_loaded_ahead_are_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(1 for _ in documents.load_templates()) > 2
    monkeypatch.setattr(Environment, "compile", None)

    for name in ("cluster.md.j2", "runbook.md.j2"):
        assert documents._environment().get_template(name).name == name
