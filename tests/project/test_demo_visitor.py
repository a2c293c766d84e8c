"""The demo's visitor reads pages as a browser without JavaScript does."""

from __future__ import annotations

import httpx
import pytest

from staydown.errors import StaydownError
from staydown.project.demo.visitor import Reader, Visitor

PAGE = """
<a href="/next/">Go <b>on</b></a>
<form method="post" action="/send/"><input type="hidden" name="state" value="s1">
<label><input type="radio" name="age" value="no"> No</label>
<label><input type="radio" name="age" value="yes"> Yes</label>
<input type="checkbox" name="agree"> <input type="checkbox" name="kept" value="k" checked> <input name="who">
<textarea name="words">
before &amp; after</textarea>
<select name="lang"><option value="en">E</option><option value="fr" selected>F</option></select>
<button name="go" value="on">Continue</button> <button type="button">Copy</button></form>
"""


def visitor(answers):
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(answers.get(request.url.path, 200), html=PAGE)

    found = Visitor("http://site.test")
    found.http.close()
    found.http = httpx.Client(base_url="http://site.test", transport=httpx.MockTransport(answer))
    return found, seen


def test_a_page_is_read():
    form = Reader(PAGE).forms[0]
    assert form.fields == {"state": ["s1"], "kept": ["k"], "who": [""], "words": ["\nbefore & after"], "lang": ["fr"]}
    assert form.boxes == {"agree"}
    assert form.lines == {"who"}
    assert form.buttons == {"Continue": ("go", "on")}


def test_a_form_is_sent_with_what_it_held_and_what_was_answered():
    someone, seen = visitor({})
    someone.open("/")
    someone.press("Continue", age="no", who="me")
    sent = httpx.QueryParams(seen[-1].content.decode())
    assert (seen[-1].method, seen[-1].url.path) == ("POST", "/send/")
    assert (sent["state"], sent["age"], sent["who"], sent["go"]) == ("s1", "no", "me", "on")
    assert "agree" not in sent
    assert seen[-1].headers["Origin"] == "http://site.test"


@pytest.mark.parametrize(
    ("button", "answers", "said"),
    [("Send", {}, "no button"), ("Copy", {}, "no button"), ("Continue", {"shoe": "42"}, "no field")],
)
def test_what_is_not_on_the_page_is_an_error(button, answers, said):
    someone, _ = visitor({})
    someone.open("/")
    with pytest.raises(StaydownError, match=said):
        someone.press(button, **answers)


def test_an_error_page_is_an_error():
    someone, _ = visitor({"/next/": 500})
    someone.open("/")
    with pytest.raises(StaydownError, match="answered 500"):
        someone.follow("Go on")
