"""Published weights become a checkpoint that says the same; whatever else is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from published_weights import SHAPES, chance_weights, published_probabilities, save_weights
from torch import Tensor

from regtrack.errors import InputError
from regtrack.genome.catalogue import catalogue
from regtrack.genome.fasta import BASES
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.models.describe import describe_checkpoint
from regtrack.models.published import import_deepsea, read_deepsea
from regtrack.text_columns import named_values


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return chance_weights()


@pytest.fixture(scope="module")
def converted(weights: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a file as Kipoi published it."""
    folder = tmp_path_factory.mktemp("published")
    published = save_weights(folder / "deepsea_predict.pth", weights)
    out = folder / "deepsea.safetensors"
    import_deepsea(published, out, False)
    return out


def test_it_predicts_what_the_published_network_does(
    converted: Path, weights: dict[str, Tensor]
) -> None:
    network = load_network(converted, torch.device("cpu"))
    random = np.random.default_rng(3)
    for letters in "ACGT", "ACGTN", "A":
        bases = "".join(random.choice(list(letters), 1_000))
        codes = torch.tensor([[BASES.index(base) for base in bases]], dtype=torch.int32)
        with torch.no_grad():
            found = network(codes, 499, 500).sigmoid()[0, :, 0].numpy()
        expected = published_probabilities(weights, bases)
        assert expected.std() > 0.01, "nothing to test"
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_checkpoint_says_where_it_is_from(converted: Path) -> None:
    checkpoint = read_checkpoint(converted)
    assert checkpoint.markers == catalogue()
    assert (checkpoint.task, checkpoint.architecture) == ("short", "deepsea")
    assert checkpoint.thresholds_from == "scores"
    text = describe_checkpoint(converted)
    assert named_values(text)["licence"] == "CC BY 3.0"
    assert "Zhou & Troyanskaya 2015" in text
    assert "zenodo.org/record/1466993" in text


def test_thresholds_are_half_of_the_published_average_precision(converted: Path) -> None:
    checkpoint = read_checkpoint(converted)
    ctcf = next(one for one in catalogue() if one.name == "K562|CTCF|None")
    published = float(ctcf.extra["deepsea_auprc"])
    assert checkpoint.thresholds[ctcf.index] == published / 2
    validated = checkpoint.validated[ctcf.index]
    assert validated is not None
    assert validated.average_precision == published
    assert validated.base_rate == float(ctcf.extra["deepsea_base_rate"])
    brf1 = next(one for one in catalogue() if one.name == "K562|BRF1|None")
    assert checkpoint.validated[brf1.index] is None  # DeepSEA's test set had no peak of it
    assert checkpoint.thresholds[brf1.index] == 0.5


class _Runs:
    """A pickle that runs code when it is opened as pickles are."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("it-was-run",)


def _tiny(**changes: Tensor | None) -> dict[str, Tensor]:
    """The right names, and shapes that are cheap."""
    found = {name: torch.zeros([min(size, 3) for size in shape]) for name, shape in SHAPES.items()}
    for name, part in changes.items():
        if part is None:
            del found[name]
        else:
            found[name] = part
    return found


def _truncated(path: Path) -> None:
    save_weights(path, _tiny())
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda path: torch.save(_Runs(), path), "holds more than weights"),
        (lambda path: torch.save({"0.weight": _Runs()}, path), "holds more than weights"),
        (lambda path: torch.save(torch.nn.Linear(2, 2), path), "holds more than weights"),
        (lambda path: path.write_bytes(b"\x80\x02garbage"), "not a file of weights alone"),
        (lambda path: path.write_bytes(b""), "not a file of weights alone, or damaged"),
        (lambda path: path.write_text("<html>"), "not a file of weights alone, or damaged"),
        (_truncated, "not a file of weights alone, or damaged"),
        (lambda path: torch.save([1, 2], path), "expected tensors by name"),
        (lambda path: torch.save({"0.weight": 5}, path), "expected tensors by name"),
        (lambda path: torch.save({}, path), "not DeepSEA's layers: 0.bias is missing"),
        (
            lambda path: save_weights(path, _tiny(**{"8.bias": None})),
            "not DeepSEA's layers: 2.8.bias is missing",
        ),
        (
            lambda path: save_weights(path, _tiny(**{"9.bias": torch.zeros(1)})),
            "not DeepSEA's layers: 2.9.bias is not one of them",
        ),
        (
            lambda path: save_weights(path, _tiny()),
            "its layer trunk.0.weight is 3x3x3; expected 320x4x8, as in DeepSEA of 919 markers",
        ),
        (
            lambda path: save_weights(path, _tiny(**{"0.weight": torch.zeros(320, 4, 8, 1)})),
            "its layer trunk.0.weight is 320x4x8x1; expected 320x4x8",
        ),
        (
            lambda path: save_weights(path, _tiny(**{"0.weight": torch.zeros(())})),
            "its layer trunk.0.weight is a number; expected 320x4x8",
        ),
    ],
)
def test_whatever_else_it_is_it_is_refused_and_no_code_is_run(
    write: Callable[[Path], object], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "odd.pth"
    write(path)
    with pytest.raises(InputError, match=problem):
        import_deepsea(path, tmp_path / "out.safetensors", False)
    assert [one.name for one in tmp_path.iterdir()] == ["odd.pth"]


def test_a_weight_that_is_no_number_is_refused(weights: dict[str, Tensor], tmp_path: Path) -> None:
    broken = {**weights, "14.1.bias": torch.full((919,), torch.nan)}
    with pytest.raises(InputError, match=r"its layer head\.2\.bias has a weight that is no number"):
        read_deepsea(save_weights(tmp_path / "nan.pth", broken))


@pytest.mark.parametrize("prefix", ["", "1."])
def test_files_of_its_kin_are_read(prefix: str, weights: dict[str, Tensor], tmp_path: Path) -> None:
    network = read_deepsea(save_weights(tmp_path / "kin.pth", weights, prefix))[1]
    assert torch.equal(network.output.weight, weights["14.1.weight"].float())


def test_a_checkpoint_is_not_replaced_unasked(tmp_path: Path) -> None:
    there = tmp_path / "there.safetensors"
    there.write_text("precious")
    with pytest.raises(InputError, match="exists already; --force replaces it"):
        import_deepsea(tmp_path / "none.pth", there, False)
    assert there.read_text() == "precious"


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.pth").open("wb") as file:
        file.truncate(1_000_000_001)  # of a disk it takes nothing
    with pytest.raises(InputError, match="larger than 1,000,000,000 bytes: not DeepSEA's weights"):
        read_deepsea(tmp_path / "huge.pth")
