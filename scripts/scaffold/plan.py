"""What a scaffold writes, and the parts that all of them share."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from components.common.emit import dump
from components.facts.suggest import nearest
from components.inventory.inventory import Inventory
from scripts.project import MisuseError, Project

SLUG = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Plan:
    """Files to write, by path from the root, and what to do when they are written."""

    files: Mapping[str, str]
    next_steps: tuple[str, ...]


def rendered(project: Project, template: str, **values: Any) -> str:
    """The text of ``templates/scaffold/<template>``."""
    environment = Environment(
        loader=FileSystemLoader(project.templates / "scaffold"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, never HTML
    )
    environment.filters["block"] = _block
    return environment.get_template(template).render(**values)


def _block(data: Any, indent: int) -> str:
    """Plain data as an indented YAML block without a final line end."""
    return textwrap.indent(dump(data), " " * indent).rstrip("\n")


def without_nothing(data: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that have a value, in their order, at any depth."""
    kept = {
        key: without_nothing(value) if isinstance(value, Mapping) else value for key, value in data.items()
    }
    return {key: value for key, value in kept.items() if value is not None and value != {}}


def slug(name: str, what: str) -> str:
    """``name`` itself. Raises MisuseError when it cannot name a file and the objects made from it."""
    if not SLUG.fullmatch(name):
        raise MisuseError(f"{what} {name!r} is no slug; use a-z, 0-9 and -, and start with a letter")
    return name


def known_class(inventory: Inventory, folder: str, name: str) -> str:
    """The class ``<folder>.<name>``. Raises MisuseError when the inventory has none."""
    names = [known.partition(".")[2] for known in inventory.layout.classes if known.startswith(f"{folder}.")]
    return f"{folder}.{known_name(names, f'class in inventory/classes/{folder}', name)}"


def known_name(names: list[str], what: str, name: str) -> str:
    """``name`` itself. Raises MisuseError when it is not one of ``names``."""
    if name in names:
        return name
    near = nearest(name, names)
    there_are = f"there are {', '.join(sorted(names))}" if names else "there are none"
    raise MisuseError(f"no {what} is named {name!r}; {f'did you mean {near!r}?' if near else there_are}")
