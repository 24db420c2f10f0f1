"""Foreign text in Markdown: names, values and paths of the inventory, which anybody may have written.

Neither HTML nor Markdown nor a mention comes out of it, on GitHub or on GitLab.
"""

from __future__ import annotations

import re

from scripts.terminal import harmless

_SPECIAL = re.compile(r"([\\`*_\[\]|~$!^{}])")
_START = re.compile(r"^(\s*)([-+#>]|\d+[.)])")
_BREAK = "&#8203;"
"""A space without width: what it stands in is no mention, no issue number and no address."""
_REFERENCE = re.compile(r"(?<=[@#&!%~])(?=[A-Za-z0-9_])")
_ISSUE = re.compile(r"(?i)\b(GH-)(?=[0-9])")
_ADDRESS = re.compile(r"(?i)(https?|ftp|mailto|xmpp|www)(?=[:.])")
_BRACKET = re.compile(r"([\\()])")


def text(foreign: str) -> str:
    """A sentence with foreign text in it, on one line."""
    line = harmless(" ".join(foreign.split()))
    marked = _REFERENCE.sub("\u200b", line)
    marked = _ISSUE.sub("\\1\u200b", marked)
    marked = _ADDRESS.sub("\\1\u200b", marked)
    escaped = _SPECIAL.sub(r"\\\1", marked).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _START.sub(r"\1\\\2", escaped)
    return escaped.replace("\u200b", _BREAK)


def code(foreign: str, *, cell: bool = False) -> str:
    """Foreign text as code, on one line; in a ``cell`` of a table, where a bar would end the cell."""
    line = harmless(" ".join(foreign.split())) or " "
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    if cell:
        line = line.replace("|", "\\|")
    return f"{fence}{pad}{line}{pad}{fence}"


def destination(address: str) -> str:
    """An address as what a link leads to: a bracket in it does not end the link."""
    return _BRACKET.sub(r"\\\1", address)
