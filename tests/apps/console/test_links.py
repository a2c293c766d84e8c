"""Reported links: readable, and nothing that anybody follows by accident."""

from __future__ import annotations

import pytest

from staydown.apps.console.links import defanged, legible, origin


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a.b?c=d.e#f", "hxxps://example[.]org/a.b?c=d.e#f"),
        ("HTTP://Example.org", "hxxp://Example[.]org"),
        ("https://user@a.b.example:8443/x", "hxxps://user@a[.]b[.]example:8443/x"),
        ("example.org/without/scheme", "example[.]org/without/scheme"),
        ("https://127.0.0.1/x", "hxxps://127[.]0[.]0[.]1/x"),
    ],
)
def test_no_program_takes_it_for_a_link(url, shown):
    assert defanged(url) == shown


def test_letters_that_steer_or_hide_text_are_written_out():
    # U+202E turns the text around it: unescaped, gpj.exe would read exe.jpg.
    assert legible("https://a.test/\u202egpj.exe") == "https://a.test/%E2%80%AEgpj.exe"
    assert legible("https://a.test/\u200bx y\n") == "https://a.test/%E2%80%8Bx%20y"
    assert "%D0%B0" in defanged("https://\u0430pple.test/")  # a Cyrillic a is no Latin one


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://cdn.platform.test/p?sig=1", "https://cdn.platform.test"),
        ("https://CDN.platform.test:443/p", "https://cdn.platform.test"),
        ("https://cdn.platform.test:8443/p", "https://cdn.platform.test:8443"),
        ("http://[::1]:8000/p", "http://[::1]:8000"),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,AA", None),
        ("https:///nothing", None),
        ("https://a.test:99999/", None),
        ("", None),
    ],
)
def test_origin_has_the_form_of_the_setting(url, expected):
    assert origin(url) == expected
