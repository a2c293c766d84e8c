"""A real Synapse beside a running install, set up by the commands of the page: uploads are screened, decisions done."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from staydown.core.hashing.picture import hash_picture
from staydown.project.demo.platform import free_port
from tests import pictures
from tests.environment import clean
from tests.journeys.conftest import start
from tests.journeys.protocols import pages
from tests.journeys.protocols.gate import Gate
from tests.journeys.protocols.homeserver import Member, Synapse
from tests.journeys.protocols.house import House
from tests.screening.nodes import eventually

pytestmark = pytest.mark.journey

PAGE = "matrix-synapse.md"
LAW = "uk-osa-10-3A"
MODULE = "conf.d/staydown.yaml"
SCREEN, TRY, ACCOUNT, WEBHOOK, ADAPTER = (
    MODULE,
    "--data-binary",
    "register_new_matrix_user",
    "/api/v1/webhooks",
    "staydown synapse-adapter",
)


def block(part: str) -> str:
    """The commands of the page in which ``part`` stands."""
    (found,) = [each for each in pages.commands(PAGE) if part in each]
    return found


@dataclass
class Scene:
    """The install, the homeserver, an ordinary member of it, and the adapter between the two.

    The module asks through the gate; the adapter does not.
    """

    house: House
    home: Synapse
    amara: Member
    settings: dict[str, str]
    gate: Gate
    adapter: subprocess.Popen[bytes] | None = None

    def follows(self, part: str, **more: str) -> list[str]:
        """What the commands of the page print in which ``part`` stands."""
        return pages.started([block(part)], self.home.folder, **self.settings, **more)

    def adapts(self) -> None:
        """Start the adapter as the page says."""
        with (self.home.folder / "adapter.log").open("ab") as log:
            self.adapter = subprocess.Popen(
                ["bash", "-euc", block(ADAPTER)], cwd=self.home.folder, env={**clean(), **self.settings},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        eventually(lambda: self.fault() is None, seconds=60)

    def fault(self) -> str | None:
        """Why the adapter can do nothing now."""
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.settings['ADAPTER']}/readyz", trust_env=False).json()["fault"]
        return "no answer"

    def stop(self) -> None:
        """End the adapter, and all that its commands started."""
        if self.adapter is not None:
            os.killpg(self.adapter.pid, signal.SIGTERM)
            self.adapter.wait(timeout=30)
            self.adapter = None

    def asks(self, method: str, path: str, **body: Any) -> Any:
        """What the install's API answers."""
        with self.house.web("everything") as web:
            reply = web.request(method, f"/api/v1/{path}", json=body or None)
            assert reply.status_code < 300, reply.text
            return reply.json()

    def report(self, data: bytes, *links: str) -> str:
        """A report of a picture that nobody has looked at; its case."""
        found = hash_picture(data)
        given = {"pdq": found.pdq.hex(), "quality": found.quality, "sha256": found.sha256.hex()}
        known = {case["id"] for case in self.asks("GET", "cases?limit=200")["items"]}
        self.asks("POST", "reports", shown_is_adult=True, contact="amara@mail.test", pictures=[given], links=links)
        (case,) = [each["id"] for each in self.asks("GET", "cases?limit=200")["items"] if each["id"] not in known]
        eventually(lambda: self.verdict(data) == "review")
        return str(case)

    def verdict(self, data: bytes) -> str:
        """What the node says of a picture, asked by its bytes' hash alone."""
        asked = [{"algorithm": each.algorithm.value, "value": each.hex()} for each in hash_picture(data).asked]
        with self.house.web("screener") as web:
            return str(web.post("/v1/screen", json={"hashes": asked}).json().get("action"))

    def has(self, case: str, mxc: str) -> bool:
        """Whether the hit on an upload became an item of this case."""
        return mxc in [each["content_ref"] for each in self.asks("GET", f"cases/{case}")["items"]]

    def decide(self, case: str, verdict: str, **more: Any) -> None:
        """Decide about everything in a case that waits, as it is now: hits may come in meanwhile."""

        def is_decided() -> bool:
            body = {"verdict": verdict, "regime": LAW, "reason": "seen", "version": version(), **more}
            with self.house.web("everything") as web:
                reply = web.post(f"/api/v1/cases/{case}/decisions", json=body)
            assert reply.status_code in (201, 409), reply.text
            return reply.status_code == 201

        def version() -> int:
            return int(self.asks("GET", f"cases/{case}")["version"])

        eventually(is_decided)

    def results(self, case: str) -> list[str]:
        """What was answered to the actions of a case, the oldest first."""
        return [each["result"] for each in self.asks("GET", "actions?limit=200")["items"] if each["case"] == case]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything set up as the page says."""
    folder = tmp_path_factory.mktemp("matrix")
    serve, site = start(folder / "data", STAYDOWN_SCREEN_KEYS_EVERY="0.3", STAYDOWN_WEBHOOK_PRIVATE="yes")
    home, gate = Synapse.made(folder / "homeserver"), Gate(httpx.URL(site.url).port)
    try:
        house = House.of(site.url, site.data)
        port = free_port()
        settings = {
            "STAYDOWN": site.url,
            "HOMESERVER": home.url,
            "ADAPTER": f"http://127.0.0.1:{port}",
            "STAYDOWN_SYNAPSE_PORT": str(port),
            "SCREEN_KEY": house.keys["screener"],
            "ADAPTER_KEY": house.keys["adapter"],
            "WEBHOOK_KEY": house.keys["hooks"],
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }
        asks = settings | {"STAYDOWN": f"http://127.0.0.1:{gate.port}"}
        pages.started([block(SCREEN)], home.folder, **asks)
        with (home.folder / MODULE).open("a") as file:
            file.write("      seconds: 30\n")  # a slow machine is no node that does not answer
        home.start()
        home.await_start()
        found = Scene(house, home, home.register("amara"), settings, gate)
        try:
            found.follows(ACCOUNT)
            found.follows(WEBHOOK)
            found.adapts()
            yield found
        finally:
            found.stop()
    finally:
        home.stop()
        gate.end()
        serve.terminate()
        serve.wait(timeout=30)
        if serve.stdout is not None:
            serve.stdout.close()


def altered(data: bytes) -> bytes:
    """Another file of the same picture, of other bytes."""
    return data + uuid.uuid4().bytes


def test_a_banked_photograph_is_refused_before_it_is_stored(scene):
    photograph = pictures.path("astronaut.png").read_bytes()
    with scene.house.web("curator") as web:
        assert web.post("/c/banks", json={"name": "MATRIX"}).status_code == 201
        assert web.post("/c/bank/MATRIX/content", files={"photo": photograph}).status_code == 200
    eventually(lambda: scene.verdict(photograph) == "block")
    stored = set((scene.home.folder / "media" / "local_content").rglob("*"))
    (scene.home.folder / "photo.jpg").write_bytes(photograph)
    said = scene.follows(TRY, TOKEN=scene.amara.token)
    assert said == ['{"errcode":"M_UNKNOWN","error":"Bad content"}']
    recompressed = pictures.encoded(pictures.photograph("astronaut.png").resize((300, 300)), quality=60)
    assert scene.amara.upload(recompressed).status_code == 400
    left = set((scene.home.folder / "media" / "local_content").rglob("*"))
    assert [path for path in left - stored if path.is_file()] == []
    assert hash_picture(photograph).pdq.hex() not in scene.home.log()

    coffee = pictures.path("coffee.png").read_bytes()
    assert scene.amara.sees(scene.amara.shared(coffee))
    assert scene.amara.sees(scene.amara.shared(os.urandom(50_000)))  # as from an encrypted room
    assert scene.amara.upload(coffee[:9000]).status_code == 400  # nobody could look at it


def test_while_a_node_is_stuck_the_rest_of_the_homeserver_goes_on(scene):
    coffee = altered(pictures.path("coffee.png").read_bytes())
    scene.gate.hold()
    try:
        with ThreadPoolExecutor(1) as threads:
            upload = threads.submit(scene.amara.upload, coffee)
            scene.gate.await_somebody()
            assert scene.amara.web("GET", "/_matrix/client/v3/account/whoami").status_code == 200
            assert scene.amara.sees(scene.amara.shared(b"a text"))
            assert not upload.done()
            scene.gate.open()
            assert upload.result(30).status_code == 200
    finally:
        scene.gate.open()


def test_synapse_does_not_start_with_a_wrong_setting(scene, tmp_path):
    wrong = (scene.home.folder / MODULE).read_text()
    wrong = re.sub("unanswered: [a-z]+", "unanswered: perhaps", wrong)
    (tmp_path / "staydown.yaml").write_text(wrong)
    files = ["-c", str(scene.home.folder / "homeserver.yaml"), "-c", str(tmp_path)]
    words = [sys.executable, "-m", "synapse.app.homeserver", *files]
    done = subprocess.run(words, env=clean(), capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode != 0
    assert "unanswered must be refuse or allow." in done.stdout + done.stderr


def test_an_upload_that_waits_for_a_person_is_hidden_and_shown_again_as_they_decide(scene):
    photograph = pictures.path("rocket.jpg").read_bytes()
    case = scene.report(photograph)
    mxc = scene.amara.shared(altered(photograph))
    eventually(lambda: scene.has(case, mxc))
    scene.decide(case, "disable")
    eventually(lambda: scene.results(case) == ["disabled"])
    assert not scene.amara.sees(mxc)
    scene.decide(case, "decline", ground="not_intimate_image_content")
    eventually(lambda: scene.results(case) == ["disabled", "restored"])
    assert scene.amara.sees(mxc)


def test_a_removal_by_links_quarantines_and_stops_every_clock(scene):
    photograph = pictures.path("chelsea.png").read_bytes()
    mxc = scene.amara.shared(altered(photograph))
    link = f"https://matrix.test/_matrix/client/v1/media/download/{mxc.removeprefix('mxc://')}"
    posted = scene.amara.shared(altered(photograph))
    message = scene.amara.posts(posted)
    scene.amara.takes_back(message)  # the media stays
    case = scene.report(photograph, link, message)
    scene.decide(case, "remove")
    eventually(lambda: scene.asks("GET", f"cases/{case}")["state"] == "done")
    assert scene.results(case) == ["removed", "removed"]
    assert not scene.amara.sees(mxc)
    assert not scene.amara.sees(posted)
    clocks = scene.asks("GET", f"cases/{case}")["clocks"]
    assert clocks
    assert {clock["stopped_because"] for clock in clocks} == {"outcome"}
    eventually(lambda: scene.verdict(photograph) == "block")
    assert scene.amara.upload(altered(photograph)).status_code == 400


def test_what_was_decided_while_synapse_was_down_is_done_when_it_is_back(scene):
    """Synapse starts anew with the other setting here: closed before, open after."""
    photograph = pictures.path("coins.png").read_bytes()
    case = scene.report(photograph)
    mxc = scene.amara.shared(altered(photograph))
    eventually(lambda: scene.has(case, mxc))
    brick = pictures.path("brick.png").read_bytes()
    scene.gate.shut()
    try:
        refused = scene.amara.upload(brick)
        assert (refused.status_code, refused.json()["error"]) == (
            503, "This upload could not be checked. Try again in a moment.",
        )  # fmt: skip
        assert scene.amara.sees(scene.amara.shared(os.urandom(50_000)))  # nobody needs to be asked about these
        scene.home.stop()
        scene.decide(case, "remove")
        eventually(lambda: scene.fault() == "unreachable")
        assert scene.results(case) == [""]
        module = scene.home.folder / MODULE
        module.write_text(module.read_text().replace("unanswered: refuse", "unanswered: allow"))
        scene.home.start()
        scene.home.await_start()
        eventually(lambda: scene.results(case) == ["removed"], seconds=60)
        assert not scene.amara.sees(mxc)
        assert scene.amara.sees(scene.amara.shared(brick))
        assert "An upload was not screened and is stored all the same." in scene.home.log()
    finally:
        scene.gate.open()
