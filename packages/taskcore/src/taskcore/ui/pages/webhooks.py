"""Webhooks: what was told to whom, which endpoints do not answer, and what messages are signed with."""

from datetime import timedelta

from starlette.exceptions import HTTPException

from taskcore.auth.permissions import Verb
from taskcore.errors import InvalidInput
from taskcore.ui.models import Action
from taskcore.ui.models.webhooks import DeliveryFilter, DeliveryStatus
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.record import record
from taskcore.ui.site import Part
from taskcore.ui.source import WebhookPart

REPLAY = Action.REPLAY_WEBHOOK
FILTERS = ("status", "endpoint", "task")
GRACES = {"3600": "1 hour", "86400": "1 day", "604800": "7 days", "0": "Not at all"}
"""For how long secrets of before go on signing beside a new one, in seconds."""


async def webhooks(visit: Visit) -> Show:
    """Endpoints for those who may see everything; deliveries about the queues that the visitor may see."""
    part, asked = _part(visit), {name: visit.query.get(name, "").strip() for name in FILTERS}
    wanted = DeliveryFilter(
        status=_status(asked["status"]),
        endpoint=asked["endpoint"],
        task=asked["task"],
        visible=await visit.visible(),
        after=visit.query.get("cursor") or None,
    )
    page = await part.deliveries(wanted)
    endpoints = await part.endpoints() if visit.may(Verb.VIEW) else ()
    return Show(
        template="webhooks.html",
        title="Webhooks",
        model={"deliveries": page.rows, "older": page.older, "endpoints": endpoints},
        also={
            "asked": asked,
            "narrowed": any(asked.values()) or wanted.after is not None,
            "statuses": tuple(DeliveryStatus),
            "bulk": [("Replay", visit.url("act", action=REPLAY))] if visit.can_anywhere(REPLAY) else [],
            "may_rotate": "secrets" in visit.url.paths and visit.may(Verb.ADMIN),
        },
    )


async def webhook(visit: Visit) -> Show:
    """One delivery with the attempts to make it."""
    detail = await _part(visit).delivery(visit.param("delivery"))
    if detail is None or not visit.may(Verb.VIEW, detail.row.queue):
        raise HTTPException(404, f"There is no webhook {visit.param('delivery')!r:.100}. It may have been removed.")
    return Show(
        template="webhook.html",
        title=f"Webhook to {visit.site.redactor.text(detail.row.endpoint)}",
        model={"delivery": detail},
        also={"row": detail.row},
        crumbs=(("Webhooks", visit.url("webhooks")),),
    )


async def secrets(visit: Visit) -> Show:
    """What messages are signed with."""
    found = await _part(visit).secrets()
    return Show(
        template="secrets.html",
        title="Secrets of webhooks",
        model={"secrets": found},
        also={"graces": GRACES},
        crumbs=(("Webhooks", visit.url("webhooks")),),
        plain=True,
    )


async def rotate(visit: Visit) -> Show:
    """Make a secret, and show it this one time."""
    seconds = (await visit.answers()).get("grace", "")
    if seconds not in GRACES:
        raise InvalidInput("choose for how long the secrets of before go on signing")
    made, text = await _part(visit).rotate(timedelta(seconds=int(seconds)))
    await record(visit, "secret.rotate", f"secret:{made.id}", f"{made.fingerprint}; those of before end in {seconds} s")
    return Show(
        template="secret_made.html",
        title="A new secret",
        model={"made": made, "secret": text},
        also={"grace": GRACES[seconds]},
        crumbs=(("Webhooks", visit.url("webhooks")), ("Secrets", visit.url("secrets"))),
        plain=True,  # the one place where it is to be read
    )


def _status(text: str) -> DeliveryStatus | None:
    if text and text not in set(DeliveryStatus):
        raise InvalidInput(f"status must be one of {', '.join(DeliveryStatus)}, got {text!r:.40}")
    return DeliveryStatus(text) if text else None


def _part(visit: Visit) -> WebhookPart:
    assert visit.source.webhooks is not None  # noqa: S101 - or the page would not exist
    return visit.source.webhooks


PAGES = (
    Page(name="webhooks", path="/webhooks", view=webhooks, part=Part.WEBHOOKS),
    Page(name="secrets", path="/webhooks/secrets", view=secrets, needs=Verb.ADMIN, part=Part.WEBHOOKS),
    Page(
        name="secrets.rotate",
        path="/webhooks/secrets",
        view=rotate,
        methods=("POST",),
        needs=Verb.ADMIN,
        part=Part.WEBHOOKS,
    ),
    Page(name="webhook", path="/webhooks/{delivery}", view=webhook, part=Part.WEBHOOKS),
)
