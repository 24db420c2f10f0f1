"""Findings as GitHub Actions annotations at the inventory's lines, and a line that counts them."""

from __future__ import annotations

from scripts.check.engine import Report
from scripts.check.model import Finding, Level
from scripts.check.output.text import write as write_text

_COMMANDS: dict[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}


def write(report: Report, notes: bool = True) -> str:
    """``::error file=…,line=…,col=…,title=…::message``, one line a finding; then the text for the log."""
    told = [one for one in report.findings if notes or one.level != "note"]
    return "".join(_command(one) for one in told) + write_text(report, notes)


def _command(one: Finding) -> str:
    place = one.place
    parts = {"file": place.file, "line": place.line, "col": place.column, "title": one.rule}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in parts.items() if value)
    about = " ".join(part for part in (one.object or one.target, one.field) if part)
    message = f"{about}: {one.message}\n{one.why}\nfix: {one.fix}"
    return f"::{_COMMANDS[one.level]} {properties}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
