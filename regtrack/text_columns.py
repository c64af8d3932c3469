"""Tables of text: columns that line up, and that fit a screen which is narrow."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Mapping, Sequence

# A name of fewer letters than the first says little; none becomes shorter than the second.
_LEGIBLE = 20
_SHORTEST = 8

_GAP = "  "
_CUT = "..."
_NAMED = re.compile(r"(?P<indent> *)(?P<name>\S+(?: \S+)*) {2,}(?P<value>.*)")
_BEFORE_VALUE = re.compile(r"(?<=\S) {2,}(?=\S)")


def aligned(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    words: Collection[int] = (0,),
    *,
    width: int | None = None,
    spare: Sequence[int] = (),
    legible: int = _LEGIBLE,
) -> list[str]:
    """Lines of a table.

    Parameters
    ----------
    titles
        Of the columns; they may have several lines.
    rows
        As many cells as there are titles.
    words
        Columns that are aligned left; the others, numbers, are aligned right.
    width
        Columns of the screen. Where lines would be longer, titles take one line more, then `spare`
        columns are left out, then words are shortened in the middle. None: nothing is.
    spare
        Columns that may be left out, the first one first.
    legible
        Letters of a word that are worth more than a column to spare.
    """
    heads = [title.split("\n") for title in titles]
    shown = list(range(len(titles)))
    widest = _widths(heads, rows)
    if width is not None and _total(widest, shown) > width:
        heads = [_broken(head) for head in heads]
        widest = _widths(heads, rows)
        for column in spare:
            least = [
                min(size, legible) if place in words else size for place, size in enumerate(widest)
            ]
            if _total(least, shown) > width:
                shown.remove(column)
        _shrink(widest, shown, words, width)
    height = max(map(len, heads))
    lines = list(zip(*([""] * (height - len(head)) + head for head in heads), strict=True))
    return [
        _GAP.join(
            _placed(line[place], widest[place], is_word=place in words) for place in shown
        ).rstrip()
        for line in [*lines, *rows]
    ]


def named_lines(values: Mapping[str, object]) -> str:
    """A line for each value, with its name before it, and all values below each other."""
    width = max(map(len, values)) + len(_GAP)
    return "\n".join(f"{name:<{width}}{value}" for name, value in values.items())


def named_values(text: str) -> dict[str, str]:
    """The values of `named_lines`, by their names; `split.train` of what is indented below `split`.

    What comes behind them, as a table, is passed over.
    """
    values: dict[str, str] = {}
    above = ""
    for line in text.split("\n"):
        found = _NAMED.match(line)
        if found is None:
            break
        if not found["indent"]:
            above = found["name"]
        name = f"{above}.{found['name']}" if found["indent"] else above
        values[name] = found["value"]
    return values


def shortened(text: str, width: int) -> str:
    """A text of so many letters at most, whose middle is left out: `K562|...|None`."""
    if len(text) <= width:
        return text
    kept = max(0, width - len(_CUT))
    end = kept // 3
    return text[: kept - end] + _CUT + text[len(text) - end :]


def wrapped(text: str, width: int) -> str:
    """Lines of a width at most; what goes on stands below its beginning.

    That is, of `name   value`, below `value`. Words are not broken, so that a path can be copied.
    """
    return "\n".join(line for long in text.split("\n") for line in _wrapped(long, width))


def _placed(cell: str, width: int, *, is_word: bool) -> str:
    return shortened(cell, width).ljust(width) if is_word else cell.rjust(width)


def _wrapped(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = len(line) - len(line.lstrip())
    gaps = [gap.end() for gap in _BEFORE_VALUE.finditer(line) if gap.end() <= width // 2]
    begins = gaps[-1] if gaps else indent
    return textwrap.wrap(
        line[begins:],
        width,
        initial_indent=line[:begins],
        subsequent_indent=" " * begins,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _widths(heads: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(map(len, [*head, *(row[place] for row in rows)])) for place, head in enumerate(heads)
    ]


def _total(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[place] for place in shown) + len(_GAP) * (len(shown) - 1)


def _broken(head: list[str]) -> list[str]:
    """A title in one line more, where its last one has two words."""
    *upper, last = head
    at = max(last.rfind("_"), last.rfind(" "))
    return head if at < 0 else [*upper, last[:at], last[at + 1 :]]


def _shrink(widths: list[int], shown: Sequence[int], words: Collection[int], width: int) -> None:
    """Make the widest columns of words narrower, as far as it is needed and possible."""
    shrinkable = [place for place in shown if place in words]
    while _total(widths, shown) > width:
        place = max(shrinkable, key=lambda place: widths[place], default=None)
        if place is None or widths[place] <= _SHORTEST:
            return
        widths[place] -= 1
