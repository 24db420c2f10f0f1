"""What the components see of the inventory that Kapitan rendered."""

from __future__ import annotations

from components.compile.entry import KapitanParameters


def test_it_is_a_mapping_of_targets_to_their_parameters() -> None:
    stack, cluster = {"serving": {"pool": "h100"}}, {"cluster": {"name": "eu"}}
    seen = KapitanParameters({"eu.a": {"parameters": stack}, "eu.cluster": {"parameters": cluster}})

    assert dict(seen) == {"eu.a": stack, "eu.cluster": cluster}
    assert (seen.get("eu.cluster"), seen.get("eu.b")) == (cluster, None)
    assert ("eu.a" in seen, "eu.b" in seen, len(seen)) == (True, False, 2)
