"""Empty, as in the public task-mq. The heartbeat is in ``taskmq.heartbeat_file``, and workers in ``taskmq.workers``."""
