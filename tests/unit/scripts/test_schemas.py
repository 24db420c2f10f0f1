"""`inferstack schemas`: from files, folders, kubectl and a server on the loopback; pinned, and asked by the check."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from scripts.cli import main
from tests.support.check_projects import committed

POOL = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: inferencepools.inference.networking.k8s.io}
spec:
  group: inference.networking.k8s.io
  names: {kind: InferencePool, plural: inferencepools}
  scope: Namespaced
  versions:
  - name: v2
    served: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
"""
OTHER = POOL.replace("inference.networking.k8s.io", "example.com")


class Server:
    """A server on the loopback that answers with what ``pages`` holds."""

    def __init__(self) -> None:
        pages = self.pages = {"/crds.yaml": POOL}
        asked = self.asked = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200 if self.path in pages else 404)
                self.end_headers()
                self.wfile.write(pages.get(self.path, "").encode())

            def log_message(self, *words: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/crds.yaml"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    found = Server()
    thread = threading.Thread(target=found.http.serve_forever)
    thread.start()
    yield found
    found.http.shutdown()
    thread.join()
    found.http.server_close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return committed(tmp_path / "project", "edge-cpu")


def schemas(project: Path, *words: str) -> int:
    return main(["schemas", "--root", str(project), *words])


def stored(project: Path) -> list[str]:
    store = project / ".inferstack" / "schemas"
    return sorted(path.relative_to(store).as_posix() for path in store.rglob("*.yaml"))


FILE = "inferenceExtension/1.5.0/inference.networking.k8s.io.inferencepool.yaml"


def test_nothing_is_here_at_first(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert schemas(project) == 0
    assert "inferenceExtension 1.5.0: not here: our contracts hold (edge-cpu)\n" in capsys.readouterr().out


def test_a_folder(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "crds" / "deep").mkdir(parents=True)
    (tmp_path / "crds" / "deep" / "pool.yml").write_text(f"{POOL}---\n{OTHER}", encoding="utf-8")
    assert schemas(project, "add", "edge-cpu", str(tmp_path / "crds")) == 0
    assert stored(project) == [FILE]
    assert not (project / "schemas.yml").exists()
    schemas(project)
    assert "inferenceExtension 1.5.0: 1 CRDs (edge-cpu)\n" in capsys.readouterr().out


def test_what_kubectl_prints(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [yaml.safe_load(POOL), {"kind": "CustomResourceDefinition"}, "odd", yaml.safe_load(OTHER)]
    dump = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(dump.encode())))
    assert schemas(project, "add", "edge-cpu", "-") == 0
    assert stored(project) == [FILE]


def test_the_check_asks_them_before_the_contracts(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pool.yaml").write_text(POOL, encoding="utf-8")
    check = ["check", "--root", str(project), "--date", "2026-11-24", "--jobs", "1"]
    assert main(check) == 0
    schemas(project, "add", "edge-cpu", str(tmp_path / "pool.yaml"))
    capsys.readouterr()
    assert main(check) == 1
    assert "knows InferencePool as inference.networking.k8s.io/v2 only" in capsys.readouterr().out
    folder = project / ".inferstack" / "schemas" / "inferenceExtension"
    (folder / "1.5.0").rename(folder / "1.4.0")
    assert main(check) == 0  # those of a version that the cluster does not declare say nothing about it


def test_a_url_is_pinned_and_fetched_in_another_checkout(
    project: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert schemas(project, "add", "edge-cpu", server.url) == 0
    assert server.url in (project / "schemas.yml").read_text(encoding="utf-8")
    first = (project / ".inferstack/schemas" / FILE).read_bytes()
    (project / ".inferstack").rename(project / "gone")
    schemas(project)
    assert "inferenceExtension 1.5.0: pinned, not here: inferstack schemas fetch" in capsys.readouterr().out
    assert schemas(project, "fetch") == 0
    assert (project / ".inferstack/schemas" / FILE).read_bytes() == first
    asked = len(server.asked)
    assert schemas(project, "fetch") == 0
    assert len(server.asked) == asked
    assert "everything that is pinned is here" in capsys.readouterr().out


def test_a_source_that_changed_is_not_taken(
    project: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    schemas(project, "add", "edge-cpu", server.url)
    (project / ".inferstack").rename(project / "gone")
    server.pages["/crds.yaml"] = POOL.replace("v2", "v3")
    assert schemas(project, "fetch") == 1
    told = capsys.readouterr().err
    assert "its SHA-256 is" in told
    assert "nothing was taken" in told
    assert stored(project) == []
    assert schemas(project, "add", "edge-cpu", server.url) == 0  # who adds it again has looked at it
    assert (project / "schemas.yml").read_text(encoding="utf-8").count(server.url) == 1
    assert schemas(project, "fetch") == 0


def test_everything_that_is_wrong_at_once(
    project: Path, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {"none": "a: b\n", "broken": "a: [\n", "other": OTHER}
    for name, text in sources.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    words = [
        *(str(tmp_path / f"{name}.yaml") for name in sources),
        f"{server.url}.gone",
        str(tmp_path / "absent"),
    ]
    assert schemas(project, "add", "edge-cpu", *words) == 1
    told = capsys.readouterr().err
    for said in (
        "none.yaml: it holds no CustomResourceDefinition",
        "broken.yaml: no YAML",
        "other.yaml: it is of example.com, and edge-cpu declares no version of what brings that",
        ".gone: the server answers 404",
        "absent: No such file",
    ):
        assert said in told
    assert stored(project) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "no YAML"),
        ("[]", "the file is no mapping"),
        ("kserv: {}", "no component 'kserv' is known; did you mean kserve?"),
        ('kserve: {"../x": {}}', "'../x' is not a version"),
        ("kserve: {1.5: {}}", "kserve is no mapping with texts as keys"),
        ('kserve: {"1.5.0": {"http://x": abc}}', "the SHA-256 of http://x is not 64 digits"),
    ],
)
def test_pins_that_are_wrong(project: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "schemas.yml").write_text(text, encoding="utf-8")
    assert schemas(project, "fetch") == 1
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_cluster_that_is_not_declared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert schemas(project, "add", "eu-h100", "-") == 2
    assert "no cluster 'eu-h100' is declared; there are: edge-cpu" in capsys.readouterr().err
