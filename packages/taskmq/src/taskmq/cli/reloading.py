"""For development: notice when code has changed."""

from collections.abc import AsyncIterator
from pathlib import Path

from taskcore.errors import MissingExtra


def changes() -> AsyncIterator[object]:
    """Go on whenever Python files below the working directory have changed, but for those of an environment or cache.

    Raises:
        MissingExtra: nothing is installed that can tell.
    """
    try:
        from watchfiles import PythonFilter, awatch
    except ImportError as missing:
        raise MissingExtra("--reload needs the extra: pip install 'taskmq[reload]'") from missing
    # A folder of somebody else, such as a database's, is none of code.
    return awatch(Path.cwd(), watch_filter=PythonFilter(), debounce=200, ignore_permission_denied=True)
