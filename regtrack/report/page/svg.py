"""Figures as SVG that stands inside of a page: small, and in the page's own type."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree as ET

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

# matplotlib writes six decimals and has no setting for it. A tenth of a pixel is enough, and the
# page of 171 markers is 8% larger with all of them.
_DECIMALS = re.compile(r"(\.\d)\d+")
_PLACES = ("d", "x", "y", "transform")


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
    written = io.BytesIO()
    figure.savefig(written, format="svg", metadata=_NO_METADATA)
    drawing = ET.fromstring(written.getvalue())
    width, height = (f"{PIXELS * size:.0f}" for size in figure.get_size_inches())
    for element in list(drawing.iter()):
        for child in [child for child in element if _is_needless(child)]:
            element.remove(child)
        _simplify(element)
    for link in list(drawing.iter("a")):
        _add_tip(link, tips or {})
    drawing.attrib = {
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-label": label,
    }
    return ET.tostring(drawing, encoding="unicode")


def _is_needless(element: ET.Element) -> bool:
    """Whether it is a style sheet, which would hold for all the page, or says who drew it."""
    names = {_local_name(inside.tag) for inside in element.iter()}
    return names == {"defs", "style"} or _local_name(element.tag) == "metadata"


def _simplify(element: ET.Element) -> None:
    """Remove what a page does not need: namespaces, layout, names of groups, fonts."""
    element.tag = _local_name(element.tag)
    element.attrib = {_local_name(name): value for name, value in element.attrib.items()}
    if element.tag == "g":
        element.attrib.pop("id", None)  # the same in every figure, and nothing refers to them
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    if element.tag == "text":
        element.set("style", _without_family(element.get("style", "")))
    else:
        element.text = "\n" if len(element) else None
    element.tail = "\n"
    for name in _PLACES:
        if place := element.get(name):
            element.set(name, _DECIMALS.sub(r"\1", " ".join(place.split())))


def _local_name(name: str) -> str:
    """A tag or an attribute without its namespace: HTML knows `svg` and `href` as they are."""
    return name.rpartition("}")[2]


def _without_family(style: str) -> str:
    """The style of a text in the page's own type; of `font`, the size stays."""
    rules = dict(rule.split(": ", 1) for rule in style.split("; "))
    rules.pop("font-family", None)
    if font := rules.pop("font", None):
        rules = {"font-size": font.partition(" ")[0], **rules}
    return "; ".join(f"{name}: {value}" for name, value in rules.items())


def _add_tip(link: ET.Element, tips: Mapping[str, str]) -> None:
    """The table holds the same links: a keyboard need not pass through each point."""
    address = link.get("href", "")
    link.attrib = {"href": address, "tabindex": "-1"}
    title = ET.Element("title")
    title.text = tips.get(address, "")
    title.tail, link.text = link.text, None
    link.insert(0, title)
