"""The few icons of the frame and of the phases, drawn on a grid of 16, in the colour of the text beside them."""

from collections.abc import Iterable, Mapping

from taskcore.ui.svg import Node, drawing, node

_LINES: Mapping[str, str] = {
    "scheduled": "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.4",
    "queued": "M3 4.5h10M3 8h10M3 11.5h6",
    "retrying": "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
    "succeeded": "M3 8.6l3.2 3.2L13 4.6",
    "failed": "M4 4l8 8M12 4l-8 8",
    "dead": "M5.5 12.5v-2C4 9.8 3 8.3 3 6.8C3 4.2 5.2 2.5 8 2.5s5 1.7 5 4.3c0 1.5-1 3-2.5 3.7v2z"
    "M6 7v.6M10 7v.6M8 10.4v2",
    "cancelled": "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M4.2 4.2l7.6 7.6",
    "interrupted": "M9 2L4.5 9H8l-1 5l4.5-7H8z",
    "expired": "M4.5 2.5h7M4.5 13.5h7M5.5 2.5c0 3 2.5 3.5 2.5 5.5s-2.5 2.5-2.5 5.5"
    "M10.5 2.5c0 3-2.5 3.5-2.5 5.5s2.5 2.5 2.5 5.5",
    "skipped": "M3 5c3 0 6 0 8 3.5M11.5 5v4h-4M4 12.5h8",
    "search": "M7 2.8a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 0 0 0-8.4M10.2 10.2L13.5 13.5",
    "copy": "M6 5.5h7v8H6zM10 5.5v-3H3v8h3",
    "menu": "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
    "theme": "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
    "user": "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8M2.8 13.6c.6-2.6 2.6-3.8 5.2-3.8s4.6 1.2 5.2 3.8",
    "overview": "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z",
    "tasks": "M2.5 4h1.5M6 4h7.5M2.5 8h1.5M6 8h7.5M2.5 12h1.5M6 12h7.5",
    "schedules": "M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2.2v3M10.5 2.2v3",
    "pipelines": "M2.5 3h3.5v3H2.5zM10 3h3.5v3H10zM6.2 10.5h3.6v3H6.2zM6 4.5h4M4.3 6v2.2H8v2.3M11.7 6v2.2H8",
    "queues": "M2.5 3.5h11v2.6h-11zM2.5 8h11v2.6h-11zM2.5 12.8h11",
    "workers": "M3.5 3.5h9v9h-9zM6.3 6.3h3.4v3.4H6.3zM6 3.5v-2M10 3.5v-2M6 14.5v-2"
    "M10 14.5v-2M3.5 6h-2M3.5 10h-2M14.5 6h-2M14.5 10h-2",
    "registry": "M3.5 2.5h7.5a1.5 1.5 0 0 1 1.5 1.5v9.5H5a1.5 1.5 0 0 1-1.5-1.5zM3.5 12a1.5 1.5 0 0 1 1.5-1.5h7.5",
    "webhooks": "M8 2.5a2.4 2.4 0 0 1 1.1 4.5L11.6 11.3M7 6.6L4.6 10.7M8.6 12.3H4.2"
    "M13.6 11.2a2 2 0 1 1-1.9-.9M2.4 11a2 2 0 1 0 1.6-.7",
    "users": "M6 7.6a2.2 2.2 0 1 0 0-4.4a2.2 2.2 0 0 0 0 4.4M2 13c.4-2.4 1.9-3.4 4-3.4s3.6 1 4 3.4"
    "M10.4 3.4a2.1 2.1 0 0 1 0 4.1M11.5 9.8c1.5.3 2.3 1.4 2.6 3.2",
    "keys": "M10.5 2.5a3.3 3.3 0 1 0 0 6.6a3.3 3.3 0 0 0 0-6.6M8.1 8.1L2.8 13.4M4.6 11.6l1.7 1.7",
    "audit": "M4 2.5h6l2.5 2.5v8.5H4zM6 7.5h4.5M6 10.3h4.5",
    "settings": "M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 11.5h2M7.5 11.5h6M6 10v3",
    "external": "M9 3h4v4M13 3L7.5 8.5M11 9.5v4H3v-8h4",
    "previous": "M10 3.5L5.5 8l4.5 4.5",
    "next": "M6 3.5L10.5 8L6 12.5",
    "warning": "M8 2.5L14 13H2zM8 6.5v3M8 11.2v.3",
    "info": "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 0 0 0-11M8 7.3v3.7M8 5v.3",
}
_FILLED: Mapping[str, str] = {"running": "M5 3.2v9.6L13 8z"}


def icon(name: str) -> Node:
    """The icon called ``name``; it says nothing to screen readers, so text stands beside it.

    Raises:
        KeyError: there is none.
    """
    if name in _FILLED:
        path = node("path", d=_FILLED[name], fill="currentColor")
    else:
        path = node(
            "path", d=_LINES[name], fill="none", stroke="currentColor", stroke_width=1.5, stroke_linecap="round"
        )
    return drawing(16, 16, path, class_="icon")


def sprite(names: Iterable[str]) -> Node:
    """The icons called ``names``, drawn nowhere: ``<use href="#i-NAME">`` shows one, in a twentieth of the text."""
    symbols = [
        node("symbol", *icon(name).children, id=f"i-{name}", viewBox="0 0 16 16") for name in dict.fromkeys(names)
    ]
    return Node("svg", {"hidden": "", "aria-hidden": "true"}, tuple(symbols))
