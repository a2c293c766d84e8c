"""A real Synapse on this machine, with an SQLite database and a folder of its own."""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from staydown.project.demo.platform import free_port
from tests.environment import clean
from tests.screening.nodes import eventually

NAME: Final = "matrix.test"
SECRET: Final = "only in tests"
CONFIG: Final = """
server_name: {name}
pid_file: {folder}/pid
listeners: [{{port: {port}, type: http, bind_addresses: [127.0.0.1], resources: [{{names: [client]}}]}}]
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
log_config: {folder}/log.yaml
registration_shared_secret: {secret}
macaroon_secret_key: {secret}
form_secret: {secret}
trusted_key_servers: []
report_stats: false
dynamic_thumbnails: false
federation_domain_whitelist: []
"""
LOG: Final = """
version: 1
formatters: {{plain: {{format: "%(levelname)s %(name)s %(message)s"}}}}
handlers: {{file: {{class: logging.FileHandler, filename: {folder}/homeserver.log, formatter: plain}}}}
root: {{level: INFO, handlers: [file]}}
disable_existing_loggers: false
"""


@dataclass
class Synapse:
    """A homeserver in ``folder``, once `start`ed."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def made(cls, folder: Path) -> Synapse:
        """Its configuration, in which conf.d is read too."""
        (folder / "conf.d").mkdir(parents=True)
        made = cls(folder, free_port())
        text = CONFIG.format(name=NAME, folder=folder, port=made.port, secret=SECRET)
        (folder / "homeserver.yaml").write_text(text)
        (folder / "log.yaml").write_text(LOG.format(folder=folder))
        (folder / "signing.key").write_text("ed25519 a_test Tk1EbWVsdmZrb2l1a25hc2RmYWVmYXdlZmFzZGZhc2Q\n")
        return made

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to serve; returns at once."""
        command = [sys.executable, "-m", "synapse.app.homeserver", "-c", "homeserver.yaml", "-c", "conf.d"]
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=said, stderr=said, env={**clean(), "PATH": os.environ["PATH"]}
            )

    def await_start(self) -> None:
        """Returns once it answers."""
        eventually(self._answers, seconds=120)

    def stop(self) -> None:
        """End it, as its operator would."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "homeserver.log").read_text()

    def register(self, name: str, *, admin: bool = False) -> Member:
        """A new account, with the shared secret."""
        where = f"{self.url}/_synapse/admin/v1/register"
        nonce = httpx.get(where, trust_env=False, timeout=30).json()["nonce"]
        parts = (nonce, name, "a password", "admin" if admin else "notadmin")
        mac = hmac.new(SECRET.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "a password", "admin": admin, "mac": mac}
        said = httpx.post(where, json=body, trust_env=False, timeout=30).json()
        return Member(self, said["access_token"])

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "said").read_text()
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


@dataclass
class Member:
    """Somebody with an account, and their client."""

    home: Synapse
    token: str

    def web(self, method: str, path: str, **given: Any) -> httpx.Response:
        """What the homeserver answers them."""
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.request(method, self.home.url + path, headers=headers, trust_env=False, timeout=60, **given)

    def upload(self, data: bytes) -> httpx.Response:
        """Send a file as a client does."""
        return self.web("POST", "/_matrix/media/v3/upload", content=data)

    def shared(self, data: bytes) -> str:
        """The mxc address of a file that was taken."""
        reply = self.upload(data)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["content_uri"])

    def posts(self, mxc: str) -> str:
        """The link to a message in a room of their own that shows this."""
        room = self.web("POST", "/_matrix/client/v3/createRoom", json={}).json()["room_id"]
        content = {"msgtype": "m.image", "body": "a picture", "url": mxc}
        sent = self.web("PUT", f"/_matrix/client/v3/rooms/{room}/send/m.room.message/1", json=content)
        return f"https://matrix.to/#/{room}/{sent.json()['event_id']}?via={NAME}"

    def takes_back(self, link: str) -> None:
        """Delete the message that this link leads to."""
        room, event = link.partition("?")[0].split("/")[-2:]
        reply = self.web("PUT", f"/_matrix/client/v3/rooms/{room}/redact/{event}/2", json={})
        assert reply.status_code == 200, reply.text

    def sees(self, mxc: str) -> bool:
        """Whether a client can download it."""
        status = self.web("GET", f"/_matrix/client/v1/media/download/{mxc.removeprefix('mxc://')}").status_code
        assert status in (200, 404)
        return status == 200
