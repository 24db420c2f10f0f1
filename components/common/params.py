"""The strict base of every parameter model, and the scalar types that inventory values share.

Inventory keys are camelCase; Python attributes are snake_case. Unknown keys, wrong types and
non-finite numbers are errors. ``null`` in the inventory removes an entry, so it never reaches a model
(see :func:`without_nulls`).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from components.common import quantities
from components.common.forms import text
from components.facts import versions


def inventory_key(attribute: str) -> str:
    """The inventory key of a Python attribute: ``size_gib`` is written ``sizeGiB``."""
    return to_camel(attribute).replace("Gib", "GiB")


class Params(BaseModel):
    """Base of all parameter models: strict, frozen, no unknown keys, camelCase keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=inventory_key,
        allow_inf_nan=False,
    )

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself, for nobody changes it: pydantic would copy every default that is a model."""
        return self


def _some_bytes(quantity: str) -> str:
    value = quantities.parse(quantity)
    if value != value.to_integral_value():
        raise ValueError("not a whole number of bytes")
    if not value:
        raise ValueError("no memory at all")
    return quantity


def _day(date: str) -> str:
    try:
        datetime.date.fromisoformat(date)
    except ValueError:
        raise ValueError("the calendar has no such day") from None
    return date


def plain(value: Any) -> Any:
    """``value`` itself, of any shape. Raises ValueError for what JSON does not have: other keys than texts, numbers
    that are not finite."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} is no text; write it in quotes")
            plain(item)
    elif isinstance(value, list):
        for item in value:
            plain(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} is no number that JSON has")
    elif not (value is None or isinstance(value, str | bool | int | float)):
        raise ValueError(f"{value!r} is nothing that JSON has")
    return value


_SCALARS = frozenset({str, int, float, bool})
"""Told apart by type: for an abstract class each ``isinstance`` is a call."""


def without_nulls(value: Any) -> Any:
    """A copy of ``value`` in which every mapping entry that is ``null`` is gone, at any depth."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


Slug = Annotated[
    str,
    text(
        r"^[a-z]([a-z0-9-]*[a-z0-9])?$",
        "small letters, digits and dashes, with a letter first and no dash last",
        "llama-70b",
        longest=63,
    ),
]
"""A name of files, targets and objects."""

Namespace = Annotated[
    str,
    text(
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        "small letters, digits and dashes, with no dash first or last",
        "llm-platform",
        longest=63,
    ),
]
"""A Kubernetes namespace (DNS-1123 label)."""

Hostname = Annotated[
    str,
    text(
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
        "small letters, digits, dashes and dots, without a scheme or a path",
        "llm.example.com",
        longest=253,
    ),
]
"""A DNS-1123 subdomain."""

Url = Annotated[
    str,
    text(
        r"^https?://[^\s/]+(/[^\s]*)?$",
        "a URL that starts with http:// or https://",
        "http://prometheus.monitoring.svc:9090",
    ),
]
"""An HTTP URL."""

NonEmpty = Annotated[str, text(r"\S", "a text that is not blank", "main")]
"""A text that says something."""

Cpu = Annotated[
    str,
    text(
        r"^([0-9]{1,8}m|[0-9]{1,5}(\.[0-9]{1,3})?)$", "CPU cores or thousandths of them, in quotes", '"500m"'
    ),
]
"""CPU cores, no finer than a thousandth, written as text: ``"500m"``, ``"16"``."""

Bytes = Annotated[
    str,
    text(
        r"^[0-9]{1,15}(\.[0-9]{1,9})?(k|M|G|T|Ki|Mi|Gi|Ti)?$",
        "a number of bytes, with Ki, Mi, Gi, Ti, k, M, G or T behind it",
        "192Gi",
    ),
    AfterValidator(_some_bytes),
]
"""A whole number of bytes, written as text: ``"192Gi"``, ``"1.5Gi"``, ``"500M"``."""

Duration = Annotated[
    str,
    text(
        r"^([0-9]{1,5}(h|m|s|ms)){1,4}$",
        "whole hours (h), minutes (m), seconds (s) or milliseconds (ms)",
        "1h30m",
    ),
]
"""A Gateway API duration (GEP-2257): ``600s``, ``1h30m``."""

WholeDuration = Annotated[
    str,
    text(
        r"^([0-9]{1,4}h([0-9]{1,4}m)?([0-9]{1,4}s)?|[0-9]{1,4}m([0-9]{1,4}s)?|[0-9]{1,4}s)$",
        "whole hours (h), minutes (m) and seconds (s), in this order",
        "15s",
    ),
]
"""A duration that Prometheus and Go programs read alike: the larger unit first, no milliseconds."""

Seconds = Annotated[int, Field(ge=1, le=99999)]
"""Whole seconds, as many as a Gateway API duration may hold (GEP-2257: five digits)."""

Replicas = Annotated[int, Field(ge=0, le=10000)]
"""A number of pods."""

EnvName = Annotated[
    str, text(r"^[A-Za-z_][A-Za-z0-9_]*$", "letters, digits and underscores, with no digit first", "HF_HOME")
]
"""An environment variable's name."""

Version = Annotated[
    str,
    text(versions.WRITTEN, "a release number without a leading v, in quotes", '"0.33.0"', longest=63),
]
"""A version without a leading ``v``: ``1.9.0``, ``1.31.0-rc.0``, ``b6800``."""

Date = Annotated[
    str,
    text(r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", "year-month-day in quotes", '"2026-12-31"'),
    AfterValidator(_day),
]
"""An ISO date, quoted in YAML."""

LabelKey = Annotated[
    str,
    text(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$",
        "a name of at most 63 letters, digits, dashes, underscores and dots, after a domain and a slash if it has one",
        "nvidia.com/gpu.product",
        longest=317,
    ),
]
"""A key of Kubernetes labels and taints."""

LabelValue = Annotated[
    str,
    text(
        r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
        "letters, digits, dashes, underscores and dots, with a letter or digit at both ends",
        "NVIDIA-L4",
        longest=63,
    ),
]
"""A value of Kubernetes labels and taints."""

Labels = dict[LabelKey, LabelValue]

ResourceName = Annotated[
    str,
    text(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?"
        r"/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        "a domain, a slash and a name",
        "nvidia.com/gpu",
        longest=317,
    ),
]
"""An extended resource of Kubernetes nodes."""

Repository = Annotated[
    str,
    text(
        r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
        r"(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$",
        "a registry and a path in small letters, without a tag",
        "docker.io/vllm/vllm-openai",
        longest=255,
    ),
]
"""Where images are."""

Tag = Annotated[
    str,
    text(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", "letters, digits, underscores, dots and dashes", "v0.33.0"),
]
"""An image's tag."""

Digest = Annotated[
    str,
    text(r"^sha256:[0-9a-f]{64}$", "sha256: and 64 hexadecimal digits", f"sha256:{'0123456789abcdef' * 4}"),
]
"""What pins an image's content."""

Patch = Annotated[dict[str, Any], AfterValidator(plain)]
"""A mapping of any shape that JSON can hold."""

FlagValue = bool | int | float | str | list[str] | Patch
"""What a command-line flag may be set to: see :func:`components.common.flags.render`."""


class Image(Params):
    """A container image. Give a digest to pin what a tag means."""

    repository: Repository
    """Registry and path, without a tag: ``docker.io/vllm/vllm-openai``."""
    tag: Tag | None = None
    """The tag, with its ``v`` if it has one."""
    digest: Digest | None = None
    """The digest. With a tag and a digest, the digest decides what is pulled."""

    @property
    def reference(self) -> str:
        """``repository[:tag][@digest]``."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"


class LimitedResources(Params):
    """What a pod asks for, and the memory that it may not exceed."""

    cpu: Cpu
    """CPU cores asked for; a pod may use more where the node has them."""
    memory: Bytes
    """Memory asked for."""
    memory_limit: Bytes
    """Memory at which the pod is killed."""

    @model_validator(mode="after")
    def _within_its_limit(self) -> Self:
        if quantities.parse(self.memory) > quantities.parse(self.memory_limit):
            raise ValueError(f"memory {self.memory} is above memoryLimit {self.memory_limit}")
        return self
