"""Damage to a dataset is found when it is opened, before anything is trained on it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import TinyDatasets

import regtrack
from regtrack.datasets.arrays import save_array
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.describe import describe_dataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.labels import BIN_LENGTH
from regtrack.errors import InputError

FILES = {
    "dense": ["labels.npy", "labels.offsets.npy", "windows.bed", "known.bed", "dropped.bed"],
    "short": [f"{split}.{kind}.npy" for split in ("train", "valid") for kind in ("bins", "labels")],
    "deepsea": [
        f"{split}.{kind}.npy" for split in ("train", "test") for kind in ("codes", "labels")
    ],
}


@pytest.fixture
def copied(datasets: TinyDatasets, tmp_path: Path) -> Callable[[str], Path]:
    """A dataset of one's own to damage."""

    def copy(task: str) -> Path:
        # A dataset finds its genome from where it lies itself.
        shutil.copytree(datasets.world.folder, tmp_path / "world", dirs_exist_ok=True)
        return Path(shutil.copytree(getattr(datasets, task), tmp_path / task))

    return copy


def problem(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        open_dataset(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def flip(path: Path, share: float, bit: int = 3) -> None:
    """Flip one bit of a file."""
    data = bytearray(path.read_bytes())
    data[int(share * (len(data) - 1))] ^= 1 << bit
    path.write_bytes(data)


def rewrite(folder: Path, name: str, array: np.ndarray) -> None:
    """Replace an array, and let `dataset.json` vouch for it."""
    save_array(folder / name, array)
    data = (folder / name).read_bytes()
    edit(folder, lambda record: record["files"].update({name: [len(data), sha256(data)]}))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def edit(folder: Path, change: Callable[[dict], object]) -> None:
    path = folder / "dataset.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


@pytest.mark.parametrize("share", [0, 0.3, 0.7, 1])
@pytest.mark.parametrize(("task", "name"), [(task, name) for task in FILES for name in FILES[task]])
def test_a_flipped_bit_anywhere_is_noticed(
    copied: Callable[[str], Path], task: str, name: str, share: float
) -> None:
    folder = copied(task)
    flip(folder / name, share)
    found = problem(folder)
    assert found.startswith(f"{folder / name}: ")
    assert found.endswith("; run regtrack prepare again")


def test_arrays_are_read_once_by_those_who_did_not_leave_it_to_another_process(
    copied: Callable[[str], Path],
) -> None:
    folder = copied("dense")
    flip(folder / "labels.npy", 0.9)
    assert isinstance(open_dataset(folder, checked=True), DenseDataset)
    assert "labels.npy: was changed after it was written" in problem(folder)


@pytest.mark.parametrize(
    "row",
    [(3, 5, 9), (40_000, 5, 9), (0, 9, 9), (0, 9, 5), (0, 5, BIN_LENGTH + 1)],
)
def test_a_row_of_no_marker_or_outside_of_its_bin_is_refused_whoever_vouches_for_it(
    copied: Callable[[str], Path], row: tuple[int, int, int]
) -> None:
    folder = copied("dense")
    rows = np.load(folder / "labels.npy")
    rows[-1] = row
    rewrite(folder, "labels.npy", rows)
    assert "labels.npy: damaged (a row that is not an interval of one of the markers" in problem(
        folder
    )


@pytest.mark.parametrize("change", [lambda x: x[:-1], lambda x: x[::-1].copy(), lambda x: x + 1])
def test_offsets_that_lead_out_of_the_rows_are_refused(
    copied: Callable[[str], Path], change: Callable[[np.ndarray], np.ndarray]
) -> None:
    folder = copied("dense")
    rewrite(folder, "labels.offsets.npy", change(np.load(folder / "labels.offsets.npy")))
    assert "labels.offsets.npy: damaged (the offsets are not" in problem(folder)


@pytest.mark.parametrize("place", [(9, 1_000), (0, 2**32 - 1), (1, 50_000)])
def test_a_bin_that_lies_on_no_chromosome_is_refused(
    copied: Callable[[str], Path], place: tuple[int, int]
) -> None:
    folder = copied("short")
    bins = np.load(folder / "valid.bins.npy")
    bins[0] = place
    rewrite(folder, "valid.bins.npy", bins)
    assert "valid.bins.npy: damaged (a bin that lies on no chromosome" in problem(folder)


def test_a_code_of_no_base_is_refused(copied: Callable[[str], Path]) -> None:
    folder = copied("deepsea")
    codes = np.load(folder / "test.codes.npy")
    codes[-1, -1] = 5
    rewrite(folder, "test.codes.npy", codes)
    assert "test.codes.npy: damaged (a code above 4, which is not a base)" in problem(folder)


@pytest.mark.parametrize("task", ["short", "deepsea"])
def test_as_many_labels_as_inputs_are_expected(copied: Callable[[str], Path], task: str) -> None:
    folder = copied(task)
    rewrite(folder, "valid.labels.npy", np.load(folder / "valid.labels.npy")[1:])
    assert "valid.labels.npy: damaged (an array |u1 of shape" in problem(folder)


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [
        ("dense", lambda r: r.update(window=0), "expected a window of 1 or more bases, got 0"),
        ("dense", lambda r: r.update(window=10**20), "expected a window of 1"),
        ("dense", lambda r: r.update(window="2000"), "window: expected int"),
        (
            "dense",
            lambda r: r.update(window=1_000),
            "windows of 2,000 bases, but dataset.json name",
        ),
        ("dense", lambda r: r.update(genome=None), "expected a genome"),
        ("dense", lambda r: r.update(genome=5), "genome: expected"),
        ("dense", lambda r: r.update(chrom_sizes=[1]), "chrom_sizes: expected"),
        ("dense", lambda r: r["chrom_sizes"].update(chr1=-1), "bases of chr1, got -1"),
        ("dense", lambda r: r["chrom_sizes"].update(chr1=10**20), "bases of chr1, got 1000"),
        ("dense", lambda r: r["unknown"].update({"1": ["chrQ"]}), "unknown on chrQ, which is no"),
        ("dense", lambda r: r["unknown"].update({"one": []}), "unknown"),
        ("dense", lambda r: r["files"].pop("labels.npy"), "damaged (no labels.npy in it)"),
        ("dense", lambda r: r["files"].pop("windows.bed"), "damaged (no windows.bed in it)"),
        ("short", lambda r: r["files"].pop("test.bins.npy"), "damaged (no test.bins.npy in it)"),
        ("dense", lambda r: r["files"].update({"../x": [1, ""]}), "expected the name of a file"),
        ("dense", lambda r: r["files"].update({"x": [1]}), "files"),
        ("dense", lambda r: r["markers"][0].update(index=-1), "expected an index of 0 or more"),
        ("dense", lambda r: r["markers"][0].update(extra=3), "markers[0].extra: expected"),
        ("dense", lambda r: r["markers"].append(5), "markers[3]: expected"),
        ("dense", lambda r: r["summary"].pop("bases"), "expected bases beside windows in the sum"),
        ("dense", lambda r: r["summary"]["known"].pop("test"), "expected known of train, valid, t"),
        ("dense", lambda r: r["summary"].update(peaks="many"), "summary.peaks: expected int"),
        ("dense", lambda r: r.update(settings=[]), "settings: expected"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_in_one_line(
    copied: Callable[[str], Path], task: str, change: Callable[[dict], object], said: str
) -> None:
    folder = copied(task)
    edit(folder, change)
    assert said in problem(folder)


@pytest.mark.parametrize(
    "text", [b"", b"\0" * 2_000, b'{"format": 1', b"\xff\xfe", b"[" * 100_000, b'{"format": 1e99}']
)
def test_a_document_that_is_none_is_refused_in_one_line(
    copied: Callable[[str], Path], text: bytes
) -> None:
    folder = copied("dense")
    (folder / "dataset.json").write_bytes(text)
    assert "dataset.json" in problem(folder)


def test_a_summary_without_rates_is_described(copied: Callable[[str], Path]) -> None:
    folder = copied("dense")
    edit(folder, lambda record: record["summary"].pop("base_rates"))
    edit(folder, lambda record: record["summary"].pop("without_peak_in_train"))
    edit(folder, lambda record: record["summary"]["dropped"].update(
        flooded={"windows": 2, "bases": 9}
    ))  # fmt: skip
    assert "flooded" in describe_dataset(folder)


@pytest.mark.parametrize(
    "text",
    [
        b"chr1\t2000\t4000\ttrain\ncaf\xe9\t1\t2\ttrain\n",
        b"chr1\t2000\t4000\ttrain\nchr1\t4000\t6001\ttrain\n",
        b"chr1\t2000\t4000\ttrain\nchr1\t4000\t4000\ttrain\n",
        b"chr1\t2000\t4000\ttrain\nchr1\t-2000\t0\ttrain\n",
        b"chr1\t2000\t4000\ttrain\nchr1\t98000\t100000\ttrain\n",
        b"chr1\t2000\t4000\ttrain\nchr1\t4000\t6000\tbest\n",
        b"chr1\t2000\t4000\ttrain\nchrQ\t4000\t6000\ttrain\n",
        b"chr1\t2000\t4000\ttrain\nchr1\t" + b"9" * 5_000 + b"\t6000\ttrain\n",
        b"chr1\t2000\t4000\ttrain\nchr1\n",
    ],
)
def test_a_line_that_is_no_window_is_named(copied: Callable[[str], Path], text: bytes) -> None:
    folder = copied("dense")
    (folder / "windows.bed").write_bytes(text)
    edit(folder, lambda record: record["files"].update({"windows.bed": [len(text), sha256(text)]}))
    assert "windows.bed:2: damaged (" in problem(folder)


def test_windows_that_overlap_are_refused(copied: Callable[[str], Path]) -> None:
    folder = copied("dense")
    text = b"chr1\t2000\t4000\ttrain\nchr1\t3000\t5000\ttrain\n"
    (folder / "windows.bed").write_bytes(text)
    edit(folder, lambda record: record["files"].update({"windows.bed": [len(text), sha256(text)]}))
    assert "windows.bed: damaged (windows must be sorted and must not overlap)" in problem(folder)


# The rows change after they were checked: a file that another process writes to.
_CHANGED_LATER = """
import os, sys, threading
import numpy as np
from pathlib import Path
from regtrack.datasets.labels import IntervalLabels
from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet

folder = Path(sys.argv[1])
sizes = {"chr1": 70_000}
known = np.ones((1, 2), bool)
ask = {
    "spread": lambda found: found.spread("chr1", 0, 60_000),
    "base_rates": lambda found: found.base_rates({"chr1": IntervalSet.of([0], [60_000])}),
    "peaks": lambda found: found.peaks("chr1", [0, 1]),
}
for what, row in [("spread", (9, 5, 9)), ("base_rates", (60_000, 5, 9)), ("peaks", (1, 9, 5))]:
    IntervalLabels.of([{"chr1": IntervalSet.of([5], [9])}] * 2, sizes, known).save(folder)
    found = IntervalLabels.open(folder, sizes, known)
    found.check()
    rows = np.load(folder / "labels.npy", mmap_mode="r+")
    rows[1] = row
    try:
        ask[what](found)
    except InputError as error:
        print(what, error)
"""


def test_rows_that_change_while_they_are_used_lead_no_loop_out_of_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHANGED_LATER, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={
            "NUMBA_BOUNDSCHECK": "1",
            "NUMBA_CACHE_DIR": str(tmp_path),
            "PYTHONPATH": str(Path(regtrack.__file__).parents[1]),
        },
    )
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"{what} {tmp_path / 'labels.npy'}" for what in ("spread", "base_rates", "peaks")
    ]
