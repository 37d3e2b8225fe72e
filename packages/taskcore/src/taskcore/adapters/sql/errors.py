"""What drivers and SQLAlchemy raise, in this project's words."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from taskcore.adapters.sql.dialects import Dialect
from taskcore.errors import InvalidInput, MissingExtra, SchemaMismatch, StoreError, StoreUnavailable, TaskcoreError


class Translator:
    """Names the errors of one server.

    Attributes:
        place: the server and its database, without user and password.
    """

    def __init__(self, dialect: Dialect, place: str) -> None:
        self._dialect = dialect
        self.place = place

    def code(self, error: BaseException) -> int | str | None:
        """The server's code; None for what it has nothing to do with."""
        return self._dialect.code(error.orig) if isinstance(error, exc.DBAPIError) and error.orig else None

    def is_lost_race(self, error: BaseException) -> bool:
        """Whether the same step may well succeed when it is done again."""
        return self.code(error) in self._dialect.lost_races | self._dialect.taken

    def is_taken(self, error: BaseException) -> bool:
        return self.code(error) in self._dialect.taken

    def lacks_tables(self, error: BaseException) -> bool:
        return self.code(error) in self._dialect.no_tables

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what the driver raises into this project's errors, with the cause kept."""
        try:
            yield
        except TaskcoreError:
            raise
        except (exc.SQLAlchemyError, OSError, UnicodeEncodeError, OverflowError) as error:
            raise self._named(error) from error
        except RuntimeError as error:
            if "cryptography" not in str(error):
                raise
            raise MissingExtra(f"{self.place} encrypts passwords; it needs: pip install cryptography") from error

    def _named(self, error: Exception) -> TaskcoreError:
        match error:
            case UnicodeEncodeError():
                return InvalidInput(f"text must be valid Unicode to be stored, got {error.object[:80]!r}")
            case OverflowError():
                return InvalidInput("a number or a time span is too large to be stored: more than 64 bits")
            case exc.DBAPIError():
                return self._of_server(error)
            case exc.TimeoutError():
                return StoreUnavailable(f"{self.place}: all connections of this process were busy for too long")
            case TimeoutError():
                return StoreUnavailable(f"{self.place} fell silent; whether the last step was stored is not known")
            case OSError():
                return StoreUnavailable(f"{self.place} cannot be reached; check that it runs, and the URL")
            case _:
                return StoreError(f"what the store asked of {self.place} was refused: {error}")

    def _of_server(self, error: exc.DBAPIError) -> TaskcoreError:
        code, said = self.code(error), error.orig
        if isinstance(said, UnicodeEncodeError | OverflowError | OSError):
            return self._named(said)
        if self.is_lost_race(error):
            return StoreUnavailable(f"{self.place}: others kept hold of the same rows; look for a long transaction")
        if self.lacks_tables(error):
            return SchemaMismatch(f"{self.place} lacks tables of this release ({said}); open the store anew")
        if code in self._dialect.words:
            kind, words = self._dialect.words[code]
            return kind(f"{self.place} {words} (it says: {said})")
        if error.connection_invalidated:
            return StoreUnavailable(f"{self.place} closed the connection (it says: {said})")
        return StoreError(f"{self.place} refused what the store asked: {said}")
