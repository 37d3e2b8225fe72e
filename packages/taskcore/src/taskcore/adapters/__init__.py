"""Stores: each keeps what it is given and reports what happened, and decides nothing."""
