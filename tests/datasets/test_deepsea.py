"""The published DeepSEA files, small: what is read, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from builders import a_marker
from worker_tasks import end_by_a_segmentation_fault

from regtrack.datasets import deepsea
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import SPLITS, PrepareSettings
from regtrack.datasets.short import ShortDataset
from regtrack.errors import ArgumentError, InputError

MARKERS = 11
SIZES = {"train": 23, "valid": 5, "test": 7}
CHANNELS = "AGCT"  # of the published files
CODES = "NACTG"  # of regtrack


class Counting:
    """An observer that counts."""

    total = done = 0

    def stage(self, name: str, unit: str, total: int, done: int) -> None:  # noqa: ARG002
        """A stage begins."""
        self.total = total

    def advanced(self, units: int) -> None:
        """Some of it is done."""
        self.done += units

    def finished(self) -> None:
        """All of it is."""
        assert self.done == self.total


def write_mats(folder: Path, data: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """One-hot inputs (n, 4, 1000) and labels (n, markers) as they were published."""
    folder.mkdir(exist_ok=True)
    for split, (inputs, labels) in data.items():
        path = folder / f"{split}.mat"
        if split == "train":
            with h5py.File(path, "w") as file:
                # In chunks, so that slices have to fit them.
                file.create_dataset(
                    "trainxdata", data=inputs.transpose(2, 1, 0), chunks=(100, 4, 3)
                )
                file.create_dataset("traindata", data=labels.T)
        else:
            scipy.io.savemat(
                path, {f"{split}xdata": inputs, f"{split}data": labels}, do_compression=True
            )


def random_data(
    random: np.random.Generator,
) -> tuple[dict[str, list[str]], dict[str, tuple[np.ndarray, np.ndarray]]]:
    texts, data = {}, {}
    for split, size in SIZES.items():
        letters = random.choice(list("NACGT"), size=(size, 1_000))
        texts[split] = ["".join(row) for row in letters]
        one_hot = np.stack([letters == base for base in CHANNELS], axis=1).astype(np.uint8)
        data[split] = (one_hot, random.integers(0, 2, (size, MARKERS)).astype(np.uint8))
    return texts, data


def write_table(path: Path, markers: int = MARKERS) -> Path:
    """A markers table without any peak file."""
    rows = ["index\tname\tcategory\tcell\ttarget\ttreatment"]
    for index in range(markers):
        one = a_marker(index, f"K562|T{index}|None", ("TFBS", "DNase", "Histone")[index % 3])
        rows.append(f"{index}\t{one.name}\t{one.category}\tK562\t{one.target}\tNone")
    path.write_text("\n".join(rows) + "\n")
    return path


Mats = tuple[Path, dict[str, list[str]], dict[str, tuple[np.ndarray, np.ndarray]]]


@pytest.fixture
def mats(tmp_path: Path, random: np.random.Generator) -> Mats:
    texts, data = random_data(random)
    write_mats(tmp_path / "mats", data)
    write_table(tmp_path / "markers.tsv")
    return tmp_path, texts, data


def asked(folder: Path, **more: object) -> PrepareSettings:
    settings = {"peaks": folder / "markers.tsv", "deepsea": folder / "mats", "task": "short"}
    return PrepareSettings(**{**settings, **more})  # type: ignore[arg-type]


def made(folder: Path, **more: object) -> ShortDataset:
    prepare(asked(folder, **more), folder / "out", False, Counting())
    dataset = open_dataset(folder / "out")
    assert isinstance(dataset, ShortDataset)
    return dataset


@pytest.mark.parametrize("piece", [4_096, 4, 1])
def test_what_is_opened_is_what_was_published(
    mats: Mats, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, texts, data = mats
    monkeypatch.setattr(deepsea, "_PIECE", piece)
    dataset = made(folder)
    assert (dataset.task, dataset.window, dataset.genome) == ("short", 1_000, None)
    assert len(dataset.markers) == MARKERS
    for split, size in SIZES.items():
        assert dataset.size(split) == size
        indices = np.arange(size)[::-1]
        codes = dataset.codes(split, indices)
        assert ["".join(CODES[code] for code in row) for row in codes] == texts[split][::-1]
        labels = data[split][1]
        np.testing.assert_array_equal(dataset.labels(split, indices), labels[::-1])
        np.testing.assert_allclose(dataset.base_rates(split), labels.mean(axis=0))
        assert dataset.known_markers(split, [0, 1]).all()
    with pytest.raises(ValueError, match="cannot be moved"):
        dataset.codes("train", [0], shifts=[1])


def test_markers_choose_columns_of_the_labels(mats: Mats) -> None:
    folder, _, data = mats
    dataset = made(folder, markers=["T3", "DNase"])
    kept = [1, 3, 4, 7, 10]
    assert [marker.index for marker in dataset.markers] == kept
    np.testing.assert_array_equal(dataset.labels("valid", [2]), data["valid"][1][[2]][:, kept])


def edit_data(split: str, change: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Callable:
    def edit(folder: Path, data: dict) -> None:
        write_mats(folder / "mats", {split: change(*data[split])})

    return edit


def cut(split: str, share: float) -> Callable:
    def edit(folder: Path, data: dict) -> None:  # noqa: ARG001
        path = folder / "mats" / f"{split}.mat"
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return edit


def write(split: str, content: bytes) -> Callable:
    return lambda folder, data: (folder / "mats" / f"{split}.mat").write_bytes(content)


def drop_variable(split: str) -> Callable:
    def edit(folder: Path, data: dict) -> None:
        path = folder / "mats" / f"{split}.mat"
        if split == "train":
            with h5py.File(path, "r+") as file:
                del file["traindata"]
        else:
            scipy.io.savemat(path, {f"{split}xdata": data[split][0]})

    return edit


CASES: list[tuple[Callable, str]] = [
    (
        edit_data("train", lambda x, y: (x[:, :, :900], y)),
        r"train\.mat: trainxdata has the shape \(900, 4, 23\), expected \(1000, 4, n\)",
    ),
    (
        edit_data("train", lambda x, y: (x[:-1], y)),
        r"train\.mat: traindata has the shape \(11, 23\), expected \(11, 22\)",
    ),
    (
        edit_data("valid", lambda x, y: (x[:, :3], y)),
        r"valid\.mat: validxdata .*expected \(n, 4, 1000\)",
    ),
    (
        edit_data("valid", lambda x, y: (x, y[:, :-1])),
        r"valid\.mat: validdata has the shape \(5, 10\), expected \(5, 11\): 11 markers in the",
    ),
    (
        edit_data("test", lambda x, y: (x.reshape(7, 4_000), y)),
        r"test\.mat: testxdata has the shape \(7, 4000\)",
    ),
    (edit_data("test", lambda x, y: (np.ones_like(x), y)), r"test\.mat: an input .* not one-hot"),
    (edit_data("train", lambda x, y: (x * 2, y)), r"train\.mat: an input that is not one-hot"),
    (drop_variable("train"), r"train\.mat: has no variable traindata, .*; expected trainxdata and"),
    (drop_variable("valid"), r"valid\.mat: has no variable validdata, .*; expected"),
    (write("train", b"hello, world\n" * 99), r"train\.mat: not an HDF5 file, or a truncated one"),
    (write("train", b""), r"train\.mat: not an HDF5 file"),
    (write("valid", b"hello, world\n" * 99), r"valid\.mat: not a MATLAB 5 file, or a truncated"),
    (write("test", b""), r"test\.mat: not a MATLAB 5 file"),
    (cut("train", 0.7), r"train\.mat: not an HDF5 file, or a truncated one"),
    (cut("valid", 0.7), r"valid\.mat: .*truncated"),
    (cut("valid", 0.99), r"valid\.mat: .*truncated"),
    (cut("test", 0.02), r"test\.mat: .*truncated"),
    (lambda folder, _: write_table(folder / "markers.tsv", 9), r"traindata .*9 markers in the "),
]


@pytest.mark.parametrize(("edit", "message"), CASES)
def test_another_file_is_refused_in_one_line_and_leaves_nothing(
    mats: Mats, edit: Callable, message: str
) -> None:
    folder, _, data = mats
    edit(folder, data)
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError, match=message) as caught:
        prepare(asked(folder), folder / "out", False, Counting())
    assert "\n" not in str(caught.value)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("is_folder", [False, True])
def test_a_missing_file_or_a_folder_is_an_operating_system_error(
    mats: Mats, split: str, is_folder: bool
) -> None:
    folder = mats[0]
    path = folder / "mats" / f"{split}.mat"
    path.unlink()
    if is_folder:
        path.mkdir()
    with pytest.raises(OSError, match=r"No such file|Is a directory") as caught:
        prepare(asked(folder), folder / "out", False, Counting())
    assert caught.value.filename == str(path)
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    "more",
    [{"valid": ["chr1"]}, {"split": "8,1,1"}, {"unknown": ["a=chr1"]}, {"task": "dense"},
     {"mappability": Path("x.bw")}],
)  # fmt: skip
def test_options_that_say_nothing_about_given_inputs_are_refused(
    tmp_path: Path, more: dict
) -> None:
    with pytest.raises(ArgumentError, match=f"^{next(iter(more))}: .*--deepsea"):
        asked(tmp_path, **more)


def test_a_file_that_ends_its_reader_is_one_line(
    mats: Mats, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = mats[0]
    monkeypatch.setattr(deepsea, "_send", end_by_a_segmentation_fault)
    with pytest.raises(InputError, match=r"valid\.mat: damaged: it crashed the process"):
        prepare(asked(folder), folder / "out", False, Counting())
    assert not (folder / "out").exists()


def test_more_inputs_than_a_file_of_its_size_can_hold_are_refused(mats: Mats) -> None:
    folder = mats[0]
    with h5py.File(folder / "mats" / "train.mat", "w") as file:
        file.create_dataset("trainxdata", (1_000, 4, 10**9), np.uint8, chunks=(100, 4, 3))
        file.create_dataset("traindata", (MARKERS, 10**9), np.uint8, chunks=(MARKERS, 3))
    with pytest.raises(InputError, match=r"train\.mat: damaged \(1,000,000,000 inputs, more than"):
        prepare(asked(folder), folder / "out", False, Counting())
