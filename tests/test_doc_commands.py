"""Every block of README and docs is typed as it stands, or says above itself why no test does.

`tests/desk.py` has what the pages take for granted, in small. `docs/tutorial.md` is typed on the
demo's real data, in `tests/cli/test_demo.py`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from builders import write_checkpoint
from desk import SIZES, make_desk, same, stand_in, the_web
from fetching_server import serving
from page_blocks import PAGES, SHELL, TOP, Block, blocks_of, commands_of, mentioned
from waiting import PATIENCE

from regtrack.cli.config import read_config
from regtrack.cli.main import cli, run
from regtrack.documents import read_toml
from regtrack.genome import catalogue
from regtrack.genome.genes import read_genes

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TYPED = [block for block in BLOCKS if not block.mark and block.page.stem != "tutorial"]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
DEMO = TOP / "regtrack" / "demo" / "data"
# Programs that a test may run in a folder of its own.
SAFE = ("regtrack", "awk", "cp", "python")
# How much, not what.
_MORE = re.compile(r"(?<=--trials )\d+|(?<=--steps )\d+")
_SHARD = re.compile(r"(?<=--shard )\d+/(\d+)")


@dataclass(frozen=True)
class Study:
    """A furnished desk, a cache that has DeepSEA, and programs; none of them to be changed."""

    desk: Path
    cache: Path
    programs: Path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("study")
    found = Study(folder / "desk", folder / "cache", folder / "bin")
    with pytest.MonkeyPatch.context() as patch:
        stand_in(patch, folder)
        catalogue.catalogue.cache_clear()
        of_deepsea = {"task": "short", "architecture": "deepsea", "assembly": "hg19"}
        markers = catalogue.catalogue()
        write_checkpoint(folder / "deepsea.safetensors", markers, SIZES, **of_deepsea)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            patch.delenv(name, raising=False)
        for name in ("GENOME", "MODEL", "PEAKS", "GENES", "EXCLUDE"):
            patch.delenv(f"REGTRACK_{name}", raising=False)
        patch.setenv("REGTRACK_CACHE", str(found.cache))
        patch.setattr("regtrack.browsers.server.serve", lambda *_: None)  # as if Ctrl-C came
        patch.setattr("webbrowser.open", lambda _: False)
        found.desk.mkdir()
        patch.chdir(found.desk)
        found.programs.mkdir()
        ours = found.programs / "regtrack"
        ours.write_text(f'#!/bin/sh\nexec {sys.executable} -m regtrack "$@"\n')
        ours.chmod(0o755)
        with serving(the_web()) as web:
            patch.setenv("NO_PROXY", "127.0.0.1")
            patch.setenv("REGTRACK_FETCH_MIRROR", web.url)
            make_desk(found.desk, _call)
            _call("fetch", "model", "deepsea")
            yield found
    catalogue.catalogue.cache_clear()


@pytest.fixture
def place(
    study: Study, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Where a block is typed: the desk without what the block will write.

    Where `regtrack init` looks around, nothing lies about but peaks that the block names.
    """
    block: Block = request.getfixturevalue("block")
    folder = tmp_path / "desk"
    if "regtrack init" in block.text:
        folder.mkdir()
        if "peaks/" in block.text:
            same(study.desk / "peaks", folder / "peaks")
    else:
        same(study.desk, folder)
        for written in re.findall(r"(?:--out |--export |out=\")([\w./-]+)", block.text):
            if (folder / written).exists():
                (folder / written).rename(tmp_path / f"before-{Path(written).name}")
        for other in blocks_of(block.page):
            if (name := other.said("file")) and (other.line < block.line or name in block.text):
                (folder / name).unlink(missing_ok=True)
                (folder / name).write_text(other.text)
    if (
        block.page.stem == "install" and "hg19.fa" in block.text
    ):  # the demo's network wants all of its genome
        (folder / "regtrack.toml").unlink()
        (folder / "hg19.fa").unlink()
        os.link(DEMO / "genome.fa.gz", folder / "hg19.fa")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    programs = (study.programs, Path(sys.executable).parent, os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, programs)))
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    if "regtrack fetch" in block.text:
        monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("block", TYPED, ids=str)
def test_what_a_page_says_can_be_typed(block: Block, capfd: pytest.CaptureFixture[str]) -> None:
    if block.text.startswith("import "):
        exec(compile(block.text, str(block), "exec"), {})
        return
    capfd.readouterr()
    for line in block.lines():
        _type(_MORE.sub("1", line))
    shown = block.output()
    if shown:
        said = capfd.readouterr().out.splitlines()
        assert [line.split()[0] for line in said] == [line.split()[0] for line in shown]


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.said("file")], ids=str)
def test_a_file_that_a_page_shows_can_be_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / str(block.said("file"))
    path.write_text(block.text)
    if path.name == "regtrack.toml":
        assert any(read_config(path, cli.commands).values())
    elif path.suffix == ".toml":
        assert read_toml(path)
    elif path.suffix == ".bed":
        assert read_genes(path, SIZES)
    else:
        compile(block.text, str(block), "exec")


def test_what_a_page_shows_of_a_file_is_what_is_written(study: Study) -> None:
    shown = [block for block in BLOCKS if block.said("shows")]
    assert [block.said("shows") for block in shown] == ["markers.tsv"]
    header, *rows = (line.split() for line in shown[0].text.splitlines())
    written = [line.split() for line in (study.desk / "markers.tsv").read_text().splitlines()]
    assert header == written[0]
    for _, *cells in rows:
        assert cells in [one[1:] for one in written]


def test_a_block_that_no_test_types_says_why() -> None:
    for block in BLOCKS:
        assert not block.mark or any(map(block.said, ("not run", "file", "shows"))), block


@every_page
def test_what_is_not_typed_is_understood_all_the_same(page: Path) -> None:
    for words in commands_of(page):
        command = _command(words)
        context = click.Context(command)
        taken, _, order = command.make_parser(context).parse_args(words)
        given = {one.name for one in order if taken.get(str(one.name)) not in (None, ())}
        needed = [one for one in command.params if isinstance(one, click.Argument) and one.required]
        assert {one.name for one in needed} <= given, words


@every_page
def test_commands_in_sentences_have_the_options_that_are_shown(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        pytest.skip("it also names what is corrected, such as `regtrack help`")
    for words in mentioned(page):
        options = _command(words).get_params(click.Context(cli))
        known = {name for one in options for name in (*one.opts, *one.secondary_opts)}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, words


@every_page
def test_other_programs_are_asked_for_what_is_there(page: Path) -> None:
    text = "\n".join(line for block in blocks_of(page) for line in block.lines())
    targets = (TOP / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (?:\S+=\S+ )*(\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", targets, re.MULTILINE), target
    extras = read_toml(TOP / "pyproject.toml")["project"]["optional-dependencies"]
    for names in re.findall(r"pip install '\.\[(.+?)\]'", text):
        assert set(names.split(",")) <= set(extras)
    for path in re.findall(r"(?:examples|benchmarks)/[\w./-]+\w", text):
        assert (TOP / path).exists(), path
    for script, options in re.findall(r"^(?:\S+=\S+ )?python3? (\S+\.py)(.*)", text, re.MULTILINE):
        for option in re.findall(r"--[\w-]+", options):
            assert f'"{option}"' in (TOP / script).read_text(encoding="utf-8"), (script, option)


def _command(words: list[str]) -> click.Command:
    """The command that is called; its name is taken from the words."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, words
        command = found
    return command


def _type(line: str) -> None:
    """A line of a block; a shard stands for all of its job."""
    words = shlex.split(line)
    if words[0] == ".":
        assert Path(words[1]).exists()
    elif words[0] == "cd":
        os.chdir(words[1])
    elif words[0] != "regtrack" or any(map(SHELL.fullmatch, words)):
        assert words[0] in SAFE, f"no test types {words[0]}: say why above the block"
        subprocess.run(["bash", "-ec", line], check=True, timeout=PATIENCE)
    elif found := _SHARD.search(line):
        for number in range(1, int(found[1]) + 1):
            _call(*shlex.split(_SHARD.sub(f"{number}/{found[1]}", line))[1:])
    else:
        _call(*words[1:])


def _call(*words: str) -> None:
    assert run(words) == 0, " ".join(words)
