"""The job that a handler is given is read late, and nobody can tell."""

import copy
import dataclasses
from datetime import UTC, datetime

import pytest
from taskcore.engine.context import TaskContext
from taskcore.ids import TaskId, WorkerId
from taskcore.models import TaskRecord
from taskcore.states import TaskState
from taskmq.job import Job
from taskmq.jobs.running import RunningJob
from taskmq.vocabulary import job_of

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
CONTEXT = TaskContext(
    TaskRecord(
        id=TaskId("7"), name="mail", queue="default", payload='{"to": ["a"]}', priority=3, state=TaskState.RUNNING,
        created_at=NOW, run_at=NOW, worker=WorkerId("w1"), attempt=2, failures=1, lease_until=NOW,
        meta='{"retry_policy": "fixed", "unique_key": "k"}',
    ),
    lambda context, told: None,
)  # fmt: skip
READ_AT_ONCE = job_of(CONTEXT.task, now=NOW, context=CONTEXT)


@pytest.fixture
def job() -> Job:
    return RunningJob.of(CONTEXT)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Job)])
def test_each_field_is_what_it_is_when_all_are_read_at_once(job: Job, field: str) -> None:
    assert getattr(READ_AT_ONCE, field) == getattr(job, field)


def test_it_equals_looks_and_lists_its_fields_like_any_other_job(job: Job) -> None:
    assert repr(READ_AT_ONCE) == repr(RunningJob.of(CONTEXT))
    assert vars(READ_AT_ONCE) == vars(RunningJob.of(CONTEXT))
    assert READ_AT_ONCE == job
    assert job == READ_AT_ONCE
    assert job == RunningJob.of(CONTEXT)


def test_what_a_handler_changes_stays_changed(job: Job) -> None:
    job.payload["to"].append("b")
    job.priority, job.note = 9, "mine"

    assert 2 == job.attempts  # all the rest is read now
    assert ({"to": ["a", "b"]}, 9, "mine") == (job.payload, job.priority, job.note)


def test_what_a_middleware_hangs_on_it_hides_nothing(job: Job) -> None:
    for number in range(100):
        setattr(job, f"extra_{number}", number)

    assert "mail" == job.handler
    assert READ_AT_ONCE == job


def test_copies_have_everything(job: Job) -> None:
    assert READ_AT_ONCE == copy.copy(RunningJob.of(CONTEXT))
    assert dataclasses.replace(READ_AT_ONCE, payload=1) == dataclasses.replace(job, payload=1)


def test_the_class_has_the_defaults_of_a_job() -> None:
    assert (Job.retry_policy, Job.payload) == (RunningJob.retry_policy, RunningJob.payload)


def test_a_payload_that_is_no_json_is_its_text() -> None:
    context = TaskContext(dataclasses.replace(CONTEXT.task, payload="{oops"), lambda context, told: None)

    assert "{oops" == RunningJob.of(context).payload
