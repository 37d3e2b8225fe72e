"""A ``DashboardSource`` over the ports of the core, for every face whose tasks live in a core store."""

from taskcore.ui.stores.assembly import store_source

__all__ = ["store_source"]
