"""One program a peer: ``python -m benchmarks.peers.runners.NAME PLACE JOBS``, run by the peer's own interpreter."""
