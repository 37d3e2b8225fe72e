"""The actions in words: what is asked before each of them, and what is said afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass

from taskcore.states import WAITING, Event, Phase, TaskState, sources
from taskcore.ui.models import Action
from taskcore.ui.models.forms import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An action.

    Attributes:
        noun: what it is done to, as in "task" or "queue".
        button, done: as in "Retry" and "retried".
        note: what one should know before; with {noun}.
        takes_back: it destroys something, so that a word must be typed.
        fields: what its form asks; each is an option of the ``Order``.
        possible: the phases of a task in which it does anything; None is any.
    """

    noun: str
    button: str
    done: str
    note: str = ""
    takes_back: bool = False
    fields: tuple[Field, ...] = ()
    possible: frozenset[Phase] | None = None


_AT_REST = frozenset(Phase(state) for state in sources(Event.REPLAY))
_REASON = Field(name="reason", label="Reason", hint="Shown to everybody who sees it.", required=True)
_CONCURRENCY = Field(name="concurrency", label="Tasks at once", hint="Empty is no limit.", type="number")

DEEDS: Mapping[Action, Deed] = {
    Action.RETRY: Deed(
        noun="task",
        button="Retry",
        done="retried",
        possible=_AT_REST,
        note="It runs again from the start. This cannot be undone.",
    ),
    Action.CANCEL: Deed(
        noun="task",
        button="Cancel",
        done="cancelled",
        possible=WAITING | {Phase(TaskState.RUNNING)},
        note="What waits will not run. What runs is asked to stop, and stops when its handler lets it.",
    ),
    Action.DELETE: Deed(
        noun="task",
        button="Delete",
        done="deleted",
        takes_back=True,
        possible=_AT_REST,
        note="Its history and its result go with it.",
    ),
    Action.PAUSE_QUEUE: Deed(
        noun="queue", button="Pause", done="paused", fields=(_REASON,), note="What runs goes on; nothing new begins."
    ),
    Action.RESUME_QUEUE: Deed(noun="queue", button="Resume", done="resumed"),
    Action.LIMIT_QUEUE: Deed(noun="queue", button="Limit", done="limited", fields=(_CONCURRENCY,)),
    Action.PURGE_QUEUE: Deed(
        noun="queue", button="Purge", done="purged", takes_back=True, note="Every task that waits in it is deleted."
    ),
    Action.RUN_SCHEDULE: Deed(
        noun="schedule", button="Run now", done="started", note="Its next due run stays as it is."
    ),
    Action.PAUSE_SCHEDULE: Deed(
        noun="schedule", button="Pause", done="paused", note="It fires no more until it is resumed."
    ),
    Action.RESUME_SCHEDULE: Deed(noun="schedule", button="Resume", done="resumed"),
    Action.REMOVE_SCHEDULE: Deed(noun="schedule", button="Remove", done="removed", takes_back=True),
    Action.CANCEL_RUN: Deed(
        noun="run", button="Cancel", done="cancelled", note="Steps that run are asked to stop; the others never begin."
    ),
    Action.RETRY_RUN: Deed(
        noun="run",
        button="Retry",
        done="retried",
        note="Steps that succeeded keep their results; the others run again.",
    ),
    Action.FORGET_WORKER: Deed(
        noun="worker", button="Forget", done="forgotten", note="If it still lives, it appears again."
    ),
    Action.REPLAY_WEBHOOK: Deed(
        noun="webhook", button="Replay", done="put in line again", note="The endpoint gets the same message once more."
    ),
    Action.CLOSE_CIRCUIT: Deed(
        noun="endpoint",
        button="Close circuit",
        done="believed in again",
        note="What waits for it goes out within a minute. When that fails as often again, its circuit opens again.",
    ),
    Action.END_SECRET: Deed(
        noun="secret",
        button="End",
        done="ended",
        takes_back=True,
        note="Endpoints that know this one alone will refuse what they are told.",
    ),
}
