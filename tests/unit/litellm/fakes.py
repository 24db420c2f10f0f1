"""A small cluster on loopback, made from compiled manifests: gateways that follow the routes, servers that
answer to the names in their arguments and to no others, as vLLM, llama.cpp and Ollama do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from components.inference_gateway import build as inference_gateway
from components.model_service import build as model_service
from components.stack.params import Stack

PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")


@dataclass(frozen=True)
class Call:
    """One request that reached a server."""

    stack: str
    path: str
    model: str
    body: dict[str, Any]


@dataclass
class FakeCluster:
    """Listens on one port for all hosts of the cluster; the first path segment stands for the host."""

    routes: dict[str, list[tuple[str, Stack]]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    port: int = 0

    def api_base(self, url: str) -> str:
        """The loopback address that stands for a URL of the cluster; its path stays as it is."""
        parts = urlsplit(url)
        assert parts.hostname in self.routes, f"{parts.hostname} is no Service of the tree"
        return f"http://127.0.0.1:{self.port}/{parts.hostname}{parts.path}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body: the gateway's routing, then the server's."""
        _, host, *rest = path.split("/")
        inner = "/" + "/".join(rest)
        fitting = [(prefix, one) for prefix, one in self.routes.get(host, []) if _matches(inner, prefix)]
        if not fitting:
            return 404, {"error": {"message": f"no route for {inner}"}}
        prefix, stack = max(fitting, key=lambda pair: len(pair[0]))
        inner = "/" + inner.removeprefix(prefix).lstrip("/")
        self.calls.append(Call(stack.name, inner, str(body.get("model")), body))
        if stack.name in self.broken:
            return 500, {"error": {"message": "out of memory"}}
        if inner not in PATHS:
            return 404, {"error": {"message": f"{inner} not found"}}
        if body.get("model") not in served_by(stack):
            return 404, {"error": {"message": f"The model `{body.get('model')}` does not exist."}}
        return 200, _answer(inner, str(body["model"]))


def _matches(path: str, prefix: str) -> bool:
    return prefix == "/" or path == prefix or path.startswith(f"{prefix}/")


def served_by(stack: Stack) -> set[str]:
    """Names that the server answers to, read off the compiled InferenceService."""
    model = model_service.inference_service(stack)["spec"]["predictor"]["model"]
    arguments: list[str] = model.get("args", [])
    if stack.runtime.engine == "vllm":
        return set(_values(arguments, "--served-model-name")) | {
            pair.partition("=")[0] for pair in _values(arguments, "--lora-modules")
        }
    if stack.runtime.engine == "llamacpp":
        return set(_values(arguments, "--alias"))
    environment = {one["name"]: one["value"] for one in model["env"]}
    return {environment["MODEL_TAG"], *environment["MODEL_NAMES"].split()}


def _values(arguments: list[str], flag: str) -> Iterator[str]:
    if flag in arguments:
        for word in arguments[arguments.index(flag) + 1 :]:
            if word.startswith("--"):
                return
            yield word


def hosts(stack: Stack) -> Iterator[tuple[str, str]]:
    """(host, path prefix) under which the stack is reached, read off the compiled manifests."""
    manifests = list(inference_gateway.build(stack))
    routes = [one for one in manifests if one["kind"] == "HTTPRoute"]
    domain = stack.cluster.domain
    if not routes:
        yield f"{stack.names.predictor}.{stack.namespace}.svc.{domain}", "/"
    for route in routes:
        for parent in route["spec"]["parentRefs"]:
            for rule in route["spec"]["rules"]:
                prefix = rule["matches"][0]["path"]["value"]
                yield f"{parent['name']}.{parent['namespace']}.svc.{domain}", prefix


def _answer(path: str, model: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    common = {"id": "x", "created": 1, "model": model, "usage": usage}
    if path == "/v1/embeddings":
        data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
        return {**common, "object": "list", "data": data}
    if path == "/v1/completions":
        choices: list[dict[str, Any]] = [{"index": 0, "text": "ok", "finish_reason": "stop"}]
        return {**common, "object": "text_completion", "choices": choices}
    message = {"role": "assistant", "content": "ok"}
    return {
        **common,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


@contextmanager
def fake_cluster(*stacks: Stack) -> Iterator[FakeCluster]:
    """Serves the stacks on a free loopback port."""
    cluster = FakeCluster()
    for stack in stacks:
        for host, prefix in hosts(stack):
            cluster.routes.setdefault(host, []).append((prefix, stack))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            status, answer = cluster.answer(self.path, json.loads(self.rfile.read(length) or b"{}"))
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cluster.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
