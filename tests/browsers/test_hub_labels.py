"""Labels of a hub's tracks: whole on the screen, each its own, readable."""

from __future__ import annotations

import pytest
from builders import a_marker
from hypothesis import given
from hypothesis import strategies as st

from regtrack.browsers.hub_labels import field, labels_of, plain
from regtrack.genome.markers import Marker


def shorts(*names: str) -> list[str]:
    labels = labels_of([a_marker(index, name) for index, name in enumerate(names)])
    return [one.signal_short for one in labels]


@pytest.mark.parametrize(
    ("name", "short", "peaks"),
    [
        ("K562|CTCF|None", "CTCF K562", "CTCF K562 pk"),
        ("A549|GR|DEX_(500pM)", "GR A549 DEX_(500p", "GR A549 DEX_(5 pk"),
        ("Monocytes-CD14+RO01746|H3K4me2|None", "H3K4me2 Monocytes", "H3K4me2 Monocy pk"),
        ("K562|Pol2(phosphoS2)|None", "Pol2(phosp K562", "Pol2(phosp K56 pk"),
        ("K562\u00a0b|CTCF|None", "CTCF K562 b", "CTCF K562 b pk"),
        ("K562|\u03b1-tubulin|caf\u00e9", "_-tubulin K562 ca", "_-tubulin K562 pk"),
        ("\u2028", "#0", "#0 pk"),
    ],
)
def test_a_short_label_leads_with_the_target(name: str, short: str, peaks: str) -> None:
    (labels,) = labels_of([a_marker(0, name)])
    assert (labels.signal_short, labels.peaks_short) == (short, peaks)


def test_a_long_label_has_the_name_and_what_is_shown() -> None:
    (labels,) = labels_of([a_marker(0, "Monocytes-CD14+RO01746|H3K4me2|None")])
    assert labels.signal_long == "Monocytes-CD14+RO01746|H3K4me2|None: predicted probability"
    assert labels.peaks_long == "Monocytes-CD14+RO01746|H3K4me2|None: predicted peaks"


def test_those_that_would_be_alike_have_their_numbers() -> None:
    assert shorts("K562|CTCF|None", "A549|CTCF|None", "k562|ctcf|None") == [
        "CTCF K562 #0",
        "CTCF A549",
        "ctcf k562 #2",
    ]


def test_names_that_differ_after_76_letters_have_different_labels() -> None:
    one, other = labels_of([a_marker(3, "x" * 90 + "a"), a_marker(14, "x" * 90 + "b")])
    assert one.signal_long == "x" * 50 + " #3: predicted probability"
    assert other.peaks_long == "x" * 55 + " #14: predicted peaks"


def test_a_label_that_looks_like_another_ones_number_is_kept_apart() -> None:
    assert len(set(shorts("a|t", "A|t", "a #1|t"))) == 3


words = st.text(max_size=100)
# What a marker may be called.
names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100)


@given(names=st.lists(st.tuples(names, names, names, names), min_size=1, max_size=8))
def test_labels_hold_their_rules_whatever_the_names(names: list[tuple[str, ...]]) -> None:
    markers = [
        Marker(3 * index, name or "x", "TFBS", cell, target, treatment)
        for index, (name, cell, target, treatment) in enumerate(names)
    ]
    labels = labels_of(markers)
    short = [text for one in labels for text in (one.signal_short, one.peaks_short)]
    long = [text for one in labels for text in (one.signal_long, one.peaks_long)]
    for found, longest in (short, 17), (long, 76):
        assert len({text.lower() for text in found}) == len(found) == 2 * len(markers)
        for text in found:
            assert 0 < len(text) <= longest
            assert text.isascii()
            assert text.isprintable()
            assert text == " ".join(text.split())
            assert not set(text) & set('<>&"\\')


@given(text=words)
def test_a_field_of_the_table_is_one_plain_field(text: str) -> None:
    assert field(text)
    assert plain(field(text)) == field(text)
    assert "|" not in field(text)
