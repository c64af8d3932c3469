"""The text of a hub: `hub.txt`, its table of markers, and the colours of that table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from regtrack.browsers.hub_labels import LONG, SHORT, field, plain
from regtrack.browsers.hub_plan import COLOURS_FILE, METADATA, PAGE, Hub, HubTrack
from regtrack.genome.markers import categories_of
from regtrack.report.palette import Look

Stanza = Mapping[str, str]

# The name of what holds all tracks, and the column that has the part after it.
_PARENT = "regtrack"
_KEY = "Marker"

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


def hub_text(hub: Hub) -> str:
    """`hub.txt`: hub, genome and tracks, a blank line between them."""
    tracks = _faceted(hub) if hub.options.style == "faceted" else _composites(hub)
    stanzas = [_hub(hub), {"genome": hub.assembly}, *tracks]
    return "\n".join(
        "".join(f"{name} {value}\n" for name, value in stanza.items()) for stanza in stanzas
    )


def metadata_text(hub: Hub) -> str:
    """The table behind a faceted hub: a row per marker.

    The first column is the key in the tracks' names. A name that begins with an underscore is
    searched, but gets no box of values to choose from.
    """
    scored = any(track.score is not None for track in hub.tracks)
    header = [_KEY, "_Name", "Category", "Cell", "Target", "Treatment"]
    rows = [header + ["_PR_AUC_average_precision"] * scored]
    for track in hub.tracks:
        marker = track.marker
        words = (marker.name, marker.category, marker.cell, marker.target, marker.treatment)
        score = "NA" if track.score is None else f"{track.score:.4f}"
        rows.append([track.key, *map(field, words)] + [score] * scored)
    return "".join("\t".join(row) + "\n" for row in rows)


def colours_text(hub: Hub) -> str:
    """JSON: the colour of each value of a column of the table."""
    colours = {field(category): look.colour for category, look in hub.viewable.looks.items()}
    return json.dumps({"Category": colours}, indent=1) + "\n"


def _hub(hub: Hub) -> Stanza:
    model = hub.viewable.trackset.model
    return {
        "hub": f"regtrack_{model['sha256'][:8]}",
        "shortLabel": _title(hub)[:SHORT].rstrip(),
        "longLabel": _long_title(hub),
        "useOneFile": "on",
        "email": hub.options.email,
        "descriptionUrl": PAGE,
    }


def _title(hub: Hub) -> str:
    return plain(f"regtrack {hub.viewable.trackset.model['architecture']}")


def _long_title(hub: Hub) -> str:
    architecture = plain(hub.viewable.trackset.model["architecture"])
    title = f"Regulatory markers predicted at every base, by {architecture} (regtrack)"
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
        "primaryKey": _KEY,
        # Of this one, UCSC does not say that it may be relative.
        "colorSettingsUrl": f"{hub.options.base}/{COLOURS_FILE}",
        "dataTypes": f'signal|"Predicted {hub.word}" peaks|"Predicted peaks"',
        "defaultSortField": "Category",
        "html": PAGE,
    }
    looks = hub.viewable.looks
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
            "type": f"bigWig 0 {track.top:.6g}",
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
    return {**limits, "yLineOnOff": "on", "yLineMark": f"{track.threshold:.6g}"}


def _composites(hub: Hub) -> Iterator[Stanza]:
    """A composite per category with a matrix of cells and targets, all in one super track."""
    yield {
        "track": _PARENT,
        "superTrack": "on show",
        "shortLabel": "Predicted markers",
        "longLabel": f"Predicted {hub.word} and peaks of regulatory markers",
        "html": PAGE,
    }
    looks = hub.viewable.looks
    for category in categories_of(track.marker for track in hub.tracks):
        tracks = [track for track in hub.tracks if track.marker.category == category]
        yield from _composite(category, looks[category], tracks, hub.word)


def _composite(
    category: str, look: Look, tracks: Sequence[HubTrack], word: str
) -> Iterator[Stanza]:
    name = f"{_PARENT}_{look.word}"
    short, long = (_cut(category, look, most) for most in (_SHORT_NAME, _LONG_NAME))
    limits = f"bigWig 0 {max(track.top for track in tracks):.6g}"
    views = {"signal": f"Predicted_{word}"}
    if any(track.bigbed for track in tracks):
        views["peaks"] = "Predicted_peaks"
    values = {
        group: sorted({getattr(track.marker, group) for track in tracks}) for group in _SUBGROUPS
    }
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
            for number, group in enumerate(_SUBGROUPS, start=2)
        },
        "dimensions": "dimX=cell dimY=target dimA=treatment",
        "sortOrder": "target=+ cell=+ treatment=+ view=-",
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
            members = ((group, tags[group][getattr(track.marker, group)]) for group in _SUBGROUPS)
            yield {**stanza, "subGroups": _line(f"view={view}", members)}


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
