"""Checkpoints: what is read is what was written, and nothing else is read."""

from __future__ import annotations

import json
import math
import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import NETWORKS, TINY_SETTINGS, a_marker, tiny_settings, write_checkpoint
from safetensors import safe_open
from safetensors.torch import save_file

from regtrack.errors import InputError
from regtrack.folders import file_sha256
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.seen import Seen
from regtrack.models import tensors
from regtrack.models.checkpoint import (
    Checkpoint,
    load_network,
    read_checkpoint,
    read_identified,
    save_checkpoint,
)
from regtrack.models.describe import describe_checkpoint
from regtrack.models.trained_genome import check_assembly, seen_on
from regtrack.models.validated import Validated

CPU = torch.device("cpu")
MARKERS = (a_marker(0), a_marker(7, "HepG2|DNase|None", "DNase"))


def a_checkpoint(**changes: Any) -> Checkpoint:
    return Checkpoint(
        **{
            "task": "dense",
            "architecture": "dilated",
            "settings": TINY_SETTINGS,
            "markers": MARKERS,
            "assembly": "hg19",
            "chrom_sizes": {"chr2": 1_000, "chr1": 2_000},
            "thresholds": (0.1, 0.25),
            "training": {"step": 3, "average_precision": {"TFBS": 0.5}},
            "validated": (Validated(0.01, 0.2, 0.1, 0.3, 0.5, 0.25), None),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("low", "skilled"), [(0.02, True), (0.01, False), (0.005, False), (None, True)]
)
def test_markers_no_better_than_chance_are_those_whose_lift_may_be_1(
    low: float | None, skilled: bool
) -> None:
    one = Validated(base_rate=0.01, average_precision=0.02, low=low, high=low and 0.5)
    assert one.is_skilled == skilled
    found = a_checkpoint(validated=(None, one)).unskilled
    assert found == (() if skilled else MARKERS[1:])
    assert a_checkpoint(validated=()).unskilled == ()


@pytest.mark.parametrize("wrong", [{"base_rate": 7.0}, {"low": -0.1}, {"peak_recall": 99}])
def test_a_validation_that_is_no_share_is_damage(path: Path, wrong: dict[str, float]) -> None:
    rewrite(path, lambda record: record["validated"][1].update(wrong))
    with pytest.raises(InputError, match=r"metadata: damaged \(validated\[1\].*from 0 to 1"):
        read_checkpoint(path)


def test_info_names_markers_without_peaks_and_means_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    by_chance = Validated(0.01, 0.02, 0.005, 0.5, 0.9, 0.9)
    for found, line in (
        ((Validated(0.01, 0.2, 0.1, 0.3, 0.5, 0.25), by_chance), "precision 0.500, recall 0.250"),
        (
            (None, replace(by_chance, peak_precision=None)),
            "peaks              1 of 2 markers get none,",
        ),
    ):
        checkpoint = a_checkpoint(validated=found)
        save_checkpoint(path, checkpoint, checkpoint.build())
        text = describe_checkpoint(path)
        assert line in text
        weak = "not clearly better than chance in validation: HepG2|DNase|None"
        assert f"1 of 2 markers get none, being {weak}" in text
    checkpoint = a_checkpoint(validated=())
    save_checkpoint(path, checkpoint, checkpoint.build())
    assert "\npeaks " not in describe_checkpoint(path)


def test_the_validation_of_some_markers_is_no_validation() -> None:
    with pytest.raises(ValueError, match="of every marker, or of none"):
        a_checkpoint(validated=(None,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint file as it should be."""
    return write_checkpoint(tmp_path / "model.safetensors", MARKERS, {"chr1": 2_000})


def test_a_name_that_is_not_utf8_can_be_read(path: Path) -> None:
    expected = load_network(path, CPU).state_dict()
    odd = path.with_name(os.fsdecode(b"caf\xe9.safetensors"))
    path.rename(odd)
    assert read_checkpoint(odd).markers == MARKERS
    found = load_network(odd, CPU).state_dict()
    assert all(torch.equal(found[name], part) for name, part in expected.items())


def rewrite(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the metadata of a checkpoint; what `change` returns, if anything, replaces it."""
    with safe_open(path, framework="pt") as file:
        record = json.loads(file.metadata()["regtrack"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    replaced = change(record)
    text = json.dumps(record) if replaced is None else replaced
    save_file(weights, path, metadata={"regtrack": text})


def test_metadata_comes_back_as_it_was(tmp_path: Path) -> None:
    written = a_checkpoint()
    save_checkpoint(tmp_path / "m", written, written.build())
    read = read_checkpoint(tmp_path / "m")
    assert read == written
    assert list(read.chrom_sizes) == ["chr2", "chr1"]  # the genome's order


SEEN = Seen({"chr1": IntervalSet.of([0, 700], [500, 900])}, {"chr2": IntervalSet.of([100], [200])})


def test_where_it_was_trained_comes_back_as_it_was(tmp_path: Path) -> None:
    written = a_checkpoint(seen=SEEN)
    save_checkpoint(tmp_path / "m", written, written.build())
    assert read_checkpoint(tmp_path / "m").seen == SEEN


def test_an_older_checkpoint_does_not_say_where_it_was_trained(path: Path) -> None:
    rewrite(path, lambda record: record.pop("seen"))
    checkpoint = read_checkpoint(path)
    assert checkpoint.seen is None
    assert seen_on(checkpoint, {"chr1": 2_000}) is None


def test_where_it_was_trained_is_known_on_its_own_genome_alone() -> None:
    checkpoint = a_checkpoint(seen=SEEN)
    assert seen_on(checkpoint, {"1": 2_000, "chrX": 5}) == Seen({"1": SEEN.train["chr1"]}, {})
    # The same bases have other numbers there, or are not there at all.
    assert seen_on(checkpoint, {"chr1": 2_001, "chr2": 1_000}) is None
    assert seen_on(checkpoint, {"chrX": 5}) is None


def test_weights_and_predictions_come_back_as_they_were(tmp_path: Path) -> None:
    checkpoint = a_checkpoint()
    network = checkpoint.build()
    codes = torch.arange(300)[None] % 5
    network(codes)  # in training mode: moves the running statistics of the batch norms
    save_checkpoint(tmp_path / "m", checkpoint, network)
    loaded = load_network(tmp_path / "m", CPU)
    for name, weights in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weights), name
    with torch.no_grad():
        assert torch.equal(loaded(codes), network.eval()(codes))


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_every_network_comes_back_as_it_was(tmp_path: Path, task: str, name: str) -> None:
    checkpoint = a_checkpoint(
        task=task, architecture=name, settings=tiny_settings(task, name), thresholds=(0.1, 0.25)
    )
    network = checkpoint.build()
    codes = torch.arange(400)[None] % 5
    network(codes)  # in training mode: moves the running statistics of the batch norms
    save_checkpoint(tmp_path / "m", checkpoint, network)
    read = read_checkpoint(tmp_path / "m")
    assert read == checkpoint
    assert (read.task, read.architecture) == (task, name)
    loaded = load_network(tmp_path / "m", CPU)
    for key, weights in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], weights), key
    with torch.no_grad():
        assert torch.equal(loaded(codes), network.eval()(codes))


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_a_loaded_network_can_be_trained_on(tmp_path: Path, task: str, name: str) -> None:
    path = write_checkpoint(tmp_path / "m", MARKERS, {"chr1": 9}, task=task, architecture=name)
    loaded, fresh = load_network(path, CPU), read_checkpoint(path).build()
    trainable = [
        {key for key, part in network.named_parameters() if part.requires_grad}
        for network in (loaded, fresh)
    ]
    assert trainable[0] == trainable[1] != set()


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_a_sketch_has_the_shapes_and_no_weights(task: str, name: str) -> None:
    checkpoint = a_checkpoint(task=task, architecture=name, settings=tiny_settings(task, name))
    sketch, built = checkpoint.sketch(), checkpoint.build()
    assert all(part.is_meta for part in sketch.weights().values())
    assert sketch.parameter_count() == built.parameter_count()
    assert sketch.context == built.context


def test_the_first_checkpoints_did_not_say_their_task(path: Path) -> None:
    rewrite(path, lambda record: record.update(task=None) or record.pop("task"))
    assert read_checkpoint(path).task == "dense"
    assert load_network(path, CPU).context.right == 5_489


def test_the_task_stands_in_the_file(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "m", MARKERS, {"chr1": 9}, task="short", architecture="bi-lstm")
    with safe_open(tmp_path / "m", framework="pt") as file:
        record = json.loads(file.metadata()["regtrack"])
    assert (record["task"], record["architecture"]) == ("short", "bi-lstm")


def test_a_network_of_the_same_name_in_the_other_task_has_other_weights(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_checkpoint(path, MARKERS, {"chr1": 9}, task="short", architecture="bi-lstm")
    settings = tiny_settings("dense", "bi-lstm")
    rewrite(path, lambda record: record.update(task="dense", settings=settings))
    with pytest.raises(InputError, match="its weights do not fit its architecture"):
        load_network(path, CPU)


def test_a_loaded_network_is_ready_to_predict(path: Path) -> None:
    assert not load_network(path, CPU).training


@pytest.mark.parametrize("extra", range(0, 256, 8))
def test_a_checkpoint_is_read_whatever_the_length_of_its_header(tmp_path: Path, extra: int) -> None:
    # The file begins with that length, whose bytes may look like those of a pickle or zip.
    written = a_checkpoint(assembly="x" * (1 + extra))
    save_checkpoint(tmp_path / "m", written, written.build())
    assert read_checkpoint(tmp_path / "m") == written


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [write_checkpoint(tmp_path / name, MARKERS, {"chr1": 9}) for name in "ab"]
    assert file_sha256(paths[0]) == file_sha256(paths[1])
    other = write_checkpoint(tmp_path / "c", MARKERS, {"chr1": 9}, seed=1)
    assert file_sha256(other) != file_sha256(paths[0])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"architecture": "alphafold"}, "unknown architecture 'alphafold' of task 'dense'"),
        ({"task": "short"}, "unknown architecture 'dilated' of task 'short'"),
        ({"task": "folding"}, "unknown architecture 'dilated' of task 'folding'"),
        ({"settings": {"kernel": 8}}, "dilated has no setting kernel"),
        ({"settings": {"f1": 0}}, "expected a number from 1 upward as f1, got 0"),
        ({"thresholds": (0.5,)}, "one threshold per marker"),
        ({"thresholds_from": ("peaks",)}, "one origin of thresholds per marker"),
    ],
)
def test_a_checkpoint_that_makes_no_sense_is_not_made(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        a_checkpoint(**changes)


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 100, 2_000, -1])
def test_a_truncated_file_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"truncated, or not a \.safetensors file"):
        read_checkpoint(path)


def test_a_table_in_place_of_a_checkpoint_is_called_text(tmp_path: Path) -> None:
    table = tmp_path / "markers.tsv"
    table.write_text("index\tname\n0\tK562|CTCF|None\n")
    with pytest.raises(InputError, match=r"markers\.tsv: text, and no network: .* --peaks$"):
        read_checkpoint(table)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_of_torch_is_refused_unopened(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "model.pt"
    torch.save({"weight": torch.zeros(3)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match="a pickle, which may run code"):
        read_checkpoint(path)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_plain_pickle_is_refused_unopened(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"weight": [0.0] * 1_000}, protocol=protocol))
    with pytest.raises(InputError, match="a pickle, which may run code"):
        read_checkpoint(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_a_safetensors_file_of_another_program_is_refused(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "m", metadata=metadata)
    with pytest.raises(InputError, match="not one that regtrack wrote"):
        read_checkpoint(tmp_path / "m")


def test_a_newer_format_is_refused_with_both_numbers(path: Path) -> None:
    # A newer format may hold anything, also what this one cannot understand.
    rewrite(path, lambda record: record.update(format=3, architecture="of the future"))
    with pytest.raises(InputError, match="format 3; this regtrack reads up to 2"):
        read_checkpoint(path)


def seen_as(**train: list[Any]) -> dict[str, Any]:
    return {"unit": 1, "train": train, "valid": {}}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: "{", id="not JSON"),
        pytest.param(lambda _: "[]", id="a list"),
        pytest.param(lambda _: "{}", id="empty"),
        pytest.param(lambda record: record.update(format="1"), id="format is text"),
        pytest.param(lambda record: record.pop("markers"), id="no markers"),
        pytest.param(lambda record: record.update(markers=[{}]), id="an empty marker"),
        pytest.param(lambda record: record.update(thresholds=[0.5]), id="a threshold too few"),
        pytest.param(lambda record: record.update(thresholds_from="luck"), id="no origin"),
        pytest.param(lambda record: record.update(thresholds_from=["peaks"]), id="one of origins"),
        pytest.param(lambda record: record.update(architecture="gone"), id="architecture"),
        pytest.param(lambda record: record.update(task="gone"), id="task"),
        pytest.param(lambda record: record.update(task=["dense"]), id="task is a list"),
        pytest.param(lambda record: record.update(task="short"), id="the other task"),
        pytest.param(lambda record: record.update(settings=[]), id="settings are a list"),
        pytest.param(lambda record: record.update(settings={"f1": 6.5}), id="half a channel"),
        pytest.param(lambda record: record.update(markers=[], thresholds=[]), id="no marker"),
        pytest.param(lambda record: record.update(thresholds=[7, 0.5]), id="no probability"),
        pytest.param(lambda record: record.update(chrom_sizes={"chr1": "9"}), id="a size is text"),
        pytest.param(lambda record: record.update(chrom_sizes={"chr1": -9}), id="a size under 0"),
        pytest.param(lambda record: record.update(assembly=19), id="assembly is a number"),
        pytest.param(lambda record: record.update(training=[]), id="training is a list"),
        pytest.param(lambda record: record.update(training={"windows": 3}), id="windows"),
        pytest.param(lambda record: record.update(seen=seen_as(chr1=[0, 2001])), id="past its end"),
        pytest.param(lambda record: record.update(seen=seen_as(chr1=[9, 0])), id="no stretch"),
        pytest.param(lambda record: record.update(seen=seen_as(chr1=[0, 1.5])), id="half a base"),
        pytest.param(lambda record: record.update(seen=seen_as(chr7=[0, 1])), id="seen elsewhere"),
        pytest.param(lambda record: record.update(seen={"train": {}}), id="no validation"),
        pytest.param(
            lambda record: record.update(training={"average_precision": {"TFBS": "high"}}),
            id="average precision is text",
        ),
    ],
)
def test_damaged_metadata_is_refused(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    def and_nothing_else(record: dict[str, Any]) -> str | None:
        changed = change(record)
        return changed if changed in ("{", "[]", "{}") else None

    rewrite(path, and_nothing_else)
    with pytest.raises(InputError, match="metadata: damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({**TINY_SETTINGS, "f4": 6}, id="a setting that it does not have"),
        pytest.param({**TINY_SETTINGS, "f1": "six"}, id="a setting of the wrong type"),
    ],
)
def test_settings_that_do_not_fit_the_architecture_are_bad_input(
    path: Path, settings: dict[str, Any]
) -> None:
    rewrite(path, lambda record: record.update(settings=settings))
    with pytest.raises(InputError, match=r"model\.safetensors: "):
        load_network(path, CPU)


@pytest.mark.parametrize("f1", [7, 128])
def test_weights_that_do_not_fit_the_architecture_are_refused(path: Path, f1: int) -> None:
    rewrite(path, lambda record: record["settings"].update(f1=f1))
    with pytest.raises(InputError, match="its weights do not fit its architecture"):
        load_network(path, CPU)


def test_a_missing_file_is_answered_with_how_to_come_by_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.safetensors: no such checkpoint; regtrack train"):
        read_checkpoint(tmp_path / "none.safetensors")


def test_a_folder_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_checkpoint(tmp_path)


def test_saving_into_a_missing_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    checkpoint = a_checkpoint()
    with pytest.raises(FileNotFoundError):
        save_checkpoint(tmp_path / "missing" / "m", checkpoint, checkpoint.build())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_keeps_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object, aside: Path, **__: object) -> None:
        aside.write_bytes(b"half of it")
        raise OSError("disk full")

    before = path.read_bytes()
    monkeypatch.setattr(tensors, "save_file", fails)
    checkpoint = a_checkpoint()
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, checkpoint, checkpoint.build())
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param({"chr1": 2_000, "chr2": 1_000}, id="the same"),
        pytest.param({"chr1": 2_000}, id="some of them"),
        pytest.param({"1": 2_000, "2": 1_000}, id="without chr"),
        pytest.param({"chr1": 2_000, "chrUn_7": 5}, id="and one more"),
    ],
)
def test_the_genome_it_was_trained_on_is_accepted(sizes: dict[str, int]) -> None:
    check_assembly(Path("m.safetensors"), a_checkpoint(), Path("genome.fa"), sizes)


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        pytest.param(
            {"chr2": 1_000, "chr1": 1_999},
            r"\(chr1 has 1,999 bases\), .* on hg19 \(2,000\); ",
            id="length",
        ),
        pytest.param(
            {"1": 1_999}, r"\(1 has 1,999 bases\), .* \(2,000\); ", id="length, without chr"
        ),
        pytest.param(
            {"chrI": 2_000},
            r"\(chrI has 2,000 bases\), .* on hg19, whose chromosomes are others \(chr2, chr1\); ",
            id="nothing shared",
        ),
        pytest.param({}, r"\(it has no chromosome\), .* are others", id="nothing at all"),
    ],
)
def test_another_genome_is_refused(sizes: dict[str, int], problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        check_assembly(Path("m.safetensors"), a_checkpoint(), Path("genome.fa"), sizes)
    message = str(caught.value)
    assert message.startswith("genome.fa: is an unknown assembly")
    assert "m.safetensors was trained on hg19" in message
    assert message.endswith("; --any-genome predicts all the same")


HG19 = {"chr1": 249_250_621, "chr22": 51_304_566}
HG38 = {"chr1": 248_956_422, "chr22": 50_818_468}


@pytest.mark.parametrize("name", ["hg19", "genome"])
def test_known_assemblies_are_called_by_their_names(name: str) -> None:
    checkpoint = replace(a_checkpoint(), chrom_sizes=HG19, assembly=name)
    with pytest.raises(InputError) as caught:
        check_assembly(Path("model.safetensors"), checkpoint, Path("hg38.fa"), HG38)
    assert str(caught.value) == (
        "hg38.fa: is hg38 (chr1 has 248,956,422 bases), but model.safetensors was trained on hg19 "
        "(249,250,621); --any-genome predicts all the same"
    )


def test_other_chromosomes_of_the_same_known_assembly_are_accepted() -> None:
    checkpoint = replace(a_checkpoint(), chrom_sizes={"chr22": HG19["chr22"]})
    sizes = {"chr1": HG19["chr1"]}
    check_assembly(Path("model.safetensors"), checkpoint, Path("hg19.fa"), sizes)
    with pytest.raises(InputError, match=r"is hg38 .* trained on hg19, whose chrom.* \(chr22\)"):
        check_assembly(Path("m.safetensors"), checkpoint, Path("hg38.fa"), {"chr1": HG38["chr1"]})


def weights_of(path: Path) -> tuple[dict[str, torch.Tensor], str]:
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        return {name: file.get_tensor(name) for name in names}, file.metadata()["regtrack"]


def test_a_flipped_bit_in_the_weights_is_noticed(path: Path) -> None:
    load_network(path, CPU)
    data = bytearray(path.read_bytes())
    data[-6] ^= 1  # of the mantissa of the last weight but one
    path.write_bytes(data)
    read_checkpoint(path)
    with pytest.raises(InputError, match="its weights do not match their checksum"):
        load_network(path, CPU)


def test_an_older_checkpoint_has_no_sum_of_its_weights(path: Path) -> None:
    rewrite(path, lambda record: record.update(training={"step": 3}))
    load_network(path, CPU)
    assert read_checkpoint(path).training == {"step": 3}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_weight_that_is_no_number_is_refused_also_in_an_older_one(
    path: Path, value: float
) -> None:
    rewrite(path, lambda record: record.update(training={}))
    weights, text = weights_of(path)
    next(part for part in weights.values() if part.is_floating_point()).view(-1)[0] = value
    save_file(weights, path, metadata={"regtrack": text})
    with pytest.raises(InputError, match="one of its weights is not a finite number"):
        load_network(path, CPU)


@pytest.mark.parametrize(
    ("length", "header", "problem"),
    [
        (2**62, b"{}", r"truncated, or not a \.safetensors file"),
        (0x80, b"{}", r"truncated, or not a \.safetensors file"),
        (90_000_128, b"{}" + b" " * 90_000_126, "a header of 90,000,128 bytes; expected at most"),
        (90_000_128, b" " * 90_000_128, "it has no header"),
        (0x4B50, b"{" + b" " * 0x4B4E + b"}", "not one that regtrack wrote"),
        (0x80, b"{" + b"x" * 0x7F, r"truncated, or not a \.safetensors file"),
    ],
)
def test_a_header_that_is_none_is_not_called_a_pickle(
    tmp_path: Path, length: int, header: bytes, problem: str
) -> None:
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", length) + header)
    with pytest.raises(InputError, match=problem):
        read_checkpoint(tmp_path / "m.safetensors")


def test_a_network_larger_than_memory_is_refused_before_it_is_built(path: Path) -> None:
    rewrite(path, lambda record: record["settings"].update(hidden=10**12))
    with pytest.raises(InputError, match="its weights do not fit its architecture"):
        load_network(path, CPU)


def test_what_names_a_checkpoint_is_of_the_bytes_that_were_read(path: Path) -> None:
    assert read_identified(path) == (read_checkpoint(path), file_sha256(path))


def test_weights_of_an_unknown_type_are_bad_input(path: Path) -> None:
    data = path.read_bytes()
    assert b'"F32"' in data
    path.write_bytes(data.replace(b'"F32"', b'"F99"', 1))
    with pytest.raises(InputError, match=r"truncated, or not a \.safetensors file"):
        load_network(path, CPU)


def test_of_another_programs_file_no_more_than_the_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    os.truncate(path, 1 << 40)  # it takes no disk, but would take all memory
    with pytest.raises(InputError, match="not one that regtrack wrote"):
        load_network(path, CPU)
