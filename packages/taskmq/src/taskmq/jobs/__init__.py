"""The functions that do the work."""
