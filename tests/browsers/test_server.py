"""The server of `regtrack browse`: what it gives, and what it refuses."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsers_builders import MARKERS, write_report_table, write_tracks_folder
from browsing import Sights, browsing, free_port
from waiting import PATIENCE

from regtrack.browsers.server import HOST, listening
from regtrack.errors import ArgumentError

BIGWIG = "bigwig/0_K562_CTCF_None.bw"


@pytest.fixture(scope="module")
def address(sights: Sights) -> Iterator[str]:
    with browsing(sights.options, free_port()) as found:
        yield urlsplit(found).netloc


def ask(
    address: str, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request, its path sent letter by letter as it stands here."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/heatmap.css", "text/css; charset=utf-8"),
        ("/heatmap.js", "text/javascript; charset=utf-8"),
        ("/heatmap/cells?chrom=chr1&start=0&end=9&columns=3", "application/octet-stream"),
        ("/heatmap/measured?chrom=chr1&start=0&end=9&columns=3", "application/octet-stream"),
        ("/igv.js", "text/javascript; charset=utf-8"),
        ("/site.json", "application/json"),
        (f"/tracks/{BIGWIG}", "application/octet-stream"),
        ("/tracks/peaks/0_K562_CTCF_None.narrowPeak.gz", "application/octet-stream"),
        ("/tracks/peaks/0_K562_CTCF_None.narrowPeak.gz.tbi", "application/octet-stream"),
        ("/genome/chrom.sizes", "text/plain; charset=utf-8"),
        ("/genome/genome.fa", "application/octet-stream"),
        ("/genome/genome.fa.fai", "application/octet-stream"),
    ],
)
def test_what_the_page_needs_is_there(address: str, path: str, media_type: str) -> None:
    status, headers, body = ask(address, path)
    assert (status, headers["content-type"]) == (200, media_type)
    assert body
    assert "content-encoding" not in headers  # igv.js inflates gzip itself
    assert "default-src 'none'; script-src 'self';" in headers["content-security-policy"]
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert ask(address, path, "HEAD")[::2] == (200, b"")


@pytest.fixture
def reported(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of a page whose tracks have a report in their folder, and that report."""
    tracks = write_tracks_folder(tmp_path / "tracks")
    write_report_table(tracks, {MARKERS[0].name: 0.3})
    page = tracks / "report.html"
    page.write_text("<!DOCTYPE html><title>a report</title>")
    with browsing([tracks], free_port()) as found:
        yield urlsplit(found).netloc, page


def test_a_report_is_given_as_a_page_that_reaches_nothing(reported: tuple[str, Path]) -> None:
    address, page = reported
    status, headers, body = ask(address, "/report.html")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert body == page.read_bytes()
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; ")
    assert "same-origin" not in policy
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert json.loads(ask(address, "/site.json")[2])["reports"] == [
        {"address": "report.html", "run": 0}
    ]
    for beside in ("report.tsv", "tracks.json"):
        assert ask(address, f"/{beside}")[0] == 404
    elsewhere = page.with_name("other.html")
    page.rename(elsewhere)
    page.symlink_to(elsewhere)
    assert ask(address, "/report.html")[0] == 404


def test_without_a_page_of_the_report_there_is_none(address: str) -> None:
    assert ask(address, "/report.html")[0] == 404
    assert json.loads(ask(address, "/site.json")[2])["reports"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/tracks.json",
        "/tracks/tracks.json",
        "/tracks/predicted.bed",
        "/tracks/bigwig/",
        "/tracks/",
        "/tracks/../../genes.bed",
        "/../genes.bed",
        "/tracks/bigwig/../tracks.json",
        "/tracks/bigwig/%2e%2e/tracks.json",
        "/tracks/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/tracks/..%2f..%2fgenes.bed",
        "/tracks/..%5c..%5cgenes.bed",
        "/tracks/%252e%252e/genes.bed",
        "/tracks/....//....//genes.bed",
        "/tracks/bigwig/%00",
        f"/tracks//{BIGWIG}",
        f"/tracks/./{BIGWIG}",
        f"/tracks/{BIGWIG}%00.bw",
        f"/tracks/{BIGWIG}/",
        f"/TRACKS/{BIGWIG}",
        "//etc/passwd",
        "/etc/passwd",
        "/genome/markers.tsv",
        "/genome/../markers.tsv",
        "/%ff%fe",
        "/measured/99?chrom=chr1&start=0&end=5",
        "/measured/3?chrom=chr1&start=0&end=5",
        "/measured/-1?chrom=chr1&start=0&end=5",
        "/strongest/99",
        "/strongest/x",
    ],
)
def test_nothing_else_is(address: str, path: str) -> None:
    assert ask(address, path)[0] == 404


def test_a_request_for_another_servers_page_is_not_passed_on(address: str) -> None:
    assert ask(address, "http://example.org/", Host="example.org")[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(address: str, method: str) -> None:
    assert ask(address, f"/tracks/{BIGWIG}", method)[0] == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8919", 200),
        ("localhost:1", 200),
        ("example.org", 400),
        ("127.0.0.1.example.org", 400),
        ("localhost.example.org:8919", 400),
        ("example.org@127.0.0.1", 400),
        ("0.0.0.0", 400),
        ("[::1]", 400),
        ("", 400),
    ],
)
def test_only_this_machines_names_are_answered(address: str, host: str, status: int) -> None:
    assert ask(address, "/", Host=host)[0] == status


def ranges(size: int) -> list[tuple[str, int, tuple[int, int] | None]]:
    """Ranges of a file, the status they get, and the bytes that come."""
    return [
        ("bytes=0-63", 206, (0, 64)),
        ("bytes=64-", 206, (64, size)),
        ("bytes=-10", 206, (size - 10, size)),
        (f"bytes=0-{size - 1}", 206, (0, size)),
        (f"bytes=100-{size + 500}", 206, (100, size)),
        (f"bytes={size - 1}-{size - 1}", 206, (size - 1, size)),
        (f"bytes=-{size + 5}", 206, (0, size)),
        (f"bytes={size}-", 416, None),
        (f"bytes={size + 5}-{size + 9}", 416, None),
        ("bytes=9-5", 400, None),
        ("bytes=a-b", 400, None),
        ("bytes=", 400, None),
        ("bytes", 400, None),
        ("lines=0-5", 400, None),
    ]


@pytest.mark.parametrize("number", range(len(ranges(0))))
def test_parts_of_a_file(address: str, sights: Sights, number: int) -> None:
    content = (sights.tracks / BIGWIG).read_bytes()
    wanted, expected, span = ranges(len(content))[number]
    status, headers, body = ask(address, f"/tracks/{BIGWIG}", Range=wanted)
    assert status == expected, headers
    if span:
        first, behind = span
        assert body == content[first:behind]
        if status == 206:
            assert headers["content-range"] == f"bytes {first}-{behind - 1}/{len(content)}"


def test_several_parts_at_once(address: str, sights: Sights) -> None:
    content = (sights.tracks / BIGWIG).read_bytes()
    status, headers, body = ask(address, f"/tracks/{BIGWIG}", Range="bytes=0-9,20-29")
    assert status == 206
    assert headers["content-type"].startswith("multipart/byteranges")
    assert content[:10] in body
    assert content[20:30] in body


def test_fifty_clients_at_once_get_what_they_asked_for(address: str, sights: Sights) -> None:
    content = (sights.tracks / BIGWIG).read_bytes()
    size = len(content)

    def visit(number: int) -> bool:
        first = number * 37 % (size - 200)
        answers = [
            ask(address, f"/tracks/{BIGWIG}", Range=f"bytes={first}-{first + step}")[2]
            == content[first : first + step + 1]
            for step in range(20, 200, 20)
        ]
        return all(answers) and len(json.loads(ask(address, "/strongest/1")[2])) == 1

    with ThreadPoolExecutor(50) as clients:
        assert all(clients.map(visit, range(50)))


def test_questions_are_answered(address: str) -> None:
    def answer(path: str) -> object:
        status, _, body = ask(address, path)
        assert status == 200
        return json.loads(body)

    assert answer("/search?q=crkl") == [
        {"gene": "CRKL", "chromosome": "chr1", "start": 1, "end": 5000}
    ]
    assert answer("/search?q=NOTHING") == answer("/search?q=") == answer("/search") == []
    # igv.js sends what was typed as it stands: + is no blank.
    for typed in ("CRKL+-500", "crkl%2B-0.5kb", "CRKL%C2%B1500", "CRKL+/-500"):
        assert answer(f"/search?q={typed}") == [
            {"gene": "CRKL", "chromosome": "chr1", "start": 501, "end": 3500}
        ]
    assert answer("/advice?q=CRKLL") == (
        "; no gene of genes.bed is called so, the nearest are CRKL, CRK"
    )
    assert answer("/advice?q=chr9") == ""
    assert answer("/advice?q=CRKL,CRK") == (
        "; several are typed with blanks between them: CRKL CRK"
    )
    assert answer("/advice?q=CRK%2B5kb") == "; around a gene: CRK+-5kb"
    region = "chrom=chr1&start=450&end=4050"
    assert answer(f"/measured/1?{region}") == [
        {"chr": "chr1", "start": 400, "end": 500},
        {"chr": "chr1", "start": 4000, "end": 4100},
    ]
    assert [gene["name"] for gene in answer(f"/genes?{region}")] == ["CRKL"]  # type: ignore[attr-defined]
    assert answer(f"/predicted?{region}") == [{"chr": "chr1", "start": 0, "end": 20_000}]
    assert answer(f"/trained?{region}") == answer(f"/repeats?{region}") == []
    assert answer("/strongest/2") == [{"chr": "chr1", "start": 420, "end": 520, "value": 0.75}]


@pytest.mark.parametrize(
    "query", ["", "?chrom=chr1", "?chrom=chr9&start=0&end=5", "?chrom=chr1&start=x&end=5",
              "?chrom=chr1&start=5&end="],
)  # fmt: skip
def test_a_region_that_is_none_is_said(address: str, query: str) -> None:
    status, _, body = ask(address, f"/genes{query}")
    assert status == 400
    assert body.startswith(b"expected chrom, start and end")


@pytest.mark.parametrize("span", ["start=9&end=5", "start=999999&end=9999999", "start=-9&end=0"])
def test_past_the_ends_of_a_chromosome_there_is_nothing(address: str, span: str) -> None:
    status, _, body = ask(address, f"/predicted?chrom=chr1&{span}")
    assert (status, body) == (200, b"[]")


def test_a_port_in_use_is_passed_over_unless_it_was_asked_for() -> None:
    with listening(None) as first, listening(None) as second:
        first.listen()
        second.listen()
        ports = [one.getsockname() for one in (first, second)]
        assert {host for host, _ in ports} == {HOST}
        assert ports[0] != ports[1]
        with pytest.raises(ArgumentError, match=f"port: {ports[0][1]} cannot be used"):
            listening(ports[0][1])


def test_other_machines_are_not_answered(address: str) -> None:
    port = int(address.rpartition(":")[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells this machine's outer address
        outer = probe.getsockname()[0]
    if outer == HOST:
        pytest.skip("this machine has no address but 127.0.0.1")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((outer, port), timeout=PATIENCE).close()


def test_a_file_that_vanished_is_not_found(tmp_path: Path) -> None:
    folder = write_tracks_folder(tmp_path / "tracks")
    with browsing([folder], free_port()) as found:
        (folder / BIGWIG).unlink()
        peaks = folder / "peaks/0_K562_CTCF_None.narrowPeak.gz"
        peaks.write_bytes(peaks.read_bytes()[:20])
        netloc = urlsplit(found).netloc
        assert ask(netloc, f"/tracks/{BIGWIG}")[::2] == (404, b"the file is gone")
        status, _, body = ask(netloc, "/strongest/0")
        assert status == 500
        assert b"truncated or damaged" in body
