"""A user's folder: what is there, what is configured, and what is missing.

Writes `regtrack.toml`; reads everything, changes nothing else.
"""
