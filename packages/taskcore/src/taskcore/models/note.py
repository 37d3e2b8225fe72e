"""Short texts that processes agree on."""

from datetime import datetime
from typing import NamedTuple


class Note(NamedTuple):
    """A text as it was at ``now``, by the store's time; None where there is none."""

    text: str | None
    now: datetime
