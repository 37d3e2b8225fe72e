"""Steps that are alike are drawn as one."""

from taskcore.states import Phase
from taskcore.ui.folding import MOST_ALIKE, folded
from taskcore.ui.models.pipelines import Edge, Step


def a_map(size: int, phase: Phase | None = Phase.SUCCEEDED) -> tuple[list[Step], list[Edge]]:
    parts = [Step(id=f"p{n}", name=f"p{n}", phase=phase) for n in range(size)]
    steps = [Step(id="a", name="a", phase=phase), *parts, Step(id="z", name="z", phase=phase)]
    edges = [Edge(source="a", target=part.id, label="rows") for part in parts]
    return steps, edges + [Edge(source=part.id, target="z") for part in parts]


def test_a_few_stay_as_they_are() -> None:
    steps, edges = a_map(MOST_ALIKE)

    assert (tuple(steps), tuple(edges), {}) == (
        folded(steps, edges).steps,
        folded(steps, edges).edges,
        folded(steps, edges).groups,
    )


def test_many_become_one_with_their_numbers() -> None:
    steps, edges = a_map(MOST_ALIKE + 1)

    found = folded(steps, edges)

    assert ["a", "21: 21 ok", "z"] == [step.name for step in found.steps]
    assert [("a", "p0", "rows"), ("p0", "z", "")] == [(edge.source, edge.target, edge.label) for edge in found.edges]
    assert 21 == len(found.groups["p0"])


def test_one_that_failed_is_what_is_seen_of_them() -> None:
    steps, edges = a_map(30)
    steps[7] = Step(id="p6", name="p6", phase=Phase.FAILED)

    found = folded(steps, edges)

    assert (Phase.FAILED, "30: 29 ok, 1 failed") == (found.steps[1].phase, found.steps[1].name)


def test_a_definition_says_how_many_there_are() -> None:
    assert "25 steps" == folded(*a_map(25, None)).steps[1].name


def test_no_steps_are_no_steps() -> None:
    assert () == folded([], []).steps
