"""A rate: so many in so many seconds."""

import re
from dataclasses import dataclass
from typing import Self

from taskcore.errors import InvalidInput

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_TEXT = re.compile(r"\s*(\d{1,9})\s*(?:/|per)\s*(\d{1,6})?\s*(?:(second|minute|hour|day)s?|([smhd]))\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``limit`` in any ``seconds``.

    Raises:
        InvalidInput: either is less than one.
    """

    limit: int
    seconds: int = 60

    def __post_init__(self) -> None:
        if self.limit < 1 or self.seconds < 1:
            raise InvalidInput(f"a rate needs at least 1 in at least 1 second, got {self.limit} in {self.seconds} s")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "10/minute", "10/m", "10 per minute" or "100/5 minutes", as slowapi and limits write it.

        Raises:
            InvalidInput: it is none of these.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise InvalidInput(f'a rate is written like "10/minute" or "100 per 5 minutes", got {text!r:.80}')
        limit, multiple, word, letter = match.groups()
        return cls(int(limit), int(multiple or "1") * _UNITS[(word or letter)[0].lower()])

    def __str__(self) -> str:
        return f"{self.limit} per {self.seconds} s"
