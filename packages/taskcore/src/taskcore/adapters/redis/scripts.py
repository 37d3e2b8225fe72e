"""The Lua scripts, each in a file that says what it takes and returns; ``-- include`` names the parts it is made of."""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files

_INCLUDE = re.compile(r"^-- include (\S+)$", re.MULTILINE)
_FOLDER = files(__package__) / "scripts"


@dataclass(frozen=True, slots=True)
class Script:
    """A text that the server runs, and the name under which it remembers it."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """The script in the file ``name.lua``."""
    text = _INCLUDE.sub(lambda found: _read(found[1]), _read(f"{name}.lua"))
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def _read(path: str) -> str:
    return _FOLDER.joinpath(path).read_text("utf-8")
