"""A failed attempt is retried as often as the policy says, never later than its cap, and only where it helps."""

import pickle
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taskcore.errors import CorruptPayload, InvalidInput
from taskcore.retry import (
    MAX_CAP,
    Backoff,
    Exponential,
    Fixed,
    GiveUp,
    NoRetry,
    Retry,
    RetryLater,
    RetryPolicy,
    Table,
    decide,
    delay_before,
)

SECONDS = st.floats(min_value=0, max_value=1e12)
BACKOFFS: st.SearchStrategy[Backoff] = st.one_of(
    st.builds(Fixed, SECONDS),
    st.builds(Exponential, SECONDS, st.floats(min_value=1, max_value=1e9)),
    st.builds(Table, st.lists(SECONDS, min_size=1, max_size=5).map(tuple)),
)
POLICIES = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 10**9),
    backoff=BACKOFFS,
    cap=st.floats(min_value=0, max_value=MAX_CAP),
    jitter=st.floats(min_value=0, max_value=1),
)
FAILURES = st.integers(1, 100) | st.integers(1, 10**400)
RNG = st.integers().map(Random)
EXACT = RetryPolicy(max_attempts=10, backoff=Exponential(1, 2), cap=60, jitter=0)


@given(POLICIES, FAILURES, RNG)
def test_a_wait_is_never_negative_and_never_over_the_cap(policy: RetryPolicy, failures: int, rng: Random) -> None:
    delay = delay_before(policy, failures, rng)

    assert timedelta(0) <= delay <= timedelta(seconds=policy.cap)


@given(POLICIES, FAILURES, RNG)
def test_jitter_only_shortens_the_wait_and_by_no_more_than_its_share(
    policy: RetryPolicy, failures: int, rng: Random
) -> None:
    ceiling = min(policy.cap, policy.backoff.ceiling(failures))

    delay = delay_before(policy, failures, rng)

    rounding = timedelta(milliseconds=1)
    assert timedelta(seconds=ceiling * (1 - policy.jitter)) - rounding <= delay
    assert delay <= timedelta(seconds=ceiling) + rounding


@given(st.builds(Exponential, SECONDS, st.floats(min_value=1, max_value=10)), FAILURES, FAILURES)
def test_exponential_waits_never_shrink(backoff: Exponential, some: int, more: int) -> None:
    assert backoff.ceiling(min(some, more)) <= backoff.ceiling(max(some, more))


@given(POLICIES)
def test_a_policy_survives_storage(policy: RetryPolicy) -> None:
    assert policy == RetryPolicy.load(policy.dump())


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        pytest.param(Fixed(5), [5, 5, 5, 5], id="fixed waits the same each time"),
        pytest.param(Exponential(2, 3), [2, 6, 18, 54], id="exponential multiplies"),
        pytest.param(Exponential(10, 10), [10, 60, 60, 60], id="the cap ends the growth"),
        pytest.param(Table((1, 30, 7)), [1, 30, 7, 7], id="a table repeats its last entry"),
        pytest.param(Exponential(0, 2), [0, 0, 0, 0], id="zero stays zero"),
    ],
)
def test_waits_follow_the_backoff(backoff: Backoff, waits: list[int]) -> None:
    policy = RetryPolicy(backoff=backoff, cap=60, jitter=0)

    found = [delay_before(policy, failures, Random(1)).total_seconds() for failures in (1, 2, 3, 4)]

    assert waits == found


def test_full_jitter_spreads_over_the_whole_wait() -> None:
    rng, policy = Random(7), RetryPolicy(backoff=Fixed(100), jitter=1)

    waits = [delay_before(policy, 1, rng).total_seconds() for _ in range(1000)]

    assert min(waits) < 5
    assert max(waits) > 95
    assert 45 < sum(waits) / len(waits) < 55


class Flaky(ConnectionError):
    """A kind of ConnectionError."""


@pytest.mark.parametrize(
    ("policy", "failures", "error", "decision"),
    [
        pytest.param(EXACT, 1, OSError(), Retry(timedelta(seconds=1)), id="the first failure is retried"),
        pytest.param(EXACT, 4, OSError(), Retry(timedelta(seconds=8)), id="the fourth waits longer"),
        pytest.param(EXACT, 10, OSError(), GiveUp("attempt 10 of 10 failed"), id="the last attempt was the last"),
        pytest.param(EXACT, 11, OSError(), GiveUp("attempt 11 of 10 failed"), id="a lowered limit holds at once"),
        pytest.param(
            RetryPolicy(max_attempts=1), 1, OSError(), GiveUp("attempt 1 of 1 failed"), id="one attempt is no retry"
        ),
        pytest.param(
            EXACT,
            1,
            NoRetry("no such user"),
            GiveUp("the handler asked for no other attempt"),
            id="the handler refuses",
        ),
        pytest.param(
            EXACT, 1, RetryLater(timedelta(days=2)), Retry(timedelta(days=2)), id="the handler names its own wait"
        ),
        pytest.param(
            EXACT, 1, RetryLater(1.5), Retry(timedelta(seconds=1.5)), id="the handler names its own wait in seconds"
        ),
        pytest.param(
            EXACT,
            10,
            RetryLater(timedelta(1)),
            GiveUp("attempt 10 of 10 failed"),
            id="a wish to retry does not outlive the limit",
        ),
        pytest.param(
            EXACT, 1, SystemExit(1), GiveUp("SystemExit is not in retry_on"), id="leaving the interpreter is final"
        ),
        pytest.param(
            RetryPolicy(retry_on=(ConnectionError,)),
            1,
            KeyError("x"),
            GiveUp("KeyError is not in retry_on"),
            id="only the named exceptions are retried",
        ),
        pytest.param(
            RetryPolicy(retry_on=(ConnectionError,), give_up_on=(Flaky,)),
            1,
            Flaky(),
            GiveUp("Flaky is in give_up_on"),
            id="giving up on a subclass wins over retrying its base",
        ),
    ],
)
def test_each_failure_has_one_answer(
    policy: RetryPolicy, failures: int, error: BaseException, decision: Retry | GiveUp
) -> None:
    assert decision == decide(policy, failures, error, Random(1))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"max_attempts": 0}, "max_attempts must be a whole number of 1 or more, got 0", id="no attempt"),
        pytest.param({"max_attempts": True}, "max_attempts", id="a truth value is no number of attempts"),
        pytest.param({"max_attempts": 2.0}, "max_attempts", id="half attempts"),
        pytest.param({"cap": -1}, "cap must be a number from 0", id="a cap below zero"),
        pytest.param({"cap": float("inf")}, "cap", id="a cap without end"),
        pytest.param({"cap": 10**400}, "cap", id="a cap beyond any float"),
        pytest.param({"cap": 1e12}, "cap", id="a cap beyond the calendar"),
        pytest.param({"jitter": 1.5}, "jitter must be a number from 0 to 1, got 1.5", id="more chance than wait"),
        pytest.param({"jitter": float("nan")}, "jitter", id="jitter that is no number"),
        pytest.param({"backoff": 5}, "backoff must be Fixed", id="a bare number as backoff"),
        pytest.param({"retry_on": ValueError}, "retry_on must be a tuple", id="one class instead of a tuple"),
        pytest.param({"give_up_on": ("ValueError",)}, "give_up_on must be a tuple", id="names instead of classes"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        RetryPolicy(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(lambda: Fixed(-1), "backoff seconds", id="a negative wait"),
        pytest.param(
            lambda: Exponential(1, 0.5), "backoff factor must be a number of 1 or more", id="a shrinking wait"
        ),
        pytest.param(lambda: Exponential(float("nan")), "backoff base", id="a base that is no number"),
        pytest.param(lambda: Table(()), "backoff table", id="an empty table"),
        pytest.param(lambda: Table((1, -2)), r"backoff table\[1\]", id="a negative entry"),
        pytest.param(lambda: RetryLater(timedelta(-1)), "delay must not be negative", id="a wish for the past"),
        pytest.param(
            lambda: RetryLater(float("nan")), "delay must be a timedelta or a number", id="a wish for no time"
        ),
    ],
)
def test_a_bad_backoff_is_named(make: object, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "null",
        "{}",
        '{"backoff":[]}',
        '{"backoff":["linear",1]}',
        '{"backoff":["fixed"]}',
        '{"backoff":["fixed",-1]}',
        '{"backoff":["fixed",1],"max_attempts":0}',
        '{"backoff":["fixed",1],"colour":"red"}',
    ],
)
def test_text_that_is_no_policy_is_corrupt(text: str) -> None:
    with pytest.raises(CorruptPayload, match="retry policy"):
        RetryPolicy.load(text)


def test_a_wish_to_retry_survives_the_way_out_of_a_child_process() -> None:
    found = pickle.loads(pickle.dumps(RetryLater(timedelta(5), "not ready")))

    assert timedelta(5) == found.delay
    assert "not ready" == str(found)


def test_exceptions_are_code_and_not_stored() -> None:
    policy = RetryPolicy(retry_on=(ValueError,), give_up_on=(UnicodeError,))

    assert RetryPolicy() == RetryPolicy.load(policy.dump())
