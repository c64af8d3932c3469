"""Networks that give a signal in place of probabilities: imported, predicted, scored, shown."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch
from builders import TinyDatasets, TinyWorld, a_marker, make_tiny_world
from cli_helpers import files_of, rows_of
from forking import forked
from own_networks import EXAMPLES, own_network, write_network
from sklearn.metrics import average_precision_score

import regtrack as rt
from regtrack.browsers.heatmap import LEAST, MOST, Heatmap
from regtrack.browsers.rows import axis_end
from regtrack.browsers.runs import Runs
from regtrack.browsers.scales import Scale, scale_of
from regtrack.browsers.viewable import Viewable
from regtrack.cli.main import run
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import Interval
from regtrack.genome.markers import read_markers
from regtrack.models.checkpoint import Checkpoint, read_checkpoint
from regtrack.models.named_code import allowing_code
from regtrack.models.tensors import read_tensor_file
from regtrack.tracks.folder import Track, TrackSet
from regtrack.tracks.peaks.files import read_peaks

SIGNAL = EXAMPLES / "outside_signal.py"
ERROR = 0.003  # of the range, as is usual
SIZES = {"chr1": 45_000, "chr2": 7_003, "chrM": 16}


@dataclass(frozen=True)
class World:
    """A wrapped model of counts, its tracks of a whole genome, and the model by itself."""

    tiny: TinyWorld
    module: torch.nn.Module
    weights: Path
    model: Path
    tracks: Path

    @property
    def named(self) -> tuple[object, ...]:
        """Options of every command that runs it."""
        return "--networks", SIGNAL, "--device", "cpu"

    @property
    def checkpoint(self) -> Checkpoint:
        """What the model says of itself."""
        with allowing_code([SIGNAL]):
            return read_checkpoint(self.model)

    def predict(self, out: Path, *more: object) -> list[str]:
        """A command line for all of the genome."""
        words = ("predict", "all", "--model", self.model, "--genome", self.tiny.genome)
        return [str(one) for one in (*words, "--out", out, *self.named, *more)]

    def expected(self, chrom: str) -> np.ndarray:
        """Reads at every base, by the model alone: float32 (markers, bases)."""
        codes = Genome(self.tiny.genome).codes(chrom, -84, 128 * (SIZES[chrom] // 128 + 1) + 84)
        onehot = np.array([[base == code for code in (1, 2, 4, 3)] for base in codes], np.float32)
        found = []
        for start in range(0, SIZES[chrom], 128):
            piece = torch.from_numpy(onehot[start : start + 128 + 2 * 84].T[None].copy())
            with torch.no_grad():
                profile, counts = self.module(piece)
            reads = np.maximum(np.expm1(counts[0, :, None].numpy()), 0)
            found.append(reads * profile[0].softmax(dim=1).numpy())
        return np.concatenate(found, axis=1)[:, : SIZES[chrom]]

    def track_values(self, chrom: str) -> np.ndarray:
        """What stands in the tracks."""
        return rt.open_tracks(self.tracks).read((chrom, 0, SIZES[chrom])).values

    def labels(self) -> np.ndarray:
        """uint8 (markers, bases): which lie in measured peaks, of all of the genome."""
        of_markers = []
        for marker in read_markers(self.tiny.markers):
            labels = {chrom: np.zeros(size, np.uint8) for chrom, size in SIZES.items()}
            for chrom, intervals in read_bed(Path(marker.file), SIZES).items():
                for start, end in intervals:
                    labels[chrom][start:end] = 1
            of_markers.append(np.concatenate([labels[chrom] for chrom in SIZES]))
        return np.array(of_markers)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("signals")
    tiny = make_tiny_world(folder / "world")
    torch.manual_seed(1)
    module = own_network(SIGNAL, "Expected", 3).module
    inner = module.model.eval()
    with torch.no_grad():
        # 20, 150 and 3,000 reads, mostly at few bases.
        inner.counts.bias.copy_(torch.tensor([3.0, 5.0, 8.0]))
        for weights in inner.profile.parameters():
            weights.mul_(20)
    found = World(tiny, inner, folder / "weights.pt", folder / "m.safetensors", folder / "tracks")
    torch.save(module.state_dict(), found.weights)
    words = ("import", "network", f"{SIGNAL}:Expected", "--weights", found.weights)
    more = ("--markers", tiny.markers, "--genome", tiny.genome, "--out", found.model)
    assert run([str(one) for one in (*words, *more)]) == 0
    assert run(found.predict(found.tracks, "--workers", 1)) == 0
    return found


def test_range_and_threshold_are_measured_on_the_genome_and_kept(world: World, regtrack) -> None:
    found = world.checkpoint
    everywhere = np.concatenate([world.expected(chrom) for chrom in SIZES], axis=1)
    known = ~np.isnan(np.concatenate([world.track_values(chrom) for chrom in SIZES], axis=1))
    assert found.ranges == pytest.approx(np.where(known, everywhere, 0).max(axis=1), rel=1e-3)
    for row, threshold in enumerate(found.thresholds):
        assert np.mean(everywhere[row] > threshold) == pytest.approx(0.01, abs=0.002)
    assert json.loads(read_tensor_file(world.model).text)["format"] == 2
    status, printed, err = regtrack("info", world.model, "--networks", SIGNAL)
    assert status == 0, err
    assert re.search(r"values +a signal; ranges of the markers from 18\.4 to 2\.25e\+03", printed)


def test_the_tracks_keep_their_promise_of_shares_of_the_range(world: World) -> None:
    trackset = TrackSet.read(world.tracks)
    assert json.loads((world.tracks / "tracks.json").read_text())["format"] == 2
    assert [one.range for one in trackset.tracks] == list(world.checkpoint.ranges)
    assert [one.threshold for one in trackset.tracks] == list(world.checkpoint.thresholds)
    ranges = np.array([one.range for one in trackset.tracks])[:, None]
    genome = Genome(world.tiny.genome)
    for chrom, size in SIZES.items():
        expected, values = world.expected(chrom), world.track_values(chrom)
        is_n = np.broadcast_to(genome.codes(chrom, 0, size) == 0, values.shape)
        is_there = ~np.isnan(values)
        assert not (is_there & is_n).any()
        wrong = np.abs(values - expected) / ranges
        assert np.nanmax(wrong) <= ERROR
        assert np.nanmax(wrong) > ERROR / 2 or chrom == "chrM"
        assert (expected / ranges)[~is_there & ~is_n].max() < ERROR
    # Above the range, too, which was measured to four digits.
    assert (world.expected("chr1") > ranges).any()


def test_a_declared_range_is_one_that_values_may_exceed_by_far(
    world: World, tmp_path: Path, regtrack
) -> None:
    source = tmp_path / "narrow.py"
    text = SIGNAL.read_text()
    source.write_text(
        text.replace('returns = "signal"', 'returns = "signal"; range = (1, 0.01, 2)')
    )
    model, out = tmp_path / "m.safetensors", tmp_path / "tracks"
    status, printed, err = regtrack(
        *("import", "network", f"{source}:Expected", "--weights", world.weights, "--out", model),
        *("--markers", world.tiny.markers, "--threshold", 0.25),
    )
    assert status == 0, err
    assert "Expected of 3 markers of a signal" in printed
    words = ("predict", "chr2", "--model", model, "--networks", source, "--device", "cpu")
    status, _, err = regtrack(*words, "--genome", world.tiny.genome, "--out", out)
    assert status == 0, err
    tracks = TrackSet.read(out).tracks
    assert [one.threshold for one in tracks] == [0.25, 0.0025, 0.5]
    values = rt.open_tracks(out).read("chr2").values
    expected, ranges = world.expected("chr2"), np.array([[1], [0.01], [2]])
    assert (expected > 1_000 * ranges).any()
    # Far above its range a value is exact, but for what float32 makes of it in another order.
    wrong = np.abs(values - expected) - 2e-5 * np.where(expected > 100 * ranges, expected, 0)
    assert np.nanmax(wrong / ranges) <= ERROR
    assert (expected / ranges)[np.isnan(values)].max() < ERROR


def test_the_same_bytes_with_two_workers_and_after_a_kill(world: World, tmp_path: Path) -> None:
    whole = files_of(world.tracks)
    assert run(world.predict(tmp_path / "two", "--workers", 2)) == 0
    assert files_of(tmp_path / "two") == whole
    killed = tmp_path / "killed"
    code = (
        "import os, signal, sys\n"
        "import regtrack.prediction.run as r\n"
        "from regtrack.cli.main import run\n"
        "def once(work, tasks, _):\n"
        "    for task in tasks:\n"
        "        yield task, work(task)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "r.in_processes = once\n"
        "run(sys.argv[1:])\n"
    )
    done = forked(code, *world.predict(killed))
    assert done.returncode == -signal.SIGKILL
    assert list((tmp_path / "killed.partial" / "blocks").glob("*.blk"))
    assert run(world.predict(killed)) == 0
    assert files_of(killed) == whole


def test_from_python_the_values_are_the_signal(world: World) -> None:
    loaded = rt.load_model(world.model, networks=SIGNAL)
    found = loaded.predict(world.tiny.genome, ("chr2", 0, 7_003), device="cpu")
    np.testing.assert_allclose(found.values, world.expected("chr2"), rtol=2e-4, atol=1e-5)
    tracks = rt.open_tracks(world.tracks)
    assert [tracks[name].range for name in tracks] == list(world.checkpoint.ranges)


def test_peaks_are_called_from_the_signal_and_shaded_by_its_share_of_the_range(
    world: World, tmp_path: Path
) -> None:
    out = tmp_path / "tracks"
    more = ("--peak-threshold", 0.05, "--min-length", 20, "--workers", 1)
    assert run(world.predict(out, *more)) == 0
    for row, track in enumerate(TrackSet.read(out).tracks):
        assert track.range is not None
        assert track.threshold == pytest.approx(0.05 * track.range)
        peaks = read_peaks(out / track.peaks, track.most)
        assert peaks
        values = np.nan_to_num(rt.open_tracks(out).read("chr1").values[row])
        for peak in peaks:
            if peak.chrom == "chr1":
                highest = values[peak.start : peak.end].max()
                assert peak.value == pytest.approx(highest, rel=1e-5)
                assert peak.score == round(1000 * min(highest / track.range, 1))
                assert values[peak.start] >= track.threshold <= values[peak.end - 1]


def test_eval_ranks_the_values_of_tracks_and_of_the_model(
    world: World, tmp_path: Path, regtrack
) -> None:
    peaks = ("--peaks", world.tiny.markers)
    status, printed, err = regtrack("eval", world.tracks, *peaks, "--out", tmp_path / "of_tracks")
    assert status == 0, err
    assert "K562|CTCF|None" in printed
    status, _, err = regtrack(
        *("eval", world.model, "--genome", world.tiny.genome, *peaks, *world.named),
        *("--out", tmp_path / "of_model"),
    )
    assert status == 0, err
    known = np.concatenate([Genome(world.tiny.genome).codes(c, 0, s) > 0 for c, s in SIZES.items()])
    in_tracks = np.concatenate([world.track_values(chrom) for chrom in SIZES], axis=1)[:, known]
    exact = np.concatenate([world.expected(chrom) for chrom in SIZES], axis=1)[:, known]
    labels = world.labels()[:, known]
    thresholds = world.checkpoint.thresholds
    for row, (of_tracks, of_model) in enumerate(
        zip(rows_of(tmp_path / "of_tracks"), rows_of(tmp_path / "of_model"), strict=True)
    ):
        values = np.nan_to_num(in_tracks[row])
        precision = average_precision_score(labels[row], values)
        assert float(of_tracks["average_precision"]) == pytest.approx(precision, abs=2e-6)
        precision = average_precision_score(labels[row], exact[row])
        assert float(of_model["average_precision"]) == pytest.approx(precision, rel=1e-3)
        # Thresholds are values of the signal; calibration is nothing that it has.
        assert float(of_tracks["threshold"]) == pytest.approx(thresholds[row], rel=1e-4)
        called = values >= thresholds[row]
        recall = called[labels[row] == 1].mean()
        assert float(of_tracks["recall"]) == pytest.approx(recall, abs=1e-6)
        best = float(of_tracks["best_f1_threshold"])
        called = values >= best * (1 - 1e-4)
        f1 = 2 * (called & (labels[row] == 1)).sum() / (called.sum() + labels[row].sum())
        assert float(of_tracks["best_f1"]) == pytest.approx(f1, rel=1e-3)
        assert of_tracks["calibration_error"] == of_model["calibration_error"] == ""
    page = (tmp_path / "of_tracks" / "report.html").read_text()
    assert '<figure class="chance">' in page
    assert '<figure class="calibration">' not in page
    assert "mean calibration error" not in page


def test_thresholds_chosen_by_measured_peaks_are_values_of_the_signal(
    world: World, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "chosen.safetensors"
    status, _, err = regtrack(
        *("thresholds", world.model, "--genome", world.tiny.genome, "--out", out, *world.named),
        *("--peaks", world.tiny.markers),
    )
    assert status == 0, err
    with allowing_code([SIGNAL]):
        chosen = read_checkpoint(out)
    assert chosen.ranges == world.checkpoint.ranges
    for threshold, one in zip(chosen.thresholds, chosen.ranges, strict=True):
        octaves = np.log2(threshold / one)  # of the odds, two thresholds to each
        assert octaves == pytest.approx(np.round(octaves), abs=0.6)
        assert 0 < threshold < 1_000 * one


def test_browsers_scale_each_track_by_its_own_values(world: World) -> None:
    viewable = Viewable.read(world.tracks)
    in_tracks = np.concatenate([world.track_values(chrom) for chrom in SIZES], axis=1)
    for row, track in enumerate(viewable.trackset.tracks):
        assert track.range is not None
        assert track.summary is not None
        scale = scale_of(viewable, track)
        mean = np.nansum(in_tracks[row]) / 50_881
        assert scale == Scale(pytest.approx(mean, rel=1e-3), track.summary.high, "predictions")
        end = axis_end(viewable, track, "marker")
        assert end is not None
        assert track.summary.high <= end <= 1.1 * track.summary.high
        assert axis_end(viewable, track, "probability") == pytest.approx(track.range, rel=0.1)
        assert axis_end(viewable, track, "auto") is None
    cells = Heatmap(Runs.of([("tracks", viewable)]), {}.__getitem__).levels(
        Interval("chr2", 0, 7_000), 70
    )
    highest = np.nan_to_num(world.track_values("chr2"))[:, :7_000].reshape(3, 70, 100).max(axis=2)
    tops = np.array([[track.top] for track in viewable.trackset.tracks])
    shares = (cells.astype(float) - LEAST) / (MOST - LEAST)
    np.testing.assert_allclose(
        (shares * tops)[highest > 0], highest[highest > 0], atol=2e-5 * 2_250
    )


def test_sessions_and_hubs_say_that_it_is_a_signal(world: World, tmp_path: Path, regtrack) -> None:
    out = tmp_path / "tracks"
    assert run(world.predict(out, "--workers", 1)) == 0
    status, _, err = regtrack("session", out)
    assert status == 0, err
    signals = [
        one for one in json.loads((out / "igv.json").read_text())["tracks"] if one["type"] == "wig"
    ]
    tracks = TrackSet.read(out).tracks
    assert [one["guideLines"][0]["y"] for one in signals] == [one.threshold for one in tracks]
    assert all(one["max"] > track.threshold for one, track in zip(signals, tracks, strict=True))
    words = ("--url", "https://example.org/t", "--email", "a@example.org", "--assembly", "danRer11")
    status, _, err = regtrack("hub", out, *words)
    assert status == 0, err
    text = (out / "hub.txt").read_text()
    assert "probability" not in text
    assert re.findall(r"^type bigWig 0 (\S+)$", text, re.MULTILINE) == [
        f"{one.top:.6g}" for one in tracks
    ]
    page = (out / "hub" / "description.html").read_text()
    assert "times the marker's range of the predicted signal" in page
    status, printed, err = regtrack("hub", out, "--check")
    assert status == 0, printed + err
    status, printed, err = regtrack("info", out)
    assert "a signal; max_error and floor are shares of each marker's range" in printed


SILENT = """
import torch
from torch import nn
class Silent(nn.Module):
    returns = "signal"
    reads = "ACGT"
    {range}
    def __init__(self, markers: int):
        super().__init__()
        self.output = nn.Conv1d(4, markers, 3, padding=1)
    def forward(self, bases):
        return self.output(bases).relu() * {factor}
"""


def test_what_means_nothing_for_a_signal_is_refused_in_one_line(
    world: World, datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    silent = write_network(tmp_path / "silent.py", SILENT.format(range="pass", factor=0))
    fitting = write_network(tmp_path / "fits.py", SILENT.format(range="range = 1", factor=1))
    out = tmp_path / "out.safetensors"
    imported = ("import", "network", f"{silent}:Silent", "--markers", world.tiny.markers)
    brief = ("--steps", 1, "--batch-size", 2, "--device", "cpu")
    commands = {
        ("train", datasets.dense, "--model", f"{SIGNAL}:Expected", "--out", out, *brief): (
            r"--model: Expected gives a signal, and peaks are 0 or 1: train it elsewhere"
        ),
        (*imported, "--out", out): r"gives a signal and declares no range: --genome is needed",
        (*imported, "--out", out, "--genome", world.tiny.genome): (
            r"its highest value of K562\|CTCF\|None in a sample of .* is 0: declare its range"
        ),
        (
            *("explain", world.model, "chr1:5,000-5,400", "--marker", "*CTCF*", *world.named),
            *("--genome", world.tiny.genome, "--out", tmp_path / "looked"),
        ): r"gives a signal; only probabilities can be explained",
        (
            *("compare", datasets.dense, world.model, "--out", tmp_path / "compared"),
            *("--networks", SIGNAL),
        ): r"gives a signal; only probabilities can be compared",
        ("compare", datasets.dense, f"{fitting}:Silent", "--out", tmp_path / "trained", *brief): (
            r"--model: Silent gives a signal, and peaks are 0 or 1"
        ),
        (
            *(
                "search",
                datasets.dense,
                "--model",
                f"{fitting}:Silent",
                "--out",
                tmp_path / "tried",
            ),
            *("--steps", 1, "--trials", 1, "--workers", 1, "--device", "cpu"),
        ): r"--model: Silent gives a signal, and peaks are 0 or 1",
    }
    for words, message in commands.items():
        status, printed, err = regtrack(*words)
        assert status in {1, 2}, err
        assert "wrote" not in printed
        assert re.search(message, err.strip().splitlines()[-1]), err
        assert not out.exists()


def test_a_range_for_another_number_of_markers_is_refused(
    world: World, tmp_path: Path, regtrack
) -> None:
    source = write_network(tmp_path / "own.py", SILENT.format(range="range = (1, 2)", factor=1))
    status, _, err = regtrack(
        *("import", "network", f"{source}:Silent", "--markers", world.tiny.markers),
        *("--out", tmp_path / "out.safetensors"),
    )
    assert status == 1
    assert "expected a range for each of 3 markers, got 2" in err


def test_code_that_gives_probabilities_now_is_refused(
    world: World, tmp_path: Path, regtrack
) -> None:
    changed = tmp_path / "outside_signal.py"
    changed.write_text(SIGNAL.read_text().replace('returns = "signal"', 'returns = "logits"'))
    words = ["--networks" if one == SIGNAL else one for one in world.predict(tmp_path / "out")]
    words = [str(changed) if one == str(SIGNAL) else one for one in words]
    status, _, err = regtrack(*words)
    assert status == 1
    assert re.search(
        r"was made with code that gives a signal, and that which is named gives probabilities", err
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"range": None, "threshold": 0.5, "summary": None}, "a range of every track, or of none"),
        ({"range": 0}, "expected a number above 0"),
        ({"threshold": -1}, "expected a threshold from 0"),
    ],
)
def test_damaged_ranges_of_tracks_are_refused(
    world: World, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    said = json.loads((world.tracks / "tracks.json").read_text())
    said["tracks"][1] |= change
    (tmp_path / "tracks.json").write_text(json.dumps(said))
    with pytest.raises(rt.InputError, match=message):
        TrackSet.read(tmp_path)


def test_a_track_of_probabilities_has_none_above_1() -> None:
    with pytest.raises(ValueError, match="expected a threshold from 0 to 1, got 2"):
        Track.of(a_marker(), 2.0)


def test_bigwigs_of_signals_are_read_by_another_program(world: World) -> None:
    expected = world.track_values("chr1")
    for row, track in enumerate(TrackSet.read(world.tracks).tracks):
        with pyBigWig.open(str(world.tracks / track.bigwig)) as file:
            values = file.values("chr1", 0, SIZES["chr1"], numpy=True)
            np.testing.assert_array_equal(values, expected[row])
            (mean,) = file.stats("chr1", 10_000, 30_000, exact=True)
            assert mean == pytest.approx(np.nanmean(expected[row, 10_000:30_000]), rel=1e-4)
