"""The one place that writes YAML text.

The text must read the same for PyYAML, for Go's YAML 1.1 parsers (kubectl, Argo CD) and for YAML 1.2 parsers, so
a string is left plain only where none of them could take it for something else. No anchors, no folding, multi-line
strings as literal blocks, ``apiVersion``, ``kind``, ``metadata`` first and every other key where the builder put it.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_FIRST = ("apiVersion", "kind", "metadata")
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+=,()-]*(:[A-Za-z0-9_./@+=,()-]+)*( [A-Za-z0-9_./@+=,()-]+)*")
_FLAG = re.compile(r"--[a-z][a-z0-9-]*(=[A-Za-z0-9_./:@+-]*[A-Za-z0-9_./@+-])?")
_QUANTITY = re.compile(r"[1-9][0-9]*(m|s|h|ms|Ki|Mi|Gi|Ti)")
_RESERVED = frozenset("y yes n no on off true false null nan inf".split())
"""Words that some YAML parser reads as a boolean, a null or a number, in any case."""


class _Dumper(yaml.CSafeDumper):
    """libyaml with this project's representers."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    tag = "tag:yaml.org,2002:str"
    if "\n" in text:
        return dumper.represent_scalar(tag, text, style="|")
    if _QUANTITY.fullmatch(text) or _FLAG.fullmatch(text):
        return dumper.represent_scalar(tag, text)
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return dumper.represent_scalar(tag, text)
    return dumper.represent_scalar(tag, text, style="'" if '"' in text else '"')


def _mapping(dumper: yaml.CSafeDumper, data: dict[str, Any]) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=False if data else True)


def _refuse(dumper: yaml.CSafeDumper, data: Any) -> yaml.Node:
    raise TypeError(f"{type(data).__name__} has no place in a manifest: {data!r}")


_PLAIN_TYPES = (list, int, float, bool, type(None))
_Dumper.yaml_representers = {kind: yaml.CSafeDumper.yaml_representers[kind] for kind in _PLAIN_TYPES} | {
    str: _string,
    dict: _mapping,
    None: _refuse,
}


def document(manifest: dict[str, Any]) -> str:
    """The YAML text of one object. Raises TypeError for values that are not plain JSON types."""
    ordered = {key: manifest[key] for key in _FIRST if key in manifest}
    ordered.update((key, value) for key, value in manifest.items() if key not in ordered)
    return dump(ordered)


def dump(data: Any) -> str:
    """YAML text of plain data (dicts, lists, strings, numbers, booleans, null), keys in their own order."""
    text: str = yaml.dump(
        data, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, width=2**30, sort_keys=False
    )
    return text
