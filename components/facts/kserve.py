"""What KServe, and Knative below it, hold manifests to. Table: ``kserve.yml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.facts.suggest import did_you_mean
from components.facts.tables import table
from components.facts.versions import parse, range_of


def deployment_mode_problem(mode: str, kserve: str) -> str | None:
    """Why this KServe version refuses or rewrites a value of ``serving.kserve.io/deploymentMode``."""
    facts = table("kserve")
    row = facts["deployment_modes"].get(mode)
    if row is None:
        return f"KServe has no deployment mode {mode}{did_you_mean(mode, facts['deployment_modes'])}"
    if range_of(row.get("since"), None).before(parse(kserve)):
        return f"deployment mode {mode} needs KServe {row['since']} or newer (this is {kserve})"
    if "rewritten" in row and parse(kserve) >= parse(facts["rewrites_since"]):
        return (
            f"KServe {kserve} rewrites deployment mode {mode} to {row['rewritten']}; write {row['rewritten']}"
        )
    return None


def autoscaler_class_problem(name: str) -> str | None:
    """Why KServe's webhook refuses a value of ``serving.kserve.io/autoscalerClass``."""
    classes = table("kserve")["autoscaler_classes"]
    if name in classes:
        return None
    return f"KServe has no autoscaler class {name}; there are {', '.join(classes)}"


def storage_problem(uri: str, kserve: str, *, multinode: bool = False) -> str | None:
    """Why KServe cannot fetch ``uri`` (a storageUri)."""
    storage = table("kserve")["storage"]
    scheme, separator, rest = uri.partition("://")
    later = storage["later_schemes"].get(scheme)
    if not separator or (scheme not in storage["schemes"] and later is None):
        return f"KServe cannot fetch {uri!r}; schemes are {', '.join(storage['schemes'])}"
    if later is not None and parse(kserve) < parse(later):
        return f"scheme {scheme}:// needs KServe {later} or newer (this is {kserve})"
    if multinode and scheme not in storage["multinode_schemes"]:
        return f"multi-node takes only {' and '.join(storage['multinode_schemes'])} storage, not {scheme}://"
    if scheme == "hf" and not _is_hub_reference(rest):
        return f"{uri!r} is not hf://owner/model[:revision]"
    return None


def annotation_problem(key: str) -> str | None:
    """A did-you-mean for an annotation under ``serving.kserve.io/`` that KServe does not read."""
    facts = table("kserve")
    prefix = facts["annotation_prefix"]
    name = key.removeprefix(prefix)
    if not key.startswith(prefix) or name in facts["annotations"]:
        return None
    return f"KServe reads no annotation {key}{did_you_mean(name, facts['annotations'])}"


def builtin_runtimes() -> Mapping[str, Any]:
    """ClusterServingRuntimes that KServe ships: name to row (``formats``)."""
    rows: Mapping[str, Any] = table("kserve")["builtin_runtimes"]
    return rows


def host_label_length(inference_service: str, namespace: str) -> int:
    """Length of the DNS label ``<isvc>-predictor-<namespace>`` that KServe derives; at most 63."""
    return len(f"{inference_service}{table('kserve')['name_limits']['predictor_suffix']}-{namespace}")


def knative_features(pod_spec: Mapping[str, Any]) -> Iterator[str]:
    """Keys of Knative's ``config-features`` that a pod spec needs and that are off by default."""
    facts = table("kserve")["knative"]
    for name in sorted(set(pod_spec) & set(facts["field_features"])):
        if pod_spec[name]:
            yield f"kubernetes.{facts['field_features'][name]}"
    sources = {source for volume in pod_spec.get("volumes", ()) for source in volume}
    for source in sorted(sources & set(facts["volume_features"])):
        yield f"kubernetes.{facts['volume_features'][source]}"


def _is_hub_reference(rest: str) -> bool:
    model, _, revision = rest.partition(":")
    owner, slash, name = model.partition("/")
    return bool(owner and slash and name) and "/" not in name and (":" not in rest or bool(revision))
