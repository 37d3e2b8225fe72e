"""Pages on which people read the API of a face, and try it; ``pages.routes`` has them."""
