"""Who may begin now, and when the turns of the others come."""

import heapq
from collections.abc import Callable
from random import Random

import pytest
from taskcore.engine.pacing import HORIZON, SECOND, Pace
from taskcore.ratelimit import Rate

Began = list[tuple[int, str]]


def play(
    rate: Rate, arrivals: list[tuple[int, int, str]], *, late: Callable[[], int] = lambda: 0, until: int = 3600
) -> Began:
    """When each of ``arrivals`` (seconds, priority, name) begins, in microseconds. ``late`` is how long after its turn
    a task asks again. What the workers know goes through its text each time, as between processes."""
    due = [(at * SECOND, -priority, order, name, False) for order, (at, priority, name) in enumerate(arrivals)]
    heapq.heapify(due)
    began: Began = []
    text: str | None = None
    while due and due[0][0] < until * SECOND:
        now, negative, order, name, had_turn = heapq.heappop(due)
        pace = Pace.load(text)
        (wait,) = pace.admit(rate, [(-negative, had_turn)], now)
        text = pace.dump()
        assert wait >= 0
        if wait:
            heapq.heappush(due, (now + wait + late(), negative, order, name, True))
        else:
            began.append((now, name))
    return began


def most_in_a_span(began: Began, rate: Rate) -> int:
    times = [at for at, _ in began]
    return max(sum(at <= other < at + rate.seconds * SECOND for other in times) for at in times)


def test_a_burst_begins_at_once_and_the_rest_in_even_steps() -> None:
    began = play(Rate(10, 60), [(0, 0, str(n)) for n in range(25)])

    assert [0] * 10 + [60 + 6 * n for n in range(15)] == [at // SECOND for at, _ in began]
    assert [str(n) for n in range(25)] == [name for _, name in began]


@pytest.mark.parametrize("rate", [Rate(1, 1), Rate(10, 60), Rate(100, 1), Rate(3, 7)], ids=str)
@pytest.mark.parametrize("most_late", [0, 0.005, 0.3, 20])
def test_no_span_has_more_than_the_rate_allows_however_late_tasks_ask(rate: Rate, most_late: float) -> None:
    rng = Random(f"{rate} {most_late}")
    arrivals = [(rng.randrange(60), rng.randrange(3), str(n)) for n in range(150)]

    began = play(rate, arrivals, late=lambda: int(rng.uniform(0, most_late) * SECOND), until=100_000)

    assert 150 == len(began)
    assert most_in_a_span(began, rate) <= rate.limit


def test_tasks_that_ask_a_little_late_cost_little_of_the_rate() -> None:
    rng = Random(1)

    began = play(Rate(10, 10), [(0, 0, str(n)) for n in range(300)], late=lambda: rng.randrange(SECOND // 20))

    assert began[-1][0] / SECOND < 1.1 * 290


def test_a_task_of_a_higher_priority_begins_before_those_that_wait() -> None:
    arrivals = [(0, 0, f"low {n}") for n in range(20)] + [(25, 9, "high")]

    began = play(Rate(1, 10), arrivals)

    names = [name for _, name in began]
    assert 3 == names.index("high")
    assert [f"low {n}" for n in range(20)] == [name for name in names if name != "high"]
    assert 1 == most_in_a_span(began, Rate(1, 10))


def test_a_newcomer_does_not_take_the_turn_of_its_equals() -> None:
    began = play(Rate(1, 10), [(0, 0, "a"), (1, 0, "b"), (2, 0, "c"), (19, 0, "d")])

    assert ["a", "b", "c", "d"] == [name for _, name in began]


def test_newcomers_wait_for_those_who_never_come_no_longer_than_the_horizon() -> None:
    pace, rate = Pace(), Rate(1, 60)
    pace.admit(rate, [(0, False)] * 1000, 0)  # and all of them are cancelled

    (wait,) = pace.admit(rate, [(0, False)], 1)

    assert wait <= HORIZON
    assert [0] == pace.admit(rate, [(0, True)], 1 + wait)


def test_a_clock_that_is_set_back_stops_nobody_for_longer_than_a_span() -> None:
    pace, rate = Pace(), Rate(2, 60)
    pace.admit(rate, [(0, False)] * 2, 10_000 * SECOND)

    assert [60 * SECOND] == pace.admit(rate, [(0, True)], 100 * SECOND)


def test_what_is_known_stays_short() -> None:
    pace, rate = Pace(), Rate(100_000, 3600)
    for at in range(0, 3600 * SECOND, 6 * SECOND):
        pace.admit(rate, [(0, False)] * 5, at)

    assert len(pace.dump()) < 20_000
