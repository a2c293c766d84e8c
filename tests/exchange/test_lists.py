"""Lists in files: every form, resumed, replaced, damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from staydown.errors import HashError, SettingError, UnreachableError
from staydown.exchange.kinds import KINDS
from staydown.exchange.lists import LONGEST_LINE
from staydown.exchange.source import Page, Wire

ONE, TWO, MD5 = "0f" * 32, "a5" * 32, "0f" * 16


def pages(path, cursor=None, **credentials) -> list[Page]:
    with KINDS["list"].opened(str(path), credentials, Wire(lists=Path(path).parent)) as source:
        return list(source.pages(cursor))


def ids(found: list[Page]) -> set[str]:
    return {signal.id for page in found for signal in page.added}


FORMS = {
    "hexadecimal": f"# of March\n\n{ONE}\nsha256:{TWO}\n",
    "words": f"pdq {ONE}\nHASH_SHA256 {TWO} tag\n",
    "csv without a header": f'HASH_PDQ,{ONE},"a, b"\nHASH_SHA256,{TWO},\n',
    "csv with types": f"signal_type,signal_value,note\npdq,{ONE},x\nsha256,{TWO},\n",
    "csv of indicators": f"id,indicator,type\n1,{ONE},HASH_PDQ\n2,{TWO},HASH_SHA256\n",
    "csv with columns": f"pdq,sha256\n{ONE},\n,{TWO}\n",
    "json lines": f'{{"hash":"{ONE}"}}\n{{"algorithm":"sha256","hash":"{TWO}"}}\n',
}
OF_MD5 = {
    "hexadecimal": f"{MD5}\n",
    "words": f"md5:{MD5}\n",
    "sums": f"{MD5}  a film.mp4\n",
    "csv of HMA": f"signal_type,signal_value\nvideo_md5,{MD5}\n",
    "csv of indicators": f"id,indicator,type\n1,{MD5},HASH_MD5\n",
    "csv with columns": f"md5,pdq\n{MD5},\n",
    "json lines": f'{{"algorithm":"md5","hash":"{MD5}"}}\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read(tmp_path, form):
    (tmp_path / "list").write_text(FORMS[form])
    found = pages(tmp_path / "list")
    assert ids(found) == {f"pdq:{ONE}", f"sha256:{TWO}"}
    assert not sum(page.skipped for page in found)


@pytest.mark.parametrize("form", OF_MD5)
def test_each_form_of_md5_is_read(tmp_path, form):
    (tmp_path / "list").write_text(OF_MD5[form])
    found = pages(tmp_path / "list")
    assert ids(found) == {f"md5:{MD5}"}
    assert not sum(page.skipped for page in found)


def test_a_row_with_two_hashes_of_one_file_is_known_by_the_better_one(tmp_path):
    (tmp_path / "list").write_text(f"md5,pdq\n{MD5},{ONE}\n")
    assert ids(pages(tmp_path / "list")) == {f"pdq:{ONE}"}


def test_a_list_of_hashes_of_another_kind_is_refused(tmp_path):
    (tmp_path / "list").write_text(f"sha1\n{'0f' * 20}\n")
    with pytest.raises(HashError, match="MD5"):
        pages(tmp_path / "list")


def test_damaged_lines_are_counted_and_the_others_used(tmp_path):
    (tmp_path / "list").write_text(f"{ONE}\nzz\n{TWO}\n{ONE[:-2]}\n")
    (page,) = pages(tmp_path / "list")
    assert ids([page]) == {f"pdq:{ONE}", f"pdq:{TWO}"}
    assert page.skipped == 2


def test_a_line_without_end_is_read_in_pieces_that_are_no_records(tmp_path):
    (tmp_path / "list").write_text(f"{ONE}\n{'0' * (3 * LONGEST_LINE)}\n{TWO}\n")
    (page,) = pages(tmp_path / "list")
    assert ids([page]) == {f"pdq:{ONE}", f"pdq:{TWO}"}
    assert page.skipped == 3


def test_a_long_list_is_resumed_at_its_line_and_a_replaced_one_read_anew(tmp_path):
    path = tmp_path / "list"
    path.write_text("hash\n" + "".join(f"{n:064x}\n" for n in range(2500)))
    whole = pages(path)
    assert [len(page.added) for page in whole] == [1000, 1000, 500]
    assert ids(pages(path, whole[0].cursor)) == ids(whole[1:])
    assert ids(pages(path, whole[-1].cursor)) == set()
    path.write_text(f"{ONE}\n")
    assert ids(pages(path, whole[0].cursor)) == {f"pdq:{ONE}"}


def test_no_file_outside_of_the_folder_for_lists_is_read(tmp_path):
    folder, secret = tmp_path / "lists", tmp_path / "keyring"
    folder.mkdir()
    secret.write_text(f"{ONE}\n")
    (folder / "link").symlink_to(secret)
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "list").write_text(f"{TWO}\n")
    (folder / "beside").symlink_to(folder / "list")
    for name in (secret, folder / "link", folder / "circle", folder / "../keyring", Path("/etc/passwd")):
        for wire in (Wire(lists=folder), Wire()):
            with pytest.raises(SettingError, match="STAYDOWN_LISTS_DIR"):
                KINDS["list"].opened(str(name), {}, wire)
    with KINDS["list"].opened(str(folder / "beside"), {}, Wire(lists=folder)) as source:
        assert ids(list(source.pages(None))) == {f"pdq:{TWO}"}


def test_what_is_no_list_has_an_error(tmp_path):
    with pytest.raises(UnreachableError):
        pages(tmp_path / "missing")
    (tmp_path / "list").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(HashError):
        pages(tmp_path / "list")
    with pytest.raises(SettingError, match="whole path"):
        pages("list")
    with pytest.raises(SettingError, match="algorithm"):
        pages(tmp_path / "list", algorithm="vpdq")
