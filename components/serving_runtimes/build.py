"""ClusterServingRuntimes of a cluster, or one ServingRuntime of a stack."""

from __future__ import annotations

from typing import Any

from components.common.manifest import Manifest
from components.common.runtime import Runtime
from components.serving_runtimes.engines import ENGINES


def cluster_runtime(name: str, runtime: Runtime) -> Manifest:
    """The runtime for every namespace of a cluster."""
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": name},
        "spec": _spec(runtime),
    }


def stack_runtime(name: str, namespace: str, runtime: Runtime) -> Manifest:
    """The runtime of one stack, in its namespace."""
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": name, "namespace": namespace},
        "spec": _spec(runtime),
    }


def _spec(runtime: Runtime) -> dict[str, Any]:
    engine = ENGINES[runtime.engine]
    annotations = (
        {"prometheus.kserve.io/path": engine.METRICS_PATH, "prometheus.kserve.io/port": str(engine.PORT)}
        if engine.METRICS_PATH
        else {}
    )
    # No protocolVersions: KServe knows no protocol "openai", and an absent list fits every model (kserve#3176).
    # autoSelect is off so that no InferenceService of somebody else lands on it.
    return {
        **({"annotations": annotations} if annotations else {}),
        "supportedModelFormats": [{**engine.MODEL_FORMAT, "autoSelect": False}],
        "containers": [engine.container(runtime)],
        "volumes": engine.volumes(),
    }
