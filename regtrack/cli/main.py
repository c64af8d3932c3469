"""The command `regtrack`: its subcommands, its configuration file, its exit statuses."""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import click

from regtrack import __version__
from regtrack.cli.browse import browse
from regtrack.cli.compare import compare
from regtrack.cli.completion import VARIABLE, answer, completion
from regtrack.cli.config import PROBLEM, find_config, name_variables, read_config, variables_of
from regtrack.cli.crossval import crossval
from regtrack.cli.demo import demo
from regtrack.cli.doctor import doctor
from regtrack.cli.eval import eval_
from regtrack.cli.explain import explain
from regtrack.cli.fetch import fetch
from regtrack.cli.finish import finish
from regtrack.cli.help_page import Group
from regtrack.cli.hub import hub
from regtrack.cli.import_ import import_
from regtrack.cli.info import info
from regtrack.cli.init import init
from regtrack.cli.kinds import Region
from regtrack.cli.markers import markers
from regtrack.cli.models import models
from regtrack.cli.predict import predict
from regtrack.cli.prepare import prepare
from regtrack.cli.search import search
from regtrack.cli.session import session
from regtrack.cli.streams import guard_streams, lost_output
from regtrack.cli.teller import Teller
from regtrack.cli.thresholds import thresholds
from regtrack.cli.train import train
from regtrack.cli.typos import misspelt_variables, refuse_command, understood
from regtrack.errors import (
    ArgumentError,
    BusyError,
    DeviceMemoryError,
    InputError,
    RegtrackError,
    TerminatedError,
    printable,
)
from regtrack.notes import heard, note
from regtrack.paths import nearest

_PEAKS = "--peaks"

# What a broken regtrack.toml does not stop.
_ONLY_TELLS = "regtrack.only-tells"
_HELP = frozenset(("-h", "--help", "--help-all"))
_WITHOUT_CONFIG = ("doctor", "completion")

# Exit statuses of errors that users can mend; of others it is 1.
_STATUSES = {ArgumentError: 2, BusyError: 75}
# Those whose work a later run finds, whatever they were asked for.
_GOES_ON = {"predict", "finish", "train", "search", "compare", "crossval", "fetch"}
# Those that write all at their end.
_AT_ONCE = {"prepare", "thresholds", "explain", "hub", "session", "eval"}


# How help lists the commands.
_SECTIONS = {
    "To begin with": ("demo", "fetch", "init", "doctor"),
    "Tracks": ("predict", "finish", "eval", "browse", "session", "hub", "explain"),
    "Networks": ("prepare", "train", "search", "compare", "crossval", "thresholds", "import"),
    "What there is": ("info", "models", "markers", "completion"),
}


class _Commands(Group):
    """Refuses `--peaks` that is given twice, or that the shell took apart, before any work.

    And understands what is typed nearly right.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click, also `help` and `version`."""
        return super().parse_args(ctx, understood(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, and what stands behind it."""
        if not ctx.resilient_parsing:
            refuse_command(ctx, args[0])
        name, command, words = super().resolve_command(ctx, args)
        ctx.meta[_ONLY_TELLS] = name in _WITHOUT_CONFIG or bool(_HELP.intersection(words))
        if ctx.resilient_parsing:  # half a line, which a shell completes
            return name, command, words
        for option in command.params if command is not None else ():
            if _PEAKS in option.opts:
                assert command is not None
                _check_peaks(command, getattr(option, "multiple", False), words)
        return name, command, words


def _check_peaks(command: click.Command, repeatable: bool, words: Sequence[str]) -> None:
    places = [at for at, word in enumerate(words) if word.partition("=")[0] == _PEAKS]
    if len(places) > 1 and not repeatable:
        raise ArgumentError(
            "peaks",
            "given twice; regtrack init --peaks A --peaks B makes one markers table of several",
        )
    # Where regions may be files, a second one need not come from a pattern.
    several = any(
        isinstance(parameter, click.Argument) and isinstance(parameter.type, Region)
        for parameter in command.params
    )
    for at in places:
        from regtrack.genome.measured import is_peak_file

        files = list(
            takewhile(
                lambda file: is_peak_file(file) and file.is_file(), map(Path, words[at + 1 :])
            )
        )
        if len(files) > (2 if several else 1) and len({file.parent for file in files}) == 1:
            raise ArgumentError(
                "peaks",
                f"{len(files):,} files follow, {files[0]} first: a pattern needs quotes, as "
                f"'{files[0].parent / '*'}'",
            )


@click.group(
    cls=_Commands,
    examples=(
        "regtrack demo",
        "regtrack predict chr22 --out tracks/",
        "regtrack browse tracks/",
    ),
    sections=_SECTIONS,
    context_settings={"max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="regtrack")
@click.option("--debug", is_flag=True, help="Show the traceback of every error.")
@click.option("--quiet", is_flag=True, help="Show no progress; notes and errors, still.")
@click.pass_context
def cli(context: click.Context, /, quiet: bool, **_: bool) -> None:
    """See what a sequence model predicts: per-base regulatory tracks of whole chromosomes.

    Options may also come from the environment (REGTRACK_GENOME, REGTRACK_PREDICT_WINDOW,
    ...) or from the nearest regtrack.toml, looked for from the working folder upward.
    """
    Teller.current().is_quiet = quiet
    for name, meant in misspelt_variables(os.environ, variables_of(cli.commands)):
        note(f"{name} is no variable of regtrack; {meant} is")
    config = find_config(_working_folder())
    if config is None or context.invoked_subcommand == "init":  # which writes one
        return
    try:
        context.default_map = read_config(config, cli.commands)
    except InputError as error:
        if not context.meta[_ONLY_TELLS]:
            raise
        context.meta[PROBLEM] = str(error)  # for the doctor to tell


for command in (
    demo,
    fetch,
    import_,
    init,
    doctor,
    prepare,
    train,
    search,
    compare,
    crossval,
    predict,
    finish,
    thresholds,
    eval_,
    browse,
    session,
    hub,
    explain,
    info,
    models,
    markers,
    completion,
):
    cli.add_command(command)
name_variables(cli.commands)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit status.

    0 is success, 1 bad input, an operating-system error or too little memory, 2 a wrong option,
    75 that another process is at work on it, 130 Ctrl-C, 143 SIGTERM. A bug keeps its traceback.
    """
    teller, status = Teller(arguments), None
    try:
        status = _run(arguments, teller)
    except BaseException:
        teller.record(traceback.format_exc())
        raise
    finally:
        teller.end(status)
    return status


def _run(arguments: Sequence[str], teller: Teller) -> int:
    debug, context = False, None
    try:
        with (
            cli.make_context("regtrack", list(arguments), obj=teller) as context,
            heard(teller.note),
        ):
            debug = context.params["debug"]
            cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            usage = " ".join(error.ctx.get_usage().split())
            teller.say(f"{usage}  (--help says more)")
        teller.say(printable(f"Error: {error.format_message()}".replace("\n", " ")))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        ended = isinstance(error, TerminatedError)
        what = " ".join(
            filter(None, ("terminated" if ended else "interrupted", _reached(error, teller)))
        )
        kept = teller.is_begun or bool(str(error))
        teller.say(f"regtrack: {what}{_how_to_go_on(context, teller, kept)}")
        return 143 if ended else 130
    except (RegtrackError, OSError, MemoryError, RuntimeError) as error:
        if debug or not _can_be_mended(error):
            raise
        if isinstance(error, ArgumentError):
            error = ArgumentError(_as_typed(error.argument, context), error.problem)
        elif isinstance(error, DeviceMemoryError):
            error = RegtrackError(error.advice(_typed_names(context)))
        teller.say(f"regtrack: {_as_typed_here(_one_line(error), arguments)}")
        kinds = (status for kind, status in _STATUSES.items() if isinstance(error, kind))
        return next(kinds, 1)
    return 0


def _reached(error: BaseException, teller: Teller) -> str:
    """How far the work came: as the command says it, or as its bar showed it."""
    return str(error) or teller.reached


def _how_to_go_on(context: click.Context | None, teller: Teller, kept: bool) -> str:
    """What to do next; where nothing is known to be kept, nothing is promised."""
    invoked = context.invoked_subcommand if context else None
    if invoked in _GOES_ON or teller.goes_on:
        return f"; run the same command again{' to continue' if kept else ''}"
    return "; nothing was written" if invoked in _AT_ONCE else ""


def main() -> None:
    """Entry point of the command `regtrack`."""
    if VARIABLE in os.environ:  # a shell that completes a line
        sys.exit(answer(cli, os.environ[VARIABLE]))
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    # Where there is colorama, numba would end every result on a terminal with an escape.
    os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
    out = guard_streams()
    status = run(sys.argv[1:])
    lost = lost_output(out)
    if lost is not None:
        click.echo(f"regtrack: {lost}", err=True)
    sys.exit(status or int(lost is not None))


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise InputError(".", "the working folder was removed; cd into one that exists") from error


def _terminate(*_: object) -> None:
    raise TerminatedError


def _can_be_mended(error: Exception) -> bool:
    """Whether an error is none of regtrack's own; torch has no class for memory that ran out."""
    return not isinstance(error, RuntimeError) or _ran_out_of_memory(error)


def _ran_out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in str(error)
    )


def _as_typed(argument: str, context: click.Context | None) -> str:
    """What users type for an argument of the library: `--max-error` for `max_error`."""
    return _typed_names(context).get(argument, f"--{argument.replace('_', '-')}")


def _typed_names(context: click.Context | None) -> dict[str, str]:
    """The same, of all arguments of a command and its subcommands."""
    command = cli.commands.get(context.invoked_subcommand or "") if context else None
    commands = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    names: dict[str, str] = {}
    for parameter in (own for each in commands if each for own in each.params):
        argument = parameter.name or ""
        if isinstance(parameter, click.Option):
            names.setdefault(argument, max(parameter.opts, key=len))
        else:
            names.setdefault(argument, (parameter.metavar or argument.upper()).strip("[]."))
    return names


def _as_typed_here(text: str, arguments: Sequence[str]) -> str:
    """Paths as they were typed: relative ones, whose links were followed before work began."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return text
    for path in {Path(os.path.normpath(word.rpartition("=")[2])) for word in arguments}:
        if path.parts and not path.is_absolute():
            absolute = re.escape(str(here / path))
            text = re.sub(
                rf"(?<![^\s'\"(=]){absolute}(?![\w-])", str(path).replace("\\", r"\\"), text
            )
    return text


def _one_line(error: Exception) -> str:
    if _ran_out_of_memory(error):
        said = f" ({error})" if str(error) else ""
        return printable(f"memory ran out{said}".replace("\n", " "))
    if isinstance(error, OSError) and error.filename is not None:
        alike = nearest(error.filename) if isinstance(error, FileNotFoundError) else ""
        return printable(f"{error.filename}: {error.strerror}{alike}")
    return printable(str(error).replace("\n", " "))
