"""The headers of a webhook, and how it is signed: Standard Webhooks."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks.webhooks import Webhook
from taskcore.ids import TaskId

from lapinq import __version__

MESSAGE = "msg_"
"""Ids of messages begin with it; what follows is the delivery's."""


class Signer:
    """Signs with every key; without any, nothing is signed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [Webhook(key) for key in keys]

    def headers(self, delivery: TaskId, body: bytes, now: datetime) -> Mapping[str, str]:
        """The headers of a message. A delivery that is tried again keeps its ``webhook-id``."""
        id_ = f"{MESSAGE}{delivery}"
        headers = {
            "content-type": "application/json",
            "user-agent": f"lapinq/{__version__}",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if self._keys:
            headers["webhook-signature"] = " ".join(key.sign(id_, now, body.decode()) for key in self._keys)
        return headers
