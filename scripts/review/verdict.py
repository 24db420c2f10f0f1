"""The judgement on a change: advice, not a gate."""

from __future__ import annotations

from scripts.review.change import SEVERITIES, Change, Severity, Verdict

MAX_REASONS = 5


def verdict(change: Change) -> Verdict:
    """As grave as the gravest consequence; with what cannot be known, at least worth a look."""
    gravest = max((SEVERITIES.index(one.severity) for one in change.consequences), default=0)
    severity: Severity = SEVERITIES[gravest]
    if severity == "routine":
        doubts = [*_code(change), *change.notes]
        if doubts:
            return Verdict("look", tuple(doubts[:MAX_REASONS]))
        if not change.synced:
            return Verdict("routine", ("Nothing changes in what Argo CD syncs.",))
        return Verdict("routine", ("No consequence asks for more than a glance.",))
    sentences = [one.sentence for one in change.consequences if one.severity == severity]
    reasons = sentences[:MAX_REASONS]
    if len(sentences) > MAX_REASONS:
        reasons.append(f"And {len(sentences) - MAX_REASONS} more like these.")
    return Verdict(severity, tuple(reasons))


def _code(change: Change) -> list[str]:
    """What the code changes has no line of inventory that a reader could judge it by."""
    code = {number for number, cause in enumerate(change.causes) if cause.kind == "code"}
    touched = sum(1 for one in change.synced for field in one.fields if code & set(field.causes))
    return [f"Components or templates change, and {touched} compiled fields with them."] if touched else []
