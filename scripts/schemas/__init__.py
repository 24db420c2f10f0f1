"""The CRDs of the operators that clusters declare: `inferstack check` asks them before our own contracts.

  inferstack schemas                           what is declared, and what of it is here
  inferstack schemas add eu-h100 SOURCE ...    take what eu-h100 declares from files, folders, URLs, or - (kubectl)
  inferstack schemas fetch                     get what schemas.yml pins: in a new checkout, in CI

They lie in .inferstack/schemas/<component>/<version>/, which Git ignores. A URL is pinned in schemas.yml with its
SHA-256: commit that. `kubectl get crds -o yaml | inferstack schemas add eu-h100 -` takes them from a cluster.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from scripts.project import MisuseError, Project


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    what = parser.add_subparsers(dest="what", metavar="add | fetch")
    add = what.add_parser("add", help="take CRDs for the versions that a cluster declares")
    add.add_argument("cluster", help="whose versions the source holds")
    add.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="file, folder, URL, or - for standard input"
    )
    what.add_parser("fetch", help="get what schemas.yml pins and is not here")


def run(options: argparse.Namespace, project: Project) -> int:
    """List, add or fetch. Raises SchemasError with everything that went wrong."""
    from scripts.schemas import pins, store

    declared = _declared(project)
    if options.what == "add":
        if options.cluster not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise MisuseError(f"no cluster {options.cluster!r} is declared; there are: {known}")
        told = store.add(project.root, options.cluster, declared[options.cluster], options.sources)
    elif options.what == "fetch":
        told = store.fetch(project.root, pins.read(project.root))
    else:
        told = store.table(project.root, declared)
    print("\n".join(told))
    return 0


def _declared(project: Project) -> Mapping[str, Mapping[str, str]]:
    """``cluster.versions`` by cluster."""
    return dict(_versions(project))


def _versions(project: Project) -> Iterator[tuple[str, Mapping[str, str]]]:
    from components.cluster.params import TARGET
    from components.inventory.origin import CannotResolve, Origins
    from scripts.schemas.errors import SchemasError

    origins = Origins(project.inventory)
    for target in origins.inventory.layout.targets:
        cluster, _, name = target.rpartition(".")
        if name != TARGET:
            continue
        try:
            found = origins.value(target, ("cluster", "versions"))
        except KeyError:
            continue
        except CannotResolve as error:
            raise SchemasError([str(problem) for problem in error.problems]) from None
        if isinstance(found, dict):
            yield cluster, {name: str(version) for name, version in found.items() if version is not None}
