"""Settings that neither pods nor routes tell of, each with what a reviewer must know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import review_cases as support
from tests.unit.scripts.review.judged import EU, QWEN, consequences, of_eu, said

VLLM = "classes/runtimes/vllm.yml"
DIGEST = "        digest: sha256:c1c9f6fd5c109ba7f0546a59f5b2f15fb87f64c77782e90a27b648b42a8e67c3\n"


def test_another_cluster_of_argo_cd(tmp_path: Path) -> None:
    edit = {"file": EU, "replace": "destination: eu", "with": "destination: eu-2"}
    found = said(tmp_path, "argocd-destination", edit)
    assert found.severity == "dangerous"
    assert "deploy to eu-2 instead of eu" in found.sentence
    assert "what runs in eu is left to itself" in found.sentence


@pytest.mark.parametrize(("prune", "severity"), [("true", "dangerous"), ("false", "look")])
def test_another_namespace_of_argo_cd_takes_what_it_prunes(prune: str, severity: str, tmp_path: Path) -> None:
    prunes = {"file": "classes/environments/prod.yml", "append": f"    prune: {prune}\n"}
    edit = {"file": EU, "replace": "destination: eu", "with": "destination: eu\n      namespace: argo"}
    found = said(tmp_path, "argocd-namespace", edit, before=[prunes])
    assert found.severity == severity
    assert ("they take along all that they have deployed" in found.sentence) == (prune == "true")
    assert "Delete the root Application in argocd before the merge" in found.remedy


@pytest.mark.parametrize(
    ("was", "now", "severity", "what"),
    [
        ("baseline", "privileged", "dangerous", "pods may do anything to their nodes"),
        ("restricted", "baseline", "look", "pods may take more power over their nodes"),
        ("baseline", "restricted", "look", "new pods that ask for more are refused"),
    ],
)
def test_pod_security(was: str, now: str, severity: str, what: str, tmp_path: Path) -> None:
    edit = {"file": EU, "replace": f"podSecurity: {was}", "with": f"podSecurity: {now}"}
    found = said(tmp_path, "pod-security", edit, before=[of_eu(f"namespaces: {{podSecurity: {was}}}")])
    assert found.severity == severity
    assert found.sentence == f"Namespaces of eu enforce Pod Security level {now} instead of {was}: {what}."


@pytest.mark.parametrize(
    ("pod", "power"),
    [
        ("hostNetwork: true", "hostNetwork"),
        ("securityContext: {runAsUser: 0}", "runAsUser 0"),
        ("volumes: [{name: root, hostPath: {path: /}}]", "hostPath /"),
        ("securityContext: {runAsNonRoot: false}", "runAsNonRoot false"),
        ("model: {securityContext: {privileged: true}}", "privileged"),
        ("model: {securityContext: {allowPrivilegeEscalation: true}}", "allowPrivilegeEscalation"),
        ("model: {securityContext: {capabilities: {add: [SYS_ADMIN]}}}", "capability SYS_ADMIN"),
    ],
)
def test_power_over_the_node(pod: str, power: str, tmp_path: Path) -> None:
    patch = f"  overrides: {{InferenceService: {{qwen-8b: {{spec: {{predictor: {{{pod}}}}}}}}}}}\n"
    found = said(tmp_path, "privileges", {"file": QWEN, "append": patch})
    assert found.severity == "dangerous"
    assert found.sentence.endswith(f"/qwen-8b of eu get more power over their node: {power}.")


def test_a_patch_of_something_else_gives_no_power(tmp_path: Path) -> None:
    patch = "  overrides: {Deployment: {qwen-8b-inference-gateway-epp: {spec: {minReadySeconds: 3}}}}\n"
    found = consequences(tmp_path, [{"file": QWEN, "append": patch}])
    assert "privileges" not in {one.rule for one in found}


@pytest.mark.parametrize(
    ("edit", "rule", "sentence"),
    [
        (
            {"file": QWEN, "append": "  gateway: {extensionPolicy: false}\n"},
            "picker-unasked",
            "The Endpoint Picker of qwen-8b (eu) is asked no more: the gateway spreads requests without a look at "
            "load and prefixes.",
        ),
        (
            {"file": QWEN, "append": "  gateway: {epp: {metricsAuth: false}}\n"},
            "metrics-open",
            "Metrics of the Endpoint Picker of qwen-8b (eu) are open to whoever reaches its metrics port.",
        ),
        (
            {"file": QWEN, "replace": "maxModelLen: 16384", "with": "maxModelLen: 8192"},
            "requests-refused",
            "Requests to qwen-8b (eu) of more than 8,192 tokens with their answer fail (before: 16,384).",
        ),
        (
            {"file": QWEN, "append": "    requestTimeoutSeconds: 60\n"},
            "requests-refused",
            "Requests to qwen-8b (eu) that take longer than 60 s fail (before: 600 s).",
        ),
        (
            {"file": QWEN, "append": "  litellm: {rpm: 90}\n"},
            "requests-refused",
            "LiteLLM lets 90 requests a minute through to qwen-8b (eu) (before: no limit) and refuses more.",
        ),
        (
            {"file": QWEN, "append": "  monitoring: {enabled: false}\n"},
            "unwatched",
            "Nothing watches qwen-8b (eu) any more: no metrics and no alerts.",
        ),
        (
            {"file": VLLM, "replace": DIGEST, "with": ""},
            "unpinned",
            "Runtime vllm of eu and lab is pinned by no digest any more: whoever moves its tag decides what runs.",
        ),
        (
            {"file": EU, "replace": "rolloutReserve: 4", "with": "rolloutReserve: 3"},
            "rollout-order",
            "Rollouts of llama-70b (eu) stop an old pod before a new one starts from now on, because a pod takes 4 and "
            "rolloutReserve of pool h100 is 3, and nobody answers meanwhile.",
        ),
    ],
)
def test_what_a_stack_loses(edit: support.Edit, rule: str, sentence: str, tmp_path: Path) -> None:
    found = said(tmp_path, rule, edit)
    assert found.severity == "look"
    assert found.sentence == sentence


def test_a_limit_that_falls_and_one_that_rises(tmp_path: Path) -> None:
    limits = {"file": QWEN, "append": "  litellm: {rpm: 90, tpm: 5000}\n"}
    edit = {"file": QWEN, "replace": "rpm: 90, tpm: 5000", "with": "rpm: 100, tpm: 4000"}
    found = said(tmp_path, "requests-refused", edit, before=[limits])
    assert "4,000 tokens a minute through to qwen-8b (eu) (before: 5,000)" in found.sentence


def test_more_is_no_loss(tmp_path: Path) -> None:
    edit = {"file": QWEN, "replace": "maxModelLen: 16384", "with": "requestTimeoutSeconds: 900"}
    assert "requests-refused" not in {one.rule for one in consequences(tmp_path, [edit])}


def test_stacks_that_lose_the_same_share_a_sentence(tmp_path: Path) -> None:
    watched = of_eu("monitoring: {enabled: true}")
    edit = {"file": EU, "replace": "enabled: true", "with": "enabled: false"}
    copies = {"file": QWEN, "copies": 7}
    found = consequences(tmp_path, [edit], [watched, copies])
    unwatched = {one.sentence: one.stacks for one in found if one.rule == "unwatched"}
    (keda,) = [one for one in unwatched if "KEDA has nothing to scale by" in one]
    assert unwatched.pop(keda) == ("eu.llama-70b",)
    ((sentence, stacks),) = unwatched.items()
    assert "and 2 more (eu)" in sentence
    assert len(stacks) == 8


SECRETS: support.Edit = {
    "file": EU,
    "replace": "    provided:\n",
    "with": "    provided:\n      Secret:\n"
    + "".join(f"        llm-platform/{name}: true\n" for name in "abd"),
}


def _proxy(**settings: str) -> support.Edit:
    lines = "".join(f"\n      {key}: {value}" for key, value in settings.items())
    return {"file": EU, "replace": "      deploy: true", "with": f"      deploy: true{lines}"}


@pytest.mark.parametrize(("database", "told"), [({"databaseSecret": "d"}, True), ({}, False)])
def test_another_salt_key(database: dict[str, str], told: bool, tmp_path: Path) -> None:
    before = [SECRETS, _proxy(saltKeySecret="a", **database)]
    edit: support.Edit = {"file": EU, "replace": "saltKeySecret: a", "with": "saltKeySecret: b"}
    found = [one for one in consequences(tmp_path, [edit], before) if one.rule == "salt-key"]
    assert [one.severity for one in found] == (["dangerous"] if told else [])
    assert all("by secret b instead of secret a" in one.sentence for one in found)


def test_a_first_salt_key_replaces_the_master_key(tmp_path: Path) -> None:
    edit: support.Edit = {"file": EU, "replace": "saltKeySecret: null", "with": "saltKeySecret: b"}
    before = [SECRETS, _proxy(databaseSecret="d", saltKeySecret="null")]
    found = said(tmp_path, "salt-key", edit, before=before)
    assert "by secret b instead of secret litellm-master-key (llm/litellm/master-key)" in found.sentence


def test_an_environment_in_words_of_the_inventory(tmp_path: Path) -> None:
    edit = {"file": "classes/environments/prod.yml", "append": "    selfHeal: false\n"}
    assert "self heal: true → false" in said(tmp_path, "environment", edit).sentence
