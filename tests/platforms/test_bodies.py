"""Files are found in bodies whatever their pieces, and a body that is none is said to be none."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staydown.errors import UploadError
from staydown.platforms import bodies
from tests.platforms.uploads import form

PLAIN = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n%s\r\nbytes\r\n--b--\r\n'
KIND = "multipart/form-data; boundary=b"


def found(body: bytes, kind: str, longest: int = 10_000) -> list[bytes | None]:
    return [file.data for file in bodies.files(io.BytesIO(body), kind, longest=longest)]


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=4), st.integers(1, 300))
def test_every_file_is_found_whole_whatever_the_pieces(files, chunk):
    body, kind = form(*files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "CHUNK", chunk)
        assert found(body, kind) == files


def test_a_picture_that_is_the_whole_body():
    assert found(b"whole", "image/jpeg") == [b"whole"]
    assert found(b"", "image/jpeg") == []


def test_of_a_file_that_is_too_long_only_the_start_is_kept():
    long = bytes(range(256)) * 40
    body, kind = form(b"short", long, b"short as well")
    whole = list(bodies.files(io.BytesIO(body), kind, longest=5000))
    assert [file.data for file in whole] == [b"short", None, b"short as well"]
    assert whole[1].start == long[: len(whole[1].start)]
    assert len(whole[1].start) == bodies.SNIFFED
    assert found(long, "image/png", longest=5000) == [None]


def test_a_part_without_a_files_name_that_is_no_text_is_a_file_too():
    part = b'--b\r\nContent-Disposition: form-data; name="p"\r\nContent-Type: image/png\r\n\r\nbytes\r\n--b--\r\n'
    assert found(part, KIND) == [b"bytes"]
    named = b"--b\r\nContent-Disposition: form-data; name=p; filename*=UTF-8''%C3%A9.png\r\n\r\nbytes\r\n--b--\r\n"
    assert found(named, KIND) == [b"bytes"]


def test_words_are_no_file():
    assert found(*form(title="words")) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PLAIN % b"", "multipart/form-data"),
        (PLAIN % b"", "multipart/form-data; boundary=" + "x" * 300),
        ((PLAIN % b"")[:-12], KIND),
        (b"", KIND),
        (b"--c\r\n", KIND),
        (PLAIN % b"no header at all\r\n", KIND),
        (PLAIN % b"Content-Transfer-Encoding: base64\r\n", KIND),
    ],
)
def test_what_is_not_well_formed_is_refused(body, kind):
    with pytest.raises(UploadError):
        found(body, kind)


@pytest.mark.parametrize(
    ("method", "kind", "carries"),
    [
        ("POST", "multipart/form-data; boundary=b", True),
        ("PUT", "Image/PNG", True),
        ("PATCH", "video/mp4", True),
        ("GET", "multipart/form-data; boundary=b", False),
        ("POST", "application/x-www-form-urlencoded", False),
        ("POST", "", False),
    ],
)
def test_which_requests_carry_files(method, kind, carries):
    assert bodies.carries_files(method, kind) is carries
