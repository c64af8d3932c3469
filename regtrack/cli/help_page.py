"""`--help`: a screenful, with examples and options in groups; `--help-all`: all there is to say."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import click

from regtrack.cli.config import is_shared
from regtrack.cli.help_groups import ADVANCED, GROUPS, REQUIRED, group_of, place_of
from regtrack.cli.typos import meant_option

# A command with no more options than this has room for all of them.
_FEW = 12
_COLUMN = 26  # of the names, at most
_FULL = "regtrack.help.full"
_KINDS: tuple[tuple[type[click.ParamType[Any]], str], ...] = (
    (click.types.IntParamType, "INT"),
    (click.types.FloatParamType, "FLOAT"),
)
# Not the full stop of "e.g.", and with the bracket that may follow one.
_SENTENCE_END = re.compile(r"(?<!e\.g)(\.\)?) +")


def _show_all(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        context.meta[_FULL] = True
        click.echo(context.get_help(), color=context.color)
        context.exit()


_HELP_ALL = click.Option(
    ["--help-all"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all,
    help="Show all options, each in full.",
)


_HELP_NAMES = ["-h", "--help"]


class Argument(click.Argument):
    """An argument, and what help says of it; click has that from version 8.5 on only."""

    def __init__(self, *declared: Any, says: str, **attributes: Any) -> None:
        super().__init__(*declared, **attributes)
        self.says = says


class Command(click.Command):
    """A command whose help begins with examples, and lists its options in groups."""

    def __init__(self, *declared: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*declared, **attributes)
        self.examples = examples

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """The same for all; click keeps those of the context that happens to ask first."""
        ctx.help_option_names = _HELP_NAMES
        return super().get_help_option_names(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click, which knows no other program's names of options."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for option in self.params for name in option.opts]
            meant = meant_option(error.option_name, known)
            if meant is None:
                raise
            text = f"No such option {error.option_name!r}. Did you mean {meant!r}?"
            raise click.NoSuchOption(error.option_name, text, ctx=ctx) from error

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Those of the command, `--help-all` and `--help`."""
        *own, shortest = super().get_params(ctx)
        return [*own, _HELP_ALL, shortest]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Usage, what the command does, examples, options."""
        full = bool(ctx.meta.get(_FULL))
        shown, left = _sections(self, full)
        has_more = not full and (bool(left) or _has_more(self))
        self.format_usage(ctx, formatter)
        _write_intro(self, formatter, full=not has_more)
        _write_examples(self.examples, formatter)
        _write_sections(shown, formatter)
        if left:
            with formatter.section(ADVANCED):
                _write_names([max(one.opts, key=len) for one in left], formatter)
        if has_more:
            formatter.write_paragraph()
            formatter.write_text(f"{ctx.command_path} --help-all says more about each option.")


class Group(click.Group):
    """Several commands, listed by what they are for."""

    command_class = Command

    def __init__(
        self,
        *declared: Any,
        examples: Sequence[str] = (),
        sections: Mapping[str, Sequence[str]] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*declared, **attributes)
        self.examples = examples
        self.sections = sections

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """As `Command`."""
        ctx.help_option_names = _HELP_NAMES
        return super().get_help_option_names(ctx)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """As `Command`, in every listing: `--help-all` of a group is its `--help`."""
        *own, shortest = super().get_params(ctx)
        return [*own, _HELP_ALL, shortest]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Usage, what the commands are for, examples, commands, options."""
        self.format_usage(ctx, formatter)
        _write_intro(self, formatter, full=True)
        _write_examples(self.examples, formatter)
        sections = self.sections or {"Commands": tuple(self.commands)}
        _write_sections(
            {
                title: [(name, self.commands[name].get_short_help_str(80)) for name in names]
                for title, names in sections.items()
            },
            formatter,
        )
        self.format_options(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the group itself; its commands stand above."""
        click.Command.format_options(self, ctx, formatter)


def first_sentence(text: str) -> str:
    """What `--help` shows of a text; `--help-all` shows all of it."""
    end = _SENTENCE_END.search(text)
    return text[: end.end()].rstrip() if end else text


def _write_intro(command: click.Command, formatter: click.HelpFormatter, full: bool) -> None:
    text = inspect.cleandoc(command.help or "")
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(text if full else text.partition("\n\n")[0])


def _write_names(names: Sequence[str], formatter: click.HelpFormatter) -> None:
    """Names of options, none of which is broken at a hyphen."""
    indent = " " * formatter.current_indent
    lines = textwrap.wrap(
        "  ".join(names),
        formatter.width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    formatter.write("".join(f"{line}\n" for line in lines))


def _write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def _sections(
    command: click.Command, full: bool
) -> tuple[dict[str, list[tuple[str, str]]], list[click.Parameter]]:
    """Rows by group, and the advanced options that are only to be named."""
    sections: dict[str, list[tuple[str, str]]] = {title: [] for title in GROUPS}
    left = []
    for parameter in sorted(command.params, key=lambda one: place_of(one.opts[0])):
        title = _title(command, parameter)
        if title == ADVANCED and not full and len(command.params) > _FEW:
            left.append(parameter)
        else:
            sections[title].append((_names(parameter), _text(parameter, full)))
    return {title: rows for title, rows in sections.items() if rows}, left


def _title(command: click.Command, parameter: click.Parameter) -> str:
    """The group of a parameter; what regtrack.toml gives to all commands is not "required"."""
    key = max(parameter.opts, key=len).lstrip("-")
    if parameter.required and not is_shared(key, parameter):
        return REQUIRED
    return group_of(command.name or "", parameter.opts[0])


def _names(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return parameter.human_readable_name
    names = " / ".join([*parameter.opts, *parameter.secondary_opts])
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return names
    return f"{names} {_metavar(parameter)}"


def _metavar(option: click.Parameter) -> str:
    if option.metavar is not None:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    return next(
        (word for kind, word in _KINDS if isinstance(option.type, kind)), option.type.name.upper()
    )


def _text(parameter: click.Parameter, full: bool) -> str:
    if isinstance(parameter, Argument):
        return parameter.says
    assert isinstance(parameter, click.Option)
    text = parameter.help or ""
    default = _default(parameter)
    return " ".join(
        filter(
            None,
            (
                text if full else first_sentence(text),
                "[repeatable]" if full and parameter.multiple else "",
                f"[default: {default}]" if default else "",
            ),
        )
    )


def _has_more(command: click.Command) -> bool:
    """Whether `--help-all` says more of an option than `--help`, where that shows them all."""
    texts = [one.help or "" for one in command.params if isinstance(one, click.Option)]
    return any(first_sentence(text) != text for text in texts)


def _default(option: click.Option) -> str:
    if isinstance(option.show_default, str) or not option.show_default:
        return option.show_default or ""
    if option.secondary_opts:
        return (option.opts if option.default else option.secondary_opts)[0].lstrip("-")
    return str(option.default)


def _write_sections(
    sections: Mapping[str, Sequence[tuple[str, str]]], formatter: click.HelpFormatter
) -> None:
    """One column for all of them, so that the texts stand below each other."""
    names = [name for rows in sections.values() for name, _ in rows]
    width = max((len(name) for name in names if len(name) <= _COLUMN), default=0)
    for title, rows in sections.items():
        with formatter.section(title):
            formatter.write_dl([(name.ljust(width), text) for name, text in rows], width)
