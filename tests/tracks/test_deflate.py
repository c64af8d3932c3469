"""Streams that are the same in every process."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.tracks.deflate import NotDeflated, deflate, inflate, inflate_at_most


@given(st.binary(max_size=5_000))
def test_what_is_deflated_comes_back(data: bytes) -> None:
    assert inflate(deflate(data), max(len(data), 1)) == data
    assert zlib.decompress(deflate(data)) == data


@pytest.mark.parametrize("size", [0, 1, 32, 192, 1_023])
def test_short_data_is_left_to_zlib_which_is_the_same_in_every_process(size: int) -> None:
    # isal's result for so little depends on where in memory the data lie.
    data = bytes(range(256)) * 4
    assert deflate(data[:size]) == zlib.compress(data[:size], 1)


def test_a_stream_that_inflates_to_more_than_it_may_is_refused() -> None:
    packed = deflate(bytes(2_000))
    assert inflate_at_most(packed, 2_000) == bytes(2_000)
    with pytest.raises(ValueError, match="inflates to more than 1,999 bytes"):
        inflate_at_most(packed, 1_999)
    with pytest.raises(NotDeflated):
        inflate_at_most(packed[:-5], 2_000)
