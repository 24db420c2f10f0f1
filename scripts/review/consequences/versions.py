"""What other versions bring and take away, from the dated tables of :mod:`components.facts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.common.cluster import Cluster
from components.common.runtime import Runtime
from components.facts import engine, parse
from components.facts.compatibility import pin_set_notes, pin_set_problems, title
from components.facts.epp import flags as epp_flags
from components.facts.epp import plugins
from components.facts.flags import FlagTable
from components.facts.tables import FactError
from components.facts.versions import VersionError
from components.stack.params import Stack
from scripts.review.change import Consequence, Severity
from scripts.review.consequences.words import counted, several
from scripts.review.view import View

_EPP = "llmdRouter"


def clusters(view: View) -> Iterator[Consequence]:
    """Versions that a cluster declares."""
    for name in view.clusters:
        before, after = view.before.get(name), view.after.get(name)
        if not before or not after or before.facts is None or after.facts is None:
            continue
        yield from _components(name, before.facts, after.facts)


def _components(name: str, before: Cluster, after: Cluster) -> Iterator[Consequence]:
    old = {**before.versions, "kubernetes": before.kubernetes}
    new = {**after.versions, "kubernetes": after.kubernetes}
    for component in sorted(old.keys() | new.keys()):
        was, now = old.get(component), new.get(component)
        if was == now:
            continue
        severity, what = _step(was, now)
        removed = _epp_loses(was, now) if component == _EPP and was and now else ""
        sentence = f"{_title(component)} of {name}: {was or 'absent'} → {now or 'absent'}{what}{removed}."
        grave: Severity = "look" if removed or not now else severity
        yield Consequence("version", grave, sentence, (name,))
    for problem in sorted(set(pin_set_problems(after.versions)) - set(pin_set_problems(before.versions))):
        yield Consequence(
            "versions-clash",
            "dangerous",
            f"The versions of {name} do not belong together: {problem}.",
            (name,),
        )
    for note in sorted(set(pin_set_notes(after.versions)) - set(pin_set_notes(before.versions))):
        yield Consequence("versions-note", "look", f"{name}: {note}.", (name,))


def _title(component: str) -> str:
    if component == "kubernetes":
        return "Kubernetes"
    try:
        return title(component)
    except (FactError, KeyError):
        return component


def _step(was: str | None, now: str | None) -> tuple[Severity, str]:
    """How grave a step between two versions is, and what to say about it."""
    if not was or not now:
        return "look", ""
    try:
        old, new = parse(was), parse(now)
    except VersionError:
        return "look", ""
    if new < old:
        return "look", ", a step back"
    if was.startswith("b") and now.startswith("b"):  # numbers of builds, without release lines
        return "look", ""
    if old.release[0] != new.release[0]:
        return "look", ", another major version"
    return ("routine", "") if old.minor == new.minor else ("look", "")


def _gone(table: FlagTable, was: str, now: str) -> list[str]:
    """Flags that the old version has and the new one has not."""
    old, new = parse(was), parse(now)
    return sorted(
        f"--{flag.name}" for flag in table.flags.values() if old in flag.span and flag.span.after(new)
    )


def _epp_loses(was: str, now: str) -> str:
    try:
        flags = _gone(epp_flags(), was, now)
        left = {one.type for one in plugins(now)}
        types = sorted(one.type for one in plugins(was) if one.type not in left)
    except VersionError:
        return ""
    lost = [*flags, *(f"plugin {name}" for name in types)]
    return f"; it no longer has {several(lost, 5)}" if lost else ""


def runtimes(view: View) -> Iterator[Consequence]:
    """Versions and images of serving runtimes."""
    found: dict[tuple[str, str, str, str, str], list[str]] = {}
    used: dict[tuple[str, str], list[Stack]] = {}
    for stack in view.stacks_after.values():
        used.setdefault((stack.cluster.name, stack.serving.runtime), []).append(stack)
    for cluster in view.clusters:
        old, new = _runtimes(view, cluster, head=False), _runtimes(view, cluster, head=True)
        for name in sorted(old.keys() & new.keys()):
            was, now = old[name], new[name]
            if (was.version, was.image) != (now.version, now.image):
                key = (name, was.version, now.version, str(was.image), str(now.image))
                found.setdefault(key, []).append(cluster)
    for (name, was_version, now_version, _, _), names in sorted(found.items()):
        stacks = [stack for cluster in names for stack in used.get((cluster, name), [])]
        targets = tuple(f"{stack.cluster.name}.{stack.name}" for stack in stacks)
        before, runtime = (_runtimes(view, names[0], head=head)[name] for head in (False, True))
        if before.image.digest is not None and before.image.digest == runtime.image.digest:
            yield _same_image(before, runtime, name, names, targets)
            continue
        if was_version == now_version and (pinned := _pinned(before, runtime)) is not None:
            if pinned:
                sentence = f"Runtime {name} {pinned} on {several(names)}."
                yield Consequence("image", "routine", sentence, tuple(names), targets)
            continue
        if was_version == now_version:
            sentence = (
                f"Runtime {name} keeps version {now_version} but runs another image on {several(names)}."
            )
            yield Consequence("image", "look", sentence, tuple(names), targets)
            continue
        severity, how = _step(was_version, now_version)
        lost, broken = _engine_loses(runtime, was_version, now_version, stacks)
        sentence = f"Runtime {name}: {was_version} → {now_version}{how} on {several(names)}{lost}."
        yield Consequence("version", "dangerous" if broken else severity, sentence, tuple(names), targets)


def _pinned(was: Runtime, now: Runtime) -> str | None:
    """What to say of a digest that comes to a tag; nothing of one that goes, which another rule tells; None of another
    tag or digest."""
    old, new = was.image, now.image
    if (old.repository, old.tag) != (new.repository, new.tag) or (old.digest and new.digest):
        return None
    return (
        f"is pinned to {new.digest}: the same image as before, unless its tag was moved" if new.digest else ""
    )


def _same_image(
    was: Runtime, now: Runtime, name: str, clusters: list[str], targets: tuple[str, ...]
) -> Consequence:
    """A digest wins over a tag: whatever an image is called, the same digest is the same image."""
    where = several(clusters)
    if was.version == now.version:
        what = f"Runtime {name} keeps version {now.version} and its digest on {where}"
        sentence, remedy = f"{what}: under another name the same image runs as before.", ""
    else:
        what = f"Runtime {name}: {was.version} → {now.version} on {where}, but with the same digest"
        sentence, remedy = f"{what}: the same image runs as before.", "Set the digest of the new version."
    return Consequence("image", "look", sentence, tuple(clusters), targets, remedy)


def _runtimes(view: View, cluster: str, *, head: bool) -> Mapping[str, Runtime]:
    declared = (view.after if head else view.before).get(cluster)
    return declared.params.runtimes if declared and declared.params else {}


def _engine_loses(runtime: Runtime, was: str, now: str, stacks: list[Stack]) -> tuple[str, bool]:
    """What the new version of an engine lacks, and whether a stack uses some of it."""
    try:
        known = engine(runtime.engine)
        gone = _gone(known.flags, was, now)
        metrics = sorted(
            name
            for name in known.metrics
            if known.metric(was, name) and known.metric(was, name) != known.metric(now, name)
        )
    except (FactError, VersionError):
        return "", False
    wanted = set(runtime.args) | {flag for stack in stacks for flag in _flags(stack)}
    broken = [flag for flag in gone if flag.lstrip("-") in wanted]
    said = ""
    if broken:
        said += f"; it no longer takes {several(broken)}, which is set here, so that it does not start"
    elif gone:
        unset = "which is not set here" if len(gone) == 1 else "none of which is set here"
        said += f"; it no longer takes {counted(len(gone), 'flag')} ({several(gone)}), {unset}"
    if metrics:
        said += f"; other names for the metrics {several(metrics)}"
    return said, bool(broken)


def _flags(stack: Stack) -> list[str]:
    return [*stack.serving.args, *stack.model.args.get(stack.runtime.engine, {})]
