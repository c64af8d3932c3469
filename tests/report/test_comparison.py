"""Networks side by side: the tables for people, and the same numbers for programs."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from regtrack.report.comparison import Compared, Comparison, markdown_report, text_report
from regtrack.report.comparison_files import write_comparison
from regtrack.scoring.metrics import CategoryMeans

REMARK = "trained on another dataset"
VALID = (
    CategoryMeans("TFBS", 2, 0.25, 0.26, 0.75, 0.01),
    CategoryMeans("Histone", 1, 0.5, 0.51, 0.8, 0.02),
)
TEST = (CategoryMeans("TFBS", 2, 0.125, 0.135, 0.7, 0.03),)
DILATED = Compared(
    name="dilated",
    architecture="dilated",
    parameters=536_965,
    published_parameters=631_263,
    published={"TFBS": 0.274, "DNase": 0.179, "Histone": 0.273},
    steps=1_200,
    minutes=30.04,
    best_step=1_100,
    means={"valid": VALID, "test": TEST},
)
# Of a kind that the paper has no figures of, and without its log.
FOUND = Compared("found", "cnn1", 9, None, {}, None, None, None, DILATED.means, (REMARK,))
COMPARISON = Comparison("set", "ab" * 32, "dense", {"valid": 51, "test": 55}, (DILATED, FOUND))


def without_test(comparison: Comparison) -> Comparison:
    networks = tuple(replace(one, means={"valid": VALID}) for one in comparison.networks)
    return replace(comparison, windows={"valid": 51}, networks=networks)


def test_the_text_has_a_table_of_networks_and_one_per_category() -> None:
    networks, factors, histones, notes = text_report(COMPARISON).split("\n\n")
    assert [line.split() for line in networks.splitlines()[1:]] == [
        ["network", "architecture", "parameters", "published", "steps", "best", "step", "minutes"],
        ["dilated", "dilated", "536,965", "631,263", "1,200", "1,100", "30.0"],
        ["found", "(1)", "cnn1", "9", "-", "-", "-", "-"],
    ]
    assert factors.startswith("TFBS, mean of 2 markers\n")
    assert [line.split() for line in factors.splitlines()[3:]] == [
        ["dilated", "0.2500", "0.2600", "0.1250", "0.1350", "0.274"],
        ["found", "(1)", "0.2500", "0.2600", "0.1250", "0.1350", "-"],
        ["random", "0.0100", "0.0100", "0.0300", "0.0300", "-"],
    ]
    assert histones.startswith("Histone, mean of 1 (valid) and 0 (test) markers\n")
    assert histones.splitlines()[3].split() == ["dilated", "0.5000", "0.5100", "-", "-", "0.273"]
    assert notes.startswith(f"(1) {REMARK}\nrandom: the base rate")
    assert "not of the data scored here" in notes


def test_columns_are_aligned() -> None:
    for table in text_report(COMPARISON).split("\n\n")[:-1]:
        assert len({len(line) for line in table.splitlines()[2:]}) == 1


def test_the_markdown_holds_the_same_cells() -> None:
    page = markdown_report(COMPARISON)
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    assert rows[0][:3] == ["network", "architecture", "parameters"]
    assert rows[4] == [
        "network",
        *(f"{split} {name}" for split in ("valid", "test")
          for name in ("average_precision", "pr_auc_trapezoid")),
        "published",
    ]  # fmt: skip
    assert rows[6] == ["dilated", "0.2500", "0.2600", "0.1250", "0.1350", "0.274"]
    assert f"- (1) {REMARK}\n" in page


def test_an_empty_test_split_leaves_its_columns_out_and_is_said() -> None:
    text = text_report(without_test(COMPARISON))
    assert "no test columns: the test split of set is empty" in text
    assert text.split("\n\n")[1].splitlines()[3].split() == ["dilated", "0.2500", "0.2600", "0.274"]
    assert "test_average_precision" not in without_test(COMPARISON).columns()


def test_without_any_scored_marker_the_table_of_networks_is_left(tmp_path: Path) -> None:
    networks = (replace(DILATED, means={"valid": (), "test": ()}),)
    comparison = replace(COMPARISON, networks=networks)
    assert "no scores: no marker has a peak" in text_report(comparison)
    assert len(write_comparison(comparison, tmp_path)) == 4


@pytest.mark.parametrize("comparison", [COMPARISON, without_test(COMPARISON)])
def test_files_hold_what_is_defined(comparison: Comparison, tmp_path: Path) -> None:
    paths = write_comparison(comparison, tmp_path)
    assert [path.name for path in paths] == [
        f"comparison.{kind}" for kind in ("tsv", "json", "md", "png")
    ]
    with paths[0].open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["network"], row["category"]) for row in rows] == [
        (name, category)
        for name in ("dilated", "found", "random")
        for category in ("TFBS", "Histone")
    ]
    assert rows[0]["valid_average_precision"] == "0.25"
    assert rows[2]["remarks"] == REMARK
    assert rows[2]["published_pr_auc"] == ""
    assert rows[4]["valid_average_precision"] == rows[4]["valid_base_rate"] == "0.01"
    record = json.loads(paths[1].read_text())
    assert record["networks"][0]["scores"]["valid"]["Histone"]["pr_auc_trapezoid"] == 0.51
    assert record["random"]["valid"] == {"TFBS": 0.01, "Histone": 0.02}
    assert paths[3].read_bytes().startswith(b"\x89PNG")
