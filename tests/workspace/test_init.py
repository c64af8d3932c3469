"""`regtrack init` names what is there, and says how to get what is not."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import a_marker, random_sequence, write_checkpoint, write_fasta, write_markers

from regtrack.cli.config import NAME, read_config
from regtrack.cli.main import cli
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import read_markers
from regtrack.genome.seen import Seen
from regtrack.notes import heard
from regtrack.workspace.init import InitRequest, initialise
from regtrack.workspace.networks import find_model


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; the name must be quoted in TOML."""
    assert not cache.exists()
    folder = tmp_path / 'a "study" \N{OLD ITALIC LETTER A}\x7f'
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def a_genome(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_fasta(path, {"chr1": random_sequence(np.random.default_rng(1), 500)})


def fill(place: Path, genome: str) -> None:
    """What regtrack fetch leaves in the cache, or a user has in a folder."""
    a_genome(place / "plain.fa")
    shutil.move(place / "plain.fa", place / genome)
    write_markers(place / "markers.tsv", [a_marker()])
    (place / "exclude").mkdir()
    for name in ("b.bed.gz", "a.bed"):
        (place / "exclude" / name).write_text("chr1\t1\t5\n")


def configured(folder: Path) -> dict[str, dict[str, object]]:
    return read_config(folder / "regtrack.toml", cli.commands)


def test_in_an_empty_folder_it_says_what_to_fetch(folder: Path) -> None:
    told = initialise(folder / NAME, force=False)
    assert "none: regtrack fetch genome hg19" in told
    assert "none: regtrack fetch peaks" in told
    assert "none: regtrack fetch genes hg19" in told
    assert told.endswith("then: regtrack init --force")
    assert "model     model.safetensors (not yet" in told.replace(f"{folder}/", "")
    assert configured(folder)["predict"] == {"model": str(folder / "model.safetensors")}


def test_what_lies_in_the_folder_is_named_relative_to_it(folder: Path) -> None:
    fill(folder, "own.fa")
    (folder / "old.safetensors").touch()
    (folder / "genes.gtf").touch()
    told = initialise(folder / NAME, force=False)
    assert told.endswith(
        "next:\n  regtrack predict chr1 --out tracks/\n"
        "  regtrack eval tracks/ --out report/\n  regtrack browse tracks/"
    )
    text = (folder / "regtrack.toml").read_text()
    assert 'genome = "own.fa"' in text
    assert 'genes = "genes.gtf"' in text
    assert 'exclude = ["exclude/a.bed", "exclude/b.bed.gz"]' in text
    assert 'model = "old.safetensors"' in text
    found = configured(folder)
    assert found["prepare"]["peaks"] == str(folder / "markers.tsv")
    assert found["prepare"]["out"] == found["train"]["dataset"] == str(folder / "dataset")
    assert found["train"]["out"] == str(folder / "old.safetensors")


def test_what_was_fetched_is_named_where_the_folder_has_nothing(folder: Path, cache: Path) -> None:
    fill(cache / "hg19", "hg19.fa.gz")
    (cache / "hg19" / "refGene.txt.gz").touch()
    told = initialise(folder / NAME, force=False)
    assert told.endswith(
        "next:\n  regtrack prepare\n  regtrack train\n"
        "  regtrack predict chr1 --out tracks/\n"
        "only to predict: regtrack predict GENE --out tracks/"  # whose table is there
    )
    found = configured(folder)["prepare"]
    assert found["genome"] == str(cache / "hg19" / "hg19.fa.gz")
    assert found["assembly"] == "hg19"
    assert configured(folder)["predict"]["genes"] == str(cache / "hg19" / "refGene.txt.gz")
    assert found["exclude"] == [
        str(cache / "hg19" / "exclude" / name) for name in ("a.bed", "b.bed.gz")
    ]


def test_what_is_of_hg19_is_not_taken_for_another_genome(folder: Path, cache: Path) -> None:
    fill(cache / "hg19", "hg19.fa.gz")
    (cache / "hg19" / "refGene.txt.gz").touch()
    a_genome(folder / "own.fa")
    told = initialise(folder / NAME, force=False)
    found = configured(folder)["prepare"]
    assert found == {"genome": str(folder / "own.fa"), "out": str(folder / "dataset")}
    assert "peaks     none (regtrack fetch has those of hg19 only)" in told
    assert "genes     none: --genes FILE (GTF, GFF3, BED or UCSC table)\n" in told
    assert told.endswith(
        "then: regtrack init --force --peaks FOLDER\n"
        "only to predict: regtrack predict chr1 --out tracks/ --any-genome"
    )


@pytest.mark.parametrize(
    ("trained", "valid", "region"),
    [
        ({"chr1": (0, 300)}, {}, "chr2"),  # nothing was seen of it
        ({"chr1": (0, 250)}, {"chr2": (0, 10)}, "chr1:251-400"),  # 150 bases do
        ({"chr1": (0, 400)}, {"chr2": (0, 10)}, "chr2:11-150"),  # beyond it is N
        ({"chr1": (0, 500), "chr2": (0, 150)}, {}, "chr1"),  # all of it was seen
        ({}, {}, "chr1"),
    ],
)
def test_the_first_prediction_is_where_the_network_was_not_trained(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    trained: dict[str, tuple[int, int]],
    valid: dict[str, tuple[int, int]],
    region: str,
) -> None:
    monkeypatch.setattr("regtrack.workspace.init._FIRST", 150)
    # On the first two, no peaks are measured.
    sizes, random = (
        {"chrM": 30, "chr1_a_alt": 450, "chr1": 500, "chr2": 400},
        np.random.default_rng(1),
    )
    gaps = {"chr2": ((150, 400),)}
    write_fasta(
        folder / "own.fa",
        {
            chrom: random_sequence(random, size, gaps.get(chrom, ()))
            for chrom, size in sizes.items()
        },
    )
    seen = Seen(
        *(
            {chrom: IntervalSet.of([start], [end]) for chrom, (start, end) in one.items()}
            for one in (trained, valid)
        )
    )
    write_checkpoint(folder / "m.safetensors", [a_marker()], sizes, seen=seen)
    told = initialise(folder / NAME, force=False)
    assert f"next:\n  regtrack predict {region} --out tracks/\n" in told


def test_with_a_network_of_ones_own_and_no_peaks_the_next_step_is_to_predict(
    folder: Path, tmp_path: Path
) -> None:
    a_genome(folder / "own.fa")
    model = write_checkpoint(tmp_path / "far.safetensors", [a_marker()], {"chr1": 500})
    told = initialise(folder / NAME, force=False, request=InitRequest(model=model))
    assert f"  model     {model}\n" in told
    assert told.endswith(
        "next:\n  regtrack predict chr1 --out tracks/\n  regtrack browse tracks/\n"
        "to score it: measured peaks, and regtrack init --force --peaks FOLDER"
    )
    assert configured(folder)["predict"]["model"] == str(model)
    assert configured(folder)["train"]["out"] == str(folder / "model.safetensors")


def test_a_network_that_goes_by_a_name_is_named_by_it(folder: Path) -> None:
    a_genome(folder / "own.fa")
    told = initialise(folder / NAME, force=False, request=InitRequest(model=find_model("demo")))
    assert "  model     demo\n" in told
    assert 'model = "demo"' in (folder / NAME).read_text()
    assert configured(folder)["predict"]["model"] == "demo"


def test_what_is_no_checkpoint_is_not_named_as_the_model(folder: Path) -> None:
    (folder / "old.safetensors").write_text("hello, world")
    with pytest.raises(InputError, match=r"old\.safetensors: text, and no network"):
        initialise(folder / NAME, False, InitRequest(model=folder / "old.safetensors"))
    with pytest.raises(InputError, match=r"nothing\.safetensors: no such checkpoint; regtrack tra"):
        initialise(folder / NAME, False, InitRequest(model=folder / "nothing.safetensors"))
    assert not (folder / NAME).exists()


def test_the_model_is_what_train_writes(folder: Path) -> None:
    initialise(folder / NAME, force=False)
    assert configured(folder)["train"]["out"] == str(folder / "model.safetensors")
    assert configured(folder)["prepare"]["out"] == str(folder / "dataset")
    assert configured(folder)["predict"]["model"] == str(folder / "model.safetensors")


@pytest.fixture
def study(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `folder`, but of a name that a markers table may hold."""
    assert not cache.exists()
    (tmp_path / "my study").mkdir()
    monkeypatch.chdir(tmp_path / "my study")
    return tmp_path / "my study"


def some_peaks(folder: Path) -> Path:
    folder.mkdir()
    for name in ("K562_CTCF.narrowPeak", "liver.ATAC.bed.gz"):
        (folder / name).write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"")
    return folder


def test_of_peak_files_it_writes_a_table_and_says_what_to_check(study: Path) -> None:
    peaks = some_peaks(study / "peaks")
    a_genome(study / "own.fa")
    told = initialise(Path(NAME), False, InitRequest(peaks=(Path("peaks/*"),)))
    assert (study / "markers.tsv").read_text() == (
        "index\tname\tcategory\tcell\ttarget\ttreatment\tfile\n"
        "0\tK562_CTCF\tTFBS\tK562\tCTCF\tNone\tpeaks/K562_CTCF.narrowPeak\n"
        "1\tliver.ATAC\tATAC\tNone\tNone\tNone\tpeaks/liver.ATAC.bed.gz\n"
    )
    assert told.splitlines()[:4] == [
        "wrote markers.tsv: 2 markers (1 TFBS, 1 ATAC)",
        "check in it: category, cell and target, which were guessed from the names",
        "fill in, where you like: cell, target, treatment (1 have none)",
        "wrote regtrack.toml",
    ]
    assert (
        "next:\n  regtrack prepare\n  regtrack train\n  regtrack predict chr1 --out tracks/\n"
    ) in told
    assert configured(study)["prepare"]["peaks"] == str(study / "markers.tsv")
    assert [one.file for one in read_markers(study / "markers.tsv")] == [
        str(one) for one in sorted(peaks.iterdir())
    ]


def test_files_of_a_table_in_another_folder_are_relative_to_that(study: Path) -> None:
    some_peaks(study / "peaks")
    initialise(study / "sub" / NAME, False, InitRequest(peaks=(Path("peaks"),), category="CAGE"))
    found = read_markers(study / "sub" / "markers.tsv")
    assert {one.category for one in found} == {"CAGE"}
    assert found[0].file == str(study / "sub" / "../peaks/K562_CTCF.narrowPeak")
    assert "peaks/" not in (study / "sub" / NAME).read_text()


def test_a_table_of_ones_own_is_named_and_stays_as_it_is(study: Path) -> None:
    some_peaks(study / "peaks")
    (study / "mine.csv").write_text("name,file\na,peaks/K562_CTCF.narrowPeak\n")
    told = initialise(study / NAME, False, InitRequest(peaks=[study / "mine.csv"]))
    assert told.startswith(f"wrote {study / NAME}\n")
    assert configured(study)["prepare"]["peaks"] == str(study / "mine.csv")
    assert not (study / "markers.tsv").exists()
    with pytest.raises(ArgumentError, match=r"category: is for peak files; .*mine\.csv is a table"):
        initialise(study / NAME, True, InitRequest(peaks=[study / "mine.csv"], category="ATAC"))
    with pytest.raises(ArgumentError, match="category: does nothing without --peaks"):
        InitRequest(category="ATAC")


def test_a_table_that_is_there_is_replaced_only_when_asked_and_nothing_half_done(
    study: Path,
) -> None:
    peaks = some_peaks(study / "peaks")
    (study / "markers.tsv").write_text("mine")
    with pytest.raises(InputError, match=r"markers\.tsv: exists already; --force replaces it"):
        initialise(study / NAME, False, InitRequest(peaks=[peaks]))
    assert not (study / NAME).exists()
    assert (study / "markers.tsv").read_text() == "mine"
    with pytest.raises(InputError, match="matches no peak file"):
        initialise(study / NAME, True, InitRequest(peaks=[study / "*.bigBed"]))
    assert (study / "markers.tsv").read_text() == "mine"
    initialise(study / NAME, True, InitRequest(peaks=[peaks]))
    assert len(read_markers(study / "markers.tsv")) == 2


def test_peaks_of_several_folders_are_one_table(study: Path) -> None:
    some_peaks(study / "peaks")
    (study / "more").mkdir()
    (study / "more" / "CTCF_GM12878.bed").write_text("chr1\t1\t5000\n")
    told = [Path("peaks"), Path("more/*.bed"), Path("peaks/liver.ATAC.bed.gz")]
    said = initialise(Path(NAME), False, InitRequest(peaks=told))
    assert [
        (one.index, one.name, one.cell, one.target) for one in read_markers(study / "markers.tsv")
    ] == [
        (0, "CTCF_GM12878", "GM12878", "CTCF"),
        (1, "K562_CTCF", "K562", "CTCF"),
        (2, "liver.ATAC", "None", "None"),
    ]
    assert "check in it: category, cell and target, which were guessed from the names\n" in said
    (study / "mine.csv").write_text("name,file\na,peaks/K562_CTCF.narrowPeak\n")
    told.append(study / "mine.csv")
    with pytest.raises(ArgumentError, match=r"peaks: .*mine\.csv is a table; expected it alone"):
        initialise(Path(NAME), True, InitRequest(peaks=told))


@pytest.mark.parametrize("name", ["K562_summits.bed", "K562.bed", "mine.csv"])
def test_summits_are_said_before_anything_is_made_of_them(study: Path, name: str) -> None:
    file = study / "peaks" / ("K562.bed" if name == "mine.csv" else name)
    file.parent.mkdir()
    (study / "mine.csv").write_text("name,file\nK562,peaks/K562.bed\n")
    # A broad one now and then does not hide them.
    rows = [(100, 101), (200, 201), (300, 2000), (4000, 4001)]
    file.write_text("".join(f"chr1\t{start}\t{end}\tx\t9\n" for start, end in rows))
    named = study / name if name == "mine.csv" else file.parent / "*.bed"
    told: list[str] = []
    with heard(told.append):
        initialise(study / NAME, False, InitRequest(peaks=[named]))
    assert told == [
        f"{named}: half of the peaks have 1 base or less in {file.name}: these look like summits; "
        "were *_peaks.narrowPeak meant?"
    ]


def test_a_file_that_is_no_bed_is_said_at_once(study: Path) -> None:
    peaks = some_peaks(study / "peaks")
    (peaks / "K562_CTCF.narrowPeak").write_text("chr1\t5\t900\nchr1\tfive\t10\n")
    with pytest.raises(InputError, match=r"CTCF\.narrowPeak:2: expected whole numbers as start"):
        initialise(study / NAME, False, InitRequest(peaks=[peaks]))
    assert not (study / NAME).exists()


def test_a_genome_may_lie_anywhere(folder: Path, tmp_path: Path) -> None:
    genome = a_genome(tmp_path / "genomes" / "own.fa")
    told: list[str] = []
    with heard(told.append):
        initialise(folder / NAME, False, InitRequest(genome=genome, assembly="hg83"))
    found = configured(folder)["prepare"]
    assert (found["genome"], found["assembly"]) == (str(genome), "hg83")
    assert told == [
        "hg83 is not known here, and is taken as it stands; is hg38 meant? Known by their lengths "
        "are hg18, hg19, hg38, hs1, mm9, mm10, mm39, dm3, dm6"
    ]
    with heard(told.append):
        initialise(folder / NAME, True, InitRequest(genome=genome, assembly="danRer11"))
    assert len(told) == 1
    with pytest.raises(InputError, match=r"lost\.fa: no such file; expected FASTA"):
        initialise(folder / NAME, True, InitRequest(genome=tmp_path / "lost.fa"))


def test_genes_may_lie_anywhere_and_are_looked_at(folder: Path, tmp_path: Path) -> None:
    a_genome(folder / "own.fa")
    (folder / "other.gtf").touch()
    genes = tmp_path / "mine.bed"
    genes.write_text("chr1\t10\t20\tCOMT\n")
    initialise(folder / NAME, False, InitRequest(genes=genes))
    assert configured(folder)["predict"]["genes"] == str(genes)
    genes.write_text("chr1\t10\t2000\tCOMT\n")
    with pytest.raises(InputError, match=r"mine\.bed:1: a gene from 10 to 2,000, but chr1 has 500"):
        initialise(folder / NAME, True, InitRequest(genes=genes))


def test_of_the_fetched_genomes_the_only_one_is_meant_or_the_one_that_is_named(
    folder: Path, cache: Path
) -> None:
    for assembly in ("hg38", "mm10"):
        a_genome(cache / assembly / f"{assembly}.fa").rename(cache / assembly / f"{assembly}.fa.gz")
        (cache / assembly / "exclude").mkdir()
        (cache / assembly / "exclude" / "a.bed.gz").touch()
        (cache / assembly / "refGene.txt.gz").touch()
        if assembly == "hg38":
            told = initialise(folder / NAME, False)
    assert f"genome    {cache}/hg38/hg38.fa.gz\n" in told
    assert "peaks     none (regtrack fetch has those of hg19 only)" in told
    with pytest.raises(InputError, match="which of hg38, mm10 is meant"):
        initialise(folder / NAME, True)
    initialise(folder / NAME, True, InitRequest(assembly="mm10"))
    found = configured(folder)["prepare"]
    assert found["genome"] == str(cache / "mm10" / "mm10.fa.gz")
    assert found["exclude"] == [str(cache / "mm10" / "exclude" / "a.bed.gz")]
    assert found["assembly"] == "mm10"
    assert configured(folder)["predict"]["genes"] == str(cache / "mm10" / "refGene.txt.gz")
    told = initialise(folder / NAME, True, InitRequest(assembly="mm39"))
    assert "genome    none: regtrack fetch genome mm39" in told
    assert "exclude   none\n" in told


def test_a_genome_that_is_of_another_assembly_than_it_is_called_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_genome(folder / "own.fa")
    monkeypatch.setattr("regtrack.workspace.assembly.recognise", lambda _: "mm10")
    with pytest.raises(ArgumentError, match=r"assembly: .*own\.fa is .* \(chr1 has 500 bases\)"):
        initialise(folder / NAME, False, InitRequest(assembly="danRer11"))


@pytest.mark.parametrize("name", ["hg38", "GRCh38", "HG38", "hg38_1kg"])
def test_a_known_assembly_has_chromosomes_of_known_lengths(folder: Path, name: str) -> None:
    a_genome(folder / "own.fa")
    with pytest.raises(
        ArgumentError,
        match=r"assembly: .*own\.fa is of an unknown assembly \(chr1 has 500 bases\), "
        rf"not {name} \(248,956,422\)$",
    ):
        initialise(folder / NAME, False, InitRequest(assembly=name))
    assert not (folder / NAME).exists()


def test_of_several_models_the_usual_name_is_meant(folder: Path) -> None:
    for name in ("a.safetensors", "model.safetensors"):
        (folder / name).touch()
    initialise(folder / NAME, force=False)
    assert configured(folder)["predict"]["model"] == str(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("a.fa", "b.fa.gz"), r"which of a\.fa, b\.fa\.gz is the genome"),
        (("a.gtf", "refGene.txt.gz"), r"which of a\.gtf, refGene\.txt\.gz is the gene table"),
        (("a.safetensors", "b.safetensors"), r"which of a\.safetensors, b\.safetensors is the"),
    ],
)
def test_of_several_files_it_does_not_guess(
    folder: Path, names: tuple[str, ...], problem: str
) -> None:
    for name in names:
        (folder / name).touch()
    with pytest.raises(InputError, match=problem):
        initialise(folder / NAME, force=False)
    assert not (folder / "regtrack.toml").exists()


def test_a_configuration_is_replaced_only_when_asked(folder: Path) -> None:
    (folder / "regtrack.toml").write_text("mine")
    with pytest.raises(InputError, match="exists already; --force replaces it"):
        initialise(folder / NAME, force=False)
    assert (folder / "regtrack.toml").read_text() == "mine"
    initialise(folder / NAME, force=True)
    assert configured(folder)


def test_a_missing_folder_is_made_and_a_file_is_none(folder: Path) -> None:
    told = initialise(Path("new one") / NAME, force=False)
    assert told.endswith("then: cd 'new one' && regtrack init --force")
    assert (folder / "new one" / "regtrack.toml").is_file()
    (folder / "file").touch()
    with pytest.raises(InputError, match="is a file; expected a folder"):
        initialise(folder / "file" / NAME, force=False)


def test_it_says_which_configuration_it_hides(folder: Path) -> None:
    initialise(folder / NAME, force=False)
    told = initialise(folder / "sub" / NAME, force=False)
    assert f"here it goes before {folder / NAME}\n" in told


def test_it_suggests_a_chromosome_that_is_there(folder: Path) -> None:
    write_fasta(folder / "own.fa", {"II": "ACGT"})
    write_markers(folder / "markers.tsv", [a_marker()])
    told = initialise(folder / NAME, force=False)
    assert "  regtrack predict II --out tracks/\n" in told


def test_a_cache_that_is_a_file_is_refused(folder: Path, cache: Path) -> None:
    cache.touch()
    with pytest.raises(InputError, match="REGTRACK_CACHE: expected a folder"):
        initialise(folder / NAME, force=False)
    assert not (folder / NAME).exists()
