"""What tests of pictures share."""

from __future__ import annotations

import io
from html import unescape

import matplotlib as mpl
from matplotlib.figure import Figure

# What matplotlib would take for formulas, or for a dollar sign with its backslash lost.
ODD_NAMES = ("a$b$c", "$x^2$", r"costs 3\$", "one$", "$$")


def words_of(figure: Figure) -> str:
    """A figure as SVG, whose texts stand in it letter by letter unless they are formulas."""
    written = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(written, format="svg")
    return unescape(written.getvalue())
