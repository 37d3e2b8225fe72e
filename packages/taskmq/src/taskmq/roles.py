"""What somebody may be, and may then do."""

from collections.abc import Mapping

from taskcore.auth.permissions import ADMIN, ROLES, Grant, Verb

WORKER = "worker"
WORKER_GRANTS = (Grant(frozenset({Verb.VIEW, Verb.RETRY})),)

TOKEN_ROLES = (ADMIN, WORKER)
"""Those of the API's tokens: an admin may do everything, a worker read and retry jobs."""

USER_ROLES: Mapping[str, tuple[Grant, ...]] = {**ROLES, WORKER: WORKER_GRANTS}
"""Those of people who log in."""
