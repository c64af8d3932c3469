"""The plan of a job that several processes, on any machines that see its folder, share.

`<out>.partial` then holds `plan.json`, which says what the job is and in how many shards it is
cut, the regions that were asked for and what of them is not N, the leases of those at work, and
one folder for the work itself. That is named after all that decides the bytes: who still works
for a plan that was replaced finds no folder any more, and mixes nothing into the new one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from regtrack.atomic import write_first, write_text
from regtrack.differences import another, differing
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.folders import IDENTITY, file_sha256, remove_finished
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import Regions
from regtrack.listing import numbers_text
from regtrack.paths import as_text, from_text, shell_word
from regtrack.prediction.requests import EvalRequest, PredictRequest
from regtrack.prediction.scope import KnownBases
from regtrack.report.files import FILES as REPORT_FILES
from regtrack.shares import share_numbers
from regtrack.tracks.folder import write_bed
from regtrack.tracks.trackless import CONTENTS
from regtrack.work_folders import ASKED, PLAN, TARGETS, WORK, partial_path

FORMAT_VERSION = 1


# What of a job's identity is not the plan's, but that of the machines that work on it.
OF_MACHINES = ("device", "arithmetic", "torch")
_MACHINE = "machine.json"
_SEQUENCE = "sequence and regions"
# Of the two, what a plan leaves to its shards.
_PLANNED_SEQUENCE = "sequence"


@dataclass(frozen=True)
class GenomeFile:
    """Where a FASTA file lay, and its size and time, by which another process knows it again.

    Parameters
    ----------
    path
        Absolute, as text that a file can hold.
    size
        In bytes.
    modified
        In nanoseconds since 1970.
    """

    path: str
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> GenomeFile:
        """A file as it is now."""
        state = path.stat()
        return cls(as_text(path.absolute()), state.st_size, state.st_mtime_ns)

    @property
    def file(self) -> Path:
        """Where it lay."""
        return from_text(self.path)

    def is_at(self, path: Path) -> bool:
        """Whether a file has its size and time."""
        return replace(GenomeFile.of(path), path=self.path) == self


@dataclass(frozen=True)
class ShardPlan:
    """What a job is, and how it is shared.

    Parameters
    ----------
    shards
        Number of shards of its blocks.
    blocks
        Name of the first block of each file, and the bases that are to be predicted for it.
    predict, eval
        What was asked for; one of the two.
    identity
        What decides the bytes, but for the machines.
    genome
        Its FASTA file.
    regions
        SHA-256 of the two files of regions.
    device
        What every shard is to compute on, as it was typed.
    isa
        With which instructions, as `regtrack.models.instructions.use_instructions`.
    any_cpu
        Whatever kind of processor, or of GPU, they have.
    notes
        What the user was told while the job was planned; no shard tells it again.

    Raises
    ------
    ValueError
        Where it asks for nothing, or for two things.
    """

    shards: int
    blocks: tuple[tuple[str, int], ...]
    predict: PredictRequest | None
    eval: EvalRequest | None
    identity: dict[str, Any]
    genome: GenomeFile
    regions: tuple[str, str]
    device: str
    isa: str
    any_cpu: bool
    notes: tuple[str, ...] = ()
    format: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        if (self.predict is None) == (self.eval is None):
            raise ValueError("expected either predict or eval")

    @property
    def request(self) -> PredictRequest | EvalRequest:
        """What was asked for."""
        request = self.predict or self.eval
        assert request is not None
        return request

    def numbers(self) -> list[int]:
        """In which shard each of the files of blocks is."""
        return share_numbers([bases for _, bases in self.blocks], self.shards)

    def lists(self) -> dict[str, list[int]]:
        """Numbers of the shards that have work, and of those that have none."""
        working = set(self.numbers())
        idle = set(range(1, self.shards + 1)) - working
        return {"with_work": sorted(working), "without_work": sorted(idle)}

    def work_text(self) -> str:
        """`; shards 1, 3 have work`, where some have none."""
        working = self.lists()["with_work"]
        if len(working) == self.shards:
            return ""
        have = "shard {} has" if len(working) == 1 else "shards {} have"
        return f"; {have.format(numbers_text(working))} work"

    @property
    def command(self) -> str:
        """Of which command the job is."""
        return "predict" if self.predict else "eval"

    def work_folder(self, partial: Path) -> Path:
        """Where in the folder of the plan the work lies."""
        decides = [self.identity, self.device, self.isa, self.any_cpu]
        digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
        return partial / f"{WORK}{digest[:16]}"

    def known(self, partial: Path, genome: Path, verify: bool) -> KnownBases:
        """What need not be found again; the sequence only where the genome is as it was.

        Parameters
        ----------
        genome
            The FASTA file, wherever it lies now.
        verify
            Read the sequence again all the same.

        Raises
        ------
        InputError
            When the chromosomes, or the files of regions, are not as they were.
        """
        asked, targets = (partial / name for name in (ASKED, TARGETS))
        if (file_sha256(asked), file_sha256(targets)) != self.regions:
            raise InputError(partial / PLAN, "damaged: the regions beside it are not its own")
        sizes = Genome(genome).chrom_sizes
        if self.eval is None or self.eval.dataset is None:  # a dataset knows its own chromosomes
            # Before anything is said of the model: what is to be given is the genome of the plan.
            self.check({**self.identity, "chromosomes": list(sizes.items())}, partial)
        same = not verify and self.genome.is_at(genome)
        return KnownBases(
            _in_order(read_bed(asked, sizes), sizes),
            _in_order(read_bed(targets, sizes), sizes),
            self.identity[_SEQUENCE] if same else None,
        )

    def check(self, identity: Mapping[str, Any], partial: Path) -> None:
        """Refuse a job that is not the plan's.

        Raises
        ------
        InputError
            Naming what differs.
        """
        written, wanted = (
            {_PLANNED_SEQUENCE if name == _SEQUENCE else name: value for name, value in one.items()}
            for one in (self.identity, as_read(identity))
        )
        names = differing(written, wanted, OF_MACHINES)
        if names:
            genome = {"chromosomes", _PLANNED_SEQUENCE}.intersection(names)
            options = (
                *([f"--model {shell_word(from_text(self.request.model))}"] * ("model" in names)),
                *([f"--genome {shell_word(self.genome.file)}"] * bool(genome)),
            )
            given = f" ({' '.join(options)})" if options else ""
            raise InputError(
                partial,
                f"planned with {another(written, wanted, OF_MACHINES)}; use what it was planned "
                f"with{given}",
            )

    def differences(self, other: ShardPlan) -> str:
        """In what another plan is of another work, as `regtrack.differences.another` says it."""
        if self.command != other.command:
            return another({"command": self.command}, {"command": other.command})
        mine, theirs = (
            {
                **plan.identity,
                "device": plan.device,
                "isa": plan.isa,
                "any_cpu": plan.any_cpu,
            }
            for plan in (self, other)
        )
        return another(mine, theirs)

    def write(self, partial: Path) -> None:
        """Write `plan.json`, the last file of a plan."""
        write_text(partial / PLAN, json.dumps(asdict(self), indent=1) + "\n")


def write_regions(partial: Path, asked: Regions, targets: Regions) -> tuple[str, str]:
    """Write what was asked for, and what of it is not N; the SHA-256 of both files."""
    for name, regions in (ASKED, asked), (TARGETS, targets):
        write_bed(partial / name, regions)
    return file_sha256(partial / ASKED), file_sha256(partial / TARGETS)


def read_plan(out: Path) -> ShardPlan:
    """The plan of the job that makes `out`; as `read_plan_in`."""
    return read_plan_in(partial_path(out.resolve()), out)


def read_plan_in(partial: Path, out: Path) -> ShardPlan:
    """The plan in a work folder, of what is made at `out`.

    Raises
    ------
    InputError
        When there is none.
    """
    try:
        return read_json(partial / PLAN, ShardPlan, FORMAT_VERSION)
    except FileNotFoundError:
        if (partial / IDENTITY).exists():
            raise InputError(
                out,
                f"not finished, and not in shards (its work lies in {partial.name}): the command "
                "that began it goes on with it",
            ) from None
        raise InputError(
            out, "no plan of shards there; regtrack predict or eval with --shards makes one"
        ) from None


def is_delivered(out: Path, files: Collection[str] = (CONTENTS, *REPORT_FILES)) -> bool:
    """Whether a job has left tracks or a report at `out`, and no plan beside it is unfinished.

    What is left beside it of a process that was killed when all was done is removed.

    Parameters
    ----------
    files
        By any of which what was left is known.
    """
    partial = partial_path(out.resolve())
    if not any((out / name).exists() for name in files):
        return False
    remove_finished(partial)
    return not (partial / PLAN).exists()


def as_read(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What of an identity a plan keeps, as it comes back from a file: with lists for tuples."""
    plain: dict[str, Any] = json.loads(json.dumps(identity))
    return {name: value for name, value in plain.items() if name not in OF_MACHINES}


def settle_machine(
    folder: Path, identity: Mapping[str, Any], may_differ: Collection[str], anew: bool
) -> None:
    """Record what the first shard is computed with, and refuse what would mix another with it.

    Parameters
    ----------
    folder
        Of the work.
    anew
        Nothing was computed yet, and nobody else is at work: an older record means nothing.

    Raises
    ------
    InputError
        When another shard was computed otherwise.
    """
    mine = {name: identity[name] for name in OF_MACHINES}
    record = folder / _MACHINE
    if anew:
        record.unlink(missing_ok=True)
    write_first(record, json.dumps(mine) + "\n")
    # Read also by who wrote it: without hard links, two may think that they were the first.
    theirs = read_json(record, dict[str, str])
    if other := another(theirs, mine, may_differ):
        remedy = _remedy(theirs, mine)
        raise InputError(folder.parent, f"other shards were computed with {other}; {remedy}")


def _remedy(theirs: Mapping[str, str], mine: Mapping[str, str]) -> str:
    """What helps where a machine is not like those before."""
    if theirs["device"] != mine["device"]:
        return f"use --device {theirs['device']}"
    if theirs["torch"] != mine["torch"]:
        return f"use PyTorch {theirs['torch']}"
    makers = {machine["arithmetic"].rpartition(", ")[2] for machine in (theirs, mine)}
    pinned = "plan all of them with --isa avx2, or " if len(makers) == 1 else ""
    return f"{pinned}mix them with --any-cpu"


def computed_on(folder: Path) -> str:
    """What the shards were computed on, as `reported_device` would say it there."""
    try:
        machine = read_json(folder / _MACHINE, dict[str, str])
    except FileNotFoundError:
        return "cpu"
    return "cpu" if machine["device"] == "cpu" else machine["arithmetic"]


def _in_order(regions: Regions, chrom_sizes: Mapping[str, int]) -> Regions:
    """Regions in the genome's order of chromosomes."""
    return {chrom: regions[chrom] for chrom in chrom_sizes if chrom in regions}
