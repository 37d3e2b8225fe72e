"""``python -m taskmq`` is ``taskmq``."""

from taskmq.cli import main

main()
