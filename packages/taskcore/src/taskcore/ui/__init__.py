"""One dashboard for every face: pages, fragments and a stream over whatever a ``DashboardSource`` can tell."""

from typing import TYPE_CHECKING, Any

from taskcore.errors import MissingExtra

if TYPE_CHECKING:
    from taskcore.ui.app import Dashboard

__all__ = ["Dashboard"]


def __getattr__(name: str) -> Any:
    """Sources and their models need no web framework, so the application is imported when it is asked for."""
    if name != "Dashboard":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from taskcore.ui.app import Dashboard
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the dashboard needs {error.name}; install taskcore[dashboard]") from error
    return Dashboard
