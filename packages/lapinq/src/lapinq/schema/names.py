"""What things in the database are called."""

CORE = "lapinq_core"
"""The tables of the core begin with it; so nothing of theirs is called as a table of the public release is."""

CHANGED = "lapinq_changed"
"""The channel on which programs of others hear that tasks have changed, as in the public release."""

ACCOUNTS = f"{CORE}_accounts"
BACKUP = "lapinq_backup_"
"""Tables of the public release keep their rows under a name that begins with this, once they are taken over."""
FORMER_IDS = "lapinq_former_ids"
SCHEDULED = "lapinq_scheduled_tasks"

HOOKS = "lapinq_hooks"
"""Deliveries of webhooks are tasks of the core in tables of their own, so that nobody meets them among the others."""
WEBHOOKS_DUE = "lapinq_webhooks_due"
"""Ends of tasks that somebody wants to be told of, until they are deliveries."""
WEBHOOK_ENDPOINTS = "lapinq_webhook_endpoints"
"""Receivers that did not take what they were told last."""
WEBHOOK_SECRETS = "lapinq_webhook_secrets"
"""What webhooks are signed with, beside the secrets of the environment."""
