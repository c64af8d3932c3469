"""Damage: bytes, words, lines, numbers and nodes of a valid file, changed by chance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb"[^\s,;:=\"]+")
_NUMBERS = [
    *(b"0", b"-1", b"1", b"00", b"-0", b"+1", b"1e3", b"1.5", b"nan", b"inf", b"-inf", b"1_000"),
    *(b"255", b"256", b"65535", b"65536", b"2147483647", b"2147483648", b"4294967295"),
    *(b"4294967296", b"9223372036854775807", b"9223372036854775808", b"18446744073709551616"),
    *(b"1e308", b"1e999", b"0x10", b"9" * 20, b"9" * 400, b"9" * 5000, "٣".encode()),
]
_CHUNKS = [
    *(b"\0", b"\xff", b"\xe9", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\n", b"\r", b"\r\n", b"\t"),
    *(b"\n\n", b" ", b"  \t ", b"\x0b", b"\x0c", b"\x85", b"\x1c", "\u2028".encode(), b"#", b">"),
    *(b'"', b"'", b"\\", b"[", b"]", b"{", b"}", b"%", b"../", b"/", b"~", b"$HOME", b"*", b"["),
    *(b"track\n", b"browser\n", b"chr1", b"CHR1", b"chr01", b"\x1f\x8b", b"PK", b"\x80\x04"),
    *(b"null", b"true", b"NaN", b"\x1b[31m", "ä".encode(), b"A" * 5000, b"[" * 5000, b"\0" * 64),
]
_INTEGERS = [0, 1, 2, 127, 128, 255, 256, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]


def mutated(data: bytes, random: Random) -> bytes:
    """The same for the same state of `random`; mostly one change, sometimes several."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        data = random.choice(_DAMAGES)(data, random)
    return data


def _span(data: bytes, random: Random) -> tuple[int, int]:
    begin = random.randint(0, len(data))
    longest = random.choice((1, 1, 2, 4, 16, 256, 10_000))
    return begin, min(len(data), begin + random.randint(1, longest))


def _flip(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _early_flip(data: bytes, random: Random) -> bytes:
    """Headers stand at the beginning."""
    if not data:
        return data
    at = random.randrange(min(len(data), 128))
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[at:] if random.random() < 0.2 else data[:at]


def _delete(data: bytes, random: Random) -> bytes:
    begin, end = _span(data, random)
    return data[:begin] + data[end:]


def _repeat(data: bytes, random: Random) -> bytes:
    begin, end = _span(data, random)
    times = random.choice((1, 1, 2, 50))
    return data[:end] + data[begin:end] * times + data[end:]


def _move(data: bytes, random: Random) -> bytes:
    begin, end = _span(data, random)
    at = random.randint(0, len(data))
    return data[:at] + data[begin:end] + data[at:]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(_CHUNKS) + data[at:]


def _noise(data: bytes, random: Random) -> bytes:
    begin, end = _span(data, random)
    return data[:begin] + random.randbytes(end - begin) + data[end:]


def _blank(data: bytes, random: Random) -> bytes:
    begin, end = _span(data, random)
    return data[:begin] + random.choice((b"\0", b"\xff", b" ")) * (end - begin) + data[end:]


def _integer(data: bytes, random: Random) -> bytes:
    """A binary number of some width, in place of what is there."""
    width = random.choice((1, 2, 4, 8))
    number = random.choice(_INTEGERS) % (1 << 8 * width)
    at = random.randint(0, max(0, len(data) - width))
    if random.random() < 0.6:
        at -= at % width
    return data[:at] + number.to_bytes(width, "little") + data[at + width :]


def _replacing(pattern: re.Pattern[bytes], texts: list[bytes]) -> Callable[[bytes, Random], bytes]:
    def replace(data: bytes, random: Random) -> bytes:
        places = [found.span() for found in pattern.finditer(data[:20_000])]
        if not places:
            return _insert(data, random)
        begin, end = random.choice(places)
        return data[:begin] + random.choice(texts) + data[end:]

    return replace


def _swap_words(data: bytes, random: Random) -> bytes:
    places = [found.span() for found in _WORD.finditer(data[:20_000])]
    if len(places) < 2:
        return _flip(data, random)
    (one, two), (three, four) = sorted(random.sample(places, 2))
    return data[:one] + data[three:four] + data[two:three] + data[one:two] + data[four:]


def _lines(data: bytes, random: Random) -> bytes:
    """Lines dropped, twice, in another order, or with other ends."""
    lines = data.split(b"\n")
    how = random.randrange(5)
    at = random.randrange(len(lines))
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(at, random.choice(lines))
    elif how == 2:
        random.shuffle(lines)
    elif how == 3:
        lines[at] = b"\t".join(lines[at].split(b"\t")[: random.randint(0, 4)])
    else:
        return data.replace(b"\n", random.choice((b"\r", b"\r\n", b"\n\r", b"\n \n", b" ")))
    return b"\n".join(lines)


def _node(data: bytes, random: Random) -> bytes:
    """One value of a JSON document, for another; a key gone or given twice."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _replacing(_WORD, _CHUNKS)(data, random)
    places: list[tuple[Any, Any]] = []
    rooms = [document]
    while rooms:
        room = rooms.pop()
        if isinstance(room, dict | list):
            inside = list(room.items() if isinstance(room, dict) else enumerate(room))
            places += [(room, key) for key, _ in inside]
            rooms += [value for _, value in inside]
    if not places or random.random() < 0.03:
        return json.dumps(random.choice(_VALUES)).encode()
    room, key = random.choice(places)
    if random.random() < 0.2:
        del room[key]
    else:
        room[key] = random.choice([*_VALUES, room, random.choice(places)[0]])
    try:
        text = json.dumps(document).encode()
    except (ValueError, RecursionError):  # the document stands in itself
        return _insert(data, random)
    return text.replace(b'"@deep@"', b"[" * 5000 + b"]" * 5000)


_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 1.0, -0.5, 1e308, float("nan"), float("inf"), 10**20),
    *(10**400, 2**63, 2**64, 255, 256, "", "x", "1", "\0", "é\n", "\x1b[31m", "a" * 5000, "@deep@"),
    *("../../etc", "/", "\ud800", [], {}, [[]], [None], [0, 0], ["a", "a"], {"": None}, [1] * 2000),
]
_DAMAGES: list[Callable[[bytes, Random], bytes]] = [
    *(_flip, _flip, _early_flip, _cut, _delete, _repeat, _move, _insert, _insert, _noise, _blank),
    *(_integer, _integer, _integer, _replacing(_NUMBER, _NUMBERS), _replacing(_NUMBER, _NUMBERS)),
    *(_replacing(_WORD, _CHUNKS + _NUMBERS), _swap_words, _lines, _lines, _node, _node, _node),
]
