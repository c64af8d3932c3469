"""The page: what a reader must find on it, whatever was scored."""

from __future__ import annotations

import functools
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from builders import a_marker
from scoring_builders import an_evaluation, marker_scores

from regtrack.report.numbers import count_and_share, number, share, span, times
from regtrack.report.page.write import page
from regtrack.scoring.evaluation import ScoredRegions
from regtrack.scoring.provenance import Predictions

NASTY = "<script>alert(1)</script>|x&\"'"


class Reader(HTMLParser):
    """What of a page the tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: dict[str, list[tuple[str, str | None]]] = {}
        self._row = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it; begin a row or a cell of the table of markers."""
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "tr":
            self._row = found.get("id") or ""
        if tag in {"td", "th"} and self._row:
            self.rows.setdefault(self._row, []).append(("", found.get("data-v")))

    def handle_endtag(self, tag: str) -> None:
        """Leave the row."""
        if tag == "tr":
            self._row = ""

    def handle_data(self, data: str) -> None:
        """Text of a cell."""
        if self._row:
            text, key = self.rows[self._row][-1]
            self.rows[self._row][-1] = (text + data, key)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of each element of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]


@functools.cache
def usual_page() -> str:
    return page(an_evaluation())


def plain(text: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def details(text: str) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'id="details">(.*?)</script>', text)
    assert found
    return json.loads(found[1])


def test_the_page_says_what_was_scored_and_how_well() -> None:
    text = plain(usual_page())
    assert "regtrack eval: a model (dilated, hg19) against measured peaks model.safetensors" in text
    assert re.search(
        r"TFBS: mean average precision 0\.\d{3} \(95% interval 0\.\d{3}\N{EN DASH}0\.\d{3}\) over "
        r"2 markers\. Chance reaches 0\.\d{3}; the median marker does [\d.]+ times as well as",
        text,
    )
    assert re.search(
        r"DNase: average precision 0\.\d{3} \(.*?\) of the only marker, [\d.]+ t", text
    )


def test_the_page_says_first_that_bases_are_too_few_and_makes_no_promise_of_a_category() -> None:
    evaluation = an_evaluation()
    scores = [replace(one, interval=(math.nan, math.nan), blocks=2) for one in evaluation.scores]
    text = page(replace(evaluation, scores=tuple(scores)))
    verdict = plain(text[text.index('<ul class="verdicts">') : text.index("<nav")])
    assert verdict.strip().startswith(
        "Too few bases to judge 3 of 3 markers: score 10 Mb or more that was not trained on, or "
        "all there is; best a whole chromosome. 0 of 3 markers better than chance, 3 with too "
        "few peaks here to tell. Was the network trained on these bases? No: another split. "
        "TFBS: mean average precision 0.021 over 2 markers, where chance reaches 0.003; too few "
        "blocks hold peaks to say how sure this is. "
    )
    assert "times" not in verdict


@pytest.mark.parametrize(
    ("interval", "note"),
    [
        ((math.nan, math.nan), "Too few peaks here to tell: fewer than 5 blocks hold"),
        (
            (0.001, 0.004),
            "Not clearly better than chance here: the interval of its lift includes 1.",
        ),
        (
            (0.001, 0.007),
            "With too few peaks here to tell: the interval of its lift includes 1.",
        ),
    ],
)
def test_an_opened_marker_tells_no_skill_from_too_few_peaks_to_tell(
    interval: tuple[float, float], note: str
) -> None:
    evaluation = an_evaluation()
    first = replace(evaluation.scores[0], interval=interval)
    text = page(replace(evaluation, scores=(first, *evaluation.scores[1:])))
    assert details(text)["m3"]["notes"][0].startswith(note)


def test_every_marker_has_a_row_in_the_order_of_the_subject() -> None:
    evaluation = an_evaluation()
    rows = Reader(usual_page()).rows
    assert list(rows) == [f"m{marker.index}" for marker in evaluation.markers]
    for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True):
        (name, _), (category, _), (score, key), *_ = rows[f"m{marker.index}"]
        assert (name, category) == (marker.name, marker.category)
        if scores.overall.scored:
            assert score == number(scores.overall.average_precision)
            assert float(key or "") == pytest.approx(scores.overall.average_precision, rel=1e-5)


def test_what_is_not_defined_is_a_dash_with_nothing_to_sort_by() -> None:
    evaluation = an_evaluation()
    row = Reader(usual_page()).rows["m7"]
    assert not evaluation.scores[-1].overall.scored
    assert row[2:6] == [("-", "")] * 4  # average precision, interval, lift, AUROC
    assert all((text == "-") == (key == "") for text, key in row[2:])


def test_names_are_text_wherever_they_stand() -> None:
    evaluation = an_evaluation()
    nasty = replace(evaluation.markers[0], name=NASTY, cell=NASTY, category=NASTY)
    evaluation = replace(
        evaluation,
        subject=f"/runs/{NASTY.replace('/', '')}",
        markers=(nasty, *evaluation.markers[1:]),
        without_peaks=(NASTY,),
        unknown={nasty.index: (NASTY,)},
        provenance=replace(
            evaluation.provenance,
            predictions=Predictions({"architecture": NASTY, NASTY: NASTY}, NASTY),
        ),
    )
    text = page(evaluation)
    reader = Reader(text)
    assert "<script>alert" not in text
    assert len(reader.of("script")) == text.count("</script>") == 2
    assert [text for text, _ in reader.rows["m3"][:2]] == [NASTY, NASTY]
    assert NASTY in [one["value"] for one in reader.of("input") if one.get("value")]
    assert any(NASTY in note for note in details(text)["m3"]["notes"])


def test_the_page_needs_nothing_but_itself() -> None:
    text = usual_page()
    # Of a namespace, which is a name and not an address.
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) <= {"http://www.w3.org/2000/svg"}
    reader = Reader(text)
    for _, attributes in reader.tags:
        for name in ("src", "href", "data", "action"):
            assert (attributes.get(name) or "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]
    assert not reader.of("link")
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "default-src 'none'" in text


def test_every_link_leads_somewhere_and_every_id_is_one_thing() -> None:
    reader = Reader(usual_page())
    ids = [attributes["id"] for _, attributes in reader.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for tag in ("a", "use"):
        for attributes in reader.of(tag):
            target = attributes["href"]
            assert target is not None
            assert target[1:] in ids


def test_there_is_a_curve_figure_per_category_and_one_of_each_other_kind() -> None:
    kinds = [attributes["class"] for attributes in Reader(usual_page()).of("figure")]
    assert kinds == ["curves", "curves", "chance", "calibration", "peaks"]


def test_a_category_beside_those_of_the_paper_has_its_figure_colour_and_box() -> None:
    evaluation = an_evaluation()
    markers = [replace(one, category=one.category.replace("DNase", "ATAC-seq")) for one in
               evaluation.markers]  # fmt: skip
    text = page(replace(evaluation, markers=tuple(markers)))
    assert "Precision against recall, ATAC-seq" in text
    assert "--of_ATAC_2d_seq: #9900FF;" in text
    assert text.count('class="swatch of_ATAC_2d_seq"') == 3  # headline, curves, filter
    assert '<input type="checkbox" value="ATAC-seq" checked>' in text


def test_a_marker_in_a_figure_tells_its_name_and_leads_to_its_row() -> None:
    text = usual_page()
    tip = re.search(r'<a href="#m3" tabindex="-1"><title>([^<]*)</title>', text)
    assert tip
    assert tip[1].startswith("K562|CTCF|None: average precision")


def test_the_page_says_what_was_left_out() -> None:
    text = plain(usual_page())
    assert "Bases scored 600,000 on chr1, in 6 blocks of 100,000 bases" in text
    assert "Bases left out: excluded 41,713" in text
    assert "chr6 for 1 marker, of which nothing is known there" in text
    assert "no measured peak in these bases 1: HepG2|MAZ|None" in text
    assert "not in the table of peaks 1: A549|POLR2A|None" in text
    assert "Bases seen in training no: another split" in text


def test_of_a_hundred_chromosomes_the_page_lists_names_and_of_more_their_number() -> None:
    names = [f"scaffold_{number}" for number in range(101)]
    evaluation = an_evaluation()
    where = evaluation.scored.where["chr1"]

    def text(count: int) -> str:
        some = names[:count]
        scored = ScoredRegions(dict.fromkeys(some, where), {})
        unknown = {3: tuple(some), 4: tuple(some), 5: ("chr6",)}
        whole = page(replace(evaluation, scored=scored, unknown=unknown))
        return plain(whole) + str(details(whole)["m3"]["notes"])

    assert f"60,000,000 on {', '.join(names[:100])}, in" in text(100)
    of_more = text(101)
    assert "60,600,000 on 101 chromosomes, in" in of_more
    assert "101 chromosomes for 2 markers; chr6 for 1 marker, of which nothing" in of_more
    assert "Nothing is known of it on 101 chromosomes: not scored there." in of_more
    assert "scaffold_" not in of_more


def test_the_paper_and_deepsea_have_columns_only_where_there_are_figures() -> None:
    evaluation, bare = an_evaluation(), usual_page()
    assert "the paper&rsquo;s PR AUC" not in bare
    assert "DeepSEA" not in bare
    theirs = {"deepsea_auprc": "0.31", "deepsea_base_rate": "0.02"}
    first = replace(evaluation.markers[0], extra=theirs)
    full = page(
        replace(evaluation, markers=(first, *evaluation.markers[1:]), published={"TFBS": 0.274})
    )
    assert "the paper&rsquo;s PR AUC" in full
    assert "0.274" in full
    assert "0.310 (1)" in full
    rows = Reader(full).rows
    assert rows["m3"][-1] == ("0.3100", "0.31")
    assert rows["m4"][-1] == ("-", "")


def test_the_best_and_worst_of_a_category_are_different_markers() -> None:
    scores = [marker_scores(seed) for seed in range(8)]
    markers = tuple(a_marker(index, f"K562|T{index}|None") for index in range(8))
    evaluation = replace(an_evaluation(), markers=markers, scores=tuple(scores))
    text = page(evaluation)
    lists = re.findall(r'<th scope="row"><a href="#(m\d)">', text)
    assert sorted(lists) == [f"m{index}" for index in range(8)]
    order = sorted(range(8), key=lambda index: -scores[index].overall.lift)
    assert lists == [f"m{index}" for index in [*order[:5], *order[:4:-1]]]


def test_settings_that_lie_in_others_are_named_after_both() -> None:
    text = plain(usual_page())
    assert "model, architecture dilated" in text
    assert "tracks, peak_threshold none" in text


@pytest.mark.parametrize("kept", [0, 1], ids=["no marker at all", "one marker without a peak"])
def test_without_any_score_the_page_still_says_why(kept: int) -> None:
    evaluation = an_evaluation()
    markers, scores = evaluation.markers[-1:], evaluation.scores[-1:]
    text = page(replace(evaluation, markers=markers[:kept], scores=scores[:kept]))
    assert "<li>No marker has scores.</li>" in text
    assert "<figure" not in text
    assert len(Reader(text).rows) == kept


def test_a_single_marker_makes_a_page() -> None:
    evaluation = an_evaluation()
    reader = Reader(
        page(replace(evaluation, markers=evaluation.markers[:1], scores=evaluation.scores[:1]))
    )
    assert len(reader.of("figure")) == 4
    assert list(reader.rows) == ["m3"]


def test_the_details_of_a_marker_are_its_curve_its_chromosomes_and_its_thresholds() -> None:
    evaluation = an_evaluation()
    found = details(usual_page())
    scores = evaluation.scores[0]
    assert len(found["m3"]["curve"]) == len(scores.curve)
    assert [row[0] for row in found["m3"]["chromosomes"]] == ["chr1"]
    assert [row[0] for row in found["m3"]["thresholds"]] == ["stored", "best F1"]
    assert found["m7"]["notes"] == ["Not scored: no measured peak in these bases."]
    assert found["m7"]["curve"] == []


def test_the_same_evaluation_makes_the_same_page() -> None:
    assert page(an_evaluation()) == page(an_evaluation())


def test_numbers_are_short_and_small_ones_keep_two_digits() -> None:
    shown = [number(value) for value in (0.0, 0.07391, 0.00123, 0.000456, 1.0, math.nan)]
    assert shown == ["0", "0.0739", "0.0012", "0.00046", "1.0000", "-"]
    assert [times(value) for value in (0.123, 0.997, 12.34, 1234.5)] == [
        "0.12", "1.0", "12.3", "1,234",
    ]  # fmt: skip
    assert span((0.0263, 0.1292)) == "0.0263\N{EN DASH}0.1292"
    assert span((math.nan, math.nan)) == "-"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001, "0.0010"), (0.00099, "0.00099"), (-0.0005, "-0.00050"), (0.000001, "0.0000010")],
)
def test_a_small_number_has_two_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.994, "0.99"), (0.995, "1.0"), (99.9, "99.9"), (100, "100"), (math.nan, "-")],
)
def test_a_lift_has_three_digits_at_most(value: float, text: str) -> None:
    assert times(value) == text


def test_counts_are_told_with_their_share() -> None:
    assert [count_and_share(4_000, 1_000), count_and_share(0, 0)] == ["4,000 (25%)", "0"]
    assert share(1, 4) == 0.25
    assert math.isnan(share(0, 0))
    assert number(0.5, 2) == "0.50"
    assert span((0.5, 0.75), 2) == "0.50\N{EN DASH}0.75"
