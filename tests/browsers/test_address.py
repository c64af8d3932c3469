"""Web addresses of folders, and names of genomes, as browsers take them."""

from __future__ import annotations

import pytest

from regtrack.browsers.reference import folder_address, is_ucsc_name
from regtrack.errors import ArgumentError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/tracks", "https://example.org/tracks"),
        ("http://localhost:8000/a%20b//", "http://localhost:8000/a%20b"),
        ("HTTPS://[::1]/", "HTTPS://[::1]"),
    ],
)
def test_a_folder_has_an_address_without_a_slash_at_its_end(url: str, address: str) -> None:
    assert folder_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tracks",
        "file:///tracks",
        "https://",
        "https:///tracks",
        "http://[",
        "http://[::1/tracks",
        "http://example.org:port/",
        "http://example.org:99999/",
        "http://example.org/my tracks",
        "http://example.org/\ttracks",
        "http://example.org/tracks\n",
        "http://example.org/\x7f",
        "http://example.org/\u00e4",
        "http://example.org/tracks?",
        "http://example.org/tracks#",
    ],
)
def test_what_is_no_address_of_a_folder_is_refused(url: str) -> None:
    with pytest.raises(ArgumentError, match=r"^url: expected where the folder will be on the web"):
        folder_address(url)


@pytest.mark.parametrize("name", ["hg19", "hs1", "canFam3", "GCF_000001405.40"])
def test_names_as_ucsc_gives_them(name: str) -> None:
    assert is_ucsc_name(name)


@pytest.mark.parametrize("name", ["", "GRCh38", "hg", "hg\u0663", "hg19\n", "GCA_\u0660.1"])
def test_other_names(name: str) -> None:
    assert not is_ucsc_name(name)
