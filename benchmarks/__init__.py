"""Our stores beside the bare driver and beside a peer, as ratios within one run."""
