"""Where the sequences of a FASTA file lie, found by a compiled loop that looks at every byte.

What cannot be read by position, or would silently be read as other bases, is refused.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.errors import InputError
from regtrack.genome.content import Content

# What may stand for a base: the letters of IUPAC in either case, U, X, and gaps.
LETTERS = b"ACGTUNRYSWKMBDHVXacgtunryswkmbdhvx-*."

_LETTER, _BLANK, _RETURN, _NEWLINE, _MORE, _OTHER = range(6)  # kinds of bytes
_KINDS = np.full(256, _OTHER, np.uint8)
_KINDS[list(LETTERS)] = _LETTER
_KINDS[list(b" \t\v\f")] = _BLANK
_KINDS[ord("\r")], _KINDS[ord("\n")], _KINDS[ord(">")] = _RETURN, _NEWLINE, _MORE

# Where in a line the loop is: `_BEHIND` its bases, where only blanks may follow.
_LINE_START, _NAME_START, _NAME, _HEADER, _BASES, _BEHIND = range(6)

# What the loop keeps from piece to piece. `_RETURNED`: a carriage return waits for its
# line feed.
# `_LAST`: number of the line that must be the record's last, as it differs from the others.
_STATE, _AT, _LINE, _LINE_BEGIN, _IN_LINE, _LAST, _RETURNED = range(7)
_OFFSET, _LENGTH, _LINE_BASES, _WIDTH, _HEADER_LINE = range(7, 12)
_RECORDS, _NAMED, _PROBLEM, _BYTE = range(12, 16)

_UNEVEN, _BLANK_INSIDE, _NO_BASE, _NAMELESS, _NO_HEADER, _LONE_RETURN = range(1, 7)
_PROBLEMS = {
    _UNEVEN: "a line of a different length; expected all lines of a sequence except the last to "
    "have the same length",
    _BLANK_INSIDE: "a blank inside a line of sequence",
    _NO_BASE: "{!a} in a line of sequence; expected bases as IUPAC letters, -, * or .",
    _NAMELESS: "a sequence without a name",
    _NO_HEADER: "not a FASTA file; expected '>'",
    _LONE_RETURN: "a carriage return without a line feed; expected lines that end with LF or CRLF",
}

_State = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]


class Record(NamedTuple):
    """Where the sequence of a record lies; a row of a .fai.

    Parameters
    ----------
    name
        The first word of its header.
    length
        Number of its bases, at least 1.
    offset
        Where its first base stands in the file's content, 0-based.
    bases, width
        Bases in each of its lines but the last, and bytes, the line's end included.
    """

    name: str
    length: int
    offset: int
    bases: int
    width: int

    def byte(self, base: int) -> int:
        """Where a base (0-based) stands in the file's content."""
        line, column = divmod(base, self.bases)
        return self.offset + line * self.width + column

    @property
    def end(self) -> int:
        """Where in the file's content its last base has been."""
        return self.byte(self.length - 1) + 1


def scan(content: Content) -> tuple[list[Record], list[str]]:
    """Find the records of a FASTA file, in memory that does not grow with them.

    Returns
    -------
    list of Record
        Those with sequence, in the file's order.
    list of str
        Names of those without.

    Raises
    ------
    InputError
        Naming the line that is wrong, or the file when it is damaged.
    OSError
        When it cannot be read.
    """
    state = np.zeros(_BYTE + 1, np.int64)
    state[_LINE] = 1
    rows: list[list[int]] = []
    names = bytearray()
    for piece in content.pieces():
        _scan_piece(content, piece, state, rows, names)
    _scan_piece(content, b">" if state[_STATE] == _LINE_START else b"\n>", state, rows, names)
    return _as_records(content, rows, names)


def _scan_piece(
    content: Content, piece: bytes, state: _State, rows: list[list[int]], names: bytearray
) -> None:
    """Go on with the scan, and note the records that end."""
    ended = np.empty((piece.count(b">"), _HEADER_LINE + 1 - _OFFSET), np.int64)
    letters = np.empty(len(piece), np.uint8)
    _scan(np.frombuffer(piece, np.uint8), _KINDS, state, ended, letters)
    rows += ended[: state[_RECORDS]].tolist()
    names += letters[: state[_NAMED]].tobytes()
    if state[_PROBLEM]:
        problem = _PROBLEMS[int(state[_PROBLEM])].format(chr(state[_BYTE]))
        raise InputError(content.path, problem, int(state[_LINE]))


def _as_records(
    content: Content, rows: list[list[int]], names: bytearray
) -> tuple[list[Record], list[str]]:
    records, empty = [], []
    known = set()
    texts = names.split(b"\n")[:-1]
    for raw, (offset, length, bases, width, line) in zip(texts, rows, strict=True):
        try:
            name = raw.decode()
        except UnicodeDecodeError as error:
            raise InputError(content.path, "a name that is not UTF-8", line) from error
        if not name.isprintable():
            raise InputError(content.path, f"a name with a control character: {name!a}", line)
        if name in known:
            raise InputError(content.path, f"a second sequence named {name}", line)
        known.add(name)
        if length:
            records.append(Record(name, length, offset, bases, width))
        else:
            empty.append(name)
    if empty and name == empty[-1]:
        raise InputError(
            content.path, f"no sequence after the last name, {name}; is the file truncated?", line
        )
    return records, empty


@compiled
def _scan(data: _Bytes, kinds: _Bytes, state: _State, rows: _State, names: _Bytes) -> None:
    """Look at a piece; `state[_PROBLEM]` is set where it ends before the piece does."""
    state[_RECORDS] = state[_NAMED] = 0
    begin = state[_AT]
    at = 0
    while at < len(data) and not state[_PROBLEM]:
        kind = kinds[data[at]]
        where = state[_STATE]
        if where == _LINE_START and kind != _MORE:
            state[_LINE_BEGIN] = begin + at
            state[_IN_LINE] = 0
            state[_STATE] = where = _BASES
        if where == _BASES and kind == _LETTER and state[_HEADER_LINE]:
            first = at
            while at < len(data) and kinds[data[at]] == _LETTER:
                at += 1
            state[_IN_LINE] += at - first
            continue
        if where == _LINE_START:
            _begin_record(state, rows)
        elif where in (_NAME_START, _NAME):
            _take_name(data[at], kind, state, names)
        elif where == _HEADER:
            _take_header(kind, state)
        else:
            _take_sequence(kind, begin + at, state)
        if state[_PROBLEM]:
            state[_BYTE] = data[at]
        at += 1
    state[_AT] = begin + at


@compiled
def _begin_record(state: _State, rows: _State) -> None:
    """Note the record that ends at a header, if there is one."""
    if state[_HEADER_LINE]:
        rows[state[_RECORDS]] = state[_OFFSET : _HEADER_LINE + 1]
        state[_RECORDS] += 1
    state[_OFFSET:_HEADER_LINE] = 0
    state[_LAST] = 0
    state[_HEADER_LINE] = state[_LINE]
    state[_STATE] = _NAME_START


@compiled
def _take_name(byte: int, kind: int, state: _State, names: _Bytes) -> None:
    """Take a byte of a name, or the one behind it."""
    ends = kind in (_BLANK, _RETURN, _NEWLINE)
    if ends and state[_STATE] == _NAME_START:
        state[_PROBLEM] = _NAMELESS
        return
    names[state[_NAMED]] = 10 if ends else byte
    state[_NAMED] += 1
    state[_STATE] = _HEADER if ends else _NAME
    if ends:
        _take_header(kind, state)


@compiled
def _take_header(kind: int, state: _State) -> None:
    """Take a byte of a header behind its name."""
    if kind == _NEWLINE:
        state[_LINE] += 1
        state[_STATE] = _LINE_START
    elif state[_RETURNED] and kind != _RETURN:
        state[_PROBLEM] = _LONE_RETURN
    state[_RETURNED] = kind == _RETURN


@compiled
def _take_sequence(kind: int, at: int, state: _State) -> None:
    """Take a byte of a line of sequence that is no base where one may stand."""
    if not state[_HEADER_LINE]:
        state[_PROBLEM] = _NO_HEADER
    elif kind == _NEWLINE:
        state[_RETURNED] = 0
        state[_STATE] = _LINE_START
        _end_line(state, at + 1)
    elif kind == _LETTER:
        state[_PROBLEM] = _LONE_RETURN if state[_RETURNED] else _BLANK_INSIDE
    elif kind in (_BLANK, _RETURN):
        state[_RETURNED] |= kind == _RETURN
        state[_STATE] = _BEHIND
    else:
        state[_PROBLEM] = _NO_BASE


@compiled
def _end_line(state: _State, end: int) -> None:
    """Take a line of sequence into its record."""
    bases = state[_IN_LINE]
    width = end - state[_LINE_BEGIN]
    uneven = 0
    if bases and state[_LAST]:
        uneven = state[_LAST]
    elif not bases:
        state[_LAST] = state[_LAST] or state[_LINE]
    elif not state[_LENGTH]:
        state[_OFFSET] = state[_LINE_BEGIN]
        state[_LINE_BASES] = bases
        state[_WIDTH] = width
    elif bases > state[_LINE_BASES]:
        uneven = state[_LINE]
    elif bases < state[_LINE_BASES] or width != state[_WIDTH]:
        state[_LAST] = state[_LINE]
    state[_LENGTH] += bases
    state[_LINE] += 1
    if uneven:
        state[_LINE] = uneven
        state[_PROBLEM] = _UNEVEN
