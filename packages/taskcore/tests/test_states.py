"""The life of a task, as data."""

import pytest
from taskcore.errors import IllegalMove
from taskcore.states import ACTIVE, AT_REST, MOVES, Event, TaskState, move, sources, target


@pytest.mark.parametrize(("state", "event"), list(MOVES))
def test_an_arrow_of_the_table_is_followed(state: TaskState, event: Event) -> None:
    assert MOVES[state, event] is move(state, event)
    assert MOVES[state, event] is target(event)
    assert state in sources(event)


@pytest.mark.parametrize(
    ("state", "event"), [(state, event) for state in TaskState for event in Event if (state, event) not in MOVES]
)
def test_what_is_not_in_the_table_is_refused_with_both_names(state: TaskState, event: Event) -> None:
    with pytest.raises(IllegalMove, match=f"cannot {event} a task that is {state}; that needs one that is "):
        move(state, event)

    assert state not in sources(event)


def test_the_error_says_what_would_be_allowed() -> None:
    with pytest.raises(IllegalMove, match="needs one that is pending or running"):
        move(TaskState.FAILED, Event.CANCEL)


def test_every_event_happens_and_leads_to_one_state() -> None:
    assert set(Event) == {event for _, event in MOVES}
    assert all(target(event) in TaskState for event in Event)


def test_every_state_is_active_or_at_rest() -> None:
    assert set(TaskState) == ACTIVE | AT_REST
    assert frozenset() == ACTIVE & AT_REST


def test_rest_is_left_by_replay_alone() -> None:
    assert {(state, Event.REPLAY) for state in AT_REST} == {arrow for arrow in MOVES if arrow[0] in AT_REST}


def test_every_state_can_be_reached_and_can_come_to_rest() -> None:
    reached, resting = {TaskState.PENDING}, set(AT_REST)
    for _ in TaskState:
        reached |= {to for (state, _), to in MOVES.items() if state in reached}
        resting |= {state for (state, _), to in MOVES.items() if to in resting}

    assert set(TaskState) == reached == resting


def test_states_and_events_are_plain_words() -> None:
    assert ("pending", "retry") == (str(TaskState.PENDING), f"{Event.RETRY}")
    assert TaskState.PENDING is TaskState("pending")
