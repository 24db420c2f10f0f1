"""Findings as JUnit XML: a suite a topic, a test case a rule that holds, and one a finding."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from scripts.check.engine import Report
from scripts.check.model import Finding
from scripts.check.rule import Rule, rules


def write(report: Report, notes: bool = True) -> str:
    """Errors are failures, waived findings are skipped; warnings and notes pass and say so."""
    told = [one for one in (*report.findings, *report.waived) if notes or one.level != "note"]
    topics: dict[str, list[Rule]] = {}
    for rule in rules().values():
        topics.setdefault(rule.topic, []).append(rule)
    suites = [_suite(topic, own, told) for topic, own in sorted(topics.items())]
    failures = sum(_fails(one) for one in told)
    cases = sum(count for _, count in suites)
    head = f'<testsuites name="inferstack check" tests="{cases}" failures="{failures}">'
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', head, *(text for text, _ in suites), "</testsuites>\n"]
    )


def _fails(one: Finding) -> bool:
    return one.level == "error" and not one.waived


def _suite(topic: str, own: list[Rule], told: list[Finding]) -> tuple[str, int]:
    names = {rule.id for rule in own}
    found = [one for one in told if one.rule in names]
    broken = {one.rule for one in found}
    held = [f"<testcase classname={_attribute(rule.id)} name={_attribute(rule.title)}/>" for rule in own]
    passed = [text for rule, text in zip(own, held, strict=True) if rule.id not in broken]
    failed = ["\n".join(_case(one)) for one in found]
    counts = (
        f'tests="{len(passed) + len(failed)}" failures="{sum(_fails(one) for one in found)}" '
        f'skipped="{sum(bool(one.waived) for one in found)}"'
    )
    body = "\n".join([*passed, *failed])
    return f"<testsuite name={_attribute(topic)} {counts}>\n{body}\n</testsuite>", len(passed) + len(failed)


def _case(one: Finding) -> Iterator[str]:
    about = " ".join(part for part in (one.object or one.target or str(one.place), one.field) if part)
    file, line = one.place.file, one.place.line
    yield (
        f'<testcase classname={_attribute(one.rule)} name={_attribute(about)} file={_attribute(file)} line="{line}">'
    )
    text = _clean(escape(f"{one.place}: {one.message}\n{one.why}\nfix: {one.fix}"))
    if one.waived:
        yield f"<skipped message={_attribute(one.waived)}/>"
    elif one.level == "error":
        yield f"<failure type={_attribute(one.rule)} message={_attribute(one.message)}>{text}</failure>"
    else:
        yield f"<system-out>{one.level}: {text}</system-out>"
    yield "</testcase>"


def _attribute(text: str) -> str:
    return _clean(quoteattr(text))


def _clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(char if _is_xml(ord(char)) else "�" for char in text)


def _is_xml(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
