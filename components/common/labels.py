"""Every label that objects and pods carry, in one place."""

from __future__ import annotations

import re

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"
ENGINE_TYPE = "llm-d.ai/engine-type"
"""Pod label by which the EPP picks the metric names of an engine (llm-d-router v0.10 core-metrics-extractor)."""

CLUSTER = "inferstack.io/cluster"
ENVIRONMENT = "inferstack.io/environment"
STACK = "inferstack.io/stack"
MODEL = "inferstack.io/model"
"""Labels of Argo CD Applications, to filter them by."""

PRODUCT = "inference-stack"
"""``app.kubernetes.io/part-of`` of every compiled object."""
MANAGER = "inferstack"
"""``app.kubernetes.io/managed-by`` of every compiled object."""
GATEWAY_NAME = "inference-gateway"
"""``app.kubernetes.io/name`` of gateway and EPP: the chart's runbook selects on it."""


def common(instance: str, component: str, name: str) -> dict[str, str]:
    """Labels of every compiled object."""
    return {
        NAME: name,
        INSTANCE: instance,
        COMPONENT: component,
        PART_OF: PRODUCT,
        MANAGED_BY: MANAGER,
    }


def epp_selector(stack: str) -> dict[str, str]:
    """What selects the EPP's pods, and nothing else."""
    return {NAME: GATEWAY_NAME, INSTANCE: stack, COMPONENT: "endpoint-picker"}


def predictor_selector(predictor_app: str) -> dict[str, str]:
    """What selects a model's serving pods in Standard mode: not its workers, canaries or transformers."""
    return {"app": predictor_app}


def value(text: str) -> str | None:
    """``text`` as a label value: its part after the last slash, with a dash for every character that no label
    may hold. None where it does not fit, because a cut value would select something else."""
    fitting = re.sub(r"[^A-Za-z0-9._-]", "-", text.rpartition("/")[2]).strip("._-")
    return fitting if 0 < len(fitting) <= 63 else None
