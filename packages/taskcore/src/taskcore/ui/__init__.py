"""One dashboard for every face: pages, fragments and a stream over whatever a ``DashboardSource`` can tell."""
