"""Golden cases: engine x wiring, and every other shape of a stack.

``pytest tests/golden --snapshot-update`` accepts a change.
"""

from __future__ import annotations

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from components.common.place import place, texts
from components.inference_gateway.wiring import WIRINGS
from components.stack import build
from components.stack.params import Stack
from tests.support.stacks import make_stack
from tests.unit.inference_gateway.test_build import ENGINES, wired


class _Yaml(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "yaml"


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("engine", ENGINES)
def test_stack(engine: str, wiring: str, snapshot: SnapshotAssertion) -> None:
    assert _text(make_stack(**wired(wiring, engine))) == snapshot(extension_class=_Yaml)


_KNATIVE = {
    "versions": {"knative": "1.21.1"},
    "knative": {
        "features": {"kubernetes.podspec-nodeselector": True, "kubernetes.podspec-tolerations": True}
    },
}
CASES: dict[str, dict[str, Any]] = {
    "adapters": {"model": {"adapters": {"support": {"uri": "s3://adapters/support", "rank": 32}}}},
    "claim": {"serving": {"storage": {"claim": {"name": "weights", "create": True, "size": "200Gi"}}}},
    "gated": {"model": {"gated": True}},
    "knative": {"serving": {"mode": "Knative"}, "gateway": {"enabled": False}, "cluster": _KNATIVE},
    "mla-experts": {
        "model": {"name": "deepseek-ai/DeepSeek-R1-0528", "architecture": None, "maxContext": 163840},
        "serving": {"tensorParallelSize": 8, "expertParallel": True, "kvCacheDtype": "fp8"},
    },
    "no-pool": {"gateway": {"pool": {"enabled": False}}},
    "one-epp": {"gateway": {"epp": {"replicas": 1, "metricsAuth": False, "flowControl": True}}},
    "overrides": {"overrides": {"HTTPRoute": {"llama-70b": {"metadata": {"labels": {"team": "search"}}}}}},
    "scaled": {
        "serving": {"minReplicas": 2, "maxReplicas": 4},
        "cluster": {"versions": {"keda": "2.20.2"}, "prometheusUrl": "http://prometheus.monitoring:9090"},
    },
    "shared": wired("envoy-extension-policy", shared="shared"),
    "verified-tls": {"gateway": {"epp": {"tls": "cert-manager", "issuer": "internal"}}},
}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, snapshot: SnapshotAssertion) -> None:
    assert _text(make_stack(**CASES[case])) == snapshot(extension_class=_Yaml)


def _text(stack: Stack) -> str:
    files = texts(place(build.owner("eu-h100.llama-70b", stack), build.built(stack)))
    return "".join(f"# {path}\n{files[path]}---\n" for path in sorted(files))
