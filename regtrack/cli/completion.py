"""`regtrack completion`: what lets a shell complete commands, options, markers and chromosomes."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class, shell_complete

from regtrack.cli.config import find_config, read_config
from regtrack.cli.help_page import Argument, Command
from regtrack.errors import RegtrackError

# The script calls regtrack with it, and with what was typed.
VARIABLE = "_REGTRACK_COMPLETE"


@click.command(
    cls=Command,
    short_help="Print a shell script for Tab completion.",
    examples=(
        "regtrack completion bash >> ~/.bashrc",
        "regtrack completion zsh >> ~/.zshrc",
        "regtrack completion fish > ~/.config/fish/completions/regtrack.fish",
    ),
)
@click.argument(
    "shell",
    type=click.Choice(["bash", "zsh", "fish"]),
    metavar="bash|zsh|fish",
    cls=Argument,
    says="Your shell: echo $SHELL says which.",
)
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a shell script for Tab completion.

    Open a new shell afterwards. bash must be version 4.4 or later. In ~/.zshrc, the line
    "autoload -Uz compinit && compinit" must stand before the script.

    It completes commands, options and their choices, networks, markers (their targets, cells and
    categories; whole names inside of quotes, from the first | on), chromosomes of the genome that
    is typed or configured, and files.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click knows all three
    root = context.find_root().command
    click.echo(kind(root, {}, "regtrack", VARIABLE).source(), nl=False)


def answer(cli: click.Group, instruction: str) -> int:
    """Print what a shell asks for; returns an exit status.

    What is wrong with a configuration or a file is not told in the middle of a line.
    """
    try:
        config = find_config(Path.cwd())
        defaults = read_config(config, cli.commands) if config is not None else {}
    except (RegtrackError, OSError):
        defaults = {}
    try:
        return shell_complete(cli, {"default_map": defaults}, "regtrack", VARIABLE, instruction)
    except (RegtrackError, OSError):
        return 1
