"""The small parts: continuing, waiting, locking, reading checksums."""

from __future__ import annotations

import os
import platform
import tempfile
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from fetching_server import Act, Sources, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.fetching.checksums import read_md5sums
from regtrack.fetching.download import download, note_path, remove_leftovers
from regtrack.fetching.failures import FetchError
from regtrack.fetching.locks import file_lock
from regtrack.fetching.records import Record, Records, digests
from regtrack.fetching.run import ThreadSafeObserver
from regtrack.fetching.sources import peak_sources
from regtrack.fetching.web import Web
from regtrack.genome.catalogue import catalogue

URL = "https://example.org/a/file"
PATH = "/example.org/a/file"
BODY = bytes(range(256)) * 200


@pytest.fixture(autouse=True)
def _alone(cache: Path) -> None:
    """No proxy stands between us and the server."""


@settings(max_examples=40)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(BODY)), st.booleans(), st.sampled_from([0, 0, 0, 500, 416])),
        max_size=5,
    ),
    left=st.binary(max_size=20),
)
def test_however_it_is_cut_the_bytes_are_the_files(
    cuts: list[tuple[int, bool, int]], left: bytes
) -> None:
    sources = Sources()
    sources.files[PATH] = BODY
    sources.acts[PATH] = [
        Act(cut=cut, length=len(BODY), ranges=ranges, status=status) for cut, ranges, status in cuts
    ]
    with serving(sources), tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "file.part"
        part.write_bytes(left)  # of which nobody knows what it is
        told: list[int] = []
        web = Web(sources.url, wait=lambda _: None)
        download(web, URL, part, told.append)
        assert part.read_bytes() == BODY
        assert told[-1] == len(BODY)
        assert len(sources.asked) <= 6


def test_a_whole_part_is_not_asked_for(tmp_path: Path) -> None:
    sources = Sources()
    sources.files[PATH] = BODY
    part = tmp_path / "file.part"
    with serving(sources):
        web = Web(sources.url)
        assert download(web, URL, part, lambda _: None) is False
        assert download(web, URL, part, lambda _: None) is True
    assert len(sources.asked) == 1


# A validator that is no text, and sizes that are no whole number.
BAD_NOTES = [("1", "1"), ('"a"', '"c"'), ("[]", "true"), ('"a"', "1.5")]


@pytest.mark.parametrize(
    "note",
    ["", "\0", "{", "[" * 100_000, "{}", "[]", '{"url": 1}']
    + [f'{{"url":"{URL}","validator":{one},"size":{size}}}' for one, size in BAD_NOTES],
)
def test_a_note_that_is_none_means_to_begin_anew(tmp_path: Path, note: str) -> None:
    sources = Sources()
    sources.files[PATH] = BODY
    part = tmp_path / "file.part"
    part.write_bytes(b"x" * 100)
    note_path(part).write_text(note)
    with serving(sources):
        download(Web(sources.url), URL, part, lambda _: None)
    assert part.read_bytes() == BODY
    assert sources.asked[0].range is None


def test_bad_answers_in_between_bytes_are_not_counted(tmp_path: Path) -> None:
    sources = Sources()
    sources.files[PATH] = BODY
    # Every try brings some: more of them than tries are allowed for nothing.
    sources.acts[PATH] = [Act(cut=9_000, length=len(BODY)) for _ in range(4)]
    waits: list[float] = []
    with serving(sources):
        web = Web(sources.url, tries=2, wait=waits.append)
        download(web, URL, tmp_path / "file.part", lambda _: None)
    assert max(waits) <= 1


def test_a_date_may_be_waited_for(tmp_path: Path) -> None:
    sources = Sources()
    sources.files[PATH] = BODY
    when = formatdate(time.time() + 100, usegmt=True)
    sources.acts[PATH] = [Act(503, {"Retry-After": when}), Act(503, {"Retry-After": "soon"})]
    waits: list[float] = []
    with serving(sources):
        web = Web(sources.url, wait=waits.append)
        download(web, URL, tmp_path / "file.part", lambda _: None)
    assert 90 < waits[0] <= 100
    assert 1 <= waits[1] <= 2


def test_waits_grow_and_end() -> None:
    sources = Sources()
    sources.acts[PATH] = [Act(500, forever=True)]
    waits: list[float] = []
    with serving(sources), pytest.raises(FetchError, match="tried 9 times"):
        Web(sources.url, tries=9, wait=waits.append).text(URL)
    assert all(
        longest / 2 <= wait <= longest
        for wait, longest in zip(waits, (1, 2, 4, 8, 16, 32, 60, 60), strict=True)
    )


def test_a_host_that_never_answered_is_tried_three_times_and_one_that_did_longer() -> None:
    sources = Sources()
    sources.files[PATH] = BODY
    waits: list[float] = []
    with serving(sources):
        web = Web(sources.url, wait=waits.append)
        assert web.size(URL) == len(BODY)
    for asked, tries in ((web, 6), (Web(sources.url, wait=waits.append), 3)):
        waits.clear()
        with pytest.raises(FetchError, match=rf"\(tried {tries} times\)"):
            asked.text(URL)
        assert len(waits) == tries - 1


@pytest.mark.parametrize("mirror", ["http://a/b", "http://a/b/"])
def test_a_mirror_is_asked_in_the_servers_stead(mirror: str) -> None:
    assert Web(mirror).address("http://host/x/y.gz") == "http://a/b/host/x/y.gz"
    assert Web(mirror).address("https://host/x") == "http://a/b/host/x"
    assert Web().address(URL) == URL


def test_a_host_that_knows_https_is_asked_so() -> None:
    url = "http://hgdownload.cse.ucsc.edu/goldenPath/a.gz"
    assert Web().address(url) == "https://hgdownload.cse.ucsc.edu/goldenPath/a.gz"
    assert Web().host(url) == "hgdownload.cse.ucsc.edu"
    assert Web("https://me:secret@m:81/x").host(url) == "m:81"
    assert Web("http://m").address(url) == "http://m/hgdownload.cse.ucsc.edu/goldenPath/a.gz"
    for other in ("http://example.org/a", "http://hgdownload.cse.ucsc.edu.example.org/a"):
        assert Web().address(other) == other
    published = {source.url.partition("://")[0] for source in peak_sources(catalogue())}
    assert published == {"http", "https"}
    asked = {Web().address(source.url).partition("://")[0] for source in peak_sources(catalogue())}
    assert asked == {"https"}


def test_a_host_that_answers_is_asked_for_every_size() -> None:
    sources = Sources()
    with serving(sources):
        web = Web(sources.url)
        assert [web.size(URL) for _ in range(5)] == [None] * 5
        assert not web.is_silent(URL)
        sources.files[PATH] = BODY
        assert web.size(URL) == len(BODY)
    assert sources.heads[PATH] == 6


def failures_of(web: Web, times: int) -> list[FetchError]:
    """How a file fails, asked for so often."""
    failed = []
    for _ in range(times):
        with pytest.raises(FetchError) as caught:
            web.text(URL)
        failed.append(caught.value)
    return failed


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "4000"}])
def test_a_host_that_answers_that_it_cannot_now_is_not_silent(headers: dict[str, str]) -> None:
    sources = Sources()
    sources.acts[PATH] = [Act(503, headers, forever=True)]
    with serving(sources):
        failed = failures_of(Web(sources.url, tries=1), 4)
    assert str(failed[-1]).partition(": ")[2].startswith("not tried: ")
    assert [(one.status, one.is_silence, one.is_refusal) for one in failed] == [
        (503, False, False)
    ] * 4


def test_a_host_that_sends_too_little_is_not_silent() -> None:
    sources = Sources()
    sources.files[PATH] = BODY
    sources.acts[PATH] = [Act(cut=9_000, length=len(BODY), forever=True)]
    with serving(sources):
        (failed,) = failures_of(Web(sources.url, tries=1), 1)
    assert str(failed).endswith("the connection broke (tried 1 times)")
    assert not failed.is_silence


def test_of_a_host_without_connection_also_the_files_that_are_not_tried_count_as_silent() -> None:
    failed = failures_of(Web("http://127.0.0.1:9", tries=1), 4)
    assert str(failed[-1]).partition(": ")[2].startswith("not tried: ")
    assert [(one.status, one.is_silence) for one in failed] == [(None, True)] * 4


def test_a_silent_host_may_still_be_asked_for_files() -> None:
    web = Web("http://127.0.0.1:9", tries=1)
    assert [web.size(URL) for _ in range(5)] == [None] * 5
    assert web.is_silent(URL)
    with pytest.raises(FetchError, match="cannot be reached"):
        web.text(URL)


def test_a_note_gives_way_to_what_goes_on() -> None:
    shown: list[tuple[object, ...]] = []

    class Shown:
        def stage(self, *what: object) -> None:
            shown.append(what)

        def advanced(self, units: int) -> None:
            shown.append((units,))

        def finished(self) -> None:
            shown.append(())

    observer = ThreadSafeObserver(Shown())
    observer.stage("peaks", "B", 10, 1)
    observer.advanced(2)
    observer.note("waiting")
    observer.advanced(3)
    observer.advanced(1)
    observer.finished()
    observer.note("still")
    assert shown == [
        ("peaks", "B", 10, 1),
        (2,),
        ("waiting", "B", 10, 3),
        ("peaks", "B", 10, 6),
        (1,),
        (),
        ("still", "file", 0, 0),
        (),
    ]


def test_lines_of_checksums() -> None:
    one, two = "a" * 32, "B" * 32
    text = f"{one}  x.gz\n{two} *./y.gz\r\nMD5 of all\n\n{one[1:]}  short.gz\n<html>\n"
    assert read_md5sums(text) == {"x.gz": one, "y.gz": two.lower()}


@given(st.text())
def test_no_text_breaks_the_reading_of_checksums(text: str) -> None:
    assert all(len(md5) == 32 for md5 in read_md5sums(text).values())


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file.lock").symlink_to(tmp_path / "target")
    with pytest.raises(InputError, match=r"file\.lock: is a link"), file_lock(tmp_path / "file"):
        pass
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("name", ["file.part", "file.part.json"])
def test_a_link_in_place_of_a_download_is_not_followed(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.write_text("somebody's")
    (tmp_path / name).symlink_to(target)
    sources = Sources()
    sources.files[PATH] = BODY
    with serving(sources), pytest.raises(InputError, match=rf"{name}: is a link; expected a down"):
        download(Web(sources.url), URL, tmp_path / "file.part", lambda _: None)
    assert target.read_text() == "somebody's"


def left_behind(cache: Path, process: int) -> list[Path]:
    """What a fetch leaves that was killed in every place where it can be."""
    (cache / "peaks").mkdir(parents=True)
    aside = f"{platform.node()}.{process}.0123456789abcdef.tmp"
    names = ["a.gz.lock", "a.gz.part.json", f"a.gz.{aside}.fai", f"a.gz.{aside}.gzi"]
    names += [f"fetched.json.{aside}", "fetched.json.lock"]
    left = [folder / name for folder in (cache, cache / "peaks") for name in names]
    for path in left:
        path.touch()
    return left


def test_what_a_killed_fetch_left_is_removed(cache: Path) -> None:
    left = left_behind(cache, 2**22 + 1)  # above every process's number
    part, note = cache / "b.gz.part", cache / "b.gz.part.json"
    for path in (part, note):
        path.touch()
    remove_leftovers(cache)
    assert not [path for path in left if path.exists()]
    assert part.exists()
    assert note.exists()


def test_what_is_at_work_is_left_alone(cache: Path) -> None:
    left_behind(cache, os.getpid())
    with file_lock(cache / "a.gz"):
        remove_leftovers(cache)
        found = {path.name.partition(".")[0] for path in cache.iterdir() if path.is_file()}
        assert len([path for path in cache.iterdir() if path.name.startswith("a.gz.")]) == 4
        assert found == {"a", "fetched"}  # whose process lives
    remove_leftovers(cache)
    assert not [path for path in cache.iterdir() if path.name.startswith("a.gz.")]


def test_one_at_a_time_and_no_lock_stays(tmp_path: Path) -> None:
    inside, most, done = 0, 0, 0
    counting = threading.Lock()

    def work() -> None:
        nonlocal inside, most, done
        for _ in range(30):
            with file_lock(tmp_path / "file"):
                with counting:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0002)
                with counting:
                    inside -= 1
                    done += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (1, 120)
    assert not list(tmp_path.glob("*.lock"))


def test_waiting_for_a_lock_ends_when_the_run_does(tmp_path: Path) -> None:
    web = Web()

    def impatient() -> None:
        web.stop()
        web.check()

    with (
        file_lock(tmp_path / "file"),
        pytest.raises(Exception, match="stopped"),
        file_lock(tmp_path / "file", impatient),
    ):
        pass


def test_records_of_several_writers_add_up(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    record = Record.of(digests(tmp_path / "f"), URL, digests(tmp_path / "f", md5=True), True)

    def work(name: str) -> None:
        own = Records(tmp_path)
        for number in range(10):
            own.add({f"{name}{number}": record})

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Records(tmp_path).read()) == 40
    assert Records(tmp_path).problem("f", URL, {"f": record}) is None
    assert Records(tmp_path).problem("f", "https://b", {"f": record}) == f"fetched from {URL}"
