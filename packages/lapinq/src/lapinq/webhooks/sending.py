"""One POST to the address of a webhook: within ten seconds, to the address that was judged, without redirects."""

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from taskcore.clock import SystemClock
from taskcore.ids import TaskId
from taskcore.retry import NoRetry

from lapinq import documents
from lapinq.webhooks.addresses import Refused, resolve
from lapinq.webhooks.message import Signer

PATIENCE = 10.0
"""Seconds for all of it: look-up, connection, answer."""
_PORTS = {"http": 80, "https": 443}
_GONE = 410
"""The receiver wants no more, by Standard Webhooks."""


class NotDelivered(Exception):
    """The receiver did not take it. The text holds nothing of what was sent or answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A receiver's answer that it has taken the message."""

    status_code: int
    seconds: float

    def document(self) -> dict[str, Any]:
        """The result of a delivery."""
        return {"status_code": self.status_code, "seconds": self.seconds}


def code_of(result: str | None) -> int | None:
    """The status that the result of a delivery tells of."""
    with suppress(TypeError, ValueError, KeyError):
        return int(documents.load(result or "")["status_code"])
    return None


class Sender:
    """Posts messages.

    Args:
        allow_private: whether they may go to this machine and its network.
    """

    def __init__(self, *, allow_private: bool = False, patience: float = PATIENCE) -> None:
        self._allow_private, self._patience = allow_private, patience
        self._clock = SystemClock()
        self._plain, self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cache(httpx.create_ssl_context)

    async def send(self, delivery: TaskId, url: str, body: bytes, signer: Signer) -> Answer:
        """Post a message once.

        Raises:
            NotDelivered: it was not taken. NoRetry: nor will it ever be.
        """
        begun = time.monotonic()
        headers = signer.headers(delivery, body, self._clock.now())
        try:
            async with asyncio.timeout(self._patience):
                status = await self._post(httpx.URL(url), headers, body)
        except Refused as error:
            raise NoRetry(f"refused: {error}") from None
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._patience:g} seconds") from None
        except httpx.InvalidURL as error:
            raise NoRetry(f"refused: {error}"[:200]) from None
        except (httpx.TransportError, OSError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}"[:200]) from None
        if status == _GONE:
            raise NoRetry(told(status))
        if not httpx.codes.is_success(status):
            raise NotDelivered(told(status))
        return Answer(status, round(time.monotonic() - begun, 3))

    async def _post(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> int:
        host, port = url.raw_host.decode(), url.port or _PORTS[url.scheme]
        addresses = await resolve(host, port, allow_private=self._allow_private)
        tls = self._tls() if url.scheme == "https" else self._plain  # the first one takes long to make
        timeout = httpx.Timeout(self._patience, connect=self._patience / 2)
        async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=timeout) as client:
            return await _first(client, addresses, url, headers, body)


async def _first(
    client: httpx.AsyncClient, addresses: Sequence[str], url: httpx.URL, headers: Mapping[str, str], body: bytes
) -> int:
    """The status that the first address that takes a connection answers; nothing more of the answer is read."""
    last = addresses[-1]
    for address in addresses:
        try:
            async with client.stream(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers={**headers, "host": url.netloc.decode()},
                extensions={"sni_hostname": url.raw_host.decode()},
            ) as answer:
                return answer.status_code
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if address == last:
                raise
    raise NotDelivered("the host has no address")


def told(status: int) -> str:
    """How an error tells of a status; ``status_of`` reads it."""
    return f"HTTP {status}"


def status_of(error: str) -> int | None:
    """The status of which an error tells."""
    word, _, number = error.partition(" ")
    return int(number) if word == "HTTP" and number.isascii() and number.isdecimal() else None
