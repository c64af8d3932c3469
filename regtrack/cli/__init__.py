"""One thin file per command: it declares options, calls one function, prints.

`regtrack.cli.main` is where exceptions become a line on stderr and an exit status.
"""
