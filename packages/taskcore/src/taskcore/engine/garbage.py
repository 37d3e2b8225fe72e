"""How often a process that does nothing but work on tasks looks for garbage.

A worker holds thousands of tasks at a time. So many new objects are to Python a reason to look for cycles among them,
again and again, though there are none: with short tasks that is a fifth of all that the worker does.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 50_000
"""New objects, less those that are gone, after which Python looks through them; it begins with 700."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look seldom inside of the block, and never at what was there before it.

    It is about the whole process, so it is for commands, and not for a library inside of somebody's program.
    """
    young, middle, old = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, middle, old)
    try:
        yield
    finally:
        gc.set_threshold(young, middle, old)
        gc.unfreeze()
