"""What a YAML syntax error means and what to do about it."""

from __future__ import annotations

from typing import Final

import yaml

from components.inventory.problem import Problem, quoted

_REMEDIES: Final = (
    ("mapping values are not allowed", 'quote the value if it holds ": ", else check the indentation'),
    ("did not find expected key", "check the indentation and the quotes of this line and the one before"),
    ("could not find expected ':'", "a key needs a colon and a blank: `key: value`"),
    ("expected ',' or", "check the brackets, commas and quotes of this list or mapping"),
    ("expected <block end>", "check the indentation"),
    ("expected '-' indicator", "check the indentation of the list"),
    ("block sequence entries are not allowed", "start the list on the next line"),
    ("unexpected end of stream", "close the quotes or brackets that are open"),
    ("unknown escape character", "write the backslash twice, or use single quotes"),
    ("control characters are not allowed", "remove the invisible character"),
)


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The problem that libyaml stopped at, with the place and a remedy fit for it."""
    line, column, message = _place(error, text)
    source = _line(text, line)
    return Problem(file, line, column, message, _remedy(message, source, column), "yaml-syntax")


def _place(error: yaml.YAMLError, text: str) -> tuple[int, int, str]:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        if error.context_mark is not None and "end of stream" in (error.problem or ""):
            # An unclosed quote is noticed at the end of the file; the context knows where it opens.
            mark = error.context_mark
        context = f" {error.context}" if error.context else ""
        return mark.line + 1, mark.column + 1, f"{error.problem or 'not YAML'}{context}"
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode()[: int(error.position)].decode(errors="replace")
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1, str(error.reason)
    return 1, 1, f"not YAML: {quoted(error)}"


def _line(text: str, line: int) -> str:
    lines = text.split("\n", line)
    return lines[line - 1] if len(lines) >= line else ""


def _remedy(message: str, source: str, column: int) -> str:
    character = source[column - 1 : column]
    if "cannot start any token" in message:
        if "\t" in source[:column]:
            return "indent with blanks, not with tabs"
        return f"quote the value: plain text cannot start with `{character}`"
    if "${" in source and ("flow" in message or "expected ','" in message):
        return 'inside [ ] and { } a reference must be quoted: "${…}"'
    fitting = (remedy for part, remedy in _REMEDIES if part in message)
    return next(fitting, "check this line and the one before")
