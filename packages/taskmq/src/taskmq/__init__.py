"""A durable job queue with a command line, on the engine and the stores of ``taskcore``."""

from importlib.metadata import version

__version__ = version("taskmq")
