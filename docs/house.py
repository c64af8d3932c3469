"""Draw `house.svg`: the rooms of regtrack, who imports whom, and the way of the data.

The rooms and their imports are read from the code, so that the drawing is what the code is;
`tests/test_house.py` compares. Run `python docs/house.py` after a change.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from html import escape
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent / "regtrack"
DRAWING = Path(__file__).with_name("house.svg")

# Each step, and the module that takes it.
WAY = (
    ("bases and peaks", "genome/fasta.py"),
    ("windows, labels", "datasets/windows.py"),
    ("a network", "models/network.py"),
    ("probabilities", "prediction/forward.py"),
    ("segments", "prediction/segmentation.py"),
    ("blocks", "tracks/blocks.py"),
    ("BigWig, peaks", "tracks/write.py"),
)

_WIDTH, _BOX, _HIGH, _GAP, _STEP = 1_180, 168, 46, 20, 92
_INK, _QUIET, _PAPER, _FILL = "#1d2733", "#9aa5b1", "#ffffff", "#eef3f8"


def rooms_below() -> dict[str, set[str]]:
    """Rooms (folders of the package), and which others each imports."""
    rooms = {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    below: dict[str, set[str]] = {room: set() for room in rooms}
    for room in rooms:
        for path in (HOUSE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("regtrack."):
                    below[room].add((node.module or "").split(".")[1])
        below[room] = (below[room] & rooms) - {room}
    return below


def levels(below: Mapping[str, set[str]]) -> dict[str, int]:
    """How many floors each room stands above the lowest."""
    found: dict[str, int] = {}

    def level(room: str) -> int:
        if room not in found:
            found[room] = 1 + max(map(level, below[room]), default=-1)
        return found[room]

    for room in sorted(below):
        level(room)
    return found


def needed(below: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The imports that follow from no others: what the arrows show."""

    def reached(room: str) -> set[str]:
        return below[room].union(*map(reached, below[room]))

    return {
        room: {one for one in direct if not any(one in reached(other) for other in direct - {one})}
        for room, direct in below.items()
    }


def purpose(room: str) -> str:
    """What a room is for: the first words of its `__init__.py`, up to the colon."""
    text = ast.get_docstring(ast.parse((HOUSE / room / "__init__.py").read_text(encoding="utf-8")))
    return (text or "").partition(":")[0]


def _box(x: float, y: float, title: str, below: str, width: float = _BOX) -> str:
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_HIGH}" rx="6" '
        f'fill="{_FILL}" stroke="{_INK}"/>'
        f'<text x="{x + width / 2:.0f}" y="{y + 20:.0f}" class="name">{escape(title)}</text>'
        f'<text x="{x + width / 2:.0f}" y="{y + 36:.0f}" class="what">{escape(below)}</text>'
    )


def drawing() -> str:
    """The whole drawing, as SVG."""
    below = rooms_below()
    floors = levels(below)
    top = max(floors.values())
    places: dict[str, tuple[float, float]] = {}
    for floor in range(top, -1, -1):
        rooms = sorted(room for room in floors if floors[room] == floor)
        left = (_WIDTH - len(rooms) * _BOX - (len(rooms) - 1) * _GAP * 2) / 2
        for number, room in enumerate(rooms):
            places[room] = left + number * (_BOX + 2 * _GAP), 20 + (top - floor) * _STEP
    height = 20 + (top + 1) * _STEP + 100
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img" aria-label="The rooms of regtrack and what each imports">',
        "<style>text{font-family:sans-serif;text-anchor:middle}"
        f".name{{font-size:15px;fill:{_INK}}}.what{{font-size:10.5px;fill:#52606d}}</style>",
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0,0L8,4L0,8z" fill="{_QUIET}"/></marker></defs>',
        f'<rect width="{_WIDTH}" height="{height}" fill="{_PAPER}"/>',
    ]
    for room, others in sorted(needed(below).items()):
        x, y = places[room]
        for other in sorted(others):
            to_x, to_y = places[other]
            middle = (y + _HIGH + to_y) / 2
            parts.append(
                f'<path d="M{x + _BOX / 2:.0f},{y + _HIGH:.0f} '
                f"C{x + _BOX / 2:.0f},{middle:.0f} {to_x + _BOX / 2:.0f},{middle:.0f} "
                f'{to_x + _BOX / 2:.0f},{to_y:.0f}" fill="none" stroke="{_QUIET}" '
                'stroke-width="1.4" marker-end="url(#to)"/>'
            )
    parts += [_box(*places[room], room, purpose(room)) for room in sorted(places)]
    y = height - 78
    parts.append(
        f'<text x="{_WIDTH / 2}" y="{y - 12:.0f}" class="what">the way of the data, '
        "from a genome to tracks</text>"
    )
    width = (_WIDTH - (len(WAY) + 1) * _GAP) / len(WAY)
    for number, (what, module) in enumerate(WAY):
        if not (HOUSE / module).is_file():
            raise FileNotFoundError(HOUSE / module)
        x = _GAP + number * (width + _GAP)
        parts.append(_box(x, y, what, module, width))
        if number:
            parts.append(
                f'<path d="M{x - _GAP:.0f},{y + _HIGH / 2:.0f} H{x:.0f}" stroke="{_QUIET}" '
                'stroke-width="1.4" marker-end="url(#to)"/>'
            )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    DRAWING.write_text(drawing(), encoding="utf-8")
