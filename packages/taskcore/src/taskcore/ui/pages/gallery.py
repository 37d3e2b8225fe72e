"""Every component once, for those who build pages; tests crawl it."""

from datetime import timedelta

from taskcore.states import Phase
from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part
from taskcore.ui.words import plural

PHASES = (*Phase, "dead", "skipped")
TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.13/site-packages/httpx/_client.py", line 901, in send
    response = self._send_single_request(request)
  File "/app/billing/charge.py", line 42, in charge
    raise PaymentRefused(order, "card expired")
billing.errors.PaymentRefused: order 1042: card expired
"""
ARGUMENTS = {
    "order": 1042,
    "amount": "19.90",
    "card": "4111 1111 1111 1111",
    "lines": [{"sku": "a-1", "count": 2}, None],
}


async def gallery(visit: Visit) -> Show:
    rows = [
        {
            "phase": phase,
            "name": f"billing.{phase}",
            "id": f"0193f2c4-77a1-7c3e-9b1a-5d0c4e7f60{at:02d}",
            "at": visit.now,
        }
        for at, phase in enumerate(Phase)
    ]
    also = {
        "phases": PHASES,
        "rows": [{**row, "at": visit.now - timedelta(seconds=37 * at * at)} for at, row in enumerate(rows)],
        "traceback_text": TRACEBACK,
        "arguments": ARGUMENTS,
        "facts": [("Queue", "billing"), ("Priority", 5), ("Nothing", ""), ("Tags", "eu, monthly")],
        "summary": plural(len(rows), "task"),
    }
    return Show(template="gallery.html", title="Components", also=also)


PAGES = (Page(name="gallery", path="/gallery", view=gallery, needs=None, part=Part.GALLERY),)
