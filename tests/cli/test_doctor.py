"""`regtrack doctor` and `regtrack init` as a user meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import TinyWorld

from regtrack.workspace import doctor


@pytest.fixture(autouse=True)
def _nothing_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def problems(out: str) -> list[str]:
    """What stands below the table."""
    return [line.strip() for line in out.split("\n\n")[1].splitlines()[1:]]


def test_where_nothing_is_configured_it_says_what_to_type(regtrack) -> None:
    status, out, err = regtrack("doctor")
    assert (status, err) == (1, "")
    assert problems(out) == [
        "regtrack.toml: regtrack init writes one",
        "genome: regtrack fetch genome hg19, then regtrack init",
        "peaks: regtrack fetch peaks, then regtrack init",
        "model: regtrack init names one to be trained",
    ]
    rows = {line[: line.index("  ")] for line in out.split("\n\n")[0].splitlines()}
    assert {
        "regtrack",
        "python",
        "libraries",
        "device",
        "memory",
        "open files",
        "disk here",
    } <= rows


def test_what_is_configured_is_opened(tiny: TinyWorld, regtrack, tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_text("chr1\t5\t15\n")
    text = f'[defaults]\ngenome = "{tiny.genome}"\npeaks = "{tiny.markers}"\n'
    text += f'model = "{tiny.model}"\nexclude = "{tmp_path / "a.bed"}"\n'
    Path("regtrack.toml").write_text(text)
    status, out, err = regtrack("doctor")
    assert (status, err) == (0, "")
    assert out.endswith("\n\nnothing is missing\n")
    assert f"{tiny.genome}: " in out
    assert "every file there" in out
    assert f"{tmp_path / 'a.bed'}: 10 bases" in out


def test_what_is_wrong_is_said_with_the_file(tiny: TinyWorld, regtrack, tmp_path: Path) -> None:
    (tmp_path / "bad.bed").write_text("chr1\t5\n")
    (tmp_path / "other.fa").write_text(">chr1\nACGT\n")
    options = ["--peaks", tmp_path, "--model", tiny.model, "--exclude", tmp_path / "bad.bed"]
    status, out, _ = regtrack("doctor", "--genome", tmp_path / "other.fa", *options)
    assert status == 1
    config, peaks, exclude, model = problems(out)
    assert config == "regtrack.toml: regtrack init writes one"
    assert peaks == f"peaks: {tmp_path}: Is a directory"
    assert exclude.startswith(f"exclude: {tmp_path / 'bad.bed'}:1: expected at least chrom")
    assert "is an unknown assembly (chr1 has 4 bases)" in model


def test_a_file_that_is_gone_and_a_model_to_come(regtrack) -> None:
    status, out, _ = regtrack("doctor", "--genome", "gone.fa", "--model", "later.safetensors")
    assert status == 1
    assert "genome: there is no gone.fa; regtrack fetch genome hg19, then regtrack init" in out
    assert "model: regtrack prepare, then regtrack train" in out


def test_little_space_and_few_files_are_problems(regtrack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 1 << 60)
    monkeypatch.setattr(doctor.resource, "getrlimit", lambda _: (64, 1024))
    _, out, _ = regtrack("doctor")
    assert "disk here: little space is left" in problems(out)
    assert "open files: few; before a run: ulimit -n 1024" in problems(out)


def test_init_then_doctor(tiny: TinyWorld, regtrack) -> None:
    Path("genome.fa").symlink_to(tiny.genome)
    Path("model.safetensors").symlink_to(tiny.model)
    status, out, err = regtrack("init")
    assert (status, err) == (0, "")
    assert out.startswith("wrote regtrack.toml\n")
    status, out, _ = regtrack("doctor")
    assert problems(out) == ["peaks: regtrack fetch peaks, then regtrack init"]
