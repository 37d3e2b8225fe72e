"""Reads a folder with durable jobs while one of the workers is killed."""
