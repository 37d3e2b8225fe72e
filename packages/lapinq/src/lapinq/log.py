"""Log lines of a process: text on stderr, or JSON on stdout where ``LAPINQ_JSON_LOG`` asks for it."""

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from lapinq.settings import Settings

TEXT = "%(asctime)s [%(levelname)s] %(name)s: %(message)s"
TIME = "%Y-%m-%dT%H:%M:%S"


class JSONFormatter(logging.Formatter):
    """One JSON object a line: ``timestamp``, ``level``, ``logger``, ``message``, and of an error ``exception``
    (``type`` and ``value``) and ``traceback``. The line is ASCII, which every stream can take as it is."""

    def format(self, record: logging.LogRecord) -> str:
        found: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": _sound(record.getMessage()),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            found["exception"] = {"type": type(error).__name__, "value": _sound(str(error))}
            found["traceback"] = _sound("".join(traceback.format_exception(error)))
        return json.dumps(found)


def _sound(text: str) -> str:
    """Halves of surrogate pairs spelled out: many a reader of JSON refuses a line for an escape of one."""
    return text.encode("utf-8", "backslashreplace").decode()


def configure_logging(settings: Settings | None = None) -> None:
    """Send all log lines of this process where the settings, by default those of the environment, say.

    Raises:
        InvalidInput: a variable has no such value.
    """
    settings = settings or Settings.from_env(os.environ)
    handler = logging.StreamHandler(sys.stdout if settings.json_log else sys.stderr)
    handler.setFormatter(JSONFormatter() if settings.json_log else logging.Formatter(TEXT, TIME))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for chatty in ("alembic", "httpx"):  # a line for each step, and for each request
        logging.getLogger(chatty).setLevel(logging.WARNING)
