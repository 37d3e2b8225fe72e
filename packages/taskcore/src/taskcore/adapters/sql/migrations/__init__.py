"""Alembic's environment and revisions. They are loaded by path, never imported."""
