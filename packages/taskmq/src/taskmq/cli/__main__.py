"""``python -m taskmq.cli`` is ``taskmq``."""

from taskmq.cli import main

main()
