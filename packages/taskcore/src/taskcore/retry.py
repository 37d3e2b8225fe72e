"""Whether a failed attempt is followed by another, and when.

``RetryPolicy`` is a value: how many attempts, how long between them, which exceptions are worth it.
``decide`` is the only place that draws the conclusion. All durations of a policy are seconds.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from math import inf
from random import Random
from sys import float_info

from taskcore.errors import CorruptPayload, InvalidInput, TaskcoreError

MAX_CAP = 366 * 86_400.0


def _check(field: str, value: object, low: float, high: float = float_info.max) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        span = f"from {low:g} to {high:g}" if high < float_info.max else f"of {low:g} or more"
        raise InvalidInput(f"{field} must be a number {span}, got {value!r:.40}")


def _check_exceptions(field: str, value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(e, type) and issubclass(e, BaseException) for e in value):
        raise InvalidInput(f"{field} must be a tuple of exception classes, got {value!r}")


class RetryLater(TaskcoreError):
    """A handler raises it to be run again after ``delay``, whatever the backoff says; ``max_attempts`` still counts.

    Args:
        delay: a number is one of seconds.

    Raises:
        InvalidInput: it is neither, or negative.
    """

    code = "retry_later"

    def __init__(self, delay: timedelta | float, reason: str = "the handler asked for another attempt") -> None:
        super().__init__(delay, reason)  # both, so that it survives the pickle of a child process
        self.delay, self.reason = _span_of(delay), reason

    def __str__(self) -> str:
        return self.reason


def _span_of(delay: timedelta | float) -> timedelta:
    try:
        span = delay if isinstance(delay, timedelta) else timedelta(seconds=delay)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"delay must be a timedelta or a number of seconds, got {delay!r:.80}") from None
    if span < timedelta(0):
        raise InvalidInput(f"delay must not be negative, got {span}")
    return span


class NoRetry(TaskcoreError):
    """A handler raises it when another attempt could not do better; the task fails at once."""

    code = "no_retry"


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same wait each time."""

    seconds: float

    def __post_init__(self) -> None:
        _check("backoff seconds", self.seconds, 0)

    def ceiling(self, failures: int) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Exponential:
    """``base`` seconds after the first failure, ``factor`` times as long after each further one."""

    base: float = 1.0
    factor: float = 2.0

    def __post_init__(self) -> None:
        _check("backoff base", self.base, 0)
        _check("backoff factor", self.factor, 1)

    def ceiling(self, failures: int) -> float:
        try:
            return self.base * self.factor ** min(failures - 1, 2**53)
        except OverflowError:  # 2 ** 1024 seconds is no float, and later than any cap
            return inf if self.base else 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """One wait for each failure; the last one serves all that follow."""

    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.seconds or type(self.seconds) is not tuple:
            raise InvalidInput(f"backoff table must be a tuple of at least one number, got {self.seconds!r}")
        for place, seconds in enumerate(self.seconds):
            _check(f"backoff table[{place}]", seconds, 0)

    def ceiling(self, failures: int) -> float:
        return self.seconds[min(failures, len(self.seconds)) - 1]


Backoff = Fixed | Exponential | Table
_BACKOFFS: dict[str, type[Backoff]] = {"fixed": Fixed, "exponential": Exponential, "table": Table}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When a failed attempt is followed by another.

    Attributes:
        max_attempts: executions in all, the first one included.
        cap: the longest wait, at most a year; huge failure counts end here too.
        jitter: the share of the wait that is left to chance: 0 waits exactly, 1 (full jitter) anything from
            no time to the whole of it, which spreads tasks that failed together.
        retry_on: only these exceptions are retried. Like ``give_up_on`` it lives in code and is not stored.
        give_up_on: these are not, even where ``retry_on`` names a base of theirs.

    Raises:
        InvalidInput: a field is out of its range.
    """

    max_attempts: int = 3
    backoff: Backoff = Exponential()
    cap: float = 3600.0
    jitter: float = 1.0
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    give_up_on: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise InvalidInput(f"max_attempts must be a whole number of 1 or more, got {self.max_attempts!r}")
        if not isinstance(self.backoff, Backoff):
            raise InvalidInput(f"backoff must be Fixed, Exponential or Table, got {self.backoff!r}")
        _check("cap", self.cap, 0, MAX_CAP)
        _check("jitter", self.jitter, 0, 1)
        _check_exceptions("retry_on", self.retry_on)
        _check_exceptions("give_up_on", self.give_up_on)

    def dump(self) -> str:
        """The part that is data, as compact JSON. Equal policies give equal text."""
        return _dump(self)

    @staticmethod
    def load(text: str) -> "RetryPolicy":
        """The policy that was dumped; its exceptions are the defaults.

        Raises:
            CorruptPayload: the text is no policy.
        """
        return _load(text)


@dataclass(frozen=True, slots=True)
class Retry:
    """Run it again after ``delay``."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Let it fail; ``reason`` is a sentence for people."""

    reason: str


def decide(policy: RetryPolicy, failures: int, error: BaseException, rng: Random) -> Retry | GiveUp:
    """Judge the attempt that ended with ``error``, the ``failures``-th that failed."""
    if isinstance(error, NoRetry):
        return GiveUp("the handler asked for no other attempt")
    if failures >= policy.max_attempts:
        return GiveUp(f"attempt {failures} of {policy.max_attempts} failed")
    if isinstance(error, RetryLater):
        return Retry(error.delay)
    name = type(error).__name__
    if isinstance(error, policy.give_up_on):
        return GiveUp(f"{name} is in give_up_on")
    if not isinstance(error, policy.retry_on):
        return GiveUp(f"{name} is not in retry_on")
    return Retry(delay_before(policy, failures, rng))


def delay_before(policy: RetryPolicy, failures: int, rng: Random) -> timedelta:
    """How long to wait after the ``failures``-th failure (1 or more): at most ``cap``."""
    ceiling = min(policy.cap, policy.backoff.ceiling(failures))
    return timedelta(seconds=ceiling * (1 - policy.jitter * rng.random()))


# Policies are few and tasks are many: each task stores its policy, so both ways are a dictionary look-up.
@lru_cache(maxsize=1024)
def _dump(policy: RetryPolicy) -> str:
    form: list[object]
    match policy.backoff:
        case Fixed() as fixed:
            form = ["fixed", fixed.seconds]
        case Exponential() as exponential:
            form = ["exponential", exponential.base, exponential.factor]
        case Table() as table:
            form = ["table", *table.seconds]
    data = {"max_attempts": policy.max_attempts, "backoff": form, "cap": policy.cap, "jitter": policy.jitter}
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


@lru_cache(maxsize=1024)
def _load(text: str) -> RetryPolicy:
    try:
        data = json.loads(text)
        kind, *numbers = data.pop("backoff")
        backoff = Table(tuple(numbers)) if kind == "table" else _BACKOFFS[kind](*numbers)
        return RetryPolicy(backoff=backoff, **data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptPayload(f"expected a retry policy as RetryPolicy.dump() writes it, got {text[:200]!r}") from error
