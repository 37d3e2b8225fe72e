"""Addresses of pages, whatever prefix the dashboard is mounted under."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

Value = str | int | Iterable[str] | None


@dataclass(frozen=True, slots=True)
class Links:
    """Builds addresses below ``root``, the prefix without its last slash; ``paths`` are page name -> path pattern."""

    root: str
    paths: Mapping[str, str]
    static_root: str

    def __call__(self, page: str, /, **values: Value) -> str:
        """The address of a page. Values that its path has no place for become its query; None and "" are left out."""
        path, rest = self.paths[page], dict(values)
        for name in list(rest):
            if (slot := "{" + name + "}") in path:
                path = path.replace(slot, quote(slotted(str(rest.pop(name))), safe="", errors="replace"))
        return self.root + path + _query(rest)

    def static(self, name: str) -> str:
        """The address of a file below ``static/``."""
        return f"{self.root}{self.static_root}/{name}"


def slotted(value: str) -> str:
    """``value`` for a slot of a path. Servers decode paths before they are matched, so a slash needs a second coat."""
    return value.replace("%", "%25").replace("/", "%2F")


def unslotted(value: str) -> str:
    """The value that ``slotted`` was given."""
    return value.replace("%2F", "/").replace("%25", "%")


def changed(path: str, query: str, values: Mapping[str, Value]) -> str:
    """The address ``path?query`` with ``values`` instead of what it has under their names; None takes a name out."""
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in values]
    return path + _query({}, [*kept, *_pairs(values)])


def _query(values: Mapping[str, Value], pairs: Iterable[tuple[str, str]] = ()) -> str:
    every = [*pairs, *_pairs(values)]
    return "?" + urlencode(every, errors="replace") if every else ""


def _pairs(values: Mapping[str, Value]) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        match value:
            case None | "":
                continue
            case str() | int():
                yield name, str(value)
            case _:
                yield from ((name, str(each)) for each in value)


def within(path: str | None, root: str) -> str | None:
    """``path`` when it leads to a page of this dashboard and nowhere else, as ``next=`` must; otherwise None.

    Browsers read a backslash as a slash and drop control characters, so that ``/\\evil`` would leave the site.
    """
    if not path or not path.startswith(root + "/") or path.startswith("//"):
        return None
    below = unquote(path.partition("?")[0])
    if "\\" in path or "//" in below or ".." in below.split("/") or any(ord(letter) <= 32 for letter in path):
        return None
    return path
