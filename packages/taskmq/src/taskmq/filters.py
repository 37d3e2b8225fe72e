"""Which jobs somebody means: to list them, or to do something to all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from taskcore.errors import InvalidInput
from taskcore.models import Order, Part, QueueCounts, TaskQuery
from taskcore.pagination import Cursor, checked_limit
from taskcore.states import TaskState

from taskmq.vocabulary import PHASES, STATES, WAITING, task_id

_PAGING = ("limit", "cursor")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Jobs that meet every condition; None is no condition.

    Attributes:
        state: a word of ``taskmq.vocabulary.STATES`` or ``PHASES``: pending (scheduled and retrying ones too),
            scheduled, waiting (for others), retrying, running, success, dead, cancelled, or failed for the last two.
        created_from, created_before: the first instant that counts, and the first that does not any more.
        text: the payload holds it somewhere, in either case, as it is stored.
        error: the same for the text of the last error.
        limit: jobs of a page, at most 1,000.
        cursor: ``next_cursor`` of the page before.
    """

    state: str | None = None
    handler: str | None = None
    queue: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    text: str | None = None
    error: str | None = None
    limit: int = 50
    cursor: str | None = None
    oldest_first: bool = False

    def query(self) -> TaskQuery:
        """What to ask a store for: one job more than the page has, which tells whether another page follows.

        Raises:
            InvalidInput: an unknown state, or a bad limit. BadCursor: a cursor of another listing.
        """
        if self.state is not None and self.state not in (*STATES, *PHASES):
            raise InvalidInput(f"state must be one of {', '.join((*STATES, *PHASES))}, got {self.state!r:.80}")
        if self.state == "waiting" and self.queue is not None:
            raise InvalidInput("jobs that wait for others are in no queue yet; leave out the queue")
        parts = {Part.PAYLOAD: self.text, Part.ERROR: self.error}
        return TaskQuery(
            states=STATES.get(self.state or "", frozenset()),
            phases=PHASES.get(self.state or "", frozenset()),
            name=self.handler,
            queue=WAITING if self.state == "waiting" else self.queue,
            created_from=self.created_from,
            created_before=self.created_before,
            contains={part: text for part, text in parts.items() if text},
            order=Order.OLDEST if self.oldest_first else Order.NEWEST,
            after=None if self.cursor is None else task_id(self._last_shown(self.cursor)),
            limit=checked_limit(self.limit) + 1,
        )

    def cursor_behind(self, job_id: int) -> str:
        """The cursor of the page that begins behind a job."""
        return Cursor((job_id,)).encode(self._conditions())

    def is_plain(self) -> bool:
        """Whether it asks for nothing but a state and a queue, which stores count as they go."""
        if self.state == "waiting":
            return False
        return not {name for name, value in self._conditions().items() if value} - {"state", "queue", "oldest_first"}

    def total(self, counts: Sequence[QueueCounts]) -> int | None:
        """How many jobs all pages have, of what a store has counted; None where it does not count such."""
        if not self.is_plain() or self.state in PHASES:
            return None
        states = frozenset(TaskState) if self.state is None else STATES[self.state]
        queues = [each for each in counts if self.queue in (None, each.queue)]
        return sum(each.by_state.get(state, 0) for each in queues for state in states)

    def _conditions(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__ if name not in _PAGING}

    def _last_shown(self, cursor: str) -> int:
        key = Cursor.decode(cursor, self._conditions()).key
        return key[0] if isinstance(key[0], int) else 0
