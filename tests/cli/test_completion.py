"""`regtrack completion`: what shells complete, asked as they ask it, and typed into real ones."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import PATIENCE

from regtrack.cli.completion import VARIABLE, answer
from regtrack.cli.main import cli

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source {script}"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; source {script}"),
    "fish": (["fish", "--no-config", "-i"], "source {script}"),
}
TAB = "\t"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, in which a genome is configured that has an index."""
    for name in ("GENOME", "MODEL", "PEAKS"):
        monkeypatch.delenv(f"REGTRACK_{name}", raising=False)
    (tmp_path / "genome.fa.fai").write_text(
        "chr1\t9\t6\t9\t10\nchr10\t9\t22\t9\t10\nchrX\t9\t38\t9\t10\n"
    )
    (tmp_path / "other.fa.fai").write_text("chrUn\t9\t7\t9\t10\n")
    (tmp_path / "regtrack.toml").write_text('[defaults]\ngenome = "genome.fa"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def completed(
    project: Path,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[[str], list[str]]:
    """What bash is offered where a line ends: words, or `file` where it looks for files itself."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        assert answer(cli, "bash_complete") == 0
        out, err = capfd.readouterr()
        assert err == ""
        kinds = [row.partition(",") for row in out.splitlines() if row]
        return [word if kind == "plain" else kind for kind, _, word in kinds]

    return ask


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("regtrack pre", ["predict", "prepare"]),
        ("regtrack fetch gen", ["genes", "genome"]),
        ("regtrack predict --max", ["--max-error", "--max-gap"]),
        ("regtrack predict --help", ["--help-all", "--help"]),
        ("regtrack train --schedule co", ["cosine", "constant"]),
        ("regtrack predict --device c", ["cpu", "cuda"]),
        ("regtrack train --model di", ["dilated", "dilated3", "dilated6"]),
        ("regtrack compare dataset/ cnn", ["cnn1", "cnn3", "cnn7"]),
        ("regtrack predict --model de", ["demo", "deepsea"]),
        ("regtrack info de", ["demo", "deepsea"]),
        ("regtrack completion z", ["zsh"]),
    ],
)
def test_commands_options_choices_and_networks_are_offered(
    completed, line: str, offered: list[str]
) -> None:
    assert completed(line) == offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("regtrack predict chr1", ["chr1", "chr10"]),
        ("regtrack predict chrX chr10", ["chr10"]),
        ("regtrack eval tracks/ --region chrX", ["chrX"]),
        ("regtrack predict --genome other.fa chr", ["chrUn"]),
        ("regtrack browse tracks/ --region chrX", ["chrX"]),
        ("regtrack predict --genome none.fa chr", ["file"]),
        ("regtrack predict regions/a", ["file"]),
    ],
)
def test_chromosomes_are_those_of_the_genome_that_is_typed_or_else_configured(
    completed, line: str, offered: list[str]
) -> None:
    assert completed(line) == offered


def test_markers_are_offered_by_their_words_and_inside_of_quotes_by_their_names(completed) -> None:
    assert completed("regtrack fetch peaks --markers CTCF") == ["CTCF", "CTCFL"]
    assert completed("regtrack markers ctcfl") == ["CTCFL"]
    assert completed("regtrack explain demo chr1 --marker HepG") == ["HepG2"]
    assert completed("regtrack markers 'K562|CTCFL") == ["K562|CTCFL|None"]
    # What a shell would not take as it stands is not offered, such as Pol2(phosphoS2).
    assert completed("regtrack markers Pol2(") == []


def test_markers_are_those_of_the_model_where_there_is_one(completed) -> None:
    whole = set(completed("regtrack markers "))
    demo = set(completed("regtrack predict --model demo --markers "))
    assert len(demo) < len(whole) / 2
    assert "DNase" in demo
    assert set(completed("regtrack predict --markers ")) == demo  # which is what it would take


def test_a_path_is_left_to_the_shell(completed) -> None:
    assert completed("regtrack predict --out tr") == ["file"]
    assert completed("regtrack info tr") == ["file"]


def test_what_is_wrong_here_is_not_told_in_the_middle_of_a_line(
    project: Path, completed, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "regtrack.toml").write_text("[defaults\n")
    assert completed("regtrack pred") == ["predict"]
    (project / "bad.safetensors").write_text("no checkpoint")
    monkeypatch.setenv("COMP_WORDS", "regtrack predict --model bad.safetensors --markers C")
    monkeypatch.setenv("COMP_CWORD", "5")
    assert answer(cli, "bash_complete") == 1
    assert capfd.readouterr() == ("", "")


def test_completing_waits_for_no_heavy_library(project: Path) -> None:
    for line in ("regtrack predict chr", "regtrack predict --model demo --markers C"):
        environment = os.environ | {
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
            VARIABLE: "bash_complete",
        }
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "regtrack"],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout
        loaded = {row.rpartition("|")[2].strip() for row in done.stderr.splitlines()}
        assert loaded & {"torch", "pysam", "numba", "scipy", "matplotlib", "pandas"} == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_is_printed(shell: str, regtrack) -> None:
    status, out, err = regtrack("completion", shell)
    assert (status, err) == (0, "")
    assert f"{VARIABLE}={shell}_complete" in out


def test_other_shells_are_refused(regtrack) -> None:
    status, _, err = regtrack("completion", "tcsh")
    assert status == 2
    assert "'tcsh' is not one of" in err


class Terminal:
    """A shell in a terminal of its own, in which `regtrack` keeps what it was called with."""

    def __init__(self, command: list[str], folder: Path) -> None:
        programs = folder / "bin"
        programs.mkdir()
        self._asked, self.typed = folder / "asked", folder / "typed"
        program = programs / "regtrack"
        program.write_text(
            "#!/bin/sh\n"
            f'if [ -n "${VARIABLE}" ]; then\n'
            f'  "{sys.executable}" -m regtrack; echo >> "{self._asked}"\n'
            f'else printf "%s\\n" "$@" > "{folder}/aside"; mv "{folder}/aside" "{self.typed}"; fi\n'
        )
        program.chmod(0o755)
        self._asked.touch()
        self._terminal, theirs = pty.openpty()
        self._shell = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ
            | {"PATH": f"{programs}:{os.environ['PATH']}", "TERM": "xterm", "HOME": str(folder)},
        )
        os.close(theirs)

    def type(self, text: str) -> None:
        """Type letters; after a Tab, wait for regtrack's answer, as a person does."""
        for part in re.findall(f"{TAB}|[^{TAB}]+", text):
            before = self._asked.stat().st_size
            os.write(self._terminal, part.encode())
            if part == TAB:
                self.wait(lambda before=before: self._asked.stat().st_size > before)
            self.wait(lambda: True)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Read what is printed, which nobody looks at, until something has happened."""
        end = time.monotonic() + PATIENCE
        while self._read() or not condition():
            assert time.monotonic() < end, "nothing happened"

    def _read(self) -> bool:
        """Whether anything was printed within a moment."""
        if not select.select([self._terminal], [], [], 0.3)[0]:
            return False
        os.read(self._terminal, 10_000)
        return True

    def close(self) -> None:
        """End the shell."""
        self._shell.kill()
        self._shell.wait()
        os.close(self._terminal)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_what_is_typed(shell: str, project: Path, regtrack) -> None:
    command, start = SHELLS[shell]
    for program in (command[0], "setsid"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed here")
    script = project / "script"
    script.write_text(regtrack("completion", shell)[1])
    terminal = Terminal(command, project)
    try:
        terminal.wait(lambda: True)
        terminal.type(start.format(script=script) + "\n")
        line = f"regtrack predi{TAB}chrX{TAB}--wind{TAB}5 --markers TEAD{TAB}"
        terminal.type(f"{line}--markers 'K562|TEAD{TAB}\n")
        terminal.wait(terminal.typed.is_file)
    finally:
        terminal.close()
    assert terminal.typed.read_text().split() == [
        *("predict", "chrX", "--window", "5"),
        *("--markers", "TEAD4", "--markers", "K562|TEAD4|DREAM"),
    ]
