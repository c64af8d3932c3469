"""The page that describes the tracks of a hub."""

from __future__ import annotations

from html import escape
from statistics import fmean

from regtrack import __version__
from regtrack.browsers.hub_plan import Hub
from regtrack.genome.markers import categories_of, describe_markers
from regtrack.tracks.folder import TrackSet


def page_text(hub: Hub) -> str:
    """`description.html`: the model, what a value promises, settings, and scores if known.

    Without a style sheet, as the browser sets it into pages of its own.
    """
    markers = list({track.marker.name: track.marker for track in hub.tracks}.values())
    body = [
        "<h2>Description</h2>",
        f"<p>What {_who(hub)} from the DNA sequence "
        f"alone: at every base, {_what(hub)} each of "
        f"{len(markers):,} regulatory markers ({escape(describe_markers(markers))}). These are "
        "predictions, not measurements.</p>",
        "<h2>What is shown</h2>",
        "<ul>",
        f"<li><b>Predicted {hub.word}</b> (bigWig), from 0 {_upward(hub)}. {_promise(hub)} "
        f"{_axis(hub)} "
        "The line across it is the marker's threshold, from which its peaks were called; where "
        "there is none, it lies above the axis.</li>",
        f"<li><b>Predicted peaks</b> (bigNarrowPeak): where the {hub.word} is at or above the "
        f"marker's threshold. The signal value is the highest {hub.word} in the peak, the score "
        f"1000 times {_score(hub)}; p and q values are not assigned. The higher the score, the "
        "darker the peak. A marker for which no peak was called has no such track.</li>",
        "</ul>",
        *_scores(hub),
        "<h2>How it was made</h2>",
        "<table>",
        *_facts(hub),
        "</table>",
        "<p>Method: Gupta &amp; Rush 2017, <i>Dilated Convolutions for Modeling Long-Distance "
        "Genomic Dependencies</i>.</p>",
        f"<p>Contact: {escape(hub.options.email)}</p>",
    ]
    head = '<meta charset="utf-8"><title>Predicted regulatory tracks</title>'
    return "\n".join(
        ["<!DOCTYPE html>", '<html lang="en">', f"<head>{head}</head>", "<body>", *body]
        + ["</body>", "</html>", ""]
    )


def _who(hub: Hub) -> str:
    if not hub.in_runs:
        architecture = escape(hub.runs.first.trackset.model["architecture"])
        return f"a neural network, &ldquo;{architecture}&rdquo;, predicts"
    labels = ", ".join(f"&ldquo;{escape(run.label)}&rdquo;" for run in hub.runs.runs)
    return f"neural networks predict, in runs that are called {labels},"


def _what(hub: Hub) -> str:
    return "a signal of" if hub.word == "signal" else "the probability that it lies in a peak of"


def _upward(hub: Hub) -> str:
    return "upward" if hub.word == "signal" else "to 1"


def _score(hub: Hub) -> str:
    return "its share of the marker's range" if hub.word == "signal" else "that"


def _promise(hub: Hub) -> str:
    error, floor = (_common(hub, name) for name in ("max_error", "floor"))
    of_range = " times the marker's range" if hub.word == "signal" else ""
    value = (
        f"the predicted {hub.word}"
        if error is None
        else (f"within {escape(str(error))}{of_range} of the predicted {hub.word}")
    )
    under = (
        "" if floor is None else (f", or the {hub.word} is under {escape(str(floor))}{of_range}")
    )
    return (
        f"A value is, at every base, {value}. Where there is no value, the sequence is N, or "
        f"was not predicted{under}. Zoomed out, a pixel shows the highest value in it."
    )


def _common(hub: Hub, setting: str) -> float | None:
    """A setting that bounds the values of every run: the largest; None where one has none."""
    bounds = [run.viewable.trackset.settings.get(setting) for run in hub.runs.runs]
    known = [bound for bound in bounds if bound is not None]
    return max(known) if len(known) == len(bounds) else None


def _axis(hub: Hub) -> str:
    """Where the axes end."""
    return {
        "marker": "Each axis goes up to the high values of its own marker, and is not to be "
        "compared by eye with another.",
        "probability": "Each axis goes up to the marker's range."
        if hub.word == "signal"
        else "All axes go up to 1.",
        "auto": "Each axis goes up to the highest value in view.",
    }[hub.options.scale]


def _scores(hub: Hub) -> list[str]:
    """A table of means per category and run; nothing where no score is known."""
    rows = []
    for category in categories_of(track.marker for track in hub.tracks):
        for run in hub.runs.runs:
            scored = [
                (track.score, track.base_rate)
                for track in hub.tracks
                if track.marker.category == category
                and track.entry.run is run
                and track.score is not None
            ]
            if scored:
                rates = [rate for _, rate in scored if rate is not None]
                rate = f"{fmean(rates):.4f}" if rates else "not known"
                of_run = f"<td>{escape(run.label)}</td>" if hub.in_runs else ""
                rows.append(
                    f"<tr><td>{escape(category)}</td>{of_run}"
                    f"<td align='right'>{len(scored):,}</td>"
                    f"<td align='right'>{fmean(score for score, _ in scored):.4f}</td>"
                    f"<td align='right'>{rate}</td></tr>"
                )
    if not rows:
        return []
    return [
        "<h2>How good it is</h2>",
        "<p>Average precision (step-wise area under the precision-recall curve) of single bases "
        "against measured peaks, mean over the markers; a random track would have the base "
        "rate.</p>",
        "<table>",
        f"<tr><th align='left'>Category</th>{'<th>Run</th>' * hub.in_runs}<th>Markers</th>"
        "<th>Average precision</th><th>Base rate</th></tr>",
        *rows,
        "</table>",
    ]


def _facts(hub: Hub) -> list[str]:
    """Rows of a table: a fact, and what it is in each run."""
    each = [_facts_of(run.viewable.trackset, hub.assembly) for run in hub.runs.runs]
    names = list(dict.fromkeys(name for facts in each for name in facts))
    rows = [(name, [facts.get(name, "") for facts in each]) for name in names]
    if hub.in_runs:
        rows.insert(0, ("Run", [run.label for run in hub.runs.runs]))
    return [
        f"<tr><th align='left'>{escape(name)}</th>"
        + "".join(f"<td>{escape(value)}</td>" for value in values)
        + "</tr>"
        for name, values in rows
    ]


def _facts_of(trackset: TrackSet, assembly: str) -> dict[str, str]:
    return {
        "Genome": f"{assembly} (the model was trained on {trackset.model['assembly']})",
        "Genome fingerprint": trackset.fingerprint,
        "Network": trackset.model["architecture"],
        "Checkpoint (SHA-256)": trackset.model["sha256"],
        **{name.capitalize(): text for name, text in trackset.credits.items()},
        **{
            name.replace("_", " ").capitalize(): str(value)
            for name, value in trackset.settings.items()
            if value is not None
        },
        "Written by": f"regtrack {__version__}",
    }
