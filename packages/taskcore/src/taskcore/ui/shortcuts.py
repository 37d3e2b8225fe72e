"""The keyboard shortcuts: one list, from which the help dialog is written and which the script ``keys.js`` binds."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Keys pressed one after another, and what happens: ``act`` is a word that ``keys.js`` knows, or "go" a page."""

    keys: tuple[str, ...]
    words: str
    act: str
    page: str = ""
    group: str = "Anywhere"


ANYWHERE = (
    Shortcut(("?",), "Show this list", "help"),
    Shortcut(("/",), "Search", "search"),
    Shortcut(("l",), "Pause or resume live updates", "live"),
    Shortcut(("t",), "Next theme", "theme"),
    Shortcut(("Escape",), "Close the dialog, clear the selection, leave the search", "escape"),
)
LISTS = (
    Shortcut(("j",), "Next row", "next", group="Lists"),
    Shortcut(("k",), "Previous row", "previous", group="Lists"),
    Shortcut(("o",), "Open the row (as Enter does)", "open", group="Lists"),
    Shortcut(("x",), "Select the row", "select", group="Lists"),
    Shortcut(("X",), "Select up to the row", "range", group="Lists"),
    Shortcut(("*",), "Select the page", "all", group="Lists"),
    Shortcut(("y",), "Copy the id", "copy", group="Lists"),
    Shortcut(("[",), "Newer", "newer", group="Lists"),
    Shortcut(("]",), "Older", "older", group="Lists"),
)
ACTIONS = (
    Shortcut(("r",), "Retry, after asking", "retry", group="Actions"),
    Shortcut(("c",), "Cancel, after asking", "cancel", group="Actions"),
    Shortcut(("v",), "Next view of a run", "view", group="Actions"),
)


def shortcuts(pages: Iterable[tuple[str, str, str]]) -> tuple[Shortcut, ...]:
    """All of them; ``pages`` are (letter, page, title) of what the visitor's navigation holds."""
    go = tuple(Shortcut(("g", letter), title, "go", page, "Go to") for letter, page, title in pages)
    return ANYWHERE + ACTIONS + LISTS + go
