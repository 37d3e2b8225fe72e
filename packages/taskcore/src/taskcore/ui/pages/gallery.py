"""Every component once, for those who build pages; tests crawl it."""

from taskcore.ui.page import Page, Show, Visit
from taskcore.ui.site import Part


async def gallery(visit: Visit) -> Show:
    return Show(template="gallery.html", title="Components")


PAGES = (Page(name="gallery", path="/gallery", view=gallery, needs=None, part=Part.GALLERY),)
