"""The REST API and the pages of a queue, as one ASGI application; ``taskmq.api_server`` has one to serve."""
