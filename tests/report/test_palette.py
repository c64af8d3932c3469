"""The colours of the categories: told apart by everyone, and in print."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.genome.markers import CATEGORIES
from regtrack.report.palette import css, looks_of, word_of

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


def contrast(one: Colour, other: Colour) -> float:
    """As WCAG 2 reckons it: 3 is asked for in graphics."""
    low, high = sorted(float(TO_XYZ[1] @ light) for light in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(light: Colour) -> Colour:
    """CIE L*a*b*: equal distances look equally different; 2 is just about seen."""
    scaled = TO_XYZ @ light / TO_XYZ.sum(axis=1)
    x, y, z = np.where(scaled > 216 / 24389, np.cbrt(scaled), (24389 / 27 * scaled + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


OTHERS = ("ATAC", "CAGE", "CpG", "MNase", "PRO-seq")
# The background of dark pages, and how they turn colours over: invert(.93) hue-rotate(180deg)
# brightness(1.05).
LIGHT, DARK = "#FFFFFF", "#131313"
TURNED = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])


def colours_of(categories: Sequence[str]) -> list[str]:
    looks = looks_of(categories)
    return [looks[name].colour for name in categories]


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_categories_look_different_to_everyone(sight: str) -> None:
    colours = colours_of([*CATEGORIES, *OTHERS])
    seen = [lab(np.clip(np.array(SIGHT[sight]) @ linear(one), 0, 1)) for one in colours]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 25


def test_any_two_categories_of_the_paper_differ_in_grey_print() -> None:
    shades = [lab(linear(one))[0] for one in colours_of(CATEGORIES)]
    assert min(abs(a - b) for a, b in itertools.combinations(shades, 2)) > 20


def test_every_category_has_a_colour_in_each_notation() -> None:
    assert [one.rgb for one in looks_of(CATEGORIES).values()] == [
        *("0,68,136", "187,85,102", "221,170,51")
    ]
    variables, *swatches = css(["ATAC"]).splitlines()
    assert variables == (
        ":root { --TFBS: #004488; --DNase: #BB5566; --Histone: #DDAA33; --of_ATAC: #9900FF; }"
    )
    assert [one.split(" {")[0] for one in swatches] == [
        f".swatch.{word}" for word in ("TFBS", "DNase", "Histone", "of_ATAC")
    ]


def test_the_paper_keeps_its_colours_whatever_else_there_is() -> None:
    assert list(looks_of(["CAGE", "ATAC"])) == [*CATEGORIES, "ATAC", "CAGE"]
    assert colours_of(CATEGORIES) == [
        looks_of([*OTHERS, "A", *CATEGORIES])[name].colour for name in CATEGORIES
    ]


def test_twenty_more_categories_differ_in_colour_or_shape() -> None:
    rules = css([f"category {number}" for number in range(20)]).splitlines()
    colours = dict(re.findall(r"--(\w+): (#\w+);", rules[0]))
    looks = set()
    for rule in rules[1:]:
        found = re.fullmatch(r"\.swatch\.(\w+) \{ background: var\(--\1\); (.*); \}", rule)
        assert found is not None
        looks.add((colours[found[1]], found[2]))
    assert len(looks) == 23


def test_the_other_categories_stand_out_from_light_and_dark_pages() -> None:
    assert looks_of(OTHERS)["ATAC"].colour == "#9900FF"
    for colour in colours_of(OTHERS):
        assert contrast(linear(colour), linear(LIGHT)) > 3
        share = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        inverted = 0.07 + share * (1 - 2 * 0.07)
        turned = np.clip(1.05 * TURNED @ np.clip(1 - inverted, 0, 1), 0, 1)
        text = "#" + "".join(f"{round(255 * one):02x}" for one in turned)
        assert contrast(linear(text), linear(DARK)) > 3, colour


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_style_sheet_knows_every_category_by_a_word_of_its_own(one: str, other: str) -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", word_of(one))
    assert (word_of(one) == word_of(other)) == (one == other)
