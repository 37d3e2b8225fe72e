"""Which Redis errors mean that the server is away, and what the others are called here. No message shows a password."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions as driver

from taskcore.errors import InvalidInput, SchemaMismatch, StoreError, StoreUnavailable

_UNAVAILABLE = {
    "OOM": "has no memory left; raise its maxmemory or make room, nothing was stored",
    "READONLY": "is a replica that may only be read; connect to the primary",
    "LOADING": "is loading its data; it answers when that is done",
    "MASTERDOWN": "is a replica without its primary",
    "BUSY": "is kept busy by a script of somebody else",
    "MISCONF": "refuses writes because it cannot save them to its disk",
    "NOREPLICAS": "refuses writes because too few replicas follow it",
    "CLUSTERDOWN": "belongs to a cluster that is down",
    "TRYAGAIN": "is moving these keys to another server",
    "MOVED": "is one of a cluster and these keys are on another one; connect to that one",
    "ASK": "is one of a cluster and is moving these keys to another server",
    "NOAUTH": "asks for a password; write it into the URL",
    "WRONGPASS": "refuses this user name or password, or asks for one; write them into the URL",
    "NOPERM": "does not let this user do what a store needs: all keys and channels of its prefix, and scripts",
}
# The driver keeps some of these words to itself, and makes classes of them.
_CLASSES: dict[type[Exception], str] = {
    driver.OutOfMemoryError: "OOM",
    driver.ReadOnlyError: "READONLY",
    driver.BusyLoadingError: "LOADING",
    driver.MasterDownError: "MASTERDOWN",
    driver.ClusterDownError: "CLUSTERDOWN",
    driver.TryAgainError: "TRYAGAIN",
    driver.MovedError: "MOVED",
    driver.AskError: "ASK",
    driver.AuthenticationError: "WRONGPASS",
    driver.NoPermissionError: "NOPERM",
}
# A script of an older server wraps the error that a command in it met, so the word may be anywhere.
_WORD = re.compile(rf"\b({'|'.join(_UNAVAILABLE)})\b")

_ERRNO = re.compile(r"\b(?:Error|Errno) (\d+)\b")
_CONNECTING = re.compile(r"Error -?\d+ connecting to \S+ ")
_TLS = re.compile(r"\[SSL[^]]*\] (.+?)(?: \(_ssl|$)")
"""Its errors have numbers of their own, which mean something else to the system."""


@contextmanager
def translated(server: str, layout: str = "") -> Iterator[None]:
    """Turn what the driver raises into this project's errors, with the cause kept."""
    try:
        yield
    except (driver.RedisError, OSError, UnicodeEncodeError) as error:
        raise _named(error, server, layout) from error


def _named(error: Exception, server: str, layout: str) -> Exception:
    text = str(error)
    if isinstance(error, UnicodeEncodeError):
        return InvalidInput(f"text must be valid Unicode to be stored, got {error.object[:80]!r}")
    if text.startswith("LAYOUT "):
        return SchemaMismatch(
            f"the keys on {server} have the layout {text[7:]!r}, this store works with {layout!r}; open it with the "
            "ids that its keys were made for, update taskcore, or choose another prefix"
        )
    if (word := _word(error)) is not None:
        return StoreUnavailable(f"{server} {_UNAVAILABLE[word]} (it says: {text})")
    if isinstance(error, driver.TimeoutError | driver.ConnectionError | OSError):
        timed_out = isinstance(error, driver.TimeoutError | TimeoutError)
        return StoreUnavailable(f"{server} cannot be reached: {'timed out' if timed_out else _reason(text)}")
    return StoreError(f"{server} refused what the store asked of it: {text}")


def _reason(text: str) -> str:
    """Why there is no connection, as the system says it, without the driver's words around that."""
    if (tls := _TLS.search(text)) is not None:
        return f"TLS: {tls[1].rstrip('.')}"
    if (known := _ERRNO.search(text)) is not None:
        return os.strerror(int(known[1])).lower()
    return _CONNECTING.sub("", text).rstrip(".").lower() if _CONNECTING.match(text) else text


def _word(error: Exception) -> str | None:
    for kind, word in _CLASSES.items():
        if isinstance(error, kind):
            return word
    found = _WORD.search(str(error)) if isinstance(error, driver.ResponseError) else None
    return None if found is None else found[1]
