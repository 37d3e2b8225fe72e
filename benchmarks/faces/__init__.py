"""The same through a face: the entries, the storage and the worker that a user of it has.

A face is measured beside what carries it: its own store, a floor, and the public release whose names it keeps.
"""
