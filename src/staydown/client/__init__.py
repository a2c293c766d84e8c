"""Ask a staydown whether uploads may be published. Pictures are hashed here; only their hashes are sent.

    from staydown.client import Client

    with Client("https://screen.example.org", key) as staydown:
        answer = staydown.screen(data, content_ref="post/123")
        if answer.action == "block": ...

`AsyncClient` is the same with ``async with`` and ``await``.
"""

from staydown.client.conversation import Answer, Upload
from staydown.client.drivers import AsyncClient, Client
from staydown.client.policy import Policy
from staydown.core.bank import Verdict

__all__ = ["Answer", "AsyncClient", "Client", "Policy", "Upload", "Verdict"]
