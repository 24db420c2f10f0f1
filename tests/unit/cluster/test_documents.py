from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from components.cluster import platform
from components.cluster.documents import documents
from components.cluster.params import Fleet
from components.common.errors import MistakesError
from components.litellm import build as litellm
from components.litellm.proxy_config import proxy_config
from components.monitoring import build as monitoring
from components.stack import build as stack_build
from components.stack.params import Stack
from tests.support.stacks import make_fleet, make_stack, wired

CPU: dict[str, Any] = {"pool": "cpu", "tensorParallelSize": 1}
KNATIVE: dict[str, Any] = {
    "serving": {"mode": "Knative"},
    "gateway": {"enabled": False},
    "cluster": {
        "versions": {"knative": "1.23.0"},
        "knative": {
            "features": {"kubernetes.podspec-nodeselector": True, "kubernetes.podspec-tolerations": True}
        },
    },
}
STACKS: dict[str, dict[str, Any]] = {
    "vllm": {},
    "llamacpp": {
        "serving": {"runtime": "llamacpp", **CPU},
        "model": {
            "name": "acme/tiny",
            "weights": {"uri": "oci://registry.example.com/tiny:1", "file": "t.gguf"},
        },
    },
    "ollama": {"serving": {"runtime": "ollama", **CPU}, "model": {"ollamaTag": "llama3.3:70b"}},
    "claim": {
        "serving": {
            "storage": {"claim": {"name": "weights", "path": "llama", "create": True, "size": "200Gi"}}
        }
    },
    "gated": {"model": {"gated": True}},
    "namespaced runtime": {"runtimes": {"vllm": {"namespaced": True}}},
    "several replicas": {
        "serving": {"minReplicas": 2, "maxReplicas": 4, "autoscaling": {"scaler": "hpa", "target": 80}}
    },
    "scaled to zero": {
        "serving": {"minReplicas": 0, "maxReplicas": 2},
        "cluster": {"versions": {"keda": "2.20.2"}, "prometheusUrl": "http://prometheus.monitoring:9090"},
    },
    "no pool": {"gateway": {"pool": {"enabled": False}}},
    "not wired": {"gateway": {"extensionPolicy": False}},
    "one picker": {"gateway": {"epp": {"replicas": 1, "metricsAuth": False}}},
    "no gateway": {"gateway": {"enabled": False}},
    "knative": KNATIVE,
    "shared gateway": {
        "gateway": {"shared": "pair"},
        "cluster": {
            "sharedGateways": {"pair": {"wiring": "envoy-extension-policy", "namespace": "gateways"}}
        },
    },
    "gateway namespace": {"cluster": {"envoyGateway": {"deploy": "GatewayNamespace"}}},
    "not in litellm": {"litellm": {"enabled": False}},
    "not monitored": {"monitoring": {"enabled": False}},
    "embedding": {"model": {"kind": "embedding"}},
    "rerank": {"model": {"kind": "rerank"}},
    "adapters": {"model": {"adapters": {"support": {"uri": "hf://acme/support"}}}},
    "own namespace": {"serving": {"namespace": "llm-other", "name": "chat"}},
    "restricted": {"cluster": {"namespaces": {"podSecurity": "restricted"}}},
    "own proxy": {"cluster": {"litellm": {"deploy": True, "hostname": "llm.example.com"}}},
    **{way: wired(way) for way in ("envoy-ai-gateway", "istio", "agentgateway", "gke")},
}
RUNBOOK = "runbooks/llama-70b.md"


@pytest.fixture(scope="module", params=STACKS, ids=str)
def one(request: pytest.FixtureRequest) -> tuple[Stack, Fleet, dict[str, str]]:
    stack = make_stack(**STACKS[request.param])
    fleet = make_fleet(stack)
    return stack, fleet, documents(fleet)


def blocks(text: str) -> list[str]:
    """The shell commands of a page."""
    return re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """One line a command, continued lines joined."""
    return [line for block in blocks(text) for line in block.replace("\\\n", " ").splitlines()]


def made(stack: Stack, fleet: Fleet) -> set[tuple[str, str, str]]:
    """(kind in lower case, namespace, name) of what is compiled, and of what controllers make of it."""
    manifests = [m for part in stack_build.built(stack) for m in part.manifests]
    manifests += [*platform.build(fleet), *litellm.build(fleet)]
    found = {
        (m["kind"].lower(), m["metadata"].get("namespace", stack.namespace), m["metadata"]["name"])
        for m in manifests
    }
    own, names, infra = stack.namespace, stack.names, fleet.cluster.infrastructure_namespace
    for kind in ("deployment", "scaledobject", "hpa", "ksvc"):
        found.add((kind, own, names.predictor))
    found |= {("secret", namespace, name) for kind, namespace, name in found if kind == "externalsecret"}
    found |= {("pvc", namespace, name) for kind, namespace, name in found if kind == "persistentvolumeclaim"}
    found |= {
        ("lease", own, f"epp-{own}-{names.pool}.llm-d.ai"),
        ("application", fleet.cluster.argocd.namespace, f"{fleet.cluster.name}-{stack.name}"),
        ("gateway", infra, fleet.cluster.external_gateway),
        ("deployment", infra, fleet.cluster.litellm_service),
        ("service", infra, fleet.cluster.litellm_service),
        *(("service", *where) for where in proxies(manifests, stack)),
    }
    return found


def proxies(manifests: list[dict[str, Any]], stack: Stack) -> set[tuple[str, str]]:
    """(namespace, name) of Services that a gateway's controller makes."""
    envoy = stack.cluster.envoy_gateway
    found = set()
    for m in manifests:
        namespace, name = m["metadata"].get("namespace", stack.namespace), m["metadata"]["name"]
        if m["kind"] == "EnvoyProxy":
            service = m["spec"]["provider"]["kubernetes"]["envoyService"]["name"]
            found.add((namespace if envoy.deploy == "GatewayNamespace" else envoy.namespace, service))
        elif m["kind"] == "Gateway" and m["spec"]["gatewayClassName"] == "istio":
            found.add((namespace, f"{name}-istio"))
        elif m["kind"] == "Gateway" and m["spec"]["gatewayClassName"] == "agentgateway":
            found.add((namespace, name))
    return found


def test_every_object_that_a_command_names_exists(one: tuple[Stack, Fleet, dict[str, str]]) -> None:
    stack, fleet, files = one
    known = made(stack, fleet)
    named = set()
    for text in (files[RUNBOOK], files["runbooks/litellm.md"]):
        for line in commands(text):
            for kind, name, namespace in re.findall(
                r"kubectl (?:get|describe) ([a-z.0-9]+) ([a-z][a-z0-9.-]*) -n ([a-z0-9-]+)", line
            ):
                named.add((kind.partition(".")[0], namespace, name))
            for namespace, kind, name in re.findall(
                r"kubectl (?:port-forward|logs) -n ([a-z0-9-]+) (deployment|service)/([a-z0-9-]+)", line
            ):
                named.add((kind, namespace, name))
    assert ("inferenceservice", stack.namespace, stack.names.service) in named
    assert named - known == set()


def test_labels_in_commands_select_the_pods(one: tuple[Stack, Fleet, dict[str, str]]) -> None:
    stack, _, files = one
    selectors = set(re.findall(r"kubectl (?:get|describe) pods -n \S+ -l (\S+)", files[RUNBOOK]))
    assert stack.names.predictor_app in str(selectors) or stack.is_knative
    assert (
        any(labels.startswith("app.kubernetes.io/name=inference-gateway") for labels in selectors)
        is stack.has_pool
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_commands_are_valid_shell(one: tuple[Stack, Fleet, dict[str, str]]) -> None:
    _, _, files = one
    script = "\n".join(block for path in files if path.endswith(".md") for block in blocks(files[path]))
    script = script.replace("<commit>", "COMMIT")
    assert (
        subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False).stderr == ""
    )


def test_test_requests_are_json_that_names_a_model(one: tuple[Stack, Fleet, dict[str, str]]) -> None:
    stack, _, files = one
    bodies = [json.loads(body) for body in re.findall(r"-d '(\{.*\})'", files[RUNBOOK])]
    assert bodies
    allowed = {*stack.served_names, stack.public_name}
    assert {body["model"] for body in bodies} <= allowed
    assert all(("input" in body) is (stack.model.kind == "embedding") for body in bodies)


def test_nothing_is_left_unrendered(one: tuple[Stack, Fleet, dict[str, str]]) -> None:
    _, _, files = one
    for path, text in files.items():
        assert "{%" not in text
        assert "\n\n\n" not in text
        assert not re.search(r"\bNone\b|Undefined| $", text, re.MULTILINE), path


def test_links_lead_somewhere(one: tuple[Stack, Fleet, dict[str, str]]) -> None:
    _, _, files = one
    for path, text in files.items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            folder = path.rpartition("/")[0]
            assert f"{folder}/{target}".replace("docs/../", "") in files


def test_revisions_exist_in_knative_mode_only(one: tuple[Stack, Fleet, dict[str, str]]) -> None:
    stack, _, files = one
    asked = [line for line in commands(files[RUNBOOK]) if " revision " in line]
    assert bool(asked) is stack.is_knative
    assert ("kubectl get deployment llama-70b-predictor" in files[RUNBOOK]) is (
        not stack.is_knative and stack.names.service == "llama-70b"
    )


def test_the_values_fragment_asks_for_what_the_proxy_config_asks_for(
    one: tuple[Stack, Fleet, dict[str, str]],
) -> None:
    _, fleet, files = one
    (chart, values), *rest = yaml.safe_load(files["docs/litellm-values.yaml"]).items()
    assert (chart, rest, list(values["litellm"])) == ("litellm-proxy", [], ["modelList"])
    listed = [
        (entry["modelName"], entry["litellmParams"]["model"], entry["litellmParams"]["apiBase"])
        for entry in values["litellm"]["modelList"]
    ]
    assert listed == [
        (entry["model_name"], entry["litellm_params"]["model"], entry["litellm_params"]["api_base"])
        for entry in proxy_config(fleet)["model_list"]
    ]
    assert all(api_base.endswith("/v1") for _, _, api_base in listed)


def headings(text: str) -> set[str]:
    """Anchors of a page's headings, as forges make them from a heading of one word."""
    return {line.lstrip("# ").lower() for line in text.splitlines() if re.match(r"#+ \w+$", line)}


MIXED: dict[str, dict[str, Any]] = {
    "llama-70b": {
        "monitoring": {"slo": {"ttftP95Seconds": 2, "tpotP95Seconds": 0.05, "errorRatio": 0.01}},
        "gateway": {"epp": {"flowControl": True}},
    },
    "plain": {"model": {"name": "acme/plain"}},
    "one-picker": {"model": {"name": "acme/one"}, "gateway": {"epp": {"replicas": 1}}},
    "old": {"model": {"name": "acme/old"}, "serving": {"runtime": "old"}},
    "blind": {"model": {"name": "acme/blind"}, "serving": {"args": {"disable-log-stats": True}}},
    "no-pool": {"model": {"name": "acme/no-pool"}, "gateway": {"pool": {"enabled": False}}},
    "tiny": {
        "model": {"name": "acme/tiny", "weights": {"file": "tiny.gguf"}},
        "serving": {"runtime": "llamacpp", **CPU},
        "monitoring": {"slo": {"ttftP95Seconds": 2, "errorRatio": 0.01}},
    },
    "gemma": {
        "model": {"name": "acme/gemma", "ollamaTag": "gemma3:4b"},
        "serving": {"runtime": "ollama", **CPU},
        "monitoring": {"slo": {"errorRatio": 0.01}},
    },
    "quiet": {"model": {"name": "acme/quiet"}, "monitoring": {"enabled": False}},
}


@pytest.fixture(scope="module")
def mixed() -> Fleet:
    older = {
        "old": {
            "engine": "vllm",
            "version": "0.8.0",
            "image": {"repository": "docker.io/vllm/vllm-openai", "tag": "v0.8.0"},
        }
    }
    shared = {"runtimes": older, "cluster": {"runtimes": {"old": True}}}
    stacks = [make_stack(name, **{**overrides, **shared}) for name, overrides in MIXED.items()]
    return make_fleet(*stacks, cluster={"litellm": {"deploy": True}})


@pytest.mark.parametrize("name", MIXED)
def test_a_runbook_has_a_section_for_each_alert_that_can_fire(mixed: Fleet, name: str) -> None:
    stack = next(stack for stack in mixed.stacks if stack.name == name)
    alone = Fleet(mixed.params, (stack,), {})
    monitored = stack.params.monitoring.enabled
    possible = {alert.anchor for alert in monitoring.alerts(alone) if monitored and alert.scope == "stack"}
    if stack.has_pool and stack.gateway.epp.replicas == 1:
        possible.discard("inferenceeppnoleader")
    anchors = {
        anchor
        for anchor in headings(documents(mixed)[f"runbooks/{name}.md"])
        if anchor.startswith("inference")
    }
    assert anchors == possible


def test_every_link_of_an_alert_leads_to_a_section(mixed: Fleet) -> None:
    files = documents(mixed)
    stack_pages = set().union(*(headings(files[f"runbooks/{name}.md"]) for name in MIXED))
    linked = 0
    for manifest in monitoring.build(mixed):
        for group in manifest["spec"].get("groups", []) if manifest["kind"] == "PrometheusRule" else []:
            for rule in group["rules"]:
                if "alert" in rule:
                    page, _, anchor = rule["annotations"]["runbook_url"].rpartition("/")[2].partition("#")
                    linked += 1
                    if page == "litellm.md":
                        assert anchor in headings(files["runbooks/litellm.md"])
                    else:
                        assert page == "{{ $labels.stack }}.md"
                        assert anchor in stack_pages
    assert linked > 15


def test_another_stack_changes_no_page_but_its_own_and_the_proxys() -> None:
    before = documents(make_fleet(make_stack()))
    after = documents(make_fleet(make_stack(), make_stack("qwen3")))
    changed = {path for path in before if after[path] != before[path]}
    assert changed <= {"docs/litellm-values.yaml", "runbooks/litellm.md"}
    assert after.keys() - before.keys() == {"runbooks/qwen3.md"}


def test_the_same_cluster_gives_the_same_files(mixed: Fleet) -> None:
    assert documents(mixed) == documents(mixed)


def test_text_of_people_cannot_break_a_table() -> None:
    stack = make_stack(model={"licence": "a | b\nc <script>"})
    text = documents(make_fleet(stack))[RUNBOOK]
    assert r"licence a \| b c &lt;script>" in text


def test_a_cluster_without_stacks_has_documents_too() -> None:
    files = documents(make_fleet())
    assert yaml.safe_load(files["docs/litellm-values.yaml"]) == {
        "litellm-proxy": {"litellm": {"modelList": []}}
    }


def test_a_stack_cannot_take_the_proxys_page() -> None:
    with pytest.raises(MistakesError):
        make_fleet(make_stack("litellm"))
