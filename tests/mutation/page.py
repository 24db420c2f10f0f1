"""docs/mutation.md: the score, what is harmless and why. The numbers lie in `score.json`, because counting them takes
minutes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.mutation import judge, score
from tests.mutation.harmless import Pattern, load
from tests.mutation.score import Line, Verdict

COUNTS = Path(__file__).with_name("score.json")
PAGE = judge.ROOT / "docs" / "mutation.md"
_INTRO = """\
# Mutation score

What does `inferstack check` miss? The harness in `tests/mutation/` changes the committed fleet by one fact at a time,
as a slip of the hand, a bad copy or a bad merge would, and asks the check. A mutation must be found as an error or a
warning, or match a pattern below that says why it does no harm; anything else fails the tests.

**Of the inventory**, every key of every class and target is changed to wrong values of its kind, to the value of
another file, removed, misspelt and given another type; classes are dropped, misspelt, replaced and turned; files are
removed and copied. What still parses is compiled, and the check looks at what came of it.

**Of compiled objects**, every field is changed, removed, misspelt, repeated or given the value that another object
has there, also inside of configuration that is text (Endpoint Picker, LiteLLM) and of PromQL; objects are removed,
doubled, renamed, moved, and given the contents of another. The inventory stays as it is. That `compiled/` is not what
the inventory compiles to counts for nothing here, nor does the hash of a changed configuration: a rule must say what is
wrong. The layout of dashboards is not mutated, what they ask for is.
"""
_HOW = """\
## How to run it

```
python -m tests.mutation --sample 400       # a sample of all classes; `make test` tries some of one cluster
python -m tests.mutation                    # the full run: minutes; lists what survived
python -m tests.mutation --class ports --each 5 --seed 7
python -m tests.mutation --write            # the full run, and this page
```

Mutations are enumerated, not drawn: the seed only decides which of many that are alike are tried (same kind, same
field, same change): {each} of each in the full run, twice that in a class that would have fewer than {enough}.

What survives is a gap: write a rule ([writing-rules.md](writing-rules.md)), or say in `tests/mutation/harmless.yml` why
it does no harm. A mutation with which the compiler or a rule ends in a traceback is a gap that nothing excuses.
"""
_HARMLESS = """\
## What is harmless

Three kinds of reason: the change has no effect on requests; it is another valid choice, which a person may make and a
review shows; or it names what somebody else named (an entry of a secret store, a folder in a claim, a host in DNS), and
nothing in the repository contradicts it: only the cluster can tell.

Patterns are tried after the rules: what a rule finds is never excused.
"""


def write(verdicts: Sequence[Verdict]) -> None:
    """Writes the numbers of a full run, and the page."""
    counts = {
        "every": len(score.every()),
        "lines": [asdict(line) for line in score.table(verdicts)],
        "stations": dict(sorted(score.layers(verdicts).items())),
        "excused": _excused(verdicts),
    }
    COUNTS.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def _excused(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many mutations each reason excuses."""
    found: dict[str, int] = {}
    for pattern in load():
        found.setdefault(pattern.reason, 0)
    patterns = load()
    for one in verdicts:
        if one.pattern >= 0:
            found[patterns[one.pattern].reason] += 1
    return found


def page() -> str:
    """The page, of the numbers of the last full run and of the patterns as they are."""
    counts = json.loads(COUNTS.read_text(encoding="utf-8"))
    lines = [Line(**one) for one in counts["lines"]]
    parts = [
        _INTRO,
        "\n".join(_table(lines, counts["every"])),
        "\n".join(_stations(counts["stations"])),
        _HOW.format(each=score.EACH, enough=score.ENOUGH),
        _HARMLESS,
        "\n".join(_patterns(load(), counts["excused"])),
    ]
    return "\n".join(parts)


def _table(lines: Sequence[Line], every: int) -> Iterator[str]:
    total = Line(
        "all", *(sum(getattr(one, name) for one in lines) for name in ("tried", "found", "harmless"))
    )
    yield "## The score"
    yield ""
    yield "| class | mutations | found | harmless | neither | score |"
    yield "|---|---:|---:|---:|---:|---:|"
    for one in (*lines, total):
        counts = f"{one.tried:,} | {one.found:,} | {one.harmless:,} | {one.survived:,} | {one.score:.1%}"
        yield f"| {one.sort} | {counts} |"
    yield ""
    yield f"The score is what is found of what is not harmless. {every:,} mutations are enumerated."
    yield ""


def _stations(stations: dict[str, Any]) -> Iterator[str]:
    yield "Mutations of the inventory are stopped by:"
    yield ""
    for name, count in stations.items():
        yield f"- {name}: {count:,}"
    yield ""


def _patterns(patterns: Sequence[Pattern], excused: dict[str, int]) -> Iterator[str]:
    by_reason: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        by_reason.setdefault(pattern.reason, []).append(pattern)
    for reason, own in by_reason.items():
        count = excused.get(reason, 0)
        yield f"- {reason} *({count:,})*"
        for one in own:
            changes = f" ({', '.join(one.changes)})" if one.changes else ""
            fields = ", ".join(f"`{field}`" if field else "the whole" for field in one.fields)
            yield f"  - {', '.join(one.about)}: {fields}{changes}"
    yield ""
