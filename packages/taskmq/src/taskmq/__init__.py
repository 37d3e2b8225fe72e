"""A durable job queue with a command line."""
