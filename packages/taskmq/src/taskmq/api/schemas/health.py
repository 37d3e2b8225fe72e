"""How the queue is."""

from typing import Literal

from pydantic import BaseModel


class HealthShown(BaseModel):
    """Whether the queue can be reached, and what is known of workers."""

    status: Literal["ok", "db_error"]
    worker: Literal["alive", "not_recently_alive", "unknown"] | None = None
