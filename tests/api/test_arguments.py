"""Errors from Python: one line that begins with the argument, and speaks of no option."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import TinyWorld

import regtrack as rt
from regtrack.api.arguments import naming_arguments, path_of
from regtrack.errors import ArgumentError, RegtrackError

REGION = ("chr1", 5_000, 5_100)


@pytest.mark.parametrize(
    ("argument", "more"),
    [
        ("max_error", {"max_error": 3}),
        ("floor", {"floor": -1}),
        ("peak_threshold", {"peak_threshold": 0.001}),
        ("max_gap", {"max_gap": -1}),
        ("min_length", {"min_length": 0}),
        ("step", {"step": 48}),
        ("step", {"step": 0}),
        ("window", {"window": 20}),
        ("batch_size", {"batch_size": 0}),
        ("workers", {"workers": 1.5}),
        ("device", {"device": "gpu"}),
        ("include_training", {"include_training": True}),
        ("markers", {"markers": "nothing*"}),
        ("regions", {"regions": ("chr1", 5_100, 5_000)}),
        ("regions", {"regions": ["chr1", 5]}),
        ("model", {"model": "danq"}),
        ("model", {"model": "deapsea"}),
    ],
)
def test_predict_tracks_names_the_argument(
    model: rt.Model, world: TinyWorld, tmp_path: Path, argument: str, more: dict[str, object]
) -> None:
    given = {"model": model, "genome": world.genome, "regions": REGION, "device": "cpu"}
    with pytest.raises(rt.ArgumentError) as caught:
        rt.predict_tracks(out=tmp_path / "tracks", **given | more)  # type: ignore[arg-type]
    said = str(caught.value)
    assert said.startswith(f"{argument}: ")
    assert "--" not in said
    assert "\n" not in said
    assert not (tmp_path / "tracks").exists()


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("region", lambda model, genome: model.predict(genome, ("chr1", -5, 10))),
        ("region", lambda model, genome: model.predict(genome, ("chr1", 5))),
        ("region", lambda model, genome: model.predict(genome, ("chr1", 0.5, 10))),
        ("markers", lambda model, genome: model.predict(genome, REGION, "nothing*")),
        ("step", lambda model, genome: model.predict(genome, REGION, step=48)),
        ("window", lambda model, genome: model.predict(genome, REGION, window=20)),
        ("batch_size", lambda model, genome: model.predict(genome, REGION, batch_size="1")),
        ("device", lambda model, genome: model.predict(genome, REGION, device="gpu")),
        ("genome", lambda model, _: rt.evaluate(model, "markers.tsv")),
        ("subject", lambda *_: rt.evaluate("deapsea", "markers.tsv")),
        ("model", lambda _, genome: rt.load_model(genome.parent)),
    ],
)
def test_an_error_begins_with_the_argument(
    model: rt.Model, world: TinyWorld, argument: str, call: Callable[[rt.Model, Path], object]
) -> None:
    with pytest.raises(rt.ArgumentError) as caught:
        call(model, world.genome)
    assert str(caught.value).startswith(f"{argument}: ")
    assert "--" not in str(caught.value)


def test_a_wrong_argument_is_a_value_error_and_one_of_regtracks() -> None:
    assert issubclass(rt.ArgumentError, ValueError)
    assert issubclass(rt.ArgumentError, rt.RegtrackError)
    assert issubclass(rt.InputError, rt.RegtrackError)


@pytest.mark.parametrize("region", [("chr1", 1.5, 20), ("chr1", 0, "20"), ("chr1", None, 20)])
def test_coordinates_are_whole_numbers(model: rt.Model, world: TinyWorld, region: Any) -> None:
    with pytest.raises(rt.ArgumentError) as caught:
        model.predict(world.genome, region)
    assert str(caught.value) == (f"region: expected whole numbers as start and end, got {region!r}")


@pytest.mark.parametrize("region", [("chr1", 20, 10), ("chr1", 1), 7, None])
def test_what_is_no_region_at_all_is_shown_two_that_are(
    model: rt.Model, world: TinyWorld, region: Any
) -> None:
    with pytest.raises(rt.ArgumentError, match=r"region: expected 'chr22:1,001-2,000' or \("):
        model.predict(world.genome, region)


@pytest.mark.parametrize(
    ("sequence", "got"),
    [("ACGTn" * 4_000, "a sequence of 20,000 letters"), ({"chr1": "ACGT"}, "dict")],
)
def test_a_sequence_in_place_of_a_genome_is_told_to_go_into_a_file(
    model: rt.Model, tmp_path: Path, sequence: Any, got: str
) -> None:
    with pytest.raises(rt.ArgumentError) as caught:
        model.predict(sequence, REGION)
    assert str(caught.value) == (
        f"genome: expected the path of a FASTA file, got {got}; write sequences into one"
    )
    with pytest.raises(rt.ArgumentError, match=f"^genome: .*{got}"):
        rt.predict_tracks(model, sequence, ["chr1"], tmp_path / "tracks")


def test_a_region_that_the_genome_does_not_have_is_named(model: rt.Model, world: TinyWorld) -> None:
    with pytest.raises(rt.InputError, match=r"^region 'chr9': "):
        model.predict(world.genome, "chr9")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("fewer --workers need less", "fewer workers need less"),
        ("--any-genome predicts all the same", "any_genome=True predicts all the same"),
        ("a larger --max-error, or --step", "a larger max_error, or step"),
        # A command is one, also in Python.
        (
            "none; regtrack eval --out makes one; --force",
            "none; regtrack eval --out makes one; force=True",
        ),
        ("chr1--2 and a -- b", "chr1--2 and a -- b"),
    ],
)
def test_messages_speak_of_arguments_not_of_options(said: str, expected: str) -> None:
    with pytest.raises(RegtrackError) as caught, naming_arguments():
        raise RegtrackError(said)
    assert str(caught.value) == expected
    with pytest.raises(rt.ArgumentError) as caught, naming_arguments():
        raise ArgumentError("peak_threshold", said)
    assert str(caught.value) == f"peak_threshold: {expected}"


def test_a_path_begins_at_home_or_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert path_of("~/a.fa") == tmp_path / "home" / "a.fa"
    assert path_of("a.fa") == tmp_path / "a.fa"
    assert path_of(Path("a.fa")) == tmp_path / "a.fa"
