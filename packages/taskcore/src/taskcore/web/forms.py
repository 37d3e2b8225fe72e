"""Forms that browsers send, read strictly: they are UTF-8 as the pages that they stand on, and hold text alone."""

import re

from starlette.datastructures import FormData
from starlette.requests import Request

from taskcore.web.problems import Problem

MAX_FIELDS = 2_000

_UTF_8 = re.compile(r';\s*charset="?utf-8"?\s*(?=;|$)', re.IGNORECASE)


async def form_of(request: Request, *, most: int = MAX_FIELDS) -> FormData:
    """What was posted, at most ``most`` fields.

    Starlette decodes parts by whatever codec a request names. Some of Python's take a minute for a megabyte, some fail
    in ways that nobody expects, and some give halves of surrogate pairs, which cannot be sent to anybody.

    Raises:
        Problem: 415, it names another encoding. 422, there is a NUL in it. HTTPException: 400, it cannot be read, has a
        file in it, or too many fields.
    """
    if "charset" in _UTF_8.sub("", request.headers.get("content-type", "")).lower():
        raise Problem(415, "a form must be UTF-8; leave charset out of its Content-Type")
    form = await request.form(max_files=0, max_fields=most)
    if any("\0" in text for pair in form.multi_items() for text in pair if isinstance(text, str)):
        raise Problem(422, "a field has a NUL character in it; leave it out", code="nul_in_form")
    return form
