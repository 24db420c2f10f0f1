"""The strict base of every parameter model, and the scalar types that inventory values share.

Inventory keys are camelCase; Python attributes are snake_case. Unknown keys, wrong types and
non-finite numbers are errors. ``null`` in the inventory removes an entry, so it never reaches a model
(see :func:`without_nulls`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from components.common import quantities


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
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


def _whole_bytes(quantity: str) -> str:
    value = quantities.parse(quantity)
    if value != value.to_integral_value():
        raise ValueError("not a whole number of bytes")
    return quantity


def without_nulls(value: Any) -> Any:
    """A copy of ``value`` in which every mapping entry that is ``null`` is gone, at any depth."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
"""A name made of ``[a-z0-9-]`` that starts with a letter: files, targets, objects."""

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
"""A Kubernetes namespace (DNS-1123 label)."""

Hostname = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", max_length=253
    ),
]
"""A DNS-1123 subdomain."""

Cpu = Annotated[str, StringConstraints(pattern=r"^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$")]
"""CPU cores, no finer than a thousandth, written as text: ``"500m"``, ``"16"``."""

Bytes = Annotated[
    str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$"), AfterValidator(_whole_bytes)
]
"""A whole number of bytes, written as text: ``"192Gi"``, ``"1.5Gi"``, ``"500M"``."""

Duration = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")]
"""A Gateway API duration (GEP-2257): ``600s``, ``1h30m``."""

Seconds = Annotated[int, Field(ge=1, le=99999)]
"""Whole seconds, as many as a Gateway API duration may hold (GEP-2257: five digits)."""

EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""An environment variable's name."""

Version = Annotated[
    str, StringConstraints(pattern=r"^(b?[0-9]+|[0-9]+(\.[0-9]+){1,2}([-.+][0-9A-Za-z.]+)?)$")
]
"""A version without a leading ``v``: ``1.9.0``, ``b6800``."""

Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
"""An ISO date, quoted in YAML."""

FlagValue = bool | int | float | str | list[str] | dict[str, Any]
"""What a command-line flag may be set to: see :func:`components.common.flags.render`."""


class Image(Params):
    """A container image. Give a digest to pin what a tag means."""

    repository: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._:/-]*[a-z0-9]$")]
    """Registry and path, without a tag: ``docker.io/vllm/vllm-openai``."""
    tag: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")] | None = None
    """The tag, with its ``v`` if it has one."""
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
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
    memory: Bytes
    memory_limit: Bytes

    @model_validator(mode="after")
    def _within_its_limit(self) -> Self:
        if quantities.parse(self.memory) > quantities.parse(self.memory_limit):
            raise ValueError(f"memory {self.memory} is above memoryLimit {self.memory_limit}")
        return self
