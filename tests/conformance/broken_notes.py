"""Stores that keep short texts badly, each in one way."""

from datetime import timedelta

from taskcore.adapters.memory.notes import NoteBook
from taskcore.models import Note


class LastWriterWins(NoteBook):
    """Does not compare."""

    def swap(self, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
        return super().swap(name, self.read(name).text, new, keep_for)


class NotesStay(NoteBook):
    """Keeps a text that nobody has replaced in time."""

    def read(self, name: str) -> Note:
        kept = self._texts.get(name)
        return Note(None if kept is None else kept[0], self._clock.now())


class FirstTextStays(NoteBook):
    """Compares, and does not write."""

    def swap(self, name: str, old: str | None, new: str, keep_for: timedelta) -> bool:
        text = self.read(name).text
        return super().swap(name, old, new, keep_for) if text is None else text == old
