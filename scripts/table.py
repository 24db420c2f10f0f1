"""Tables for people: columns of a fixed width."""

from __future__ import annotations

from collections.abc import Container, Sequence


def aligned(lines: Sequence[Sequence[str]], right: Container[int]) -> str:
    """The lines, each cell as wide as the widest of its column; columns in ``right`` end together, others begin
    together."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(f"{_line(line, widths, right)}\n" for line in lines)


def _line(line: Sequence[str], widths: Sequence[int], right: Container[int]) -> str:
    cells = (
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return "  ".join(cells).rstrip()
