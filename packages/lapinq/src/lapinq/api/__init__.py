"""The REST API of the server, as one Starlette application; ``lapinq.server`` has the function that makes one."""
