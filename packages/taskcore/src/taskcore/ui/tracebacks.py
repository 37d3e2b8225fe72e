"""A traceback as text, cut into frames, so that a page can fold those that are not the user's own code."""

import re
from dataclasses import dataclass

_PLACE = re.compile(r'^\s*File "(?P<file>[^"]*)", line (?P<line>\d+)', re.MULTILINE)
_LIBRARY = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python3|^<frozen|[/\\]taskcore[/\\]src[/\\]")


@dataclass(frozen=True, slots=True)
class Frame:
    """Some lines; ``place`` is their file and line, "" for what stands between frames: its headline and the error."""

    text: str
    place: str = ""
    library: bool = False


def frames(text: object) -> list[Frame]:
    """The frames of a traceback as Python prints it; text of any other kind is one frame."""
    found: list[Frame] = []
    for line in str(text).splitlines():
        place = _PLACE.match(line)
        if place:
            found.append(Frame(line, f"{place['file']}:{place['line']}", bool(_LIBRARY.search(place["file"]))))
        elif found and (not found[-1].place or line.startswith("    ")):
            last = found.pop()
            found.append(Frame(f"{last.text}\n{line}", last.place, last.library))
        else:
            found.append(Frame(line))
    return found
