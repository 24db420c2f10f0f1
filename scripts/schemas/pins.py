"""``schemas.yml``: which URLs the CRDs of a component's version come from, and their SHA-256."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from components.common import emit
from components.facts.compatibility import components
from components.facts.suggest import did_you_mean
from scripts.schemas.errors import SchemasError
from scripts.schemas.place import is_version

FILE = "schemas.yml"
_HEAD = "# Where the CRDs of our operators come from, and what they must be: `inferstack schemas --help`.\n"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Pin(NamedTuple):
    """One source of one component's version."""

    component: str
    version: str
    url: str
    sha256: str


def read(root: Path) -> list[Pin]:
    """The pins, sorted; none without the file. Raises SchemasError."""
    path = root / FILE
    if not path.is_file():
        return []
    try:
        found = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise SchemasError([f"{FILE}: no YAML: {str(error).splitlines()[0]}"]) from None
    pins, wrong = _pins(found)
    if wrong:
        raise SchemasError(f"{FILE}: {one}" for one in wrong)
    return sorted(pins)


def _pins(found: Any) -> tuple[list[Pin], list[str]]:
    pins: list[Pin] = []
    wrong: list[str] = []
    for component, versions in _entries(found, "the file", wrong):
        if component not in components():
            hint = did_you_mean(component, components())
            wrong.append(f"no component {component!r} is known{hint}")
        for version, urls in _entries(versions, component, wrong):
            if not is_version(version):
                wrong.append(f'{component}: {version!r} is not a version; write it like "1.9.0", in quotes')
            for url, digest in _entries(urls, f"{component} {version}", wrong):
                if not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
                    wrong.append(
                        f"{component} {version}: the SHA-256 of {url} is not 64 digits of 0-9 and a-f"
                    )
                else:
                    pins.append(Pin(component, version, url, digest))
    return pins, wrong


def _entries(value: Any, what: str, wrong: list[str]) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return list(value.items())
    if value is not None:
        wrong.append(f"{what} is no mapping with texts as keys")
    return []


def write(root: Path, pins: list[Pin]) -> None:
    """Replaces the file; sorted, so that two people who add different ones do not meet."""
    whole: dict[str, dict[str, dict[str, str]]] = {}
    for pin in sorted(set(pins)):
        whole.setdefault(pin.component, {}).setdefault(pin.version, {})[pin.url] = pin.sha256
    (root / FILE).write_text(_HEAD + emit.dump(whole), encoding="utf-8")
