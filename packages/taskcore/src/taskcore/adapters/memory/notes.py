"""Short texts by name, as ``taskcore.ports.Notes`` tells it. The caller of a method holds the lock."""

from datetime import datetime, timedelta

from taskcore.clock import Clock
from taskcore.models import Note


class NoteBook:
    """What ``Notes`` does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._texts: dict[str, tuple[str, datetime]] = {}

    def read(self, name: str) -> Note:
        now = self._clock.now()
        kept = self._texts.get(name)
        return Note(kept[0] if kept is not None and kept[1] > now else None, now)

    def swap(self, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
        text, now = self.read(name)
        if text != old:
            return False
        self._texts = {each: kept for each, kept in self._texts.items() if kept[1] > now}
        self._texts[name] = new, now + keep_for
        return True
