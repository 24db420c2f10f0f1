"""Where CRDs are had from: a URL, a file, a folder, standard input; and the CRDs in a text."""

from __future__ import annotations

import hashlib
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.schemas.errors import SchemasError

MAX_BYTES = 64 * 1024 * 1024
"""All CRDs of a large cluster are a third of that."""
SECONDS = 30
_KIND = "CustomResourceDefinition"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
Crd = Mapping[str, Any]


def is_url(source: str) -> bool:
    """Whether a source is fetched over HTTP."""
    return source.startswith(("https://", "http://"))


def content(source: str) -> list[bytes]:
    """The texts of a source: one, of a folder one a YAML file. Raises SchemasError."""
    if is_url(source):
        return [download(source)]
    if source == "-":
        return [sys.stdin.buffer.read(MAX_BYTES)]
    path = Path(source)
    try:
        files = sorted(one for one in path.rglob("*.y*ml") if one.is_file()) if path.is_dir() else [path]
        return [one.read_bytes() for one in files]
    except OSError as error:
        raise SchemasError([f"{source}: {error.strerror or error}"]) from None


def download(url: str) -> bytes:
    """What a URL answers. Raises SchemasError."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - http and https alone
            found: bytes = answer.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise SchemasError([f"{url}: the server answers {error.code} {error.reason}"]) from None
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise SchemasError([f"{url}: {reason}"]) from None
    if len(found) > MAX_BYTES:
        raise SchemasError([f"{url}: more than {MAX_BYTES // 1024 // 1024} MiB: these are no CRDs"])
    return found


def digest(text: bytes) -> str:
    """The SHA-256 of a text."""
    return hashlib.sha256(text).hexdigest()


def crds(texts: Iterable[bytes], source: str) -> list[Crd]:
    """The CRDs in the texts of a source, also in lists as kubectl prints them. Raises SchemasError where there are
    none."""
    try:
        documents = [one for text in texts for one in yaml.load_all(text, Loader=yaml.CSafeLoader)]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SchemasError([f"{source}: no YAML: {str(error).splitlines()[0]}"]) from None
    found = [crd for document in documents for crd in _crds(document) if _is_whole(crd)]
    if not found:
        raise SchemasError([f"{source}: it holds no {_KIND} of {_KIND.lower()}s' v1 API"])
    return found


def _crds(document: Any) -> Iterator[Any]:
    if isinstance(document, dict):
        if document.get("kind") == _KIND:
            yield document
        elif str(document.get("kind")).endswith("List") and isinstance(document.get("items"), list):
            for item in document["items"]:
                yield from _crds({"kind": _KIND, **item} if isinstance(item, dict) else item)


def _is_whole(crd: Any) -> bool:
    """Whether a CRD names its kind and its versions in a way that can be a file name, and has schemas."""
    try:
        spec = crd["spec"]
        versions = [version["schema"]["openAPIV3Schema"] for version in spec["versions"]]
        names = (spec["group"], spec["names"]["kind"].lower())
    except (KeyError, TypeError, AttributeError):
        return False
    return bool(versions) and all(_NAME.fullmatch(name) for name in names)
