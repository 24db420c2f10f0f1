"""What is taken for a secret, and what is not."""

from __future__ import annotations

import pytest

from scripts.check import scan

SECRETS = {
    "a Hugging Face token": "hf_" + "a1B2" * 9,
    "an API key (sk-…)": "sk-proj-" + "a1B2" * 8,
    "an AWS access key": "AKIAIOSFODNN7EXAMPLE",
    "an AWS secret key": "aws_secret_access_key = " + "a1B2" * 10,
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a GitLab token": "glpat-" + "a1B2" * 5,
    "a Google API key": "AIza" + "a1B2x" * 7,
    "an NVIDIA API key": "nvapi-" + "a1B2" * 6,
    "a Slack token": "xoxb-" + "a1B2" * 6,
    "a Vault token": "hvs." + "a1B2" * 7,
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3",
    "a private key": "-----BEGIN EC PRIVATE KEY-----",
    "a password in a URL": "postgresql://user:hunter2@db.example.com/x",
}
HARMLESS = (
    "docker.io/vllm/vllm-openai:v0.33.0@sha256:" + "0123456789abcdef" * 4,
    "hf://meta-llama/Llama-3.3-70B-Instruct:6f6073b423013f6a7d4d9f39144961bfbfbc386b",
    "inferstack.io/config-hash: a86a92c8d8554f58",
    "https://git.example.com:8443/platform/inference/blob/main/x.md#y",
    "git@git.example.com:platform/inference.git",
    "unsloth/DeepSeek-R1-Distill-Llama-70B-GGUF/UD-Q4_K_XL-00001-of-00003.gguf",
    "task-runner-with-a-long-name-that-holds-sk-in-the-middle",
    "--kv-transfer-config={kv_connector: NixlConnector}",
)


@pytest.mark.parametrize("what", SECRETS)
def test_shape_is_found_with_its_place(what: str) -> None:
    assert list(scan.secrets({"a": [{"b": f"x {SECRETS[what]} y"}]})) == [("a[0].b", what)]


@pytest.mark.parametrize("text", HARMLESS)
def test_names_and_digests_are_no_secrets(text: str) -> None:
    assert list(scan.secrets({"a": text})) == []
    assert scan.looks_random(text) is None


def test_every_shape_is_tried() -> None:
    assert SECRETS.keys() == {what for what, _ in scan._SHAPES}


@pytest.mark.parametrize("text", ["x7Kp29Qm4ZtB8vRw3NcY6", "key=AbC1dE2fG3hI4jK5lM6nO7pQ8"])
def test_machine_made_text_looks_random(text: str) -> None:
    assert scan.looks_random(text)


def test_texts_finds_all_at_any_depth() -> None:
    assert sorted(scan.texts({"a": ["b", {"c": "d", 5: "e"}], "f": None})) == ["b", "d", "e"]
