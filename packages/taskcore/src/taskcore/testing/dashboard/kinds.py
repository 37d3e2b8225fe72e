"""The handlers that the sample tells of, and how they fail."""

from dataclasses import dataclass
from random import Random

from taskcore.models import TaskError


@dataclass(frozen=True, slots=True)
class Kind:
    """A handler as the story knows it: where it runs, for how long in seconds, and how often it fails."""

    name: str
    queue: str
    seconds: float
    fails: float
    errors: tuple[tuple[str, str], ...] = (("RuntimeError", "it did not work"),)


KINDS = (
    Kind(
        "email.send_welcome",
        "email",
        0.6,
        0.05,
        (("SMTPServerDisconnected", "connection to mx{n} unexpectedly closed"),),
    ),
    Kind(
        "email.send_invoice",
        "email",
        0.9,
        0.08,
        (("SMTPRecipientsRefused", "550 mailbox user{n}@example.com is full"),),
    ),
    Kind(
        "billing.charge",
        "billing",
        2.4,
        0.25,
        (("CardDeclined", "card of customer {n} was declined"), ("TimeoutError", "gateway did not answer in {n} s")),
    ),
    Kind("reports.build_monthly", "reports", 41.0, 0.3, (("MemoryError", "report {n} needs more than 512 MB"),)),
    Kind("images.resize", "default", 3.1, 0.1, (("OSError", "cannot identify image file 'upload-{n}.png'"),)),
    Kind("search.reindex", "default", 12.0, 0.05),
)

TRACEBACK = """Traceback (most recent call last):
  File "/srv/app/.venv/lib/python3.12/site-packages/taskcore/engine/execution/run.py", line 88, in run
    result = await handler(*args, **kwargs)
  File "/srv/app/shop/{module}.py", line 42, in {function}
    return await client.send(message)
  File "/srv/app/.venv/lib/python3.12/site-packages/httpx2/_client.py", line 1629, in send
    response = await self._send_handling_auth(request)
  File "/srv/app/shop/gateway.py", line 17, in check
    raise {error}(message)
{error}: {message}
"""


def an_error(kind: Kind, random: Random) -> TaskError:
    """One of its errors, with a traceback through our own files and those of libraries."""
    error, message = random.choice(kind.errors)
    message = message.format(n=random.randrange(1000))
    module, _, function = kind.name.partition(".")
    traceback = TRACEBACK.format(error=error, message=message, module=module, function=function)
    return TaskError(error, message, traceback)
