"""A node that answers clients of HMA, in this process."""

from __future__ import annotations

import httpx

from staydown.screening.app import build
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.settings import Settings
from tests.screening.nodes import EXPLAINER, LocalPool, Stepped
from tests.screening.web import Web


def stepped(**more: object) -> Stepped:
    """One with these settings, that has read the feed."""
    made = Stepped()
    made.app = build(Settings(), feed_client=made.publisher.client(), pool=LocalPool(), hma=HmaSettings(**more))
    made.node = made.app.state.node
    made._keys._keys = made.node.keys
    made.web = Web(made.app, {"authorization": f"Bearer {EXPLAINER}"})
    return made.sync()


def handed_on(node: Stepped, *, reply: tuple[int, dict[str, str]] = (200, {}), **more: object) -> list[httpx.Request]:
    """The requests that reach the publisher, which answers each with this status, headers and an empty object."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(reply[0], json={}, headers=reply[1])

    client = node.publisher.client()
    client._client = httpx.Client(base_url="http://publisher.test", transport=httpx.MockTransport(answer))
    node.app = build(Settings(), feed_client=client, pool=LocalPool(), hma=HmaSettings(**more))
    node.app.state.node.keys._known = node.node.keys._known
    node.app.state.node.follower.is_synced = True
    node.web = Web(node.app, {"authorization": f"Bearer {EXPLAINER}"})
    return seen
