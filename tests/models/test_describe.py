"""Networks and checkpoints as text: what people read is what the networks are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import NETWORKS, a_marker, write_checkpoint

from regtrack.folders import file_sha256
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.seen import Seen
from regtrack.models.catalog import ARCHITECTURES, PAPER_MARKERS
from regtrack.models.checkpoint import (
    load_network,
    read_checkpoint,
    save_checkpoint,
)
from regtrack.models.describe import describe_checkpoint, models_table
from regtrack.text_columns import named_values

MARKERS = (a_marker(0), a_marker(1, "HepG2|DNase|None", "DNase"))


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], str]:
    """Each network's line of the table, by task and name."""
    lines = models_table().splitlines()[1 : 1 + len(NETWORKS)]
    return {(line.split()[1], line.split()[0]): line for line in lines}


def described(path: Path, **what: Any) -> dict[str, str]:
    """What `describe_checkpoint` says, by its first column."""
    write_checkpoint(path, MARKERS, {"chr1": 2_000}, **what)
    lines = describe_checkpoint(path).splitlines()
    return dict(re.split(r"(?<=\S) {2,}", line, maxsplit=1) for line in lines)


def test_the_table_has_a_line_for_every_network(rows: dict[tuple[str, str], str]) -> None:
    assert list(rows) == NETWORKS
    assert len(rows) == 16


@pytest.mark.parametrize("network", NETWORKS)
def test_a_line_has_both_counts(rows: dict[tuple[str, str], str], network: tuple[str, str]) -> None:
    architecture = ARCHITECTURES[network[0]][network[1]]
    with torch.device("meta"):
        own = architecture.build(PAPER_MARKERS).parameter_count()
    paper = architecture.paper_parameters
    assert rows[network].split()[2] == f"{own:,}"
    unknown = "not known " if architecture.in_paper else "none "
    expected = f"{paper:,} " if paper else unknown
    assert rows[network].split(maxsplit=3)[3].startswith(expected)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_line_says_what_the_network_is(network: tuple[str, str]) -> None:
    architecture = ARCHITECTURES[network[0]][network[1]]
    text = " ".join(models_table().split())
    assert f" {network[1]} {network[0]} {architecture.layers} " in text


@pytest.mark.parametrize(
    ("network", "context"),
    [
        (("dense", "cnn1"), "-4 +5       1"),
        (("dense", "dilated"), "-5,449 +5,489      10"),
        (("dense", "bi-lstm"), "the whole window      20"),  # not a bound that it has not
        (("short", "bi-lstm"), "-599 +599     200"),
    ],
)
def test_a_line_says_how_far_the_network_sees(
    rows: dict[tuple[str, str], str], network: tuple[str, str], context: str
) -> None:
    assert rows[network].endswith(f" {context}")


def test_the_columns_stand_under_each_other() -> None:
    head, *lines = models_table().splitlines()
    assert head.endswith("stride")
    for line in lines[: len(NETWORKS)]:
        assert len(line) == len(head)
        assert line[-1].isdigit()


def test_the_table_fits_eighty_columns_and_goes_on_below_what_it_breaks() -> None:
    lines = models_table().splitlines()
    assert max(map(len, lines)) <= 80
    layers = next(line for line in lines if line.endswith("layers")).index("layers")
    broken = [line for line in lines if line.startswith(" ")]
    assert broken
    assert all(len(line) - len(line.lstrip()) == layers for line in broken)


def test_a_checkpoint_of_the_short_task(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    text = described(path, task="short", architecture="lr")
    assert text["network"] == "lr (short task), 8,002 parameters"
    assert text["context"] == "599 bases left, 599 right; windows start at multiples of 200"
    # What there is nothing to say of has no row.
    assert list(text) == [
        *("checkpoint", "sha256", "network", "context", "markers", "assembly", "trained on"),
        *("thresholds", "next"),
    ]
    assert text["next"] == f"regtrack predict REGION --model {path} --out tracks/"
    assert text["markers"] == "2: 1 TFBS, 1 DNase"
    assert text["sha256"] == file_sha256(path)


def test_a_checkpoint_of_a_recurrent_network(tmp_path: Path) -> None:
    text = described(tmp_path / "m.safetensors", architecture="bi-lstm")
    assert text["network"].startswith("bi-lstm (dense task), ")
    assert text["context"] == (
        "5,019 bases left, 5,019 right (windows overlap by this much); "
        "windows start at multiples of 20"
    )
    assert text["settings"] == "f1 6, f2 6, f3 6, hidden 8, stride 20, dropout 0.0"


def test_a_checkpoint_of_an_exact_network(tmp_path: Path) -> None:
    text = described(tmp_path / "m.safetensors")
    assert text["network"].startswith("dilated (dense task), ")
    assert text["context"] == "5,449 bases left, 5,489 right; windows start at multiples of 10"
    assert text["assembly"] == "tiny: 1 chromosome (chr1)"


def test_where_a_checkpoint_was_trained(tmp_path: Path) -> None:
    train = {"chr1": IntervalSet.of([0, 700], [500, 900])}
    text = described(tmp_path / "m.safetensors", seen=Seen(train, {}))
    assert text["  train"] == "700 bases in 2 stretches on chr1"
    assert text["  valid"] == "none"


def test_a_checkpoint_that_does_not_store_where_it_was_trained_says_so_and_whom_to_ask(
    tmp_path: Path,
) -> None:
    assert described(tmp_path / "old.safetensors")["trained on"] == (
        "not known: the network's file does not store which bases of this genome it was trained "
        "on; ask who trained it"
    )


@pytest.mark.parametrize(
    ("thresholds", "origin", "said"),
    [
        ((0.5, 0.5), "given", "0.5, as given"),
        ((0.12345, 0.61), "peaks", "0.123 to 0.61, by the best F1 of peaks"),
        (
            (0.25, 0.125),
            ("scores", "peaks"),
            "0.125 to 0.25, by the best F1 of peaks or by published scores",
        ),
    ],
)
def test_from_where_peaks_are_called(
    tmp_path: Path, thresholds: tuple[float, ...], origin: Any, said: str
) -> None:
    path = tmp_path / "m.safetensors"
    write_checkpoint(path, MARKERS, {"chr1": 2_000})
    made = replace(read_checkpoint(path), thresholds=thresholds, thresholds_from=origin)
    save_checkpoint(path, made, load_network(path, torch.device("cpu")))
    assert named_values(describe_checkpoint(path))["thresholds"].startswith(said)
