"""Secrets of the environment, each in a variable or in a file that another one names: ``X``, or ``X_FILE``."""

from collections.abc import Mapping
from pathlib import Path

from taskcore.errors import InvalidInput

MOST = 65_536
"""Bytes of such a file."""


def secret_value(env: Mapping[str, str], name: str) -> str | None:
    """The value of ``name``, else the text of the file at ``name_FILE`` without the line break at its end; else None.

    A variable that is empty counts as unset.

    Raises:
        InvalidInput: both are set, or the file cannot be read. The message never holds the value.
    """
    value, path = env.get(name), env.get(f"{name}_FILE")
    if not path:
        return value or None
    if value:
        raise InvalidInput(f"{name} and {name}_FILE are both set; unset one of them")
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(MOST).rstrip("\r\n") or None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InvalidInput(f"{name}_FILE: cannot read {path!r:.200}: {reason}") from None
