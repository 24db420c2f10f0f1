"""What goes wrong with schemas, all at once."""

from __future__ import annotations

from collections.abc import Iterable

from components.common.errors import InferstackError


class SchemasError(InferstackError):
    """Sources that cannot be had, or hold something else; a line each."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__("\n".join(lines))
