"""Figures as SVG that stands inside of a page: small, and in the page's own type."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

# Of matplotlib's inch: with it, a unit of the drawing is a pixel of the page.
PIXELS = 72

INK, QUIET = "#222222", "#777777"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 12,
    "axes.labelsize": 12,
    "axes.titlesize": 12,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "text.parse_math": False,
}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))

_DECIMALS = re.compile(r"(\.\d)\d+")
_PLACES = re.compile(r' (?:d|x|y|transform)="[^"]*"')
_LINK = re.compile(r'<a xlink:href="([^"]*)"[^>]*>')
# What the page has no use for. Names of groups are the same in every figure, and nothing
# refers to them; fonts are the page's; the style sheet of a figure would hold for all the page.
_NEEDLESS = re.compile(
    r"<!--.*?-->|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>"
    r'|(?<=<g) id="[A-Za-z][\w.]*_\d+"(?=>)| transform="rotate\(-0 [^"]*"'
    r"|(?<=px) '[^;]*(?=;)|font-family:[^;]*; ",
    flags=re.DOTALL,
)


@contextmanager
def page_style(name: str) -> Iterator[None]:
    """Draw and save a figure in the page's style.

    Parameters
    ----------
    name
        Of the figure, unique on its page. What it is made of is named after it, so that two
        figures do not share names and the same figure gets the same ones.
    """
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        yield


def inline_svg(figure: Figure, label: str, tips: Mapping[str, str] | None = None) -> str:
    """A figure as an `<svg>` element.

    Parameters
    ----------
    label
        What it shows, for those who cannot see it.
    tips
        By the address that an artist of the figure links to, what to show on hovering.
    """
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata=_NO_METADATA)
    text = written.getvalue()
    text = text[text.index("<svg") : text.rindex("</svg>") + len("</svg>")]
    width, height = (PIXELS * size for size in figure.get_size_inches())
    head = (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(label)}">'
    )
    text = head + text[text.index(">") + 1 :]
    text = _NEEDLESS.sub("", text).replace("font: ", "font-size: ")
    text = _PLACES.sub(lambda found: _DECIMALS.sub(r"\1", found[0]), text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    return _LINK.sub(lambda found: _tipped(found[1], tips or {}), text)


def _tipped(address: str, tips: Mapping[str, str]) -> str:
    """The table holds the same links: a keyboard need not pass through each point."""
    return f'<a href="{address}" tabindex="-1"><title>{escape(tips.get(address, ""))}</title>'
