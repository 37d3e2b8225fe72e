"""The stream of changes that pages listen to."""

from starlette.responses import Response

from taskcore.auth.permissions import Verb
from taskcore.ui.page import Page, Visit
from taskcore.ui.site import Part
from taskcore.ui.watch import COUNTS, TOPICS


async def events(visit: Visit) -> Response:
    """Server-sent events. Counts are of all queues, so only those who may see all of them get them."""
    topics = TOPICS if visit.may(Verb.VIEW) else TOPICS - {COUNTS}
    return visit.site.watch.stream(visit.request, topics)


PAGES = (Page(name="events", path="/events", view=events, methods=("GET", "HEAD"), part=Part.CHANGES),)
