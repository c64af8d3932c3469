"""Rules of faceted composites: what links the table of metadata to the names of tracks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from regtrack.browsers.hub_check_files import local_file
from regtrack.browsers.hub_parse import HubText, Problem, Stanza

_DATA_TYPE = re.compile(r'([^\s|]+)(?:\|"[^"]*")?(?:\s+|$)')
_FIELD = re.compile(r'[^|]*(?:\|"[^"|]*")?')
_NEEDED = ("metaDataUrl", "primaryKey", "dataTypes")


def check_facets(hub: HubText) -> Iterator[Problem]:
    """Each faceted composite has a table, and its children are named by its rows."""
    for track in hub.tracks:
        kind = track.get("compositeTrack")
        if kind not in {"", "on", "faceted"}:
            yield track.problem(
                f"compositeTrack {kind!r}, expected on or faceted", "compositeTrack"
            )
        if kind == "faceted":
            yield from _check_composite(hub, track)


def _check_composite(hub: HubText, parent: Stanza) -> Iterator[Problem]:
    for setting in _NEEDED:
        if setting not in parent.settings:
            yield parent.problem(f"no {setting}, expected one in a faceted composite")
    children = hub.children(parent.name)
    for stanza in (parent, *children):
        for setting in stanza.settings:
            if setting == "view" or setting.startswith("subGroup"):
                yield stanza.problem(f"{setting}, expected none in a faceted composite", setting)
    path = local_file(hub.folder, parent.get("metaDataUrl"))
    if path is None or not all(setting in parent.settings for setting in _NEEDED):
        return  # what is missing was reported
    kinds = [match[1] for match in _DATA_TYPE.finditer(parent.get("dataTypes"))]
    yield from (
        parent.problem(f"dataTypes: {kind!r}, expected no underscore in it", "dataTypes")
        for kind in kinds
        if "_" in kind
    )
    yield from _check_table(parent, path, hub.folder, kinds, children)


def _check_table(
    parent: Stanza, path: Path, folder: Path, kinds: Sequence[str], children: Sequence[Stanza]
) -> Iterator[Problem]:
    def broken(number: int, problem: str) -> Problem:
        return parent.problem(f"{path.relative_to(folder)}:{number}: {problem}", "metaDataUrl")

    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        yield broken(1, "not text, expected UTF-8")
        return
    header, *rows = [line.split("\t") for line in lines if line] or [[]]
    key = parent.get("primaryKey")
    for column in header:
        if not column or re.search(r"\s", column):
            yield broken(1, f"column {column!r}, expected a name without a space")
    if key not in header:
        yield broken(1, f"no column {key!r}, expected the primaryKey")
        return
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            yield broken(number, f"{len(row)} fields, expected {len(header)}")
            return
        for value in row:
            if not _FIELD.fullmatch(value):
                yield broken(number, f'field {value!r}, expected no | but before a "label"')
    keys = [row[header.index(key)] for row in rows]
    yield from _check_keys(parent, keys, kinds, children, broken)


def _check_keys(
    parent: Stanza,
    keys: Sequence[str],
    kinds: Sequence[str],
    children: Sequence[Stanza],
    broken: Callable[[int, str], Problem],
) -> Iterator[Problem]:
    counts = Counter(keys)
    of_key: dict[str, str] = {}
    for number, name in enumerate(keys, start=2):
        if counts[name] > 1:
            yield broken(number, f"key {name!r} stands {counts[name]} times, expected it once")
        if "_" in name or not name:
            yield broken(number, f"key {name!r}, expected one without an underscore")
        of_key |= {f"{parent.name}_{name}_{kind}": name for kind in kinds}
    for child in children:
        if child.name not in of_key:
            yield child.problem(
                f"expected the name {parent.name}_KEY_TYPE, KEY in the table, TYPE one of "
                f"{', '.join(kinds)}"
            )
    met = {of_key[child.name] for child in children if child.name in of_key}
    for number, name in enumerate(keys, start=2):
        if name not in met:
            yield broken(number, f"key {name!r} has no track, expected one or more")
