"""``python -m lapinq``, and the command ``lapinq``."""

import click


@click.group()
def main() -> None:
    """A task queue on PostgreSQL."""


if __name__ == "__main__":
    main()
