"""Python's other task queues, each in an environment of its own."""
