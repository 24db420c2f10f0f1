"""One inventory with everything that is worked out of it, each when it is first asked for."""

from __future__ import annotations

from functools import cached_property

from components.cluster.params import TARGET
from components.common.errors import InferstackError, Mistake, MistakesError
from components.compile.report import position, target_mistakes
from components.compile.targets import is_cluster
from components.inventory.inventory import Inventory
from components.inventory.origin import CannotResolve, Origins, UnknownTarget, unknown_target
from scripts.explain.authors import Authors
from scripts.explain.fleet import FleetStudy
from scripts.explain.formulas import Formulas
from scripts.explain.parameters import Parameters
from scripts.explain.study import StackStudy
from scripts.project import MisuseError, Project


class Workshop:
    """The inventory of a project. Everything in here raises InferstackError for a user's mistake."""

    def __init__(self, project: Project) -> None:
        """``project``: the checkout."""
        self.project = project
        self.origins = Origins(Inventory(project.inventory))
        self._studies: dict[str, StackStudy] = {}
        self._fleets: dict[str, FleetStudy] = {}
        self._formulas: dict[str, Formulas] = {}
        self._authors: dict[tuple[str, str], Authors] = {}

    @cached_property
    def parameters(self) -> Parameters:
        """Keys of targets."""
        return Parameters(self.origins)

    @cached_property
    def targets(self) -> list[str]:
        """All targets, sorted."""
        return sorted(self.origins.inventory.layout.targets)

    def target(self, name: str) -> str:
        """A target's name from ``<cluster>/<stack>`` or ``<cluster>.<stack>``."""
        found = name.strip("/").replace("/", ".")
        if found not in self.origins.inventory.layout.targets:
            raise MisuseError(str(unknown_target(found, self.targets)))
        return found

    def cluster_targets(self, cluster: str) -> list[str]:
        """All targets of a cluster, sorted."""
        return [name for name in self.targets if name.startswith(f"{cluster}.")]

    def rendered(self, target: str) -> dict[str, object]:
        """The parameters of a target."""
        try:
            value = self.origins.value(target)
        except UnknownTarget as error:
            raise MisuseError(str(error)) from None
        except CannotResolve as error:
            raise InferstackError(str(error)) from None
        return value if isinstance(value, dict) else {}

    def study(self, target: str) -> StackStudy:
        """A stack; that of its cluster, where the cluster is under study."""
        if target not in self._studies:
            fleet = self._fleets.get(f"{target.rpartition('.')[0]}.{TARGET}")
            known = fleet.stacks.get(target) if fleet else None
            try:
                self._studies[target] = StackStudy(target, self.rendered(target), known)
            except MistakesError as error:
                raise self._mistakes(error) from None
        return self._studies[target]

    def formulas(self, target: str) -> Formulas:
        """The computed values of a stack."""
        if target not in self._formulas:
            self._formulas[target] = Formulas(self.study(target), self.parameters)
        return self._formulas[target]

    def authors(self, target: str, file: str) -> Authors:
        """Who wrote the fields of one file of a target; in a stack, those of its whole component."""
        of_cluster = is_cluster(target)
        part = file if of_cluster else file.partition("/")[0]
        if (target, part) not in self._authors:
            study = self.fleet(target) if of_cluster else self.study(target)
            self._authors[target, part] = Authors(study.unpatched(part))
        return self._authors[target, part]

    def fleet(self, target: str) -> FleetStudy:
        """A cluster, by its own target."""
        if target not in self._fleets:
            names = self.cluster_targets(target.rpartition(".")[0])
            try:
                self._fleets[target] = FleetStudy(target, {name: self.rendered(name) for name in names})
            except MistakesError as error:
                raise self._mistakes(error) from None
        return self._fleets[target]

    def is_cluster(self, target: str) -> bool:
        """Whether a target is a cluster's own."""
        return is_cluster(target)

    def refused(self, target: str) -> tuple[str, ...]:
        """For what the compile refuses a target, of a stack by itself, with the places in the inventory."""
        wanted = self.cluster_targets(target.rpartition(".")[0]) if is_cluster(target) else [target]
        mistakes = target_mistakes(target, {name: self.rendered(name) for name in wanted})
        return tuple(self._told(target, one) for one in mistakes)

    def _told(self, target: str, one: Mistake) -> str:
        return f"{position(self.origins, one.target or target, one)}: {one.message}; {one.remedy}"

    def _mistakes(self, error: MistakesError) -> InferstackError:
        """What is wrong with a target, with the places in the inventory."""
        return InferstackError("\n".join(self._told(error.target, one) for one in error.mistakes))
