"""Where the CRDs of a component's version lie: ``.inferstack/schemas/<component>/<version>/<group>.<kind>.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from components.facts import VersionError, parse

STORE = Path(".inferstack") / "schemas"


def is_version(text: str) -> bool:
    """Whether a text is a release number, and so can name a folder."""
    try:
        parse(text)
    except VersionError:
        return False
    return not {"/", "\\"} & set(text)


def folder(root: Path, component: str, version: str) -> Path:
    """The folder of one version, there or not."""
    return root / STORE / component / version


def folders(root: Path, versions: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders of declared versions that are there."""
    if not (root / STORE).is_dir():
        return ()
    places = (
        folder(root, name, version) for name, version in sorted(versions.items()) if is_version(version)
    )
    return tuple(place for place in places if place.is_dir())
