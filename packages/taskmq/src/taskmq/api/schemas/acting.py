"""What is done to one job."""

from typing import Literal

from pydantic import BaseModel, Field, StrictBool, StrictInt


class JobNumber(BaseModel):
    """Which job."""

    job_id: StrictInt = Field(examples=[123])


class ToStop(JobNumber):
    """Which job, and whether it may be one that runs."""

    running: StrictBool = Field(False, description="Stop it also when it is running.")


class JobCancelled(BaseModel):
    """The job will not run; or it runs, and its worker has been told to stop it: ``cancelling``."""

    status: Literal["cancelled", "cancelling"] = "cancelled"
    job_id: int


class JobRetrying(BaseModel):
    """The job will run again."""

    status: Literal["retrying"] = "retrying"
    job_id: int


class JobDeleted(BaseModel):
    """The job is gone, with its attempts and its log."""

    status: Literal["deleted"] = "deleted"
    job_id: int
