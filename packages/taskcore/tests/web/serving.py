"""A real server on a free port, in this process or in its own."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from taskcore.testing import eventually

from tests.ports import kept_port


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve ``app`` in this event loop; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, proxy_headers=False, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await eventually(lambda: server.started or running.done())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@contextmanager
def process(program: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``program``, which serves ``app``, as a process of its own; yields it and its URL."""
    file = folder / "serving.py"
    with kept_port() as port, ExitStack() as stack:
        file.write_text(program + f'\nuvicorn.run(app, port={port}, proxy_headers=False, log_level="info")\n')
        child = stack.enter_context(subprocess.Popen([sys.executable, file], stderr=subprocess.PIPE, text=True))
        assert child.stderr is not None
        lines: list[str] = []
        while "Uvicorn running" not in (line := child.stderr.readline()):
            lines.append(line)
            assert child.poll() is None, "".join(lines)
        try:
            yield child, f"http://127.0.0.1:{port}"
        finally:
            child.kill()
