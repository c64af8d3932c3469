"""`fetch`: look at what is there, bring what is not, and say what is where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import RLock
from typing import TypeVar

from regtrack.fetching.download import download, drop
from regtrack.fetching.failures import DamagedError, FetchError
from regtrack.fetching.locks import file_lock
from regtrack.fetching.markers_table import write_markers_table
from regtrack.fetching.place import mend_indexes, place
from regtrack.fetching.published import Published
from regtrack.fetching.records import Records
from regtrack.fetching.report import Planned, Report, check_offline
from regtrack.fetching.settings import FetchSettings
from regtrack.fetching.sources import ASSEMBLIES, EXCLUDE, GENOME, KINDS, Source, peak_sources
from regtrack.fetching.web import Web
from regtrack.genome.cache import cache_folder
from regtrack.genome.catalogue import catalogue
from regtrack.genome.markers import select_markers
from regtrack.observer import Observer

T = TypeVar("T")

_FEW = 20  # files of which the sizes are asked first, to show how many bytes are left


def fetch(
    kinds: Sequence[str],
    settings: FetchSettings,
    observer: Observer,
    markers: Sequence[str] = (),
    web: Web | None = None,
) -> Report:
    """Fetch all files of some kinds into the cache folder, or find that they are there.

    Parameters
    ----------
    kinds
        Of `genome`, `exclude` and `peaks`.
    markers
        Patterns; only the peaks of these markers.
    web
        Who asks; for tests.

    Returns
    -------
    Report
        Also of the files that could not be fetched: these do not stop the others.

    Raises
    ------
    OptionError
        When a pattern matches no marker.
    RegtrackError
        Offline, when something is missing.
    OSError
        When the cache folder cannot be written; it names the file.
    """
    sources = [*GENOME, *EXCLUDE, *peak_sources(select_markers(catalogue(), markers))]
    wanted = [source for source in sources if source.kind in kinds]
    folder = cache_folder() / ASSEMBLIES[0]
    asker = web or Web(settings.mirror)
    return Fetching(folder, settings, asker, _InTurn(observer)).run(wanted)


class Fetching:
    """One run; `run` does it."""

    def __init__(self, folder: Path, settings: FetchSettings, web: Web, observer: Observer) -> None:
        self._folder = folder
        self._settings = settings
        self._web = web
        self._observer = observer
        self._records = Records(folder)
        self._published = Published(web)

    def run(self, wanted: Sequence[Source]) -> Report:
        """Look at every file; then, kind by kind, fetch those that have to be."""
        known = self._records.read()
        self._observer.stage("looking", "file", len(wanted), 0)

        def look(source: Source) -> Planned:
            self._web.check()
            return Planned(source, self._records.problem(source.path, source.url, known))

        found = dict(self._each(look, wanted, lambda _: self._observer.advanced(1)))
        self._observer.finished()
        planned = [found[source] for source in wanted]
        if self._settings.dry_run:
            return Report(self._folder, planned, sizes=self._sizes(planned))
        if self._settings.offline:
            check_offline(planned, self._folder)
        failed: dict[str, str] = {}
        try:
            for kind in KINDS:
                failed |= self._fetch_kind([one for one in planned if one.source.kind == kind])
        finally:
            # After Ctrl-C, too: what came is there to be used.
            if any(one.source.kind == "peaks" for one in planned) and self._folder.is_dir():
                write_markers_table(self._folder, self._records)
        mended: tuple[str, ...] = ()
        for one in planned:
            if one.source.form == "fasta" and one.source.path not in failed:
                with file_lock(self._folder / one.source.path, self._web.check):
                    mended = mend_indexes(one.source, self._folder, self._records)
        sizes = {path: record.size for path, record in self._records.read().items()}
        return Report(self._folder, planned, failed, mended, sizes)

    def _fetch_kind(self, planned: Sequence[Planned]) -> dict[str, str]:
        """Fetch the files that have to be; tells why some could not be, by path."""
        wanted = [one.source for one in planned if one.problem is not None]
        if not wanted:
            return {}
        few = len(wanted) <= _FEW
        if few:
            sizes = dict(self._each(lambda source: self._web.size(source.url), wanted))
            self._observer.stage(wanted[0].kind, "B", sum(size or 0 for size in sizes.values()), 0)
        else:
            self._observer.stage(wanted[0].kind, "file", len(planned), len(planned) - len(wanted))

        def try_one(source: Source) -> str | None:
            try:
                self._fetch_one(source, self._observer.advanced if few else _nobody)
            except FetchError as error:
                return str(error)
            if not few:
                self._observer.advanced(1)
            return None

        answers = dict(self._each(try_one, wanted))
        self._observer.finished()
        return {source.path: why for source, why in answers.items() if why is not None}

    def _fetch_one(self, source: Source, advanced: Callable[[int], object]) -> None:
        """Fetch a file, unless another process has done so in the meantime."""
        final = self._folder / source.path
        part = final.with_name(f"{final.name}.part")
        most = 0

        def told(have: int) -> None:
            nonlocal most
            advanced(max(0, have - most))
            most = max(most, have)

        with file_lock(final, self._web.check):
            if self._records.problem(source.path, source.url, self._records.read()) is None:
                return
            final.unlink(missing_ok=True)  # whatever it is, it is not what was fetched
            while True:
                left = download(self._web, source.url, part, told)
                try:
                    self._place(source, part)
                except DamagedError:
                    drop(part)
                    if not left:
                        raise
                else:
                    return

    def _place(self, source: Source, part: Path) -> None:
        place(source, part, self._published.md5, self._records, self._observer, self._web.check)

    def _sizes(self, planned: Sequence[Planned]) -> dict[str, int | None]:
        """Bytes to fetch, as servers tell."""
        wanted = [one.source for one in planned if one.problem is not None]
        if self._settings.offline:
            return {source.path: None for source in wanted}
        self._observer.stage("asking for sizes", "file", len(wanted), 0)
        sizes = self._each(
            lambda source: self._web.size(source.url), wanted, lambda _: self._observer.advanced(1)
        )
        found = {source.path: size for source, size in sizes}
        self._observer.finished()
        return found

    def _each(
        self,
        work: Callable[[Source], T],
        sources: Sequence[Source],
        done: Callable[[T], object] = lambda _: None,
    ) -> Iterator[tuple[Source, T]]:
        """Do some work on every file, several at a time; the first error ends all."""
        pool = ThreadPoolExecutor(self._settings.jobs, thread_name_prefix="fetch")
        try:
            futures = {pool.submit(work, source): source for source in sources}
            for future in as_completed(futures):
                result = future.result()
                done(result)
                yield futures[future], result
        except BaseException:
            self._web.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


class _InTurn:
    """An observer that several threads may tell."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._lock = RLock()

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        with self._lock:
            self._observer.stage(name, unit, total, done)

    def advanced(self, units: int) -> None:
        with self._lock:
            self._observer.advanced(units)

    def finished(self) -> None:
        with self._lock:
            self._observer.finished()


def _nobody(_: int) -> None:
    """Is told, and does nothing."""
