"""Search spaces: the paper's grids, and what a TOML file may say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from builders import NETWORKS

from regtrack.errors import InputError
from regtrack.models.architecture import Catalog
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.dense import Cnn1
from regtrack.search.space import Choice, Range, Space, paper_space, read_space, split_values

CNN1 = ARCHITECTURES["dense"]["cnn1"]


def read(path: Path, text: str) -> Space:
    (path / "space.toml").write_text(text)
    return read_space(path / "space.toml", CNN1)


def values_of(task: str, name: str) -> dict[str, tuple]:
    space = paper_space(ARCHITECTURES[task][name])
    return {axis.name: axis.values for axis in space.axes if isinstance(axis, Choice)}


@pytest.mark.parametrize(
    ("task", "name", "combinations"),
    [
        ("dense", "cnn1", 24),
        ("dense", "dilated", 192),
        ("dense", "bi-lstm", 432),
        ("short", "lr", 3),
        ("short", "dilated6", 2916),
        ("short", "bi-lstm", 486),
    ],
)
def test_the_papers_grid_has_so_many_combinations(task: str, name: str, combinations: int) -> None:
    assert paper_space(ARCHITECTURES[task][name]).combinations == combinations


def test_the_papers_grid_of_the_dense_task() -> None:
    common = {"learning_rate": (0.001, 0.01, 0.1), "dropout": (0.1, 0.01), "f3": (50, 128)}
    assert values_of("dense", "dilated") == {
        **common,
        "norm_decay": (0.9, 0.99),
        "f1": (64, 128),
        "f2": (120, 240),
        "hidden": (125, 200),
        "stride": (10,),
    }
    assert values_of("dense", "bi-lstm") == {
        **common,
        "f1": (128,),
        "f2": (20, 40, 80),
        "hidden": (64, 125, 200),
        "stride": (10, 20, 50, 100),
    }


def test_the_papers_grid_of_the_short_task() -> None:
    assert values_of("short", "dilated6") == {
        "learning_rate": (0.001, 0.01, 0.1),
        "norm_decay": (0.9, 0.99),
        "dropout": (0.1, 0.01),
        "kernel": (4, 8, 12),
        **dict.fromkeys(("f1", "f2", "f3"), (120, 240, 360)),
        "hidden": (500, 919, 1500),
    }


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_every_network_can_be_built_from_its_grid(task: str, name: str) -> None:
    network, training = split_values({key: own[-1] for key, own in values_of(task, name).items()})
    ARCHITECTURES[task][name].check(network)
    assert set(training) == {"learning_rate"}


def test_a_new_network_brings_its_own_grid_along() -> None:
    catalog = Catalog("dense", grid={"f1": (1, 2), "f2": (3, 4)})
    catalog.add("mine", "layers", grid={"f1": (5,)})(Cnn1)
    assert catalog.architectures["mine"].paper_grid() == {
        "learning_rate": (0.001, 0.01, 0.1),
        "dropout": (0.1, 0.01),
        "f1": (5,),
    }


def test_a_file_gives_lists_ranges_and_single_values(tmp_path: Path) -> None:
    text = """
    learning_rate = {low = 1e-4, high = 1, log = true}
    f1 = {low = 32, high = 270, step = 32}
    dropout = [0, 0.5]
    hidden = 16
    schedule = ["cosine", "constant"]
    batch_size = {low = 1, high = 4}
    """
    assert read(tmp_path, text).axes == (
        Range("learning_rate", 1e-4, 1.0, log=True),
        Range("f1", 32, 256, step=32),  # as far as the steps lead
        Choice("dropout", (0.0, 0.5)),
        Choice("hidden", (16,)),
        Choice("schedule", ("cosine", "constant")),
        Range("batch_size", 1, 4),
    )


def test_a_file_that_is_not_utf8_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_bytes(b"f1 = [1] # caf\xe9")
    with pytest.raises(InputError, match=r"space\.toml: not TOML: ") as caught:
        read_space(path, ARCHITECTURES["dense"]["cnn1"])
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufefff1 = [1, 2]").names == ["f1"]


def test_combinations_are_counted_where_they_have_an_end(tmp_path: Path) -> None:
    assert read(tmp_path, "f1 = [1, 2, 3]\nhidden = [4, 5]\ndropout = 0.1").combinations == 6
    assert read(tmp_path, "f1 = [1, 2, 3]\ndropout = {low = 0.1, high = 0.2}").combinations is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty; expected a line such as f1 = [64, 128]"),
        ("f1 = [1", "not TOML: "),
        ("f9 = [1]", "unknown key 'f9'; cnn1 has the settings f1, hidden, dropout, and a training"),
        ("f2 = [1]", "unknown key 'f2'; cnn1 has"),  # other networks have it
        ("steps = [1]", "unknown key 'steps'"),
        ("f1 = []", "f1 is an empty list; expected whole numbers"),
        ("f1 = [64, 64]", "f1 holds 64 twice"),
        ("f1 = ['64']", "expected whole numbers as f1, got '64'"),
        ("f1 = [64.0]", "expected whole numbers as f1, got 64.0"),
        ("f1 = true", "expected whole numbers as f1, got True"),
        ("f1 = [0]", "expected a number from 1 upward as f1, got 0"),
        ("dropout = [0.1, 2]", "expected a number from 0 to 1 as dropout, got 2.0"),
        ("dropout = [nan]", "expected numbers as dropout, got nan"),
        ("learning_rate = [inf]", "expected numbers as learning_rate, got inf"),
        ("learning_rate = [0]", "learning_rate: expected a number above 0, got 0.0"),
        ("batch_size = [0]", "batch_size: expected a number above 0, got 0"),
        ("shift = -1", "shift: expected 0 or more, got -1"),
        ("schedule = ['linear']", "schedule: expected one of cosine, constant, got linear"),
        ("schedule = {low = 1, high = 2}", "expected a list as schedule"),
        ("f1 = {low = 3}", "expected {low = ..., high = ...}, and log = true or step = ... as f1"),
        ("f1 = {low = 3, high = 5, stop = 1}", "as f1, got {low = 3, high = 5, stop = 1}"),
        ("f1 = {low = 5, high = 5}", "f1: low is 5, not under high, 5"),
        ("f1 = {low = 0, high = 5}", "expected a number from 1 upward as f1, got 0"),
        ("f1 = {low = 1, high = 5.5}", "expected whole numbers as f1, got 5.5"),
        (f"f1 = {10**20}", f"expected whole numbers as f1, got {10**20}"),
        (f"f1 = {10**4_000}", f"expected whole numbers as f1, got 1{59 * '0'}"),
        (f"learning_rate = {10**400}", "expected numbers as learning_rate, got 1000"),
        ("dropout = {low = 0, high = 1, step = 1e-320}", "dropout: step is 1e-320, which makes"),
        ("learning_rate = {low = 1, high = 1e308, step = 1}", "expected numbers as learning_rate"),
        ("f1 = 2024-01-01", "expected whole numbers as f1, got datetime.date"),
        ("f1 = " + 5_000 * "[", "not TOML: "),
        ("\0", "not TOML: "),
        ("f1 = {low = 1, high = 5, step = 9}", "f1: step is 9, not above 0 and at most"),
        ("f1 = {low = 1, high = 5, log = 1}", "expected true or false as log of f1, got 1"),
        ("dropout = {low = 0, high = 1, log = true}", "dropout: with log = true, low must be"),
    ],
)
def test_what_a_file_may_not_say_is_refused_in_one_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'space.toml'}: ")
    assert "\n" not in str(caught.value)
