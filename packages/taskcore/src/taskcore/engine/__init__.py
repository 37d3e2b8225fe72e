"""Policy in motion: the worker and the services beside it. Knows ports, no driver and no web framework."""
