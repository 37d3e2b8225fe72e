"""Steps that differ in nothing but their name, as those of a map, drawn as one."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from taskcore.states import Phase
from taskcore.ui.models.pipelines import Edge, Step

MOST_ALIKE = 20
"""More steps with the same neighbours than this are folded."""
_WORST_FIRST = (Phase.FAILED, Phase.RUNNING, Phase.RETRYING, Phase.QUEUED, Phase.SCHEDULED, Phase.CANCELLED)


@dataclass(frozen=True, slots=True)
class Folded:
    """Steps and edges to draw; ``groups`` are the folded steps by the id of the one that stands for them."""

    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]
    groups: dict[str, tuple[Step, ...]]


def folded(steps: Sequence[Step], edges: Sequence[Edge]) -> Folded:
    """Fold what is alike: steps that need the same steps and are needed by the same steps."""
    alike = [group for group in _alike(steps, edges) if len(group) > MOST_ALIKE]
    groups = {group[0].id: tuple(group) for group in alike}
    stands = {step.id: group[0].id for group in alike for step in group}
    kept = [step for step in steps if stands.get(step.id, step.id) == step.id]
    drawn = dict.fromkeys(
        (stands.get(edge.source, edge.source), stands.get(edge.target, edge.target)) for edge in edges
    )
    labels = {(edge.source, edge.target): edge.label for edge in edges}
    return Folded(
        tuple(_standing_for(groups[step.id]) if step.id in groups else step for step in kept),
        tuple(Edge(source=source, target=target, label=labels.get((source, target), "")) for source, target in drawn),
        groups,
    )


def _alike(steps: Sequence[Step], edges: Sequence[Edge]) -> list[list[Step]]:
    before: dict[str, set[str]] = defaultdict(set)
    behind: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        before[edge.target].add(edge.source)
        behind[edge.source].add(edge.target)
    groups: dict[tuple[frozenset[str], frozenset[str]], list[Step]] = defaultdict(list)
    for step in steps:
        groups[frozenset(before[step.id]), frozenset(behind[step.id])].append(step)
    return list(groups.values())


def _standing_for(group: Sequence[Step]) -> Step:
    """One step in the state of the one that needs most attention, with the numbers in its name."""
    phases = Counter(step.phase for step in group if step.phase is not None and not step.skipped)
    worst = next((phase for phase in _WORST_FIRST if phases[phase]), group[0].phase)
    good, bad = phases[Phase.SUCCEEDED], phases[Phase.FAILED]
    words = f"{len(group)} steps" if not phases else f"{len(group)}: {good} ok" + (f", {bad} failed" if bad else "")
    return replace(group[0], name=words, phase=worst, started_at=None, finished_at=None, progress=None)
