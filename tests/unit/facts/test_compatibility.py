"""Which versions belong together and what they bring."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from components.facts import compatibility as compat
from components.facts import crd_available, pin_set_problems
from components.facts.tables import FactError, table

DEFAULT = {
    "kubernetes": "1.36",
    "kserve": "0.20.0",
    "gatewayApi": "1.6.1",
    "inferenceExtension": "1.5.0",
    "llmdRouter": "0.10.0",
    "envoyGateway": "1.9.0",
    "prometheusOperator": "0.93.0",
    "externalSecrets": "2.9.0",
    "certManager": "1.21.1",
    "argocd": "3.5.1",
}
CRDS = Path(os.environ.get("INFERSTACK_CRDS", Path(__file__).parents[4] / "shared" / "crds"))


def test_the_default_set_belongs_together() -> None:
    assert pin_set_problems(DEFAULT) == []


@pytest.mark.parametrize("wiring", list(table("compatibility")["wirings"]))
def test_every_recommended_set_fits_its_wiring(wiring: str) -> None:
    pins = {"kubernetes": "1.36", **compat.recommended(wiring)}
    assert pin_set_problems(pins) == []
    assert compat.wiring_problems(wiring, pins) == []


@pytest.mark.parametrize(
    ("versions", "parts"),
    [
        # ai-gateway#2507: 1.1.0 is not released for Envoy Gateway 1.9
        (
            {**DEFAULT, "envoyAiGateway": "1.1.0"},
            [
                "Envoy AI Gateway 1.1.0 needs Envoy Gateway >= 1.8.1, < 1.9.0 (this cluster has 1.9.0)",
                "Envoy AI Gateway 1.1.0 needs Gateway API >= 1.5.0, < 1.6.0 (this cluster has 1.6.1)",
            ],
        ),
        (
            {"envoyAiGateway": "0.6.1", "envoyGateway": "1.8.3", "gatewayApi": "1.5.1"},
            ["Envoy AI Gateway 0.6.1 needs Envoy Gateway >= 1.7.0, < 1.8.0 (this cluster has 1.8.3)"],
        ),
        (
            {"llmdRouter": "0.10.0"},
            ["llm-d router 0.10.0 needs Gateway API Inference Extension >= 1.0.0 (this cluster"],
        ),
        ({"envoyGatway": "1.9.0"}, ["no component 'envoyGatway' is known; did you mean envoyGateway?"]),
    ],
)
def test_versions_that_do_not_belong_together(versions: dict[str, str], parts: list[str]) -> None:
    problems = pin_set_problems(versions)
    assert len(problems) == len(parts)
    for problem, part in zip(problems, parts, strict=True):
        assert problem.startswith(part)


def test_notes_are_for_what_is_lost_or_untested() -> None:
    notes = "\n".join(compat.pin_set_notes(DEFAULT))
    assert "KServe 0.20 is tested with Envoy Gateway 1.8.1, not 1.9.0" in notes
    assert "--model-server-metrics-scheme" in notes
    stale = compat.pin_set_notes({"kserve": "0.20.0", "argocd": "3.2.0"})
    assert any("Progressing" in note for note in stale)
    assert compat.pin_set_notes({"kserve": "0.20.0", "argocd": "3.5.1"}) == []


@pytest.mark.parametrize(
    ("group", "version", "kind", "ok", "needs"),
    [
        ("apps", "v1", "Deployment", True, ""),
        ("inference.networking.k8s.io", "v1", "InferencePool", True, ""),
        ("llm-d.ai", "v1alpha2", "InferenceObjective", True, ""),
        ("networking.gke.io", "v1", "HealthCheckPolicy", True, ""),
        ("keda.sh", "v1alpha1", "ScaledObject", False, "KEDA (this cluster declares none)"),
        (
            "inference.networking.x-k8s.io",
            "v1alpha2",
            "InferencePool",
            False,
            "Gateway API Inference Extension < 1.5.0 (this cluster has 1.5.0); "
            "use inference.networking.k8s.io/v1",
        ),
        (
            "gateway.networking.k8s.io",
            "v1alpha3",
            "BackendTLSPolicy",
            False,
            "BackendTLSPolicy in a version that exists: gateway.networking.k8s.io/v1",
        ),
        (
            "gateway.networking.k8s.io",
            "v1",
            "HTTPRout",
            False,
            "a release that brings HTTPRout of gateway.networking.k8s.io; did you mean HTTPRoute?",
        ),
    ],
)
def test_kinds(group: str, version: str, kind: str, ok: bool, needs: str) -> None:
    found = crd_available(group, version, kind, DEFAULT)
    assert (found.ok, found.needs) == (ok, needs)


def test_an_older_release_is_told_what_brings_the_kind() -> None:
    # gateway.md 7.55
    found = crd_available("gateway.networking.k8s.io", "v1", "BackendTLSPolicy", {"gatewayApi": "1.3.0"})
    assert found.needs == "Gateway API >= 1.4.0 (this cluster has 1.3.0)"


@pytest.mark.parametrize(
    ("manifest", "versions", "problems"),
    [
        (
            {
                "apiVersion": "gateway.envoyproxy.io/v1alpha1",
                "kind": "EnvoyExtensionPolicy",
                "spec": {"extProc": [{"statusOnError": 503}]},
            },
            {"envoyGateway": "1.8.3"},
            ["spec.extProc[].statusOnError needs Envoy Gateway >= 1.9.0 (this cluster has 1.8.3)"],
        ),
        (
            {
                "apiVersion": "inference.networking.k8s.io/v1",
                "kind": "InferencePool",
                "spec": {"targetPorts": [{"number": 1}, {"number": 2}], "appProtocol": "http"},
            },
            {"inferenceExtension": "1.0.0"},
            [
                "spec.appProtocol needs Gateway API Inference Extension >= 1.4.0 (this cluster has 1.0.0)",
                "spec.targetPorts needs Gateway API Inference Extension >= 1.1.0 (this cluster has 1.0.0)",
                "spec.endpointPickerRef needs Gateway API Inference Extension >= 1.6.0 "
                "(this cluster has 1.0.0)",
            ],
        ),
        (
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "spec": {"rules": [{"filters": [{"type": "URLRewrite"}], "timeouts": {"request": "600s"}}]},
            },
            {"gatewayApi": "1.4.1"},
            [],
        ),
        ({"apiVersion": "v1", "kind": "ConfigMap", "data": {}}, {}, []),
    ],
)
def test_fields(manifest: dict[str, object], versions: dict[str, str], problems: list[str]) -> None:
    assert compat.field_problems(manifest, versions) == problems


def test_wirings_say_what_they_need() -> None:
    # gateway.md 5.B and 5.C
    assert compat.wiring_problems("envoy-extension-policy", {**DEFAULT, "envoyGateway": "1.4.6"}) == [
        "wiring envoy-extension-policy needs Envoy Gateway >= 1.5.0 (this cluster has 1.4.6): "
        "BackendTrafficPolicy endpointOverride"
    ]
    assert compat.wiring_problems("istio", DEFAULT)[0].startswith("wiring istio needs Istio >= 1.28.0")
    with pytest.raises(FactError, match="no wiring"):
        compat.wiring_problems("nginx", DEFAULT)


def test_every_component_of_the_tables_has_a_title() -> None:
    components = set(compat.components())
    facts = table("compatibility")
    used = {row["component"] for row in table("crds")["rows"]} - {None}
    used |= {rule["component"] for rule in facts["requires"]}
    used |= {other for rule in facts["requires"] for other in rule["needs"]}
    used |= {other for wiring in facts["wirings"].values() for other in wiring}
    used |= {other for pins in (*facts["pin_sets"], *facts["tested_with"]) for other in pins["versions"]}
    used |= {other for caution in facts["cautions"] for other in caution["when"]}
    assert used <= components


@pytest.mark.skipif(not CRDS.is_dir(), reason=f"no CRDs at {CRDS}")
def test_the_tables_agree_with_the_upstream_crds() -> None:
    newest = {
        **DEFAULT,
        "inferenceExtension": "1.6.0",
        "knative": "1.23.0",
        "envoyAiGateway": "1.1.0",
        "istio": "1.30.3",
        "keda": "2.20.2",
        "lws": "0.10.0",
        "gpuOperator": "26.7.0",
        "cloudnativePg": "1.30.0",
    }
    served: set[tuple[str, str, str]] = set()
    for path in sorted(CRDS.glob("*/*.yaml")):
        spec = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            api = (spec["group"], version["name"], spec["names"]["kind"])
            found = crd_available(*api, newest)
            assert found.ok == version["served"], (api, found)
            served.add(api)
    groups = {group for group, _, _ in served}
    for component in newest:
        for group, version_name, kind in compat.kinds_of(component):
            upstream = (group, version_name, kind) in served
            if group in groups and crd_available(group, version_name, kind, newest).ok and not upstream:
                assert not any(each[0] == group and each[2] == kind for each in served), (group, kind)


@pytest.mark.skipif(not CRDS.is_dir(), reason=f"no CRDs at {CRDS}")
def test_fields_of_the_tables_exist_upstream() -> None:
    schemas = {}
    for path in sorted(CRDS.glob("*/*.yaml")):
        spec = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["spec"]
        schemas[spec["group"], spec["names"]["kind"]] = spec["versions"][-1]["schema"]["openAPIV3Schema"]
    for row in table("crds")["fields"]:
        if row["since"] == "0.21.0":  # newer than the CRDs at hand
            continue
        node = schemas[row["group"], row["kind"]]
        for part in row["field"].split("."):
            node = node["properties"][part.removesuffix("[]")]
            node = node["items"] if part.endswith("[]") else node
