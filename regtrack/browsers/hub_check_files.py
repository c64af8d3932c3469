"""The files that a hub names: they are there, they are what they should be, and agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from regtrack.browsers.hub_parse import HubText, Problem, Stanza
from regtrack.errors import InputError
from regtrack.genome.assemblies import contradiction
from regtrack.tracks.bigbed import FIELDS, read_header
from regtrack.tracks.bigwig_sections import BigWigSections

# Settings that name a file.
_NAMED = ("bigDataUrl", "html", "descriptionUrl", "metaDataUrl", "colorSettingsUrl")
# The one of which UCSC does not say that it may be relative, and what else may well be whole.
_WHOLE = "colorSettingsUrl"
_ON_THE_WEB = ("metaDataUrl", _WHOLE)


def is_absolute(url: str) -> bool:
    """Whether it is a whole web address."""
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:  # such as half an IPv6 address
        return False


def local_file(folder: Path, url: str) -> Path | None:
    """The file in a hub's folder that an address, relative or whole, leads to; None if none.

    Where the folder is on the web the address alone does not say: of a whole one, the longest
    end that names a file is taken.
    """
    path = urlsplit(url).path if is_absolute(url) else url
    parts = [part for part in unquote(path).split("/") if part not in {"", "."}]
    if ".." in parts:
        return None
    ends = range(len(parts)) if is_absolute(url) else range(min(1, len(parts)))
    return next((local for at in ends if (local := folder.joinpath(*parts[at:])).is_file()), None)


def check_files(hub: HubText) -> Iterator[Problem]:
    """Every file that is named is there, of its type, and of the same genome as the others.

    Of types other than bigWig, bigBed and bigNarrowPeak only that the file is there is tested.
    """
    sizes: dict[str, Mapping[str, int]] = {}
    for stanza in hub.stanzas:
        for setting in _NAMED:
            url = stanza.get(setting)
            if not url:
                continue
            path = local_file(hub.folder, url)
            if setting == _WHOLE and not is_absolute(url):
                yield stanza.problem(
                    f"{setting} {url!r}, expected a whole address: https://...", setting
                )
            elif path is None:
                yield stanza.problem(f"{setting} {url!r}, expected a file in {hub.folder}", setting)
            elif setting == "bigDataUrl" and "type" in stanza.settings:
                try:
                    sizes[stanza.name] = _chrom_sizes(path, stanza.get("type"))
                except (InputError, OSError) as error:
                    yield stanza.problem(str(error), setting)
    yield from _check_base(hub)
    yield from _check_chroms(hub, sizes)


def _chrom_sizes(path: Path, kind: str) -> Mapping[str, int]:
    """Chromosomes of a data file, read as what its type says; none of a type not known here.

    Raises
    ------
    InputError
        When it is not what its type says.
    """
    word = next(iter(kind.split()), "")
    if word == "bigWig":
        with BigWigSections(path) as reader:
            return reader.chrom_sizes
    if word in {"bigBed", "bigNarrowPeak"}:
        peaks = read_header(path)
        if word == "bigNarrowPeak" and peaks.fields != FIELDS:
            raise InputError(path, f"{peaks.fields} columns, expected {FIELDS} ({word})")
        return peaks.chrom_sizes
    return {}


def _check_base(hub: HubText) -> Iterator[Problem]:
    """All whole addresses lead to the same copy of the folder."""
    bases: dict[str, tuple[Stanza, str]] = {}
    for stanza in hub.stanzas:
        for setting in _ON_THE_WEB:
            url = stanza.get(setting)
            path = local_file(hub.folder, url) if is_absolute(url) else None
            if path is not None:
                base = unquote(url).removesuffix(path.relative_to(hub.folder).as_posix())
                bases.setdefault(base, (stanza, setting))
    first = next(iter(bases), "")
    for other in list(bases)[1:]:
        stanza, setting = bases[other]
        yield stanza.problem(f"{setting} is at {other}, expected it at {first}", setting)


def _check_chroms(hub: HubText, sizes: Mapping[str, Mapping[str, int]]) -> Iterator[Problem]:
    """All files are of one genome, and that of the hub.

    No file has a chromosome that most others do not have, or of another length.
    """
    counts = Counter(pair for chroms in sizes.values() for pair in chroms.items())
    known: dict[str, int] = {}
    for (chrom, size), _ in counts.most_common():
        known.setdefault(chrom, size)
    # bigBed files have the chromosomes of their entries alone; BigWig files mostly have all. Those
    # of another run, which lie in another folder, may have more or fewer.
    listed: dict[str, Counter[frozenset[str]]] = {}
    for track in hub.data:
        if track.name in sizes and track.get("type").startswith("bigWig"):
            folder = track.get("bigDataUrl").rpartition("/")[0]
            listed.setdefault(folder, Counter())[frozenset(sizes[track.name])] += 1
    usual = [counter.most_common(1)[0][0] for counter in listed.values()]
    names = frozenset().union(*usual) if usual else frozenset(known)
    for stanza in hub.stanzas:
        here = {chrom: size for chrom, size in known.items() if chrom in names}
        if stanza.kind == "genome" and (other := contradiction(here, stanza.name)):
            yield stanza.problem(f"the files are of {other}")
    some = ", ".join(sorted(names)[:3])
    for track in hub.data:
        for chrom, size in sizes.get(track.name, {}).items():
            if chrom not in names:
                yield track.problem(
                    f"has {chrom}, which the others do not have, expected {some} ...",
                    "bigDataUrl",
                )
            elif known[chrom] != size:
                yield track.problem(
                    f"{chrom} of {size:,} bases, expected {known[chrom]:,} as in the others",
                    "bigDataUrl",
                )
