"""The wrong genome has no symptom: what is said when files are of different assemblies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from builders import a_marker, write_checkpoint, write_markers

from regtrack.cli.main import run
from regtrack.datasets.contents import Contents
from regtrack.genome.markers import Marker
from regtrack.tracks.folder import TrackSet

HG19 = {"chr1": 249_250_621, "chr22": 51_304_566}
HG38_CHR22 = 50_818_468
KNOWN = 100_000
HERE = "chr22:1-20,000"


@dataclass(frozen=True)
class Mixed:
    """Names of files in one folder; not to be changed."""

    folder: Path
    hg19: str = "hg19.fa"
    hg38: str = "hg38.fa"
    old_model: str = "old.safetensors"
    new_model: str = "new.safetensors"
    markers: str = "markers.tsv"
    tracks: str = "tracks"


def write_chr22(path: Path, size: int) -> None:
    """A chromosome of true length, of which little is known."""
    with path.open("w") as file:
        file.write(">chr22\n")
        file.write("ACGT" * (KNOWN // 4) + "N" * (size - KNOWN) + "\n")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mixed:
    """chr22 of hg19 and of hg38, a model of each, peaks of hg19, and tracks of hg38."""
    mixed = Mixed(tmp_path_factory.mktemp("mixed"))
    folder = mixed.folder
    write_chr22(folder / mixed.hg19, HG19["chr22"])
    write_chr22(folder / mixed.hg38, HG38_CHR22)
    marker = Marker(**{**a_marker().to_json(), "file": "peaks.bed"})
    write_markers(folder / mixed.markers, [marker])
    (folder / "peaks.bed").write_text("chr22\t500\t900\nchr22\t51000000\t51000400\n")
    write_checkpoint(folder / mixed.old_model, [marker], HG19)
    write_checkpoint(folder / mixed.new_model, [marker], {"chr22": HG38_CHR22})
    options = ["--genome", folder / mixed.hg38, "--out", folder / mixed.tracks, "--device", "cpu"]
    command = ["predict", HERE, "--model", folder / mixed.new_model, *options]
    assert run([str(one) for one in command]) == 0
    return mixed


@pytest.fixture(autouse=True)
def there(files: Mixed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files are relative, as users type them."""
    monkeypatch.chdir(files.folder)


def last_line(err: str) -> str:
    return err.rstrip("\n").splitlines()[-1].split("\r")[-1]


OLD_MODEL = (
    "regtrack: hg38.fa: is hg38 (chr22 has 50,818,468 bases), but old.safetensors was trained on "
    "hg19 (51,304,566); --any-genome predicts all the same"
)
PAST_THE_END = (
    "peaks.bed:2: ends at 51,000,400, past the end of chr22 (50,818,468 bases); the genome is "
    "hg38, the file fits hg19 or hs1"
)


@pytest.mark.parametrize(
    "command",
    [
        ["predict", HERE, "--model", "old.safetensors", "--genome", "hg38.fa", "--out", "out"],
        ["predict", "all", "--model", "old.safetensors", "--genome", "hg38.fa", "--out", "out"],
        ["eval", "old.safetensors", "--genome", "hg38.fa", "--peaks", "markers.tsv"],
        ["explain", "old.safetensors", HERE, "--genome", "hg38.fa", "--marker", "CTCF"]
        + ["--out", "out"],
    ],
    ids=["predict", "predict all", "eval", "explain"],
)
def test_a_model_of_another_assembly_is_refused(regtrack, command: list[str]) -> None:
    status, out, err = regtrack(*command)
    assert (status, out, last_line(err)) == (1, "", OLD_MODEL)
    assert not Path("out").exists()


def test_any_genome_insists(regtrack, tmp_path: Path) -> None:
    command = ("predict", HERE, "--model", "old.safetensors", "--genome", "hg38.fa")
    out = tmp_path / "out"
    status, _, err = regtrack(*command, "--out", out, "--device", "cpu", "--any-genome")
    assert status == 0, err
    (note,) = (line for line in err.splitlines() if "note: hg38.fa is hg38 (" in line)
    assert "but old.safetensors was trained on hg19" in note
    # What shows the tracks shows them on the genome that was predicted, not on the model's.
    assert TrackSet.read(out).assembly == "hg38"
    assert regtrack("session", out)[0] == 0
    assert 'genome="hg38"' in (out / "igv.xml").read_text()
    address = ("--url", "https://example.org", "--email", "a@example.org")
    assert "db=hg38&" in regtrack("hub", out, *address)[1]


def test_any_genome_is_noted_by_the_plan_of_a_job_and_not_by_each_of_its_shards(
    regtrack, tmp_path: Path
) -> None:
    command = ("predict", HERE, "--model", "old.safetensors", "--genome", "hg38.fa")
    out = tmp_path / "out"
    status, _, err = regtrack(*command, "--out", out, "--any-genome", "--shards", 1)
    assert (status, err.count("but old.safetensors was trained on hg19")) == (0, 1)
    status, _, err = regtrack("predict", "--shard", "1/1", "--out", out, "--device", "cpu")
    assert (status, "was trained on" in err) == (0, False)


def test_the_right_genome_needs_no_option_though_it_lacks_chromosomes(
    regtrack, tmp_path: Path
) -> None:
    command = ("predict", HERE, "--model", "old.safetensors", "--genome", "hg19.fa")
    assert regtrack(*command, "--out", tmp_path / "out", "--device", "cpu")[0] == 0


def prepare(*more: object, peaks: object = "markers.tsv") -> list[object]:
    return [
        *("prepare", "--genome", "hg38.fa", "--peaks", peaks, "--window", "2000"),
        *("--valid", "chr22:1-40,000", *more),
    ]


@pytest.mark.parametrize("command", ["prepare", "eval a model", "eval tracks", "session"])
def test_peaks_of_another_assembly_are_refused_where_a_row_lies_past_an_end(
    regtrack, tmp_path: Path, command: str
) -> None:
    here = ["--genome", "hg38.fa", "--peaks", "markers.tsv", "--region", HERE]
    arguments = {
        "prepare": prepare("--out", tmp_path / "dataset"),
        "eval a model": ["eval", "new.safetensors", *here, "--device", "cpu"],
        "eval tracks": ["eval", "tracks", "--peaks", "markers.tsv"],
        "session": ["session", "tracks", "--peaks", "markers.tsv"],
    }[command]
    status, out, err = regtrack(*arguments)
    assert (status, out) == (1, "")
    assert last_line(err) == f"regtrack: {PAST_THE_END}"
    assert not list(tmp_path.iterdir())


def test_any_genome_does_not_make_a_peak_past_the_end_one_on_the_genome(regtrack) -> None:
    status, _, err = regtrack(
        *("eval", "new.safetensors", "--genome", "hg38.fa", "--peaks", "markers.tsv"),
        *("--region", HERE, "--device", "cpu", "--any-genome"),
    )
    assert (status, last_line(err)) == (1, f"regtrack: {PAST_THE_END}")


def test_prepare_has_no_option_for_it(regtrack, tmp_path: Path) -> None:
    status, _, err = regtrack(*prepare("--out", tmp_path / "dataset", "--any-genome"))
    assert status == 2
    assert "No such option" in err


@pytest.mark.parametrize("command", [["session", "--reference"], ["browse", "--genome"]])
def test_tracks_are_not_shown_on_another_assembly(regtrack, command: list[str]) -> None:
    name, option = command
    status, out, err = regtrack(name, "tracks", option, "hg19.fa")
    assert (status, out) == (1, "")
    assert err == (
        "regtrack: hg19.fa: is hg19 (chr22 has 51,304,566 bases), but tracks is of hg38 "
        "(50,818,468)\n"
    )


def test_a_dataset_is_not_trained_on_another_assembly(regtrack, tmp_path: Path) -> None:
    Path(tmp_path / "peaks.bed").write_text("chr22\t500\t900\nchr22\t60000\t61000\n")
    marker = Marker(**{**a_marker().to_json(), "file": "peaks.bed"})
    table = write_markers(tmp_path / "markers.tsv", [marker])
    dataset = tmp_path / "dataset"
    assert regtrack(*prepare("--out", dataset, peaks=table))[0] == 0
    status, _, err = regtrack(
        "train", dataset, "--genome", "hg19.fa", "--out", tmp_path / "m.safetensors"
    )
    assert status == 1
    assert last_line(err) == (
        f"regtrack: {dataset}: made with another genome: hg19.fa is hg19 (chr22 has 51,304,566 "
        "bases), not hg38 (50,818,468); run regtrack prepare again"
    )


@pytest.mark.parametrize("name", ["hg19", "GRCh37"])
def test_a_dataset_is_not_called_as_another_assembly(regtrack, tmp_path: Path, name: str) -> None:
    status, _, err = regtrack(*prepare("--out", tmp_path / "dataset", "--assembly", name))
    assert (status, last_line(err)) == (
        2,
        f"regtrack: --assembly: hg38.fa is of hg38 (chr22 has 50,818,468 bases), not {name} "
        "(51,304,566)",
    )
    assert not (tmp_path / "dataset").exists()


def test_a_dataset_has_the_name_of_its_assembly_that_ucsc_has(regtrack, tmp_path: Path) -> None:
    (tmp_path / "peaks.bed").write_text("chr22\t500\t900\nchr22\t60000\t61000\n")
    dataset = tmp_path / "dataset"
    words = prepare("--out", dataset, "--assembly", "GRCh38", peaks=tmp_path / "peaks.bed")
    assert regtrack(*words)[0] == 0
    assert Contents.read(dataset).assembly == "hg38"


def test_help_says_what_it_overrides(regtrack) -> None:
    for command in ("predict", "eval", "explain"):
        status, out, _ = regtrack(command, "--help")
        assert status == 0
        assert "--any-genome" in out
        assert "Accept a genome that the model was not trained on" in " ".join(out.split())
