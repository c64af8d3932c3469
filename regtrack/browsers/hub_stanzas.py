"""The text of a hub: `hub.txt`, its table of markers, and the colours of that table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from regtrack.browsers.hub_labels import LONG, SHORT, field, plain
from regtrack.browsers.hub_plan import COLOURS_FILE, METADATA, PAGE, Hub, HubTrack, run_folder
from regtrack.genome.markers import categories_of
from regtrack.listing import counted
from regtrack.report.palette import Look

Stanza = Mapping[str, str]

# The name of what holds all tracks, and the column that has the part after it.
_PARENT = "regtrack"
_KEY, _KEY_OF_RUNS = "Marker", "Track"

_SIGNAL_STYLE = {
    "alwaysZero": "on",
    # A peak must not vanish when a pixel is many bases.
    "windowingFunction": "maximum",
    "maxHeightPixels": "100:32:8",
    "graphTypeDefault": "bar",
}
_PEAKS_STYLE = {
    "type": "bigNarrowPeak",
    # The browser draws a peak the darker the higher its score; from here on it can be seen.
    "minGrayLevel": "3",
    # Lets its users hide peaks of a low score.
    "scoreFilter": "0",
}
# What a category may take of a label: " predicted", ": predicted probability and peaks" follow.
_SHORT_NAME, _LONG_NAME = SHORT - 10, LONG - 33
_SUBGROUPS = ("cell", "target", "treatment")
_RUN = "run"


def hub_text(hub: Hub) -> str:
    """`hub.txt`: hub, genome and tracks, a blank line between them."""
    tracks = _faceted(hub) if hub.options.style == "faceted" else _composites(hub)
    stanzas = [_hub(hub), {"genome": hub.assembly}, *tracks]
    return "\n".join(
        "".join(f"{name} {value}\n" for name, value in stanza.items()) for stanza in stanzas
    )


def metadata_text(hub: Hub) -> str:
    """The table behind a faceted hub: a row per marker and, of several runs, per run.

    The first column is the key in the tracks' names. A name that begins with an underscore is
    searched, but gets no box of values to choose from.
    """
    scored = any(track.score is not None for track in hub.tracks)
    header = [_KEY, "_Name", "Category", "Cell", "Target", "Treatment"]
    if hub.in_runs:
        header = [_KEY_OF_RUNS, "Run", "Network", *header]
    rows = [header + ["_PR_AUC_average_precision"] * scored]
    for track in hub.tracks:
        marker, run = track.marker, track.entry.run
        words = [marker.name, marker.category, marker.cell, marker.target, marker.treatment]
        if hub.in_runs:
            # A marker is a value that its tracks of all runs share.
            words = [run.label, run.network, marker.name, *words]
        score = "NA" if track.score is None else f"{track.score:.4f}"
        rows.append([track.key, *map(field, words)] + [score] * scored)
    return "".join("\t".join(row) + "\n" for row in rows)


def runs_text(hub: Hub) -> str:
    """A table of the runs of a hub: what each is, and where its files are."""
    rows = [["run", "folder", "network", "sha256", "assembly"]]
    for run in hub.runs.runs:
        trackset = run.viewable.trackset
        model = trackset.model
        words = (model["architecture"], model["sha256"], trackset.assembly)
        rows.append([plain(run.label), run_folder(run), *map(plain, words)])
    return "".join("\t".join(row) + "\n" for row in rows)


def colours_text(hub: Hub) -> str:
    """JSON: the colour of each value of a column of the table."""
    colours = {field(category): look.colour for category, look in hub.runs.looks.items()}
    return json.dumps({"Category": colours}, indent=1) + "\n"


def _hub(hub: Hub) -> Stanza:
    return {
        "hub": f"regtrack_{_digest(hub)[:8]}",
        "shortLabel": plain(f"regtrack {_who(hub)}")[:SHORT].rstrip(),
        "longLabel": _long_title(hub),
        "useOneFile": "on",
        "email": hub.options.email,
        "descriptionUrl": PAGE,
    }


def _digest(hub: Hub) -> str:
    """What tells the hub from others that are open at the same time: of one run, its network."""
    checksum: str = hub.runs.first.trackset.model["sha256"]
    return hashlib.sha256(runs_text(hub).encode()).hexdigest() if hub.in_runs else checksum


def _who(hub: Hub) -> str:
    """The network or, of several runs, how many."""
    if hub.in_runs:
        return counted(len(hub.runs.runs), "run")
    architecture: str = hub.runs.first.trackset.model["architecture"]
    return architecture


def _long_title(hub: Hub) -> str:
    title = f"Regulatory markers predicted at every base, by {plain(_who(hub))} (regtrack)"
    if hub.in_runs:
        labels = ", ".join(plain(run.label) for run in hub.runs.runs)
        title = f"Regulatory markers predicted at every base (regtrack): {labels}"
    return title[:LONG].rstrip()


def _faceted(hub: Hub) -> Iterator[Stanza]:
    """One composite of all markers, searched by the columns of their table."""
    yield {
        "track": _PARENT,
        "compositeTrack": "faceted",
        "shortLabel": "Predicted markers",
        "longLabel": f"Predicted {hub.word} and peaks of regulatory markers",
        "type": "bigWig",
        "visibility": "full",
        "noInherit": "on",
        "metaDataUrl": METADATA,
        "primaryKey": _KEY_OF_RUNS if hub.in_runs else _KEY,
        # Of this one, UCSC does not say that it may be relative.
        "colorSettingsUrl": f"{hub.options.base}/{COLOURS_FILE}",
        "dataTypes": f'signal|"Predicted {hub.word}" peaks|"Predicted peaks"',
        "defaultSortField": "Marker" if hub.in_runs else "Category",
        "html": PAGE,
    }
    looks = hub.runs.looks
    for place, track in enumerate(hub.tracks):
        look = looks[track.marker.category]
        for kind, stanza in _tracks(track, look, _PARENT, _PARENT):
            # Without it they stand in the order of their labels.
            yield {**stanza, "priority": str(2 * place + (1 if kind == "signal" else 2))}


def _tracks(
    track: HubTrack, look: Look, signal_parent: str, peaks_parent: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """The stanzas of a marker: signal and, where there are some, peaks."""
    state = "on" if track.on else "off"
    colour = {"color": look.rgb}
    yield (
        "signal",
        {
            "track": f"{_PARENT}_{track.key}_signal",
            "parent": f"{signal_parent} {state}",
            "bigDataUrl": track.bigwig,
            "shortLabel": track.labels.signal_short,
            "longLabel": track.labels.signal_long,
            "type": f"bigWig 0 {track.entry.track.top:.6g}",
            **_axis(track),
            **_SIGNAL_STYLE,
            "visibility": "full",
            **colour,
        },
    )
    if track.bigbed is not None:
        yield (
            "peaks",
            {
                "track": f"{_PARENT}_{track.key}_peaks",
                "parent": f"{peaks_parent} {state}",
                "bigDataUrl": track.bigbed,
                "shortLabel": track.labels.peaks_short,
                "longLabel": track.labels.peaks_long,
                **_PEAKS_STYLE,
                "visibility": "dense",
                **colour,
            },
        )


def _axis(track: HubTrack) -> Stanza:
    """The limits of a signal's axis, and the threshold as a line across it."""
    limits = (
        {"autoScale": "on"}
        if track.axis_end is None
        else {"viewLimits": f"0:{track.axis_end:.6g}", "autoScale": "off"}
    )
    return {**limits, "yLineOnOff": "on", "yLineMark": f"{track.entry.track.threshold:.6g}"}


def _composites(hub: Hub) -> Iterator[Stanza]:
    """A composite per category with a matrix of cells and targets, all in one super track."""
    yield {
        "track": _PARENT,
        "superTrack": "on show",
        "shortLabel": "Predicted markers",
        "longLabel": f"Predicted {hub.word} and peaks of regulatory markers",
        "html": PAGE,
    }
    looks = hub.runs.looks
    for category in categories_of(track.marker for track in hub.tracks):
        tracks = [track for track in hub.tracks if track.marker.category == category]
        yield from _composite(category, looks[category], tracks, hub)


def _composite(category: str, look: Look, tracks: Sequence[HubTrack], hub: Hub) -> Iterator[Stanza]:
    word = hub.word
    groups = (*_SUBGROUPS, _RUN) if hub.in_runs else _SUBGROUPS
    name = f"{_PARENT}_{look.word}"
    short, long = (_cut(category, look, most) for most in (_SHORT_NAME, _LONG_NAME))
    limits = f"bigWig 0 {max(track.entry.track.top for track in tracks):.6g}"
    views = {"signal": f"Predicted_{word}"}
    if any(track.bigbed for track in tracks):
        views["peaks"] = "Predicted_peaks"
    values = {group: sorted({_member(track, group) for track in tracks}) for group in groups}
    # Tags of letters and digits, whatever the values are.
    tags = {
        group: {value: f"{group[:2]}{place}" for place, value in enumerate(listed)}
        for group, listed in values.items()
    }
    yield {
        "track": name,
        "parent": _PARENT,
        "compositeTrack": "on",
        "shortLabel": f"{short} predicted",
        "longLabel": f"{long}: predicted {word} and peaks",
        "type": limits,
        "visibility": "full",
        "subGroup1": _line("view Views", views.items()),
        **{
            f"subGroup{number}": _line(
                f"{group} {group.capitalize()}",
                ((tag, _label(value)) for value, tag in tags[group].items()),
            )
            for number, group in enumerate(groups, start=2)
        },
        "dimensions": "dimX=cell dimY=target dimA=treatment" + " dimB=run" * hub.in_runs,
        "sortOrder": f"target=+ cell=+ treatment=+ {'run=+ ' * hub.in_runs}view=-",
        "html": PAGE,
    }
    for view, label in views.items():
        style = {"type": limits} | _SIGNAL_STYLE if view == "signal" else _PEAKS_STYLE
        yield {
            "track": f"{name}_{view}",
            "parent": name,
            "view": view,
            "shortLabel": f"{short} {view}",
            "longLabel": f"{long}: {label.replace('_', ' ').lower()}",
            **style,
            "visibility": "full" if view == "signal" else "dense",
            "viewUi": "on",
        }
    for track in tracks:
        for view, stanza in _tracks(track, look, f"{name}_signal", f"{name}_peaks"):
            members = ((group, tags[group][_member(track, group)]) for group in groups)
            yield {**stanza, "subGroups": _line(f"view={view}", members)}


def _member(track: HubTrack, group: str) -> str:
    """The value of a marker's subgroup."""
    value: str = track.entry.run.label if group == _RUN else getattr(track.marker, group)
    return value


def _cut(category: str, look: Look, most: int) -> str:
    """A category as labels have it: where it is not whole, with a number that no other has."""
    if len(category) <= most and plain(category) == category:
        return category
    end = f"#{look.place}"
    return f"{plain(category)[: most - len(end)].rstrip()}{end}"


def _line(first: str, pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join([first, *(f"{name}={value}" for name, value in pairs)])


def _label(value: str) -> str:
    """A value as a word: the browser shows underscores as spaces."""
    return field(value).replace(" ", "_").replace("=", "_")
