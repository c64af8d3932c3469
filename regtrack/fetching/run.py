"""`fetch`: look at what is there, fetch what is not, and report what is where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from pathlib import Path
from threading import RLock
from typing import TypeVar

from regtrack.fetching.checksums import PublishedChecksums
from regtrack.fetching.download import download, drop, remove_leftovers
from regtrack.fetching.failures import DamagedError, FetchError
from regtrack.fetching.locks import file_lock
from regtrack.fetching.markers_table import text_to_write, write_markers_table
from regtrack.fetching.place import mend_indexes, place, wrong_indexes
from regtrack.fetching.records import Records
from regtrack.fetching.report import Planned, Report, check_made, check_offline
from regtrack.fetching.settings import FetchSettings
from regtrack.fetching.sources import (
    ASSEMBLY,
    KINDS,
    MARKERS_TABLE,
    MODELS,
    MODELS_FOLDER,
    Source,
    exclude_sources,
    gene_source,
    genome_sources,
    peak_sources,
)
from regtrack.fetching.web import Web
from regtrack.genome.cache import possible_cache_folder
from regtrack.genome.catalogue import catalogue
from regtrack.genome.gene_tables import GENE_TABLES, GeneTable
from regtrack.genome.markers import select_markers
from regtrack.observer import Event, Observer, staged


class ThreadSafeObserver:
    """An observer that several threads may tell."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._lock = RLock()
        self._stage: tuple[str, str, int] | None = None
        self._done = 0
        self._noted = False

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Begin a stage."""
        with self._lock:
            self._stage, self._done, self._noted = (name, unit, total), done, False
            self._observer.stage(name, unit, total, done)

    def advanced(self, units: int) -> None:
        """Advance the stage, under its own name again."""
        with self._lock:
            self._done += units
            if self._noted and self._stage is not None:
                self._noted = False
                self._observer.stage(*self._stage, self._done)
            else:
                self._observer.advanced(units)

    def finished(self) -> None:
        """End the stage."""
        with self._lock:
            self._stage = None
            self._observer.finished()

    def told(self, event: Event) -> None:
        """Pass it on."""
        with self._lock:
            self._observer.told(event)

    def note(self, line: str) -> None:
        """Show what is waited for in place of the stage's name, until it goes on."""
        with self._lock:
            if self._stage is None:
                self._observer.stage(line, "file", 0, 0)
                self._observer.finished()
            else:
                _, unit, total = self._stage
                self._noted = True
                self._observer.stage(line, unit, total, self._done)


T = TypeVar("T")

_FEW = 20  # files of which the sizes are asked first, to show how many bytes are left


def fetch(
    kinds: Sequence[str],
    settings: FetchSettings,
    observer: Observer,
    markers: Sequence[str] = (),
    web: Web | None = None,
    assembly: str = ASSEMBLY,
    table: GeneTable = GENE_TABLES[0],
) -> Report:
    """Fetch all files of some kinds into the cache folder, or find that they are there.

    Parameters
    ----------
    kinds
        Of `genome`, `genes`, `exclude` and `peaks`; the last one of hg19 only.
    markers
        Patterns; only the peaks of these markers.
    assembly
        As UCSC names it.
    table
        Which genes.
    web
        Who asks; for tests.

    Returns
    -------
    Report
        Also of the files that could not be fetched: these do not stop the others.

    Raises
    ------
    ArgumentError
        When a pattern matches no marker, no assembly is called so, or there is no such thing of
        it.
    InputError
        When a file is where the cache folder should be.
    RegtrackError
        Offline, when something is missing.
    OSError
        When the cache folder cannot be written; it names the file.
    """
    wanted: list[Source] = []
    if "genome" in kinds:
        wanted += genome_sources(assembly)
    if "genes" in kinds:
        wanted.append(gene_source(assembly, table))
    if "exclude" in kinds:
        wanted += exclude_sources(assembly)
    if "peaks" in kinds:
        wanted += peak_sources(select_markers(catalogue(), markers))
    folder = possible_cache_folder() / assembly
    asker = web or Web(settings.mirror)
    return Fetching(folder, settings, asker, ThreadSafeObserver(observer)).run(wanted)


def fetch_weights(
    name: str, settings: FetchSettings, observer: Observer, web: Web | None = None
) -> Report:
    """Fetch the published weights of a network, as they are published, or find them there.

    Parameters
    ----------
    name
        Of `regtrack.fetching.sources.MODELS`.
    settings, observer, web
        As `fetch`.

    Raises
    ------
    InputError, RegtrackError, OSError
        As `fetch`.
    """
    folder = possible_cache_folder() / MODELS_FOLDER
    asker = web or Web(settings.mirror)
    return Fetching(folder, settings, asker, ThreadSafeObserver(observer)).run([MODELS[name]])


class Fetching:
    """A run of `fetch`."""

    def __init__(
        self, folder: Path, settings: FetchSettings, web: Web, observer: ThreadSafeObserver
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._web = web
        web.notice = observer.note
        self._observer = observer
        self._records = Records(folder)
        self._published = PublishedChecksums(web)

    def run(self, wanted: Sequence[Source]) -> Report:
        """Look at every file; then, kind by kind, fetch those that have to be."""
        known = self._records.read()

        def look(source: Source) -> Planned:
            self._web.check()
            return Planned(source, self._records.problem(source.path, source.url, known))

        with staged(self._observer, "looking", "file", len(wanted)) as advance:
            looked_at = dict(self._each(look, wanted, lambda _: advance(1)))
        planned = [looked_at[source] for source in wanted]
        if self._settings.dry_run:
            sizes = self._sizes(planned)
            silent = self._unreachable(planned, sizes)
            return Report(self._folder, planned, sizes=sizes, unreachable=silent)
        if self._settings.offline:
            check_offline(planned, self._folder)
            check_made(self._wrongly_made(planned), self._folder)
            return Report(self._folder, planned, sizes=self._recorded_sizes())
        remove_leftovers(self._folder)
        failed: dict[str, FetchError] = {}
        try:
            for kind in KINDS:
                failed |= self._fetch_kind([file for file in planned if file.source.kind == kind])
        finally:
            # After Ctrl-C, too: what came is there to be used.
            if any(file.source.kind == "peaks" for file in planned) and self._folder.is_dir():
                write_markers_table(self._folder, self._records, failed)
        mended: tuple[str, ...] = ()
        for source in _genomes(planned):
            # Without a lock: where all is well, the folder may be read-only.
            if source.path not in failed and wrong_indexes(source, self._records):
                with self._lock(self._folder / source.path):
                    mended = mend_indexes(source, self._folder, self._records)
        return Report(
            self._folder,
            planned,
            {path: str(error) for path, error in failed.items()},
            mended,
            self._recorded_sizes(),
            {path: str(error.args[0]) for path, error in failed.items() if error.is_silence},
            {path for path, error in failed.items() if error.is_refusal},
        )

    def _recorded_sizes(self) -> dict[str, int | None]:
        return {path: record.size for path, record in self._records.read().items()}

    def _wrongly_made(self, planned: Sequence[Planned]) -> list[str]:
        """Files made from fetched ones that are missing or changed."""
        wrong = [
            path for genome in _genomes(planned) for path in wrong_indexes(genome, self._records)
        ]
        if any(file.source.kind == "peaks" for file in planned):
            text = text_to_write(self._folder, self._records)
            wrong += [] if text is None else [MARKERS_TABLE]
        return wrong

    def _lock(self, path: Path) -> AbstractContextManager[None]:
        """The lock of a file; while another run holds it, the observer is told."""
        line = f"another fetch is at work on {path.name}"
        return file_lock(path, self._web.check, lambda: self._observer.note(line))

    def _fetch_kind(self, planned: Sequence[Planned]) -> dict[str, FetchError]:
        """Fetch the files that have to be; tells why some could not be, by path."""
        wanted = [file.source for file in planned if file.problem is not None]
        if not wanted:
            return {}
        few = len(wanted) <= _FEW
        if few:
            sizes = dict(self._each(lambda source: self._web.size(source.url), wanted))
            stage = ("B", sum(size or 0 for size in sizes.values()), 0)
        else:
            stage = ("file", len(planned), len(planned) - len(wanted))
        with staged(self._observer, wanted[0].kind, *stage) as advance:

            def attempt(source: Source) -> FetchError | None:
                try:
                    self._fetch_file(source, advance if few else _ignore)
                except FetchError as error:
                    return error
                if not few:
                    advance(1)
                return None

            answers = dict(self._each(attempt, wanted))
        return {source.path: why for source, why in answers.items() if why is not None}

    def _fetch_file(self, source: Source, advanced: Callable[[int], object]) -> None:
        """Fetch a file, unless another process has done so in the meantime."""
        final = self._folder / source.path
        part = final.with_name(f"{final.name}.part")
        most = 0

        def progress(have: int) -> None:
            nonlocal most
            advanced(max(0, have - most))
            most = max(most, have)

        with self._lock(final):
            if self._records.problem(source.path, source.url, self._records.read()) is None:
                return
            # What is there stays until the new one is whole.
            while True:
                left = download(self._web, source.url, part, progress)
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
        wanted = [file.source for file in planned if file.problem is not None]
        if self._settings.offline:
            return {source.path: None for source in wanted}
        with staged(self._observer, "asking for sizes", "file", len(wanted)) as advance:
            sizes = self._each(
                lambda source: self._web.size(source.url), wanted, lambda _: advance(1)
            )
            return {source.path: size for source, size in sizes}

    def _unreachable(
        self, planned: Sequence[Planned], sizes: Mapping[str, int | None]
    ) -> dict[str, str]:
        """Hosts that did not tell sizes as there was no answer, by path."""
        silent = [file.source for file in planned if sizes.get(file.source.path, 0) is None]
        return {
            source.path: self._web.host(source.url)
            for source in silent
            if self._web.is_silent(source.url)
        }

    def _each(
        self,
        work: Callable[[Source], T],
        sources: Sequence[Source],
        done: Callable[[T], object] = lambda _: None,
    ) -> Iterator[tuple[Source, T]]:
        """Do some work for every file, several at a time; the first error ends the run."""
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


def _genomes(planned: Sequence[Planned]) -> list[Source]:
    return [file.source for file in planned if file.source.form == "fasta"]


def _ignore(_: int) -> None:
    """Take a number of bytes that nobody is to see."""
