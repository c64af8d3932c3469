"""One colour per category, in every picture, page and browser file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from regtrack.genome.markers import CATEGORIES, in_order

# Paul Tol's "high-contrast" scheme: made to be told apart by the colour-blind, and in print
# by shade alone.
_OF_PAPER = ("#004488", "#BB5566", "#DDAA33")
# As far from those, and from each other, as colours of middling shade can be to every eye; these
# show on light and on dark pages.
_OTHERS = ("#9900FF", "#3399CC", "#776600", "#441100", "#9977FF")
_SHAPES_OF_PAPER = (
    "border-radius: 50%",
    "clip-path: polygon(50% 0, 100% 100%, 0 100%)",
    "border-radius: 0",
)
# Their number and that of the colours have no common divisor: twenty are told apart.
_OTHER_SHAPES = (
    "clip-path: polygon(50% 0, 100% 50%, 50% 100%, 0 50%)",
    "clip-path: polygon(0 0, 100% 0, 50% 100%)",
    "clip-path: polygon(35% 0, 65% 0, 65% 35%, 100% 35%, 100% 65%, 65% 65%, 65% 100%, 35% 100%, "
    "35% 65%, 0 65%, 0 35%, 35% 35%)",
    "clip-path: polygon(0 0, 30% 0, 50% 30%, 70% 0, 100% 0, 65% 50%, 100% 100%, 70% 100%, "
    "50% 70%, 30% 100%, 0 100%, 35% 50%)",
)


class Look(NamedTuple):
    """How a category is drawn.

    Parameters
    ----------
    place
        From 0 on; pictures choose shapes and strokes by it.
    colour
        `#004488`.
    word
        Letters, digits and `_`, other ones for each category: for style sheets and track names.
    """

    place: int
    colour: str
    word: str

    @property
    def rgb(self) -> str:
        """The colour as genome browsers' files have it: `0,68,136`."""
        return ",".join(str(int(self.colour[at : at + 2], 16)) for at in (1, 3, 5))


def looks_of(categories: Iterable[str]) -> dict[str, Look]:
    """The look of each category in use, and of the paper's, in order.

    The paper's look the same everywhere. The others take what is left in the order of their names,
    so get the looks of all that is shown together in one call.
    """
    listed = in_order((*CATEGORIES, *categories))
    return {name: Look(place, _colour(place), word_of(name)) for place, name in enumerate(listed)}


def css(categories: Iterable[str]) -> str:
    """A style sheet: variables `--TFBS`, ..., and a shape for each `.swatch.TFBS`, ..."""
    looks = looks_of(categories).values()
    variables = " ".join(f"--{look.word}: {look.colour};" for look in looks)
    swatches = "".join(
        f".swatch.{look.word} {{ background: var(--{look.word}); {_shape(look.place)}; }}\n"
        for look in looks
    )
    return f":root {{ {variables} }}\n{swatches}"


def _colour(place: int) -> str:
    extra = place - len(_OF_PAPER)
    return _OF_PAPER[place] if extra < 0 else _OTHERS[extra % len(_OTHERS)]


def _shape(place: int) -> str:
    extra = place - len(_SHAPES_OF_PAPER)
    return _SHAPES_OF_PAPER[place] if extra < 0 else _OTHER_SHAPES[extra % len(_OTHER_SHAPES)]


def word_of(category: str) -> str:
    """What style sheets and track names call a category, as `Look.word`."""
    if category in CATEGORIES:
        return category
    # The beginning keeps it apart from the paper's, and from a page's own names.
    return "of_" + re.sub(r"[^A-Za-z0-9]", lambda letter: f"_{ord(letter[0]):x}_", category)
