"""The command ``taskmq``, which is ``python -m taskmq`` too."""

import sys


def main() -> None:
    """Run it. Ctrl+C ends it with a sentence from the first moment on: reading its modules takes a while."""
    try:
        from taskmq.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("\nError: interrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
