"""Which page of jobs."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from taskmq.api.schemas.many import Conditions, OfDead
from taskmq.filters import JobFilter


class DeadListing(OfDead):
    """Conditions, and which of the pages."""

    order: Literal["newest", "oldest"] = "newest"
    limit: int = Field(50, ge=1, le=1_000)
    cursor: str | None = Field(None, max_length=2_000, description="Of the page before, as its Link header has it.")

    def filter(self) -> JobFilter:
        wanted = super().filter()
        return replace(wanted, oldest_first=self.order == "oldest", cursor=self.cursor or None)


class Listing(DeadListing, Conditions):
    """The same of jobs in any state."""
