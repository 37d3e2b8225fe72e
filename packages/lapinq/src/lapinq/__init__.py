"""A task queue whose only infrastructure is PostgreSQL, on the engine and the stores of ``taskcore``."""

from importlib.metadata import version

from lapinq.errors import RetryError

__all__ = ["RetryError"]

__version__ = version("lapinq")
