"""The policy of dev, staging and prod: ``inventory/classes/environments/<name>.yml``."""

from __future__ import annotations

from typing import Literal

from components.common.params import Params


class Environment(Params):
    """What an environment demands. Checks take their severities from here."""

    name: Literal["dev", "staging", "prod"]
    """Which one it is; alerts and Applications carry it as a label."""
    pinned_images: Literal["error", "warning"] = "warning"
    """A floating or missing image tag."""
    pinned_revisions: Literal["error", "warning", "off"] = "off"
    """A model without a pinned revision."""
    self_heal: bool = True
    """Whether Argo CD undoes changes made by hand."""
    prune: bool = True
    """Whether Argo CD removes what is no longer compiled."""
