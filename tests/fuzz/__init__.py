"""Damaged files for every parser: each must read them, or refuse them.

`make fuzz` runs it; nothing here is a test, but `tests/test_fuzz.py` tries a few inputs of each.
"""
