"""Drawings made on the server. This is the one place that tells the templates "this is markup, do not escape it".

A ``Node`` escapes whatever it is given, names included, so that no caller can put markup into a page by accident. What
a drawing looks like (colours, widths, dashes) belongs to classes of the style sheet: the content security policy
refuses ``style`` attributes, and ``Node`` refuses to write one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*")
_FORBIDDEN = re.compile(r"on|style$|script$|foreignobject$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Node:
    """An element with attributes (None is left out) and children; text children are text."""

    tag: str
    attributes: Mapping[str, str | float | None]
    children: tuple["Node | str", ...] = ()

    def __post_init__(self) -> None:
        for name in (self.tag, *self.attributes):
            if not _NAME.fullmatch(name) or _FORBIDDEN.match(name):
                raise ValueError(f"{name!r} must not stand in a drawing")
        if str(self.attributes.get("href") or "").strip().lower().startswith(("javascript:", "data:")):
            raise ValueError("a link in a drawing must lead to a page")

    def __html__(self) -> str:
        """What Jinja2 asks for instead of escaping."""
        shown = "".join(f' {name}="{_text(value)}"' for name, value in self.attributes.items() if value is not None)
        inner = Markup("").join(self.children)
        return f"<{self.tag}{shown}>{inner}</{self.tag}>"


def node(tag: str, *children: Node | str, **attributes: str | float | None) -> Node:
    """An element. ``_`` in a keyword is ``-``, and a trailing one is dropped: ``class_``, ``stroke_width``."""
    return Node(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}, children)


def drawing(width: float, height: float, *children: Node | str, label: str = "", class_: str = "") -> Node:
    """An ``<svg>``; without a ``label`` screen readers skip it, so the text beside it must say the same."""
    attributes: dict[str, str | float | None] = {
        "viewBox": f"0 0 {_text(width)} {_text(height)}",
        "width": width,
        "height": height,
        "class": class_ or None,
        "role": "img" if label else None,
        "aria-label": label or None,
        "aria-hidden": None if label else "true",
        "focusable": "false",
    }
    return Node("svg", attributes, children)


def _text(value: str | float) -> str:
    """Numbers without a tail of digits: the same drawing is the same text everywhere."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(escape(value))
