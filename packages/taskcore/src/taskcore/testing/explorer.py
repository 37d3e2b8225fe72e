"""A small explicit-state model checker: walks every state that steps can reach, and asks each whether it is sound.

It goes breadth first, so the trace to a fault is a shortest one.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

W = TypeVar("W", bound=Hashable)


class Step(NamedTuple, Generic[W]):
    """Something that may happen next. ``own`` is True where the system does it by itself, without an operator."""

    what: str
    to: W
    own: bool


@dataclass(frozen=True, slots=True)
class Counterexample:
    """How to reach a state that breaks a promise."""

    fault: str
    trace: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.fault}:", *(f"{n:3}. {what}" for n, what in enumerate(self.trace, start=1))])


@dataclass(frozen=True, slots=True)
class Exploration:
    """What a walk found; without a counterexample all ``states`` are sound."""

    states: int
    counterexample: Counterexample | None


class Explorer(Generic[W]):
    """Walks from ``start`` along ``steps``.

    Args:
        fault: the promise that a state breaks, or None.
        done: whether a state is good to end in. From every state the system must be able to reach such a one by itself.
    """

    def __init__(
        self,
        start: W,
        steps: Callable[[W], Iterable[Step[W]]],
        fault: Callable[[W], str | None],
        done: Callable[[W], bool],
    ) -> None:
        self._steps, self._fault, self._done = steps, fault, done
        self._came_from: dict[W, tuple[W, str] | None] = {start: None}
        self._before: dict[W, list[W]] = {start: []}

    def explore(self) -> Exploration:
        """Walk until everything is seen, or the first fault."""
        for world in self._walk():
            if (fault := self._fault(world)) is not None:
                return self._found(fault, world)
        stuck = self._stuck()
        if stuck is not None:
            return self._found("a task is stuck", stuck)
        return Exploration(len(self._came_from), None)

    def _walk(self) -> Iterator[W]:
        ahead = deque(self._came_from)
        yield from ahead
        while ahead:
            world = ahead.popleft()
            for step in self._steps(world):
                if step.own:
                    self._before.setdefault(step.to, []).append(world)
                if step.to not in self._came_from:
                    self._came_from[step.to] = (world, step.what)
                    ahead.append(step.to)
                    yield step.to

    def _stuck(self) -> W | None:
        """The nearest state from which the system cannot come to an end by itself: found by going backwards."""
        alive = {world for world in self._came_from if self._done(world)}
        ahead = deque(alive)
        while ahead:
            for world in self._before.get(ahead.popleft(), ()):
                if world not in alive:
                    alive.add(world)
                    ahead.append(world)
        return next((world for world in self._came_from if world not in alive), None)

    def _found(self, fault: str, world: W) -> Exploration:
        trace: list[str] = []
        back = self._came_from[world]
        while back is not None:
            world, what = back
            trace.append(what)
            back = self._came_from[world]
        return Exploration(len(self._came_from), Counterexample(fault, tuple(reversed(trace))))
