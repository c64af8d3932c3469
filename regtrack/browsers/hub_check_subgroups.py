"""Rules of composites with a matrix: views, and the subgroups that tracks are members of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from regtrack.browsers.hub_parse import HubText, Problem, Stanza

_SETTING = re.compile(r"subGroup(\d+)")
_TAG = re.compile(r"[A-Za-z0-9]+")
_MOST = 9
_NUMBERS = {str(number) for number in range(1, _MOST + 1)}

# Values of each subgroup, by its tag.
Groups = Mapping[str, frozenset[str]]


def check_subgroups(hub: HubText) -> Iterator[Problem]:
    """Each composite declares what its tracks are members of."""
    for track in hub.tracks:
        if track.get("compositeTrack") == "on":
            groups: dict[str, frozenset[str]] = {}
            yield from _declared(track, groups)
            yield from _check_matrix(track, groups)
            yield from _check_views(hub, track, groups)
            yield from _check_members(hub, track, groups)


def _declared(track: Stanza, groups: dict[str, frozenset[str]]) -> Iterator[Problem]:
    """Read the subgroups of a composite into `groups`."""
    for setting in track.settings:
        number = _SETTING.fullmatch(setting)
        if number is None or not track.get(setting):
            continue
        if number[1] not in _NUMBERS:
            yield track.problem(f"{setting}, expected subGroup1 to subGroup{_MOST}", setting)
        group, *rest = track.get(setting).split()
        pairs = [word.partition("=") for word in rest[1:]]
        if not pairs or not all(tag and label for tag, _, label in pairs):
            yield track.problem(
                f"{setting}, expected: tag, title, and tag=label for each value, without spaces",
                setting,
            )
        tags = [tag for tag, _, _ in pairs]
        for tag in (group, *tags):
            if not _TAG.fullmatch(tag):
                yield track.problem(
                    f"{setting}: tag {tag!r}, expected letters and digits alone", setting
                )
        for tag in sorted({tag for tag in tags if tags.count(tag) > 1}):
            yield track.problem(f"{setting}: tag {tag!r} stands twice, expected it once", setting)
        if group in groups:
            yield track.problem(f"{setting}: {group!r} again, expected another tag", setting)
        groups[group] = frozenset(tags)


def _check_matrix(track: Stanza, groups: Groups) -> Iterator[Problem]:
    for setting in ("dimensions", "sortOrder"):
        for word in track.get(setting).split():
            left, _, right = word.partition("=")
            group = right if setting == "dimensions" else left
            if group not in groups:
                yield track.problem(
                    f"{setting}: {word!r}, expected one of the subgroups {', '.join(groups)}",
                    setting,
                )


def _check_views(hub: HubText, track: Stanza, groups: Groups) -> Iterator[Problem]:
    for child in hub.children(track.name):
        view = child.get("view")
        if view and view not in groups.get("view", ()):
            yield child.problem(f"view {view!r}, expected one that subgroup view has", "view")


def _check_members(hub: HubText, track: Stanza, groups: Groups) -> Iterator[Problem]:
    views = {child.name: child.get("view") for child in hub.children(track.name)}
    for member in hub.below(track.name):
        pairs = [word.partition("=") for word in member.get("subGroups").split()]
        found = {group: value for group, _, value in pairs}
        for group in groups:
            if group not in found:
                yield member.problem(
                    f"not a member of {group}, expected it in subGroups", "subGroups"
                )
        for group, value in found.items():
            if value not in groups.get(group, ()):
                yield member.problem(
                    f"subGroups: {group}={value}, expected what {track.name} declares",
                    "subGroups",
                )
        of_parent = views.get(member.parent)
        if of_parent and found.get("view", of_parent) != of_parent:
            yield member.problem(
                f"subGroups: view={found['view']}, expected {of_parent} as its parent", "subGroups"
            )
