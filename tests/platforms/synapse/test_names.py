"""What is read off a link, and out of a message."""

from __future__ import annotations

import pytest

from staydown.platforms.synapse.names import Media, Message, named, shown_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mxc://matrix.test/abc", Media("matrix.test", "abc")),
        ("mxc://[2001:db8::1]:8448/a-b_C", Media("[2001:db8::1]:8448", "a-b_C")),
        ("https://x.test/_matrix/media/v3/download/matrix.test/abc/me.jpg", Media("matrix.test", "abc")),
        ("https://x.test/_matrix/client/v1/media/thumbnail/matrix.test/abc?width=9", Media("matrix.test", "abc")),
        ("https://x.test/_matrix/media/r0/download/matrix.test%3A8448/abc", Media("matrix.test:8448", "abc")),
        ("mxc://matrix.test/../../admin", None),
        ("mxc://matrix.test/abc/def", None),
        ("mxc://matrix.test/a?b", None),
        ("https://x.test/media/matrix.test/abc", None),
        ("http://[broken", None),
        ("", None),
        ("https://matrix.to/#/!room:matrix.test/$event?via=matrix.test&via=other.test", Message("$event")),
        ("https://matrix.to/#/%21room%3Amatrix.test/%24a-b_C%3Amatrix.test", Message("$a-b_C:matrix.test")),
        ("https://app.element.test/#/room/#alias:matrix.test/$event", Message("$event")),
        ("https://matrix.to/#/!room:matrix.test/$old%2Fkind%2B", Message("$old/kind+")),
        ("https://matrix.to/#/!room:matrix.test", None),
        ("https://matrix.to/#/@amara:matrix.test", None),
        ("https://matrix.to/#/!room:matrix.test/$a%0d%0ab", None),
    ],
)
def test_names(text, found):
    assert named(text) == found


A, B = Media("matrix.test", "a"), Media("matrix.test", "b")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"url": "mxc://matrix.test/a"}, [A]),
        ({"url": "mxc://matrix.test/a", "info": {"thumbnail_url": "mxc://matrix.test/b"}}, [A, B]),
        ({"file": {"url": "mxc://matrix.test/a"}, "info": {"thumbnail_file": {"url": "mxc://matrix.test/b"}}}, [A, B]),
        ({"url": "mxc://matrix.test/a", "info": {"thumbnail_url": "mxc://matrix.test/a"}}, [A]),
        ({"url": "https://elsewhere.test/_matrix/media/v3/download/matrix.test/a"}, []),
        ({"url": 7, "file": [], "info": "odd"}, []),
        ({}, []),
    ],
)
def test_the_media_in_a_message(content, found):
    assert shown_in(content) == found
