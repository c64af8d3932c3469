"""What the checks of gpu.py share: the inputs, commands of regtrack, and outcomes as they come."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from predict import MEGABASE, lengthen, widen

from regtrack.prediction.job import Job, make_job
from regtrack.prediction.settings import PredictionSettings

# Seconds that no command takes.
_LIMIT = 240
# What is slow without a GPU, in an interpreter, is waited for so many times as long.
_PATIENCE = 8


class Outcome(NamedTuple):
    """PASS or FAIL of something."""

    good: bool
    name: str
    detail: str


@dataclass
class Proof:
    """Outcomes and figures, printed when they are known and again at the end."""

    seconds: float  # nothing is begun after so many
    began: float = field(default_factory=time.monotonic)
    outcomes: list[Outcome] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def say(self, *words: object) -> None:
        """Print with the time."""
        print(f"[{self.spent:6.1f}]", *words, flush=True)

    def expect(self, good: object, name: str, detail: object = "") -> None:
        """Note an outcome."""
        self.outcomes.append(Outcome(bool(good), name, str(detail)))
        self.say("PASS" if good else "FAIL", f"{name}: {detail}")

    def figure(self, text: str) -> None:
        """Note what was measured."""
        self.figures.append(text)
        self.say("FIGURE", text)

    def run(self, name: str, check: Callable[[], None]) -> None:
        """Do a check; whatever it raises is its failure."""
        if self.spent > self.seconds:
            self.say("SKIP", name, "no time left")
            return
        self.say("==", name)
        began = self.spent
        try:
            check()
        except Exception as error:  # noqa: BLE001 - the others are still to be done
            traceback.print_exc()
            self.expect(False, name, f"{type(error).__name__}: {error}"[:2_500])
        self.say(f"== {name} took {self.spent - began:.1f} s")

    def conclude(self) -> bool:
        """Print all again; whether all is well."""
        print("\n".join(["", "figures", *self.figures, "", "outcomes"]))
        for good, name, detail in self.outcomes:
            print("PASS" if good else "FAIL", name, "-", detail[:300])
        bad = sum(not outcome.good for outcome in self.outcomes)
        print(f"{len(self.outcomes) - bad} PASS, {bad} FAIL, {self.spent:.0f} s")
        return not bad


@dataclass(frozen=True)
class Bench:
    """What is proved with.

    Parameters
    ----------
    model, genome
        A trained network, and sequence that it reads.
    work
        A folder for all that is made.
    device
        `cuda:0`; `cpu` where Triton's interpreter takes a GPU's place.
    megabases
        Of the long run.
    markers
        Of the network: its outputs are repeated.
    """

    proof: Proof
    model: Path
    genome: Path
    work: Path
    device: str
    megabases: int
    markers: int

    @property
    def small(self) -> bool:
        """Whether there is no GPU, so that everything is as small as it can be."""
        return self.device == "cpu"

    @property
    def region(self) -> str:
        """What commands predict."""
        return "chr1:1-120000" if self.small else "chr1"

    def wide(self) -> Path:
        """The network with so many markers."""
        path = self.work / "wide.safetensors"
        return path if path.exists() else widen(self.model, self.markers, path)

    def long(self, megabases: int) -> Path:
        """A chromosome of so many."""
        path = self.work / f"{1 if self.small else megabases}.fa"
        if path.exists():
            return path
        return lengthen(self.genome, (1 if self.small else megabases) * MEGABASE, path)

    def job(self, megabases: int, regions: list[str]) -> Job:
        """A prediction, in this process."""
        settings = PredictionSettings()
        genome = self.long(megabases)
        return make_job(self.wide(), genome, regions, [], settings, self.device, any_genome=True)

    def predict_words(self, megabases: int, out: Path, device: str | None = None) -> list[str]:
        """Of a command that predicts a whole chromosome."""
        words = ["predict", self.region, "--model", self.wide(), "--genome", self.long(megabases)]
        words += ["--out", out, "--device", device or self.device, "--any-genome", "--force"]
        return list(map(str, words))

    def command(self, *words: object, cwd: Path | None = None, may_fail: bool = False) -> Ended:
        """Run a command of regtrack.

        Parameters
        ----------
        may_fail
            Its exit status says something of this machine.

        Raises
        ------
        RuntimeError
            When it fails.
        """
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "regtrack", *map(str, words)],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=_LIMIT * (_PATIENCE if self.small else 1),
            check=False,
        )
        if done.returncode and not may_fail:
            raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr[-2_500:]}")
        return Ended(time.monotonic() - began, done.stdout)


class Ended(NamedTuple):
    """A command that ended well, and what it printed."""

    seconds: float
    text: str
