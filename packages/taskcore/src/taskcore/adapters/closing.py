"""What every store that is opened has in common: it is closed."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closed(ABC):
    """Closed at the end of an ``async with``."""

    __slots__ = ()

    @abstractmethod
    async def close(self) -> None:
        """Let go of what was opened. Closing twice is fine."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
