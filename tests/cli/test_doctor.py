"""`regtrack doctor` and `regtrack init` as a user meets them."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from builders import TinyWorld

from regtrack.workspace import doctor

INFINITY = resource.RLIM_INFINITY


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
    ]
    assert "model            not configured; demo, which comes with regtrack, is used\n" in out
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


def test_genes_are_counted_and_none_are_no_problem(
    tiny: TinyWorld, regtrack, tmp_path: Path
) -> None:
    shared = ["--genome", tiny.genome, "--peaks", tiny.markers, "--model", tiny.model]
    Path("regtrack.toml").write_text("")
    status, out, _ = regtrack("doctor", *shared)
    assert status == 0
    assert "genes            none: --genes FILE (GTF, GFF3, BED or UCSC table)\n" in out
    genes = tmp_path / "genes.bed"
    genes.write_text("chr1\t10\t20\tA\nchr2\t10\t20\tB\n")
    assert (
        f"genes            {genes}: 2 genes\n" in regtrack("doctor", *shared, "--genes", genes)[1]
    )
    genes.write_text("chr1\t10\t20\tA\nchr8\t10\t20\tMYC\nchr8\t50\t70\tB\n")
    counted = "1 gene, 2 others on chromosomes that the genome lacks\n"
    assert f"{genes}: {counted}" in regtrack("doctor", *shared, "--genes", genes)[1]
    genes.write_text("chr1\t10\t99999999\tA\n")
    status, out, _ = regtrack("doctor", *shared, "--genes", genes)
    assert (status, problems(out)) == (
        1,
        [
            f"genes: {genes}:1: a gene from 10 to 99,999,999, but chr1 has 45,000 bases; is it of "
            "another assembly?"
        ],
    )


def test_fetched_genes_need_not_be_configured(regtrack, tmp_path: Path) -> None:
    assert "genes            none: regtrack fetch genes hg19, or --genes" in regtrack("doctor")[1]
    for assembly in ("mm10", "hg19"):
        (tmp_path / "cache" / assembly).mkdir(parents=True)
        (tmp_path / "cache" / assembly / "refGene.txt.gz").touch()
    _, out, _ = regtrack("doctor")
    assert "; genes of hg19, mm10, in " in out
    table = tmp_path / "cache" / "hg19" / "refGene.txt.gz"
    assert f"genes            not configured; {table} is taken for hg19\n" in out


def test_what_is_wrong_is_said_with_the_file(tiny: TinyWorld, regtrack, tmp_path: Path) -> None:
    (tmp_path / "bad.bed").write_text("chr1\t5\n")
    (tmp_path / "other.fa").write_text(">chr1\nACGT\n")
    (tmp_path / "none").mkdir()
    options = [
        "--peaks",
        tmp_path / "none",
        "--model",
        tiny.model,
        "--exclude",
        tmp_path / "bad.bed",
    ]
    status, out, _ = regtrack("doctor", "--genome", tmp_path / "other.fa", *options)
    assert status == 1
    config, peaks, exclude, model = problems(out)
    assert config == "regtrack.toml: regtrack init writes one"
    assert peaks == (
        f"peaks: {tmp_path / 'none'}: holds no peak file; expected some that end in .narrowPeak, "
        ".broadPeak or .bed, plain or .gz"
    )
    assert exclude.startswith(f"exclude: {tmp_path / 'bad.bed'}:1: expected at least chrom")
    assert "is an unknown assembly (chr1 has 4 bases)" in model


def test_a_file_that_is_gone_and_a_model_to_come(regtrack) -> None:
    status, out, _ = regtrack("doctor", "--genome", "gone.fa", "--model", "later.safetensors")
    assert status == 1
    assert "genome: there is no gone.fa; regtrack fetch genome hg19, then regtrack init" in out
    assert "model: regtrack prepare, then regtrack train; until then --model demo" in out


def test_little_space_is_a_problem(regtrack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 1 << 60)
    assert "disk here: little space is left" in problems(regtrack("doctor")[1])


@pytest.mark.parametrize(
    ("limits", "value", "problem"),
    [
        ((64, 1024), "64 at once (1,024 at most)", "few; before a run: ulimit -n 256"),
        ((64, 128), "64 at once (128 at most)", "few; ask an administrator"),
        ((64, INFINITY), "64 at once (no limit at most)", "few; before a run: ulimit -n 256"),
        ((INFINITY, INFINITY), "no limit at once (no limit at most)", ""),
        ((1024, 4096), "1,024 at once (4,096 at most)", ""),
    ],
)
def test_few_open_files_are_a_problem(
    regtrack, monkeypatch: pytest.MonkeyPatch, limits: tuple, value: str, problem: str
) -> None:
    monkeypatch.setattr(doctor.resource, "getrlimit", lambda _: limits)
    _, out, _ = regtrack("doctor")
    assert value in out
    assert [one for one in problems(out) if one.startswith("open files")] == (
        [f"open files: {problem}"] if problem else []
    )


def test_a_library_that_is_not_there(regtrack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LIBRARIES", ("numpy", "no-such-library"))
    _, out, _ = regtrack("doctor")
    assert "no-such-library not installed" in out
    assert "pip install 'regtrack[browse]': without no-such-library, parts of it fail" in out


def test_a_cache_that_is_a_file(regtrack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / "file"))
    _, out, _ = regtrack("doctor")
    assert f"{tmp_path / 'file'} is a file; expected a folder" in out or "REGTRACK_CACHE" in out


def test_peaks_of_another_assembly(tiny: TinyWorld, regtrack, tmp_path: Path) -> None:
    (tmp_path / "other.fa").write_text(">chr1\nACGT\n")
    _, out, _ = regtrack("doctor", "--genome", tmp_path / "other.fa", "--peaks", tiny.markers)
    assert any("past the end of chr1 (4 bases)" in problem for problem in problems(out))


def test_every_file_of_peaks_is_looked_at(tiny: TinyWorld, regtrack) -> None:
    last = sorted((tiny.folder / "peaks").iterdir())[-1]
    last.write_text("chr1\t10\t2O\n")
    _, out, _ = regtrack("doctor", "--genome", tiny.genome, "--peaks", tiny.markers)
    assert any(
        one.startswith(f"peaks: {last}:1: expected whole numbers as start and end, got ")
        for one in problems(out)
    )


def test_what_depends_on_a_bad_genome_is_not_blamed(tiny: TinyWorld, regtrack) -> None:
    Path("bad.fa").write_text("text")
    options = ("--peaks", tiny.markers, "--model", tiny.model)
    _, out, _ = regtrack("doctor", "--genome", "bad.fa", *options)
    assert [one.partition(":")[0] for one in problems(out)] == ["regtrack.toml", "genome"]


@pytest.mark.parametrize("text", ["[defaults\n", "[defaults]\nnothing = 1\n"])
def test_a_broken_configuration_is_told_and_can_be_replaced(regtrack, text: str) -> None:
    Path("regtrack.toml").write_text(text)
    status, out, _ = regtrack("doctor")
    assert status == 1
    (problem,) = problems(out)  # and nothing that would follow from it
    assert problem.startswith("regtrack.toml: ")
    assert regtrack("models")[0] == 1
    assert regtrack("init")[0] == 1  # it is there, whatever it is
    assert regtrack("init", "--force")[0] == 0
    assert regtrack("models")[0] == 0


def test_init_then_doctor(tiny: TinyWorld, regtrack) -> None:
    Path("genome.fa").symlink_to(tiny.genome)
    Path("model.safetensors").symlink_to(tiny.model)
    status, out, err = regtrack("init")
    assert (status, err) == (0, "")
    assert out.startswith("wrote regtrack.toml\n")
    status, out, _ = regtrack("doctor")
    assert problems(out) == [
        "peaks: regtrack init --force --peaks FOLDER names yours; regtrack fetch has those of hg19 "
        "only"
    ]


def test_what_was_fetched_needs_no_second_fetching(regtrack, tmp_path: Path) -> None:
    fetched = tmp_path / "cache" / "hg19"
    (fetched / "peaks").mkdir(parents=True)
    (fetched / "hg19.fa.gz").touch()
    (fetched / "markers.tsv").touch()
    _, out, _ = regtrack("doctor")
    assert "genome: regtrack init names what was fetched" in problems(out)
    assert "peaks: regtrack init names what was fetched" in problems(out)
    assert "hg19: sequence, 0 peak files, 0 files of regions to exclude" in out


def test_a_damaged_cache_is_mended_by_fetching(tiny: TinyWorld, regtrack, tmp_path: Path) -> None:
    fetched = tmp_path / "cache" / "hg19"
    fetched.mkdir(parents=True)
    (fetched / "markers.tsv").write_text("zzz\n")
    _, out, _ = regtrack("doctor", "--genome", tiny.genome, "--peaks", fetched / "markers.tsv")
    assert any(
        one.startswith("peaks: ") and one.endswith("; regtrack fetch peaks brings it again")
        for one in problems(out)
    )
