"""Who asks? Several authenticators are tried in turn; what errs, denies."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from taskcore.auth.principal import Principal
from taskcore.errors import NotAuthenticated, StoreUnavailable, TooManyAttempts

logger = logging.getLogger(__name__)

REFUSALS = (NotAuthenticated, TooManyAttempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request shows of who sends it, without any HTTP. None of it was verified.

    Attributes:
        bearer: the token of ``Authorization: Bearer``.
        api_key: the value of ``X-API-Key``.
        session: the value of the session cookie.
        basic: name and password.
        peer: the client's address behind trusted proxies, as text.
        forwarded: it came through a proxy, or for a name that is not this machine's, so that it says nothing about
            where its sender is that ``peer`` is on this machine.
    """

    bearer: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    peer: str = ""
    forwarded: bool = False


class Authenticator(Protocol):
    """Recognises callers by one kind of credentials."""

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """Who sends ``credentials``; None when they hold nothing of this kind, or nothing that is known here, so
        that the next one may try.

        Raises:
            NotAuthenticated, TooManyAttempts: they are of this kind and refused; nobody else is asked.
        """
        ...


class Chain:
    """The first authenticator that knows the caller decides. None means that nobody knows them: an anonymous caller,
    who may see what is public."""

    def __init__(self, authenticators: Sequence[Authenticator]) -> None:
        self._authenticators = tuple(authenticators)
        self._reported: set[str] = set()

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """Who sends ``credentials``, or None.

        Raises:
            NotAuthenticated, TooManyAttempts: one of them refused. StoreUnavailable: one could not find out. Any other
            error of an authenticator denies as ``NotAuthenticated``.
        """
        for authenticator in self._authenticators:
            principal = await self._asked(authenticator, credentials)
            if principal is not None:
                return principal
        return None

    async def _asked(self, authenticator: Authenticator, credentials: Credentials) -> Principal | None:
        try:
            return await authenticator.authenticate(credentials)
        except REFUSALS:
            raise
        except StoreUnavailable:
            self._report(authenticator, "its store is unavailable")
            raise
        except Exception as error:
            # Its message and traceback may hold what the caller sent.
            self._report(authenticator, f"{type(error).__name__} in {_place(error)}")
            raise NotAuthenticated("the credentials could not be checked; the server's log says why") from None

    def _report(self, authenticator: Authenticator, problem: str) -> None:
        """Once for each problem: whoever causes it must not fill the log."""
        line = f"{type(authenticator).__name__} denies: {problem}"
        if line not in self._reported:
            self._reported.add(line)
            logger.error("%s (logged once)", line)


def _place(error: Exception) -> str:
    """File and line of where it was raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback is not None else "?"
