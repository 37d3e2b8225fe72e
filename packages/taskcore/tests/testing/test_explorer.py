"""The model checker, on systems small enough to see through."""

from collections.abc import Iterator

from taskcore.testing.explorer import Counterexample, Explorer, Step


def counting(world: int) -> Iterator[Step[int]]:
    """Up by one or two, to ten at most."""
    for by in (1, 2):
        if world + by <= 10:
            yield Step(f"+{by}", world + by, own=True)


def test_every_state_is_seen_once() -> None:
    walk = Explorer(0, counting, fault=lambda world: None, done=lambda world: world == 10).explore()

    assert (11, None) == (walk.states, walk.counterexample)


def test_a_fault_is_reached_by_a_shortest_way() -> None:
    walk = Explorer(0, counting, fault=lambda world: "five" if world == 5 else None, done=lambda _: True).explore()

    assert walk.counterexample is not None
    assert "five" == walk.counterexample.fault
    assert ["+1", "+2", "+2"] == sorted(walk.counterexample.trace)


def test_a_start_that_is_faulty_needs_no_steps() -> None:
    walk = Explorer(0, counting, fault=lambda world: "zero", done=lambda world: True).explore()

    assert Counterexample("zero", ()) == walk.counterexample


def test_a_state_from_which_the_system_cannot_end_is_stuck() -> None:
    def steps(world: int) -> Iterator[Step[int]]:
        yield from counting(world)
        if world == 3:
            yield Step("falls", 99, own=True)

    walk = Explorer(0, steps, fault=lambda world: None, done=lambda world: world == 10).explore()

    assert walk.counterexample is not None
    assert ("a task is stuck", "falls") == (walk.counterexample.fault, walk.counterexample.trace[-1])


def test_a_way_that_needs_an_operator_does_not_count() -> None:
    def steps(world: int) -> Iterator[Step[int]]:
        if world == 0:
            yield Step("somebody helps", 10, own=False)

    walk = Explorer(0, steps, fault=lambda world: None, done=lambda world: world == 10).explore()

    assert Counterexample("a task is stuck", ()) == walk.counterexample


def test_a_counterexample_reads_as_a_story() -> None:
    assert "it breaks:\n  1. one\n  2. two" == str(Counterexample("it breaks", ("one", "two")))
