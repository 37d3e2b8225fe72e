"""The tables and views that the public release of lapinq has, beside the core's own tables."""
