"""Tables of text: columns that line up, on a screen as wide as it is."""

from __future__ import annotations

import pytest

from regtrack.text_columns import aligned, named_lines, named_values, shortened, wrapped

TITLES = ("marker", "kind", "average_precision", "area", "base_rate")
NAME = "esophagus|H3K4me3|ENCFF679ANW"
ROWS = [(NAME, "Histone", "0.5", "0.25", "0.031"), ("K562|CTCF|None", "TFBS", "0.125", "", "0.1")]
WORDS = (0, 1)


def test_without_a_screen_nothing_is_cut_and_words_stand_left_numbers_right() -> None:
    assert aligned(TITLES, ROWS, WORDS, spare=(3,)) == [
        "marker                         kind     average_precision  area  base_rate",
        "esophagus|H3K4me3|ENCFF679ANW  Histone                0.5  0.25      0.031",
        "K562|CTCF|None                 TFBS                 0.125              0.1",
    ]


def test_values_are_read_back_by_their_names_and_a_table_behind_them_is_not() -> None:
    values = {
        "split": "by region",
        "  train": "23 windows",
        "no peak in": "-",
        "x": "",
    }
    assert named_values(f"{named_lines(values)}\n\nnetwork  steps\nours     7") == {
        "split": "by region",
        "split.train": "23 windows",
        "no peak in": "-",
        "x": "",
    }
    assert named_values("a line\nb  2") == {}


def test_a_screen_that_is_wide_enough_changes_nothing() -> None:
    wide = aligned(TITLES, ROWS, WORDS)
    assert aligned(TITLES, ROWS, WORDS, width=max(map(len, wide)), spare=(3,)) == wide


def test_on_a_narrow_screen_titles_are_broken_first() -> None:
    assert aligned(TITLES, ROWS, WORDS, width=65, spare=(3,)) == [
        "                                          average         base",
        "marker                         kind     precision  area   rate",
        "esophagus|H3K4me3|ENCFF679ANW  Histone        0.5  0.25  0.031",
        "K562|CTCF|None                 TFBS         0.125          0.1",
    ]


def test_then_words_are_shortened_in_their_middle_as_long_as_they_are_legible() -> None:
    lines = aligned(TITLES, ROWS, WORDS, width=55, spare=(3,))
    assert max(map(len, lines)) == 55
    assert lines[2].startswith("esophagus|H3K...679ANW  Histone")
    assert "area" in lines[1]


def test_then_columns_are_spared_before_words_can_no_longer_be_read() -> None:
    lines = aligned(TITLES, ROWS, WORDS, width=50, spare=(3,))
    assert max(map(len, lines)) <= 50
    assert lines[1].split() == ["marker", "kind", "precision", "rate"]
    assert lines[2].startswith("esophagus|H3K4...679ANW  Histone")


def test_a_column_goes_before_longer_words_where_they_are_worth_more() -> None:
    lines = aligned(TITLES, ROWS, WORDS, width=60, spare=(3,), legible=len(NAME))
    assert lines[2].startswith(f"{NAME}  Histone")
    assert "area" not in lines[1]


@pytest.mark.parametrize("width", range(1, 90))
def test_numbers_are_never_cut_however_narrow_it_is(width: int) -> None:
    lines = aligned(TITLES, ROWS, WORDS, width=width)
    assert [line.split()[-3:] for line in lines[-2:]] == [
        ["0.5", "0.25", "0.031"],
        ["TFBS", "0.125", "0.1"],
    ]


def test_titles_may_have_several_lines_of_their_own() -> None:
    assert aligned(("name", "valid\nscore"), [("a", "1")]) == [
        "      valid",
        "name  score",
        "a         1",
    ]


@pytest.mark.parametrize("width", [3, 8, 14, 28, 29])
def test_a_shortened_word_has_the_width_and_both_its_ends(width: int) -> None:
    short = shortened(NAME, width)
    assert len(short) == width
    assert short == NAME or "..." in short
    assert shortened(NAME, 11) == "esopha...NW"


def test_what_goes_on_stands_below_the_value() -> None:
    text = "genes   none: regtrack fetch genes hg19\n  chr1  45,000 bases in 3 stretches\nwhole"
    assert wrapped(text, 24).splitlines() == [
        "genes   none: regtrack",
        "        fetch genes hg19",
        "  chr1  45,000 bases in",
        "        3 stretches",
        "whole",
    ]


def test_a_sentence_goes_on_at_its_beginning_and_a_path_is_not_broken() -> None:
    assert wrapped("  see /a/very/long-path/of/a/file or its folder", 20).splitlines() == [
        "  see",
        "  /a/very/long-path/of/a/file",
        "  or its folder",
    ]
