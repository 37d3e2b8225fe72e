"""Webhooks: whoever put a task with a ``webhook_url`` is told how it ended; signed, tried again, and never lost."""
