"""regtrack from Python: what `import regtrack` offers, for notebooks and other programs.

It calls what the commands call; docs/python.md is its manual. A name is loaded when it is used.
"""
