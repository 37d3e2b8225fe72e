"""One thing done to many jobs."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StrictBool, StrictInt, field_validator, model_validator
from pydantic_core import PydanticCustomError

from taskmq.api.schemas.body import Body
from taskmq.api.schemas.instants import Instant
from taskmq.bulk import Outcome, Replays, Selection
from taskmq.filters import JobFilter
from taskmq.vocabulary import PHASES, STATES

MOST = 10_000
WORDS = (*STATES, *PHASES)
State = Annotated[str, Field(json_schema_extra={"enum": list(WORDS)})]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=1_000)]


class OfDead(Body):
    """Jobs that meet every condition; null is no condition. An unknown one is refused, never passed over."""

    handler: Name | None = None
    queue: Name | None = None
    created_from: Instant = None
    created_before: Instant = None
    text: Annotated[Text | None, Field(description="Text that the payload holds, in either case.")] = None
    error: Annotated[Text | None, Field(description="Text that the last error holds, in either case.")] = None

    def filter(self) -> JobFilter:
        """The same as the queue knows it."""
        conditions = set(JobFilter.__slots__) & set(type(self).model_fields)
        return JobFilter(**{name: getattr(self, name) for name in conditions})


class Conditions(OfDead):
    """Jobs that meet every condition; null is no condition. An unknown one is refused, never passed over."""

    state: State | None = None

    @field_validator("state")
    @classmethod
    def _known(cls, state: str | None) -> str | None:
        if state is not None and state not in WORDS:
            raise PydanticCustomError("enum", f"state must be one of {', '.join(WORDS)}")
        return state


class Chosen(Body):
    """Which jobs: ``ids``, or all that ``filter`` finds, which may be empty with ``all`` alone."""

    ids: list[StrictInt] | None = Field(None, min_length=1, max_length=1_000)
    filter: Conditions | None = None
    all: StrictBool = Field(False, description="Yes, every job, where the filter has no condition.")
    limit: StrictInt = Field(1_000, ge=1, le=MOST, description="At most so many of those that the filter finds.")
    dry_run: StrictBool = Field(False, description="Change nothing, and tell what would be done.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise PydanticCustomError("which_jobs", "give either ids or a filter")
        if self.filter == Conditions() and not self.all:
            raise _no_condition()
        return self

    def selection(self) -> Selection:
        matching = None if self.filter is None else self.filter.filter()
        return Selection(ids=self.ids or (), matching=matching, limit=self.limit)


class ToCancel(Chosen):
    """The same."""

    running: StrictBool = Field(False, description="Stop those that run, too.")


class Done(BaseModel):
    """What was done, or with ``dry_run`` would be."""

    status: Literal["ok"] = "ok"
    dry_run: bool
    count: int
    ids: list[int]
    skipped: dict[int, str] = Field(description="Why others were left alone, by id.")
    more: bool = Field(description="The filter finds others beyond the limit.")

    @classmethod
    def of(cls, outcome: Outcome, dry_run: bool) -> Self:
        ids = [int(record.id) for record in outcome.done]
        return cls(dry_run=dry_run, count=len(ids), ids=ids, skipped=outcome.skipped, more=outcome.more)


class ToReplay(Body):
    """Which dead jobs: those that ``filter`` finds, oldest first; all of them with ``all`` alone."""

    filter: OfDead = OfDead()
    all: StrictBool = Field(False, description="Yes, every dead job, where the filter has no condition.")
    limit: StrictInt = Field(1_000, ge=1, le=MOST)
    rate: float | None = Field(
        None, ge=0.001, le=10_000, strict=True, description="At most so many of them become due in a second."
    )
    dry_run: StrictBool = False

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.filter == OfDead() and not self.all:
            raise _no_condition()
        return self


class Replayed(BaseModel):
    """A dead job, and the id of the one that takes its place; null in a dry run."""

    job_id: int
    new_job_id: int | None


class ReplaysDone(BaseModel):
    """What was replayed, or with ``dry_run`` would be."""

    status: Literal["ok"] = "ok"
    dry_run: bool
    count: int
    jobs: list[Replayed]
    skipped: dict[int, str] = Field(description="Why others were left alone, by id.")
    more: bool

    @classmethod
    def of(cls, replays: Replays, dry_run: bool) -> Self:
        jobs = [Replayed(job_id=int(record.id), new_job_id=new) for record, new in replays.jobs]
        return cls(dry_run=dry_run, count=len(jobs), jobs=jobs, skipped=replays.skipped, more=replays.more)


def _no_condition() -> PydanticCustomError:
    return PydanticCustomError("all_jobs", "the filter has no condition; say all=true to mean every job")
