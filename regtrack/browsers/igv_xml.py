"""A session of IGV desktop: XML, whose paths are relative to the file itself."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from regtrack.browsers.reference import Reference
from regtrack.browsers.rows import Row
from regtrack.errors import InputError
from regtrack.genome.intervals import Interval

NAME = "igv.xml"
_VERSION = "8"  # of the format: IGV 2.4 and later
_SIGNAL_HEIGHT = 40  # pixels, as IGV makes a line of peaks
# A session with panels shows only what it names: of a hosted genome, its genes by their address.
# IGV takes the older addresses for the newer ones; a genome whose address is not here shows none.
_GENES = {
    genome: f"https://s3.amazonaws.com/igv.org.genomes/{genome}/ncbiRefSeq.sorted.txt.gz"
    for genome in ("hg19", "hg38", "mm10")
}
# What XML cannot hold at all, escaped or not.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def session_xml(rows: Sequence[Row], reference: Reference, locus: Interval, folder: Path) -> str:
    """Text of a session that lies in `folder`.

    Paths are relative to it and not quoted: IGV takes them as they are.
    """
    root = ET.Element(
        "Session",
        genome=_legal(_genome(reference, folder)),
        locus=str(locus),
        version=_VERSION,
    )
    resources = ET.SubElement(root, "Resources")
    panel = ET.SubElement(root, "Panel", name="DataPanel")
    for row in rows:
        ET.SubElement(
            resources, "Resource", path=_legal(row.signal), trackLine=_track_line(row.threshold)
        )
        for peaks in row.peaks:
            # IGV finds an index beside its file; a relative path of one it looks up elsewhere.
            ET.SubElement(resources, "Resource", path=_legal(peaks.path))
        _add_signal(panel, row)
        for peaks in row.peaks:
            _add_peaks(panel, f"{row.name} {peaks.kind}", peaks.path, peaks.colour)
    _add_genome(root, reference)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def check_genome(reference: Reference, folder: Path) -> None:
    """Refuse a genome that a session in `folder` cannot name.

    Raises
    ------
    InputError
        When XML does not hold its path: one that is not UTF-8, or has control characters.
    """
    name = _genome(reference, folder)
    if _legal(name) != name:
        raise InputError(name, "no name that igv.xml can hold; expected one in UTF-8")


def _genome(reference: Reference, folder: Path) -> str:
    if reference.path is None:
        return reference.name
    return os.path.relpath(reference.path, folder.resolve())


def _add_genome(root: ET.Element, reference: Reference) -> None:
    """The sequence, and genes where IGV has them, below everything."""
    if reference.kind == "sizes":
        return
    panel = ET.SubElement(root, "Panel", name="FeaturePanel")
    ET.SubElement(
        panel,
        "Track",
        id="Reference sequence",
        name="Reference sequence",
        clazz="org.broad.igv.track.SequenceTrack",
    )
    if reference.kind == "hosted" and reference.name in _GENES:
        ET.SubElement(
            panel,
            "Track",
            id=_GENES[reference.name],
            name="Refseq Genes",
            clazz="org.broad.igv.track.FeatureTrack",
        )


def _track_line(threshold: float) -> str:
    """A line across a signal, which the track itself cannot ask for, but the line of a file can."""
    return f"track yLineMark={threshold:.6g} yLineOnOff=on"


def _add_signal(panel: ET.Element, row: Row) -> None:
    track = ET.SubElement(
        panel,
        "Track",
        id=_legal(row.signal),
        name=_legal(row.title),
        clazz="org.broad.igv.track.DataSourceTrack",
        color=row.colour,
        altColor=row.colour,
        autoScale=str(row.axis_end is None).lower(),
        renderer="BAR_CHART",
        # A peak is narrower than a pixel when zoomed out; a mean would flatten it.
        windowFunction="max",
        height=str(_SIGNAL_HEIGHT),
        visible="true",
    )
    ET.SubElement(
        track,
        "DataRange",
        minimum="0",
        baseline="0",
        maximum=f"{row.axis_end or 1:.6g}",
        drawBaseline="true",
        flipAxis="false",
        type="LINEAR",
    )


def _add_peaks(panel: ET.Element, title: str, path: str, colour: str) -> None:
    ET.SubElement(
        panel,
        "Track",
        id=_legal(path),
        name=_legal(title),
        clazz="org.broad.igv.track.FeatureTrack",
        color=colour,
        altColor=colour,
        displayMode="COLLAPSED",  # one line of peaks, wherever they lie
        showFeatureNames="false",
        visible="true",
    )


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
