"""Files for the browser: out of the wheel, from memory, under an address that changes with their content."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file and its compressed form."""

    body: bytes
    packed: bytes
    media_type: str


class Assets:
    """Every file below a folder; ``root`` holds a digest of all of them, since modules import each other by path."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder

    @cached_property
    def files(self) -> Mapping[str, Asset]:
        return dict(_walk(self._folder))

    @cached_property
    def digest(self) -> str:
        every = sha256()
        for name, asset in sorted(self.files.items()):
            every.update(name.encode() + b"\0" + asset.body)
        return every.hexdigest()[:12]

    @property
    def root(self) -> str:
        return f"/static/{self.digest}"

    async def answer(self, request: Request) -> Response:
        """A file. Under an older digest, as a page from before a release asks for it, it is not kept by browsers."""
        asset = self.files.get(request.path_params["name"])
        if asset is None:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        current = request.path_params["digest"] == self.digest
        headers = {"Cache-Control": _FOREVER if current else "no-cache", "Vary": "Accept-Encoding"}
        body = asset.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = asset.packed, "gzip"
        return Response(body, headers=headers, media_type=asset.media_type)


@cache
def shipped() -> Assets:
    """The files of this release; all dashboards of a process share them."""
    return Assets(files("taskcore.ui") / "static")


def _walk(folder: Traversable, prefix: str = "") -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            found += _walk(entry, name + "/")
        elif media_type := _TYPES.get(PurePosixPath(name).suffix):
            body = entry.read_bytes()
            found.append((name, Asset(body, gzip.compress(body, 9, mtime=0), media_type)))
    return found
