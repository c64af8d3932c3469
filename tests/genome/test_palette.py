"""The colours of the categories: told apart by everyone, and in print."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from regtrack.genome.markers import CATEGORIES
from regtrack.genome.palette import COLOURS, css, rgb

Colour = npt.NDArray[np.float64]

# Linear sRGB to XYZ (IEC 61966-2-1), and to what is seen without one kind of cone (Machado,
# Oliveira & Fernandes 2009, severity 1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
SIGHT = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour: str) -> Colour:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light: Colour) -> Colour:
    """CIE L*a*b*: equal distances look equally different; 2 is just about seen."""
    scaled = TO_XYZ @ light / TO_XYZ.sum(axis=1)
    x, y, z = np.where(scaled > 216 / 24389, np.cbrt(scaled), (24389 / 27 * scaled + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_categories_look_different_to_everyone(sight: str) -> None:
    seen = [lab(np.clip(np.array(SIGHT[sight]) @ linear(one), 0, 1)) for one in COLOURS.values()]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 25


def test_any_two_categories_differ_in_grey_print() -> None:
    shades = [lab(linear(one))[0] for one in COLOURS.values()]
    assert min(abs(a - b) for a, b in itertools.combinations(shades, 2)) > 20


def test_every_category_has_a_colour_in_each_notation() -> None:
    assert tuple(COLOURS) == CATEGORIES
    assert rgb("TFBS") == "0,68,136"
    assert css() == ":root { --TFBS: #004488; --DNase: #BB5566; --Histone: #DDAA33; }\n"
