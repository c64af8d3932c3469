"""One colour per category, in every picture, page and browser file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from regtrack.genome.markers import CATEGORIES

# Paul Tol's "high-contrast" scheme: made to be told apart by the colour-blind, and in print
# by shade alone.
COLOURS: Mapping[str, str] = MappingProxyType(
    dict(zip(CATEGORIES, ("#004488", "#BB5566", "#DDAA33"), strict=True))
)


def rgb(category: str) -> str:
    """The colour of a category as genome browsers' files have it: `0,68,136`."""
    return ",".join(str(int(COLOURS[category][at : at + 2], 16)) for at in (1, 3, 5))


def css() -> str:
    """A style sheet's variables `--TFBS`, `--DNase`, `--Histone`."""
    return f":root {{ {' '.join(f'--{name}: {colour};' for name, colour in COLOURS.items())} }}\n"
