"""The compiled proxy_config in a real LiteLLM, in front of servers that answer as the compiled manifests say.

Opt-in: needs the command ``litellm`` (``pip install 'litellm[proxy]==1.106.2'``, 740 MB) on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.common import emit
from components.litellm.proxy_config import proxy_config
from components.litellm.workload import environment
from tests.support.stacks import make_fleet, make_stack
from tests.unit.litellm.fakes import Call, FakeCluster, fake_cluster

LITELLM = shutil.which("litellm")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LITELLM is None, reason="the command litellm is not installed (pip: litellm[proxy])"),
]
MASTER_KEY = "sk-" + "0f1e" * 16
CPU = {"pool": "cpu", "tensorParallelSize": 1}
MESSAGES = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True)
class Proxy:
    """A running proxy and the cluster behind it."""

    port: int
    cluster: FakeCluster

    def post(self, path: str, **body: Any) -> tuple[int, dict[str, str], list[Call]]:
        """Status, headers, and the calls that reached the servers."""
        before = len(self.cluster.calls)
        headers = {"content-type": "application/json", "authorization": f"Bearer {MASTER_KEY}"}
        request = urllib.request.Request(self.url(path), json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, seen = answer.status, dict(answer.headers)
        except urllib.error.HTTPError as error:
            status, seen = error.code, dict(error.headers)
        return status, seen, self.cluster.calls[before:]

    def chat(self, model: str) -> tuple[int, dict[str, str], list[Call]]:
        """One chat completion."""
        return self.post("/v1/chat/completions", model=model, messages=MESSAGES)

    def get(self, path: str) -> int:
        """Status of a request without a key."""
        try:
            with urllib.request.urlopen(self.url(path), timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def url(self, path: str) -> str:
        """On loopback."""
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    pair = {"sharedGateways": {"pair": {"wiring": "envoy-extension-policy"}}}
    qwen = {"name": "Qwen/Qwen3-32B"}
    adapters = {"adapters": {"support": {"uri": "hf://acme/support"}}}
    tiny = {"name": "acme/tiny", "weights": {"file": "tiny.gguf"}}
    gemma = {"name": "google/gemma-3-4b-it", "ollamaTag": "gemma3:4b"}
    completion = {"name": "acme/base", "kind": "completion"}
    stacks = [
        make_stack(cluster=pair, model=adapters, litellm={"fallbacks": {"qwen3": 1}}),
        make_stack("qwen3", cluster=pair, model=qwen, gateway={"shared": "pair"}),
        make_stack(
            "qwen3-b", cluster=pair, model=qwen, gateway={"shared": "pair"}, litellm={"modelName": "qwen3"}
        ),
        make_stack("tiny", cluster=pair, model=tiny, serving={"runtime": "llamacpp", **CPU}),
        make_stack("gemma", cluster=pair, model=gemma, serving={"runtime": "ollama", **CPU}),
        make_stack("embed", cluster=pair, model={"name": "BAAI/bge-m3", "kind": "embedding"}),
        make_stack("base", cluster=pair, model=completion, litellm={"rpm": 1}),
    ]
    litellm = {"modelGroupAliases": {"gpt-4": "llama-70b"}}
    fleet = make_fleet(*stacks, cluster={"litellm": litellm, "monitoring": {"enabled": False}})
    folder = tmp_path_factory.mktemp("litellm")
    with fake_cluster(*fleet.stacks) as cluster:
        config = proxy_config(fleet)
        for entry in config["model_list"]:
            entry["litellm_params"]["api_base"] = cluster.api_base(entry["litellm_params"]["api_base"])
        (folder / "config.yaml").write_text(emit.dump(config))
        plain = {one["name"]: one["value"] for one in environment(fleet) if "value" in one}
        with started(folder, plain, free_port()) as port:
            yield Proxy(port, cluster)


@contextmanager
def started(folder: Path, variables: dict[str, str], port: int) -> Iterator[int]:
    """Runs the proxy with the variables of the compiled Deployment; gives the port it listens on."""
    own = {name: value for name, value in variables.items() if name != "PROMETHEUS_METRICS_PORT"}
    every = {"PATH": os.environ["PATH"], **own, "HOME": str(folder), "LITELLM_MASTER_KEY": MASTER_KEY}
    command = [str(LITELLM), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=every, stdout=log, stderr=log)
        try:
            wait_until_ready(process, port, folder / "log")
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 120
    probe = Proxy(port, FakeCluster())
    while probe.get("/health/readiness") != 200:
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.5)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("llama-70b", "meta-llama/Llama-3.3-70B-Instruct"),
        ("gpt-4", "meta-llama/Llama-3.3-70B-Instruct"),
        ("support", "support"),
        ("qwen3", "Qwen/Qwen3-32B"),
        ("tiny", "acme/tiny"),
        ("gemma", "gemma3:4b"),
    ],
)
def test_every_public_name_reaches_a_server_that_knows_it(proxy: Proxy, name: str, asked: str) -> None:
    status, _, calls = proxy.chat(name)
    assert status == 200
    assert [(call.path, call.model) for call in calls] == [("/v1/chat/completions", asked)]


def test_embeddings(proxy: Proxy) -> None:
    status, _, (call,) = proxy.post("/v1/embeddings", model="embed", input="hello")
    assert (status, call.stack, call.path) == (200, "embed", "/v1/embeddings")


def test_a_limit_is_enforced_and_completions_stay_completions(proxy: Proxy) -> None:
    status, _, (call,) = proxy.post("/v1/completions", model="base", prompt="hello")
    assert (status, call.stack, call.path) == (200, "base", "/v1/completions")
    answers = [proxy.post("/v1/completions", model="base", prompt="hello") for _ in range(3)]
    # A minute may turn over between two of them.
    assert 429 in [status for status, _, _ in answers]


def test_stacks_of_one_name_share_the_load(proxy: Proxy) -> None:
    ids = {proxy.chat("qwen3")[1]["x-litellm-model-id"] for _ in range(30)}
    assert ids == {"qwen3", "qwen3-b"}


@pytest.mark.parametrize("name", ["llama-70b", "gpt-4"])
def test_a_model_that_fails_is_replaced_by_its_fallback(proxy: Proxy, name: str) -> None:
    proxy.cluster.broken.add("llama-70b")
    try:
        status, headers, calls = proxy.chat(name)
    finally:
        proxy.cluster.broken.clear()
    assert status == 200
    assert headers["x-litellm-attempted-fallbacks"] == "1"
    assert [call.stack for call in calls[:-1]] == ["llama-70b"] * 3
    assert calls[-1].stack in ("qwen3", "qwen3-b")


def test_a_model_without_a_twin_is_not_taken_out_of_rotation(proxy: Proxy) -> None:
    proxy.cluster.broken.add("gemma")
    try:
        failed = [proxy.chat("gemma") for _ in range(6)]
    finally:
        proxy.cluster.broken.clear()
    assert {status for status, _, _ in failed} == {500}
    assert all(calls for _, _, calls in failed)
    assert proxy.chat("gemma")[0] == 200


@pytest.mark.parametrize("path", ["/health/liveliness", "/health/readiness"])
def test_probes_need_no_key_and_cost_no_request(proxy: Proxy, path: str) -> None:
    before = len(proxy.cluster.calls)
    assert proxy.get(path) == 200
    assert len(proxy.cluster.calls) == before
