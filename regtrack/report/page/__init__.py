"""The report as one self-contained HTML page: tables, figures, and what they mean.

`write.py` puts it together; it needs no network, and no JavaScript to be read.
"""
