"""What strangers can send, and the code that reads it first. Each target takes bytes and may raise only named errors.

`test_targets` runs them with Hypothesis in every test run; `make fuzz` lets atheris look for new paths for as long as
one likes. A target does nothing else than the product does with the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from staydown.core import feed
from staydown.core.hashing.formats import declared_size, ends_early, sniff
from staydown.core.hashing.frames import ANSWER, unpack
from staydown.core.hashing.image import Limits
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.core.matching import hash_list
from staydown.core.note import Signer, Verifier, open_checkpoint
from staydown.errors import FeedError, HashError, MediaError, ProofError, StaydownError
from staydown.screening import wire
from staydown.screening.bodies import Upload
from staydown.screening.settings import Settings
from tests import pictures
from tests.fuzz.readers import READERS, SEEDS

LIMITS: Final = Limits(max_bytes=200_000, max_pixels=300_000)
SETTINGS: Final = Settings(most_hashes=4, most_items=4, longest_upload=2_000)
SIGNER: Final = Signer("fuzz.test", bytes(range(32)))
VERIFIER: Final = Verifier.parse(SIGNER.verifier_key)
BOUNDARY: Final = b"multipart/form-data; boundary=edge"


def picture(data: bytes) -> None:
    """A picture file, decoded in this process under limits."""
    try:
        found = hash_picture(data, LIMITS)
    except MediaError:
        return
    assert found.width * found.height > 0
    assert len(found.variants) == 8
    assert 0 <= found.quality <= 100
    assert found.asked[-1] == found.sha256
    assert isinstance(found, Picture)


def header(data: bytes) -> None:
    """The looks at a file that come before any decoder."""
    try:
        name = sniff(data)
    except MediaError:
        return
    declared_size(data, name)
    ends_early(data, name)


def feed_page(data: bytes) -> None:
    """A page of the signed feed. What is understood is written again as it was read."""
    texts = data.decode("utf-8", "replace").split("\n")
    try:
        lines, note = feed.decode_page(texts)
    except FeedError:
        return
    told = [*lines, feed.CheckpointLine(note)]
    assert [feed.decode(feed.encode(line)) for line in told] == told


def checkpoint(data: bytes) -> None:
    """A signed note. Nothing that the signer did not sign is taken for signed."""
    try:
        open_checkpoint(data.decode("utf-8", "replace"), VERIFIER)
    except ProofError:
        return
    raise AssertionError("a note was accepted that nobody signed")


def question(data: bytes) -> None:
    """The JSON body of POST /v1/screen, of its batch, and the query string."""
    for parse in (
        lambda: wire.question(data, SETTINGS),
        lambda: wire.questions(data, SETTINGS),
        lambda: wire.options(data),
    ):
        try:
            parse()
        except (HashError, StaydownError) as error:
            status, document = wire.problem(error)
            assert 400 <= status < 500, "what a stranger sent is never our own fault"
            assert len(document) < 2_000


def upload(data: bytes) -> None:
    """A multipart body, in pieces; the first line is its content type."""
    kind, _, body = data.partition(b"\n")
    size = 1 + len(data) % 17
    try:
        taken = Upload(kind, longest=SETTINGS.longest_upload)
        for at in range(0, len(body), size):
            taken.write(body[at : at + size])
        assert len(taken.file) <= SETTINGS.longest_upload
        wire.text(taken.text("content_ref"), "content_ref", wire.LONGEST_REF)
        wire.address(taken.text("preview_url"), "preview_url")
    except StaydownError as error:
        status = wire.problem(error)[0]
    else:
        status = 400
    assert 400 <= status < 500, "what a stranger sent is never our own fault"


def listing(data: bytes) -> None:
    """A list of hashes that somebody hands to `staydown match`."""
    try:
        hash_list.read(data.decode("utf-8", "replace").splitlines())
    except HashError:
        return


def answer(data: bytes) -> None:
    """What a worker process that was taken over might answer its pool."""
    try:
        found = unpack(data[:ANSWER].ljust(ANSWER, b"\0") if len(data) % 2 else data)
    except MediaError:
        return
    assert found.width
    assert 0 <= found.whole.quality <= 100


_OWN: Final = (picture, header, feed_page, checkpoint, question, upload, listing, answer)
TARGETS: Final[dict[str, Callable[[bytes], None]]] = {target.__name__: target for target in _OWN} | READERS


def seeds(name: str) -> list[bytes]:
    """A few honest inputs of a target, to start from."""
    if name in SEEDS:
        return SEEDS[name]()
    if name in ("picture", "header"):
        from tests.core.hashing.cases import FORMATS, written
        from tests.core.hashing.hostile import everything

        return [*(written(kind) for kind in FORMATS), *(data for data in everything().values() if len(data) < 20_000)]
    value = bytes(range(32)).hex()
    if name == "feed_page":
        opaque = feed.encode(feed.OpaqueLine(1, bytes(32)))
        note = feed.encode(feed.checkpoint(1, bytes(32), SIGNER))
        add = (
            '{"action":"block","algorithm":"pdq","bank":"house","entry":"00000000-0000-0000-0000-000000000001",'
            f'"op":"add","radius":31,"salt":"{value[:32]}","seq":1,"value":"{value}"}}'
        )
        remove = '{"delete_by":1,"entry":"00000000-0000-0000-0000-000000000001","op":"remove","seq":2}'
        video = add.replace('"pdq"', '"vpdq"').replace(f'"value":"{value}"', f'"frames":["{value}","{value}{value}"]')
        return [f"{opaque}\n{note}".encode(), f"{add}\n{remove}\n{note}".encode(), f"{video}\n{note}".encode()]
    if name == "checkpoint":
        forged = feed.checkpoint(1, bytes(32), Signer("fuzz.test", bytes(32))).note
        return [forged.encode()]
    if name == "question":
        one = f'{{"hashes":[{{"algorithm":"pdq","value":"{value}","quality":90}}],"content_ref":"a/1"}}'
        frames = f'{{"hash":"{value}","quality":90,"time":0.2}},"{value},60,1.0",{{"hashes":["{value}"]}}'
        video = f'{{"hashes":[{{"algorithm":"vpdq","frames":[{frames}]}}]}}'
        return [one.encode(), video.encode(), f'{{"items":[{one}]}}'.encode(), b"status=1&explain=0"]
    if name == "upload":
        part = b'--edge\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        whole = part % (b"file", pictures.encoded(pictures.pattern(1, 16, 16))) + part % (b"content_ref", b"a/1")
        return [BOUNDARY + b"\n" + whole + b"--edge--\r\n"]
    if name == "listing":
        return [
            value.encode(),
            f"hash,quality\n{value},90".encode(),
            f'{{"hash":"{value}","quality":3}}'.encode(),
            f'{{"algorithm":"vpdq","frames":["{value},90,0.0"]}}'.encode(),
        ]
    return [bytes(ANSWER), b"\0\x32" + b"\0\0\0\x09" * 2 + bytes(range(256)) + bytes(ANSWER - 266)]
