"""What things in the database are called."""

CORE = "lapinq_core"
"""The tables of the core begin with it; so nothing of theirs is called as a table of the public release is."""

ACCOUNTS = f"{CORE}_accounts"
BACKUP = "lapinq_backup_"
"""Tables of the public release keep their rows under a name that begins with this, once they are taken over."""
FORMER_IDS = "lapinq_former_ids"
SCHEDULED = "lapinq_scheduled_tasks"
