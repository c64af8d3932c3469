"""`--help`: a screenful with examples and groups; `--help-all`: everything."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from regtrack.cli.help_groups import ADVANCED, GROUPS, group_of, listed_options
from regtrack.cli.help_page import Command, first_sentence
from regtrack.cli.main import cli

SCREEN = 50  # lines of 80 columns


def commands_of(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{path}{name} ")


COMMANDS = dict(commands_of(cli))
SIMPLE = {path: one for path, one in COMMANDS.items() if isinstance(one, Command)}


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def options_of(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


def sections(text: str) -> dict[str, str]:
    """What stands below each heading of a help, in one line."""
    found: dict[str, str] = {}
    title = ""
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            title = line[:-1]
        else:
            found[title] = " ".join([found.get(title, ""), *line.split()])
    return found


def test_every_command_but_the_groups_is_of_the_kind_that_has_examples_and_groups() -> None:
    others = {path for path in COMMANDS if path not in SIMPLE}
    assert {path for path in others if not isinstance(COMMANDS[path], click.Group)} == set()


@pytest.mark.parametrize("path", ["", *COMMANDS])
def test_help_is_read_in_one_screen_of_80_columns(path: str, regtrack) -> None:
    status, out, err = regtrack(*path.split(), "--help")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) <= SCREEN
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("path", SIMPLE)
def test_help_names_every_option_and_help_all_says_all_of_each(path: str, regtrack) -> None:
    short = regtrack(*path.split(), "--help")[1]
    status, full, _ = regtrack(*path.split(), "--help-all")
    assert status == 0
    one_line = " ".join(full.split()).replace("- ", "-")
    for option in options_of(SIMPLE[path]):
        assert max(option.opts, key=len) in short.split()
        # A word with a hyphen in it may be broken there.
        assert " ".join((option.help or "").split()).replace("- ", "-") in one_line


@pytest.mark.parametrize("path", SIMPLE)
@pytest.mark.parametrize("asked", ["--help", "--help-all"])
def test_help_says_neither_ranges_nor_that_an_option_is_required(
    path: str, asked: str, regtrack
) -> None:
    out = regtrack(*path.split(), asked)[1]
    for word in ("RANGE", "x>=", "0<=x", "[required]", "None"):
        assert word not in out.replace("CTCF|None", "")


def test_required_is_only_what_no_configuration_gives_to_all_commands(regtrack) -> None:
    predict = sections(regtrack("predict", "--help")[1])
    assert "REGION..." in predict["Required"]
    assert "--out" in predict["Required"]
    assert (
        "--genome PATH FASTA, plain or bgzip; needed, here or in regtrack.toml"
        in (predict["Input"])
    )
    prepare = sections(regtrack("prepare", "--help")[1])
    assert "--peaks" not in prepare["Required"]


def test_an_option_is_shown_with_its_first_sentence_its_choices_and_its_default(regtrack) -> None:
    train = sections(regtrack("train", "--help")[1])
    assert (
        "--learning-rate FLOAT Learning rate of the optimizer (Adam). [default: 0.001; 0.002 for "
        "residual, u-net and hybrid]" in (train["Training"])
    )
    assert "--schedule cosine|constant" in train["Training"]
    assert "--minutes FLOAT Stop after so many minutes. --patience" in train["Training"]
    full = sections(regtrack("train", "--help-all")[1])
    assert "Stop after so many minutes. The last validation takes extra time." in full["Training"]
    assert "[default: reverse-complement]" in full[ADVANCED]


def test_what_few_need_is_only_named_where_there_are_many_options(regtrack) -> None:
    assert "--kernel --f1 --f2" in sections(regtrack("train", "--help")[1])[ADVANCED]
    few = sections(regtrack("finish", "--help")[1])[ADVANCED]
    assert "--verify With --shard, and in finish: read the whole FASTA again" in few


def test_help_says_that_there_is_more_only_where_there_is(regtrack) -> None:
    more = "--help-all says more"
    assert f"regtrack train {more} about each option" in regtrack("train", "--help")[1]
    assert more not in regtrack("train", "--help-all")[1]
    for short in ("models", "completion"):
        assert more not in regtrack(short, "--help")[1]
    assert "PATH is anything that" in regtrack("info", "--help-all")[1]


def test_help_shows_how_a_job_is_cut_in_shards_and_what_is_not_given_with_one(regtrack) -> None:
    predict = sections(regtrack("predict", "--help")[1])
    assert "predict all --out tracks/ --shards 40" in predict["Examples"]
    assert "predict --shard 7/40 --out tracks/" in predict["Examples"]
    assert "Not with --shard." in predict["Required"]
    assert "Not with --shard." in sections(regtrack("eval", "--help")[1])["Required"]


@pytest.mark.parametrize("path", COMMANDS)
def test_examples_have_options_that_their_command_knows(path: str) -> None:
    command = COMMANDS[path]
    for example in command.examples:  # type: ignore[attr-defined]
        words = shlex.split(example)
        words = words[words.index("regtrack") + 1 :]
        found: click.Command = cli
        while isinstance(found, click.Group):
            found = found.commands[words.pop(0)]
        known = {name for option in found.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= known, example
        assert found is command or isinstance(command, click.Group)


def test_every_option_has_a_heading_and_every_line_of_the_table_an_option() -> None:
    names = {
        option.opts[0]
        for command in SIMPLE.values()
        for option in options_of(command)
        if not option.required
    }
    assert names - listed_options() == set()
    assert (
        listed_options()
        - {option.opts[0] for command in SIMPLE.values() for option in options_of(command)}
        == set()
    )
    assert {group_of("", name) for name in names} <= set(GROUPS)


def test_the_commands_are_listed_by_what_they_are_for_each_once(regtrack) -> None:
    listed = [name for names in cli.sections.values() for name in names]  # type: ignore[attr-defined]
    assert sorted(listed) == sorted(cli.commands)
    found = sections(regtrack("--help")[1])
    assert found["To begin with"].split()[0] == "demo"
    assert "predict Write a BigWig and peaks per marker" in found["Tracks"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("Only this.", "Only this."),
        ("Some, e.g. CTCF; more. Then.", "Some, e.g. CTCF; more."),
        ("(In brackets.) Outside.", "(In brackets.)"),
        ("A file.py and 0.5. Then.", "A file.py and 0.5."),
    ],
)
def test_the_first_sentence_of_a_text(text: str, first: str) -> None:
    assert first_sentence(text) == first
