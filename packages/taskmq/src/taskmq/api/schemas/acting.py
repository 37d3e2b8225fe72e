"""What is done to one job."""

from typing import Literal

from pydantic import BaseModel, Field, StrictInt


class JobNumber(BaseModel):
    """Which job."""

    job_id: StrictInt = Field(examples=[123])


class JobCancelled(BaseModel):
    """The job will not run."""

    status: Literal["cancelled"] = "cancelled"
    job_id: int


class JobRetrying(BaseModel):
    """The job will run again."""

    status: Literal["retrying"] = "retrying"
    job_id: int


class JobDeleted(BaseModel):
    """The job is gone, with its attempts and its log."""

    status: Literal["deleted"] = "deleted"
    job_id: int
