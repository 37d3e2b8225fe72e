"""What the environment says, read once at the edge: option, else environment, else default. Empty counts as unset."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import isfinite
from typing import Any, Self, TypeVar

from taskcore.errors import InvalidInput

from lapinq.vocabulary import ENDED

T = TypeVar("T")

DEFAULT_DATABASE_URL = "postgresql://localhost:5432/lapinq"
LOG_LEVELS = ("debug", "info", "warning", "error")
_MOST_DAYS = 36_525
_MARK = "whsec_"
_KEY_BYTES, _ALPHABET = 32, str.maketrans("-_", "+/")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that can be set by ``LAPINQ_*`` and ``DATABASE_URL``; ``from_env`` names each variable.

    Attributes:
        api_key, session_secret: None is none at all.
        insecure: without an API key, answer everybody and not only programs on this machine.
        trusted_proxies: addresses and networks of proxies that are believed who asks; "unix" for those on a socket.
        rate_limit: requests a minute and address; 0 is no limit.
        max_payload_size: bytes of one request to enqueue.
        pool_size: connections of a process to the database, beside those for pages and accounts.
        db_timeout: seconds for one statement.
        heartbeat_interval: seconds between two signs of life of a running task.
        max_idle_backoff: seconds between two looks for work at most, where nobody tells.
        stale_recovery_interval: seconds after which the tasks of a dead worker are taken back at the latest.
        webhook_keys: each signs every webhook, so that receivers may change theirs one after the other.
        encryption_keys: the first one encrypts what is secret in the database, any of them decrypts it.
        webhook_allow_private: whether webhooks may go to this machine and its network.
        cleanup_interval: seconds between two looks of a worker for tasks that are past their time.
        retention: how long tasks are kept after they came to rest, by status; those that are not named, for ever.
        imports: folders and packages of which workers may run functions; see ``lapinq.imports``.

    Raises:
        InvalidInput: a value is out of its range.
    """

    database_url: str = field(default=DEFAULT_DATABASE_URL, repr=False)
    api_key: str | None = field(default=None, repr=False)
    session_secret: str | None = field(default=None, repr=False)
    insecure: bool = False
    trusted_proxies: tuple[str, ...] = ()
    rate_limit: int = 0
    cors_origins: tuple[str, ...] = ("*",)
    api_prefix: str = "/api/v1"
    max_payload_size: int = 102_400
    pool_size: int = 10
    db_timeout: float = 30.0
    heartbeat_interval: float = 15.0
    max_idle_backoff: float = 5.0
    stale_recovery_interval: float = 300.0
    webhook_keys: tuple[bytes, ...] = field(default=(), repr=False)
    encryption_keys: tuple[bytes, ...] = field(default=(), repr=False)
    webhook_allow_private: bool = False
    cleanup_interval: float = 60.0
    retention: Mapping[str, timedelta] = field(default_factory=dict, hash=False)
    imports: tuple[str, ...] = ()
    log_level: str = "info"
    json_log: bool = False

    @classmethod
    def from_env(cls, env: Mapping[str, str], **options: Any) -> Self:
        """From the environment, where no option is given. An option that is None counts as not given.

        Raises:
            InvalidInput: a variable holds no such value; the message names it.
        """
        found = {name: value for name, read in _VARIABLES.items() if (value := read(env)) is not None}
        return cls(**found | {name: value for name, value in options.items() if value is not None})

    @property
    def lease(self) -> timedelta:
        """How long a running task is its worker's without a sign of life."""
        return timedelta(seconds=min(3 * self.heartbeat_interval, self.stale_recovery_interval))

    @property
    def sweep(self) -> timedelta:
        """How often to look for tasks whose worker is gone."""
        return min(timedelta(seconds=2), self.lease / 2)


def _read(name: str, convert: Callable[[str, str], T]) -> Callable[[Mapping[str, str]], T | None]:
    def read(env: Mapping[str, str]) -> T | None:
        text = env.get(name, "").strip()
        return convert(name, text) if text else None

    return read


def _text(_: str, text: str) -> str:
    return text


def _list(_: str, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _whole(least: int) -> Callable[[str, str], int]:
    def convert(name: str, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) >= least):
            raise InvalidInput(f"{name} must be a whole number of {least} or more, got {text!r:.40}")
        return int(text)

    return convert


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not isfinite(seconds) or not 0.1 <= seconds <= 86_400:
        raise InvalidInput(f"{name} must be a number of seconds from 0.1 to 86400, got {text!r:.40}")
    return seconds


def _keys(name: str, text: str) -> tuple[bytes, ...]:
    return tuple(_key(name, place, secret) for place, secret in enumerate(_list(name, text), 1))


def _key(name: str, place: int, secret: str) -> bytes:
    try:
        return webhook_key(secret)
    except InvalidInput as error:
        raise InvalidInput(f"{name}: secret {place} {error}") from None


def webhook_key(secret: str) -> bytes:
    """The key that a secret of Standard Webhooks holds.

    Raises:
        InvalidInput: it holds none; the error does not show it.
    """
    try:
        key = b64decode(secret.removeprefix(_MARK), validate=True) if secret.startswith(_MARK) else b""
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 64:
        raise InvalidInput(f"must be {_MARK} and then the base64 of 24 to 64 random bytes")
    return key


def _encryption_keys(name: str, text: str) -> tuple[bytes, ...]:
    return tuple(_encryption_key(name, place, key) for place, key in enumerate(_list(name, text), 1))


def _encryption_key(name: str, place: int, text: str) -> bytes:
    """In either alphabet of base64; the error does not show it."""
    try:
        key = b64decode(text.translate(_ALPHABET), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise InvalidInput(f"{name}: key {place} must be the base64 of {_KEY_BYTES} random bytes")
    return key


def _retention(name: str, text: str) -> Mapping[str, timedelta]:
    return dict(_kept(name, part) for part in _list(name, text))


def _kept(name: str, text: str) -> tuple[str, timedelta]:
    status, _, given = (part.strip() for part in text.partition("="))
    try:
        days = float(given)
    except ValueError:
        days = -1.0
    if status not in ENDED or not 0 <= days <= _MOST_DAYS:
        raise InvalidInput(
            f"{name} must be days by status, as in completed=7,failed=30, where a status is one of "
            f"{', '.join(ENDED)}, got {text!r:.40}"
        )
    return status, timedelta(days=days)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise InvalidInput(f"{name} must be 1 or 0, got {text!r:.40}")
    return text.lower() in _TRUE


def _level(name: str, text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise InvalidInput(f"{name} must be one of {', '.join(LOG_LEVELS)}, got {text!r:.40}")
    return text.lower()


def _prefix(name: str, text: str) -> str:
    if not text.startswith("/") or text.endswith("/") or not text.isprintable():
        raise InvalidInput(f"{name} must begin with / and not end with it, as in /api/v1, got {text!r:.80}")
    return text


def _database_url(env: Mapping[str, str]) -> str | None:
    return env.get("LAPINQ_DATABASE_URL", "").strip() or env.get("DATABASE_URL", "").strip() or None


_VARIABLES: Mapping[str, Callable[[Mapping[str, str]], Any]] = {
    "database_url": _database_url,
    "api_key": _read("LAPINQ_API_KEY", _text),
    "session_secret": _read("LAPINQ_SESSION_SECRET", _text),
    "trusted_proxies": _read("LAPINQ_TRUSTED_PROXIES", _list),
    "insecure": _read("LAPINQ_INSECURE", _flag),
    "rate_limit": _read("LAPINQ_RATE_LIMIT", _whole(0)),
    "cors_origins": _read("LAPINQ_CORS_ORIGINS", _list),
    "api_prefix": _read("LAPINQ_API_PREFIX", _prefix),
    "max_payload_size": _read("LAPINQ_MAX_PAYLOAD_SIZE", _whole(1)),
    "pool_size": _read("LAPINQ_POOL_SIZE", _whole(1)),
    "db_timeout": _read("LAPINQ_DB_TIMEOUT", _seconds),
    "heartbeat_interval": _read("LAPINQ_HEARTBEAT_INTERVAL", _seconds),
    "max_idle_backoff": _read("LAPINQ_MAX_IDLE_BACKOFF", _seconds),
    "stale_recovery_interval": _read("LAPINQ_STALE_RECOVERY_INTERVAL", _seconds),
    "webhook_keys": _read("LAPINQ_WEBHOOK_SECRET", _keys),
    "encryption_keys": _read("LAPINQ_ENCRYPTION_KEY", _encryption_keys),
    "cleanup_interval": _read("LAPINQ_CLEANUP_INTERVAL", _seconds),
    "retention": _read("LAPINQ_RETENTION", _retention),
    "webhook_allow_private": _read("LAPINQ_WEBHOOK_ALLOW_PRIVATE", _flag),
    "imports": _read("LAPINQ_IMPORT", _list),
    "log_level": _read("LAPINQ_LOG_LEVEL", _level),
    "json_log": _read("LAPINQ_JSON_LOG", _flag),
}
