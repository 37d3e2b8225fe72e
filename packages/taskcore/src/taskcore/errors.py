"""Every error the core raises, in one place.

    TaskcoreError
    ├── InvalidInput            the caller's value can be refused before anything is stored
    │   ├── NaiveTime           a datetime without a zone
    │   ├── BadSchedule         a cron expression, interval or zone that cannot be followed
    │   ├── BadCursor           a page cursor that is broken or belongs to another query
    │   ├── NameTaken           another user has this name
    │   ├── NotSerializable     a value that has no exact JSON form
    │   ├── PayloadTooLarge     a document over the size limit
    │   └── WeakSecret          a signing key or password that is too short, or one that everybody knows
    ├── NotAuthenticated        nobody was recognised
    │   ├── BadLogin            wrong name, wrong password or a disabled user; nobody is told which
    │   ├── BadToken            a token or link that was not made here, was changed, or is used up
    │   │   └── TokenExpired    it was good once
    │   └── LocalOnly           a default password, which is good from this machine alone
    ├── NotAllowed              recognised, but nobody granted this
    ├── TooManyAttempts         refused for some seconds
    ├── AccountNotFound         no user, key or session has this id
    ├── CorruptPayload          stored text that does not decode
    ├── TaskNotFound            no task has this id
    ├── IllegalMove             the task's state does not allow this event
    ├── HandlerNotFound         no handler is registered under this name
    ├── LastAdmin               nobody would be left who may manage users
    ├── LeaseLost               the attempt is over; what its worker wrote was refused
    ├── TaskTimeout             the handler ran longer than its limit
    ├── TaskCancelled           somebody asked for this task to stop
    ├── WorkerStopping          the worker shuts down and takes no more work
    ├── StoreError              the store did not do what it was asked
    │   ├── StoreUnavailable    it cannot be reached, or stays locked
    │   └── SchemaMismatch      its tables are older or newer than this release
    └── MissingExtra            an optional dependency is not installed

``code`` is stable and meant for machines; the message is meant for people and says
what was expected, what came, and what to do. Errors keep their arguments as they were given,
so that they come back from a child process whole.
"""

from typing import ClassVar


class TaskcoreError(Exception):
    """Base of every error in this distribution."""

    code: ClassVar[str] = "error"


class InvalidInput(TaskcoreError, ValueError):
    """A value was refused at the boundary; nothing was stored."""

    code = "invalid_input"


class NaiveTime(InvalidInput):
    """A datetime without a time zone is ambiguous and never stored."""

    code = "naive_time"


class BadSchedule(InvalidInput):
    """A schedule that cannot be followed."""

    code = "bad_schedule"


class BadCursor(InvalidInput):
    """A page cursor that is broken or was made for another query."""

    code = "bad_cursor"


class NameTaken(InvalidInput):
    """Another user has this name, or one that differs in case alone."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"there is a user named {self.name!r} already, perhaps in other letters; choose another name"


class NotSerializable(InvalidInput):
    """A value has no exact JSON form; ``path`` leads to it, as in ``$.args[2].session``."""

    code = "not_serializable"

    def __init__(self, message: str, *, path: str = "$") -> None:
        super().__init__(message)
        self.path = path


class PayloadTooLarge(InvalidInput):
    """A document of ``size`` bytes does not fit into ``limit`` bytes."""

    code = "payload_too_large"

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size, self.limit = size, limit

    def __str__(self) -> str:
        return (
            f"the value takes {self.size:,} bytes as JSON, the limit is {self.limit:,}; "
            "store it elsewhere and pass a reference"
        )


class WeakSecret(InvalidInput):
    """A key or password that is too short, or that everybody knows. The message never holds it."""

    code = "weak_secret"


class NotAuthenticated(TaskcoreError):
    """Nobody was recognised."""

    code = "not_authenticated"


class BadLogin(NotAuthenticated):
    """Wrong name, wrong password, or a user who is disabled; nobody is told which."""

    code = "bad_login"


class BadToken(NotAuthenticated):
    """A token or link that was not made here, was changed, or is used up. The message never holds it."""

    code = "bad_token"


class TokenExpired(BadToken):
    """A token or link that was good once."""

    code = "token_expired"


class LocalOnly(NotAuthenticated):
    """The password is a default that everybody knows, so it is good from this machine alone."""

    code = "local_only"


class NotAllowed(TaskcoreError):
    """Somebody is recognised, but nobody granted them this."""

    code = "not_allowed"


class AccountNotFound(TaskcoreError, LookupError):
    """No user, key or session, as ``kind`` says, has this id."""

    code = "account_not_found"

    def __init__(self, kind: str, id: str) -> None:  # noqa: A002 - as everywhere
        super().__init__(kind, id)
        self.kind, self.id = kind, id

    def __str__(self) -> str:
        return f"no {self.kind} has the id {self.id!r:.100}"


class TooManyAttempts(TaskcoreError):
    """Refused without a look at the credentials; good again after ``retry_after`` seconds."""

    code = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"too many attempts; try again in {self.retry_after} s"


class CorruptPayload(TaskcoreError):
    """Stored text is not a document of this codec."""

    code = "corrupt_payload"


class TaskNotFound(TaskcoreError, LookupError):
    """No task has this id."""

    code = "task_not_found"

    def __init__(self, task: str) -> None:
        super().__init__(task)
        self.task = task

    def __str__(self) -> str:
        return f"no task has the id {self.task!r}"


class IllegalMove(TaskcoreError):
    """The transition table has no such arrow."""

    code = "illegal_move"

    def __init__(self, state: str, event: str, allowed: str) -> None:
        super().__init__(state, event, allowed)
        self.state, self.event, self.allowed = state, event, allowed

    def __str__(self) -> str:
        return f"cannot {self.event} a task that is {self.state}; that needs one that is {self.allowed}"


class HandlerNotFound(TaskcoreError, LookupError):
    """No handler is registered under this name."""

    code = "handler_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no handler named {self.name!r} is registered in this process"


class LastAdmin(TaskcoreError):
    """The step would leave nobody who may manage users."""

    code = "last_admin"

    def __init__(self, user: str) -> None:
        super().__init__(user)
        self.user = user

    def __str__(self) -> str:
        return f"the user {self.user!r} is the last enabled admin; make somebody else an admin first"


class LeaseLost(TaskcoreError):
    """The attempt is over: its lease ran out or was taken, and its writes are refused."""

    code = "lease_lost"


class TaskTimeout(TaskcoreError, TimeoutError):
    """The handler ran longer than its limit."""

    code = "timeout"


class TaskCancelled(TaskcoreError):
    """Somebody asked for this task to stop."""

    code = "cancelled"


class WorkerStopping(TaskcoreError):
    """The worker shuts down; unfinished work goes back to the queue."""

    code = "worker_stopping"


class StoreError(TaskcoreError):
    """The store did not do what it was asked."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """The store cannot be reached, or stays locked by somebody else."""

    code = "store_unavailable"


class SchemaMismatch(StoreError):
    """The tables are older or newer than this release."""

    code = "schema_mismatch"


class MissingExtra(TaskcoreError, ImportError):
    """An optional dependency is not installed."""

    code = "missing_extra"
