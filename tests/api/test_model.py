"""`load_model(...).predict(...)`: the probabilities of a region, as an array."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from builders import TINY_GAPS, TINY_SIZES, TinyWorld, write_checkpoint, write_fasta
from own_networks import EXAMPLES

import regtrack as rt
from regtrack.genome.fasta import Genome
from regtrack.models.checkpoint import load_network
from regtrack.observer import Unwatched
from regtrack.prediction.imported import ImportRequest, import_network

NAMES = ("K562|CTCF|None", "HepG2|DNase|None", "K562|H3K4me3|None")
MARGIN = 6_000  # more than the context, and a multiple of the stride


@pytest.fixture(scope="module")
def expected(world: TinyWorld) -> np.ndarray:
    """Probabilities (markers, bases) of chr1, from the plain network in one pass; NaN at N."""
    network = load_network(world.model, torch.device("cpu"))
    size = TINY_SIZES["chr1"]
    codes = Genome(world.genome).codes("chr1", -MARGIN, size + MARGIN)
    with torch.no_grad():
        logits = network(torch.from_numpy(codes.astype(np.int64))[None])
    found = logits.sigmoid()[0, :, MARGIN : MARGIN + size].numpy()
    for start, end in TINY_GAPS["chr1"]:
        found[:, start:end] = np.nan
    return found


def test_a_typed_region_has_its_first_and_its_last_base(
    model: rt.Model, world: TinyWorld, expected: np.ndarray
) -> None:
    found = model.predict(world.genome, "chr1:19,001-31,000", device="cpu")
    assert (found.chrom, found.start, found.end) == ("chr1", 19_000, 31_000)
    assert found.shape == (3, 12_000)
    assert found.values.dtype == np.float32
    np.testing.assert_allclose(found.values, expected[:, 19_000:31_000], atol=1e-5)


@pytest.mark.parametrize("start", [19_000, np.int64(19_000)])
def test_a_chromosome_and_two_numbers_are_0_based_and_half_open(
    model: rt.Model, world: TinyWorld, expected: np.ndarray, start: int
) -> None:
    found = model.predict(str(world.genome), ("1", start, 31_000), device="cpu")
    assert (found.chrom, found.start, found.end) == ("chr1", 19_000, 31_000)
    np.testing.assert_allclose(found.values, expected[:, 19_000:31_000], atol=1e-5)


def test_a_whole_chromosome_is_predicted_to_both_ends(
    model: rt.Model, world: TinyWorld, expected: np.ndarray
) -> None:
    found = model.predict(world.genome, "chr1", device="cpu", window=15_000, batch_size=2)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)


def test_a_region_of_nothing_but_n_has_no_value(model: rt.Model, world: TinyWorld) -> None:
    found = model.predict(world.genome, ("chr1", 0, 1_000), device="cpu")
    assert found.shape == (3, 1_000)
    assert np.isnan(found.values).all()


@pytest.mark.parametrize(
    ("patterns", "rows"),
    [(None, [0, 1, 2]), ("k562*", [0, 2]), (["H3K4me3", "DNase"], [1, 2]), (NAMES[1], [1])],
)
def test_markers_are_chosen_by_patterns_and_keep_the_order_of_the_table(
    model: rt.Model,
    world: TinyWorld,
    expected: np.ndarray,
    patterns: str | list[str] | None,
    rows: list[int],
) -> None:
    found = model.predict(world.genome, ("chr1", 2_000, 2_500), patterns, device="cpu")
    assert found.names == tuple(NAMES[row] for row in rows)
    np.testing.assert_allclose(found.values, expected[rows, 2_000:2_500], atol=1e-5)


def test_tracks_lie_within_max_error_of_what_the_model_predicts(
    model: rt.Model, world: TinyWorld, tracks: rt.Tracks
) -> None:
    exact = model.predict(world.genome, "chr1", device="cpu")
    written = tracks.read("chr1")
    assert written.names == exact.names
    both = ~np.isnan(written.values)
    assert not np.isnan(exact.values[both]).any()
    assert np.abs(written.values[both] - exact.values[both]).max() <= tracks.settings["max_error"]
    # What a track leaves out is N, or under the floor; its first base has a value all the same.
    left_out = exact.values[~both]
    assert np.nanmax(left_out, initial=0) < tracks.settings["floor"] + 1e-5


@pytest.mark.parametrize("step", [None, 48])
def test_a_network_of_the_short_task_gives_one_value_for_every_step(
    world: TinyWorld, tmp_path: Path, step: int | None
) -> None:
    markers = rt.load_model(world.model).markers
    path = tmp_path / "short.safetensors"
    write_checkpoint(path, markers, TINY_SIZES, task="short", architecture="dilated6")
    model = rt.load_model(path)
    # 7,200 is a multiple of both.
    found = model.predict(world.genome, ("chr1", 7_200, 9_600), step=step, device="cpu")
    by_step = found.values.reshape(3, -1, step or 200)
    assert (by_step == by_step[:, :, :1]).all()
    assert len(np.unique(by_step[0, :, 0])) > 5
    tracks = rt.predict_tracks(
        model,
        world.genome,
        ("chr1", 7_200, 9_600),
        tmp_path / "tracks",
        step=step,
        workers=1,
        device="cpu",
    )
    written = tracks.read(("chr1", 7_200, 9_600)).values
    assert np.nanmax(np.abs(written - found.values)) <= 0.003


def test_a_network_of_ones_own_predicts_where_its_code_is_named(
    world: TinyWorld, tmp_path: Path
) -> None:
    path = tmp_path / "own.safetensors"
    source = EXAMPLES / "my_networks.py"
    import_network(
        ImportRequest(
            f"{source}:MyNet", world.markers, path, {"width": 4}, None, world.genome, None, False
        ),
        Unwatched(),
    )
    said = r'when you name it: load_model\(\.\.\., networks="my_networks\.py"\)$'
    with pytest.raises(rt.InputError, match=said):
        rt.load_model(path)
    with pytest.raises(rt.InputError, match=said):
        rt.predict_tracks(path, world.genome, "chr1", tmp_path / "none")
    own = rt.load_model(path, networks=source)
    assert own.architecture == "MyNet"
    exact = own.predict(world.genome, ("chr1", 900, 2_000), "K562*", device="cpu")
    assert np.isnan(exact.values[:, :100]).all()
    out = tmp_path / "tracks"
    tracks = rt.predict_tracks(own, world.genome, "chr1:1-5,000", out, workers=1, device="cpu")
    written = tracks.read(("chr1", 900, 2_000), "K562*").values
    assert np.nanmax(np.abs(written - exact.values)) <= 0.003
    report = rt.evaluate(
        own, world.markers, genome=world.genome, regions="chr1:1-5,000", device="cpu", workers=1
    )
    assert report.evaluation.scored.bases == 4_000


def test_a_gene_is_a_region(model: rt.Model, world: TinyWorld, tmp_path: Path) -> None:
    genes = tmp_path / "genes.bed"
    genes.write_text("chr1\t5000\t5400\tCOMT\t0\t+\n")
    found = model.predict(world.genome, "COMT+-100", device="cpu", genes=genes)
    assert (found.chrom, found.start, found.end) == ("chr1", 4_900, 5_500)


def test_a_prediction_is_an_array_to_numpy(model: rt.Model, world: TinyWorld) -> None:
    found = model.predict(world.genome, ("chr1", 2_000, 2_500), device="cpu")
    assert np.asarray(found) is found.values
    assert np.array(found) is not found.values
    assert np.asarray(found, np.float64).dtype == np.float64
    assert np.mean(found) == np.mean(found.values)
    with pytest.raises(ValueError, match="without a copy"):
        found.__array__(np.float64, copy=False)


def test_a_prediction_gives_one_markers_values_by_its_name(
    model: rt.Model, world: TinyWorld
) -> None:
    found = model.predict(world.genome, ("chr1", 2_000, 2_500), device="cpu")
    assert np.array_equal(found[NAMES[1]], found.values[1])
    with pytest.raises(KeyError) as caught:
        found["K562"]
    assert str(caught.value).startswith("no marker is called 'K562' here; there are K562|CTCF|None")


def test_a_prediction_as_a_frame_has_a_row_per_base_and_a_column_per_marker(
    model: rt.Model, world: TinyWorld
) -> None:
    found = model.predict(world.genome, "chr1:2,001-2,500", device="cpu")
    frame = found.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.name == "position"
    assert [frame.index[0], frame.index[-1]] == [2_000, 2_499]
    assert tuple(frame.columns) == NAMES
    assert np.array_equal(frame.to_numpy(), found.values.T)
    assert set(frame.dtypes) == {np.dtype("float32")}


def test_a_frame_without_pandas_says_what_to_install(
    model: rt.Model, world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = model.predict(world.genome, ("chr1", 2_000, 2_500), device="cpu")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(rt.RegtrackError, match=r"pip install 'regtrack\[notebook\]'$"):
        found.to_frame()


def test_a_checkpoint_that_was_replaced_is_not_predicted_with(
    world: TinyWorld, tmp_path: Path
) -> None:
    path = Path(shutil.copy(world.model, tmp_path))
    model = rt.load_model(path)
    write_checkpoint(path, model.markers[:1], TINY_SIZES, seed=1)
    with pytest.raises(rt.InputError, match="has changed since it was loaded; load_model"):
        model.predict(world.genome, "chr2")


def test_a_model_is_found_after_the_working_folder_changed(
    world: TinyWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(world.folder)
    model = rt.load_model("model.safetensors")
    monkeypatch.chdir(tmp_path)
    assert model.predict(world.genome, "chr2:1-20", device="cpu").shape == (3, 20)


def test_another_genome_is_refused_unless_it_is_asked_for(model: rt.Model, tmp_path: Path) -> None:
    other = write_fasta(tmp_path / "other.fa", {"chr1": "ACGT" * 5_000})
    with pytest.raises(rt.InputError, match=r"; any_genome=True predicts all the same$"):
        model.predict(other, "chr1:1-20")
    found = model.predict(other, "chr1:1-20", any_genome=True, device="cpu")
    assert not np.isnan(found.values).any()


def test_what_no_memory_could_hold_is_refused_before_it_is_predicted(
    model: rt.Model, world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 45,000 bases x 3 markers are 540,000 bytes.
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 100, "SC_PAGE_SIZE": 4_096}.get)
    with pytest.raises(
        rt.ArgumentError, match=r"^region: 45,000 bases x 3 markers are 540\.0 kB.*predict_tracks"
    ):
        model.predict(world.genome, "chr1")


class Listening:
    """An observer of three methods, without `told`, that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Keep it."""
        self.heard.append((name, unit, total, done))

    def advanced(self, units: int) -> None:
        """Keep it."""
        self.heard.append(units)

    def finished(self) -> None:
        """Keep it."""
        self.heard.append("finished")


def test_progress_is_told_to_an_observer_and_to_nobody_else(
    model: rt.Model, world: TinyWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    observer = Listening()
    model.predict(world.genome, "chr1:1-30,000", device="cpu", progress=observer)
    begun, *advanced, finished = observer.heard
    assert begun == ("predicting", "bp", 28_863, 0)  # without 1,137 N
    assert sum(advanced) == 28_863
    assert finished == "finished"
    model.predict(world.genome, "chr1:1-30,000", device="cpu")
    assert capfd.readouterr() == ("", "")


def test_progress_is_a_bar_on_stderr_where_that_is_asked_for(
    model: rt.Model, world: TinyWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    model.predict(world.genome, "chr1:1-30,000", device="cpu", progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "predicting: 100%" in err
