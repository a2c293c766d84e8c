"""Clients that send no key: only where the operator says so, only directly, and with no more than that key's rights."""

from __future__ import annotations

import httpx
import pytest

from staydown.errors import SettingError
from staydown.screening.app import build
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.settings import Settings
from tests.screening.nodes import EXPLAINER, KEY, LocalPool, Stepped, entry
from tests.screening.web import Web

LOOKUP = "/m/lookup?signal_type=pdq&signal="


def stepped(tmp_path, *networks: str, key: str = EXPLAINER) -> Stepped:
    """A node that lends ``key`` to clients in ``networks``. The tests' client comes from 127.0.0.1."""
    (tmp_path / "key").write_text(f"{key}\n")
    hma = HmaSettings.read(
        {
            "STAYDOWN_SCREEN_HMA_KEYLESS_FROM": ",".join(networks),
            "STAYDOWN_SCREEN_HMA_KEY_FILE": str(tmp_path / "key"),
        }
    )
    made = Stepped()
    client = made.publisher.client()
    made.app = build(Settings(), feed_client=client, pool=LocalPool(), hma=hma)
    made.node = made.app.state.node
    made._keys._keys = made.node.keys
    made.web = Web(made.app, {})
    return made.sync()


def test_a_client_in_a_named_network_needs_no_key(tmp_path):
    node = stepped(tmp_path, "10.0.0.0/8", "127.0.0.0/8")
    node.publisher.add(one := entry())
    node.sync()
    assert list(node.web.get(LOOKUP + one.hash.hex()).json()) == ["HOUSE"]


def test_elsewhere_it_needs_one(tmp_path):
    assert stepped(tmp_path, "10.0.0.0/8").web.get(LOOKUP + "00" * 32).status_code == 401


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via", "x-real-ip"])
def test_what_came_through_a_proxy_is_lent_no_key(tmp_path, header):
    node = stepped(tmp_path, "127.0.0.0/8")
    assert node.web.get(LOOKUP + "00" * 32, headers={header: "127.0.0.1"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
        {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},
    ],
)
def test_a_browser_inside_the_network_is_lent_no_key(tmp_path, headers):
    node = stepped(tmp_path, "127.0.0.0/8")
    assert node.web.get(LOOKUP + "00" * 32, headers=headers).status_code == 401


def test_a_key_that_is_sent_and_wrong_is_not_mended(tmp_path):
    node = stepped(tmp_path, "127.0.0.0/8")
    assert node.web.get(LOOKUP + "00" * 32, headers={"authorization": "Bearer sdn_live_no"}).status_code == 401


def test_the_lent_key_has_no_more_rights_than_its_own(tmp_path):
    reply = stepped(tmp_path, "127.0.0.0/8", key=KEY).web.get(LOOKUP + "00" * 32)
    assert reply.status_code == 403
    assert reply.json()["message"].startswith("missing role")  # how the Ruby client tells it from a duplicate


def test_the_native_address_is_lent_no_key(tmp_path):
    node = stepped(tmp_path, "127.0.0.0/8")
    assert node.web.post("/v1/screen", json={"hashes": []}).status_code == 401


@pytest.mark.parametrize("network", ["0.0.0.0/0", "8.8.8.0/24", "::/0", "2600::/16", "10.0.0.0/5", "nonsense"])
def test_public_networks_are_refused_at_the_start(tmp_path, network):
    with pytest.raises(SettingError, match="KEYLESS_FROM"):
        stepped(tmp_path, network)


@pytest.mark.parametrize(
    "given",
    [
        {"KEYLESS_FROM": "10.0.0.0/8"},
        {"KEY_FILE": "/nowhere"},
        {"REVIEW": "perhaps"},
        {"FETCH_FROM": "https://media.example"},
    ],
)
def test_settings_that_make_no_sense_stop_the_start(given):
    with pytest.raises(SettingError, match="STAYDOWN_SCREEN_HMA_"):
        HmaSettings.read({f"STAYDOWN_SCREEN_HMA_{name}": value for name, value in given.items()})


def test_the_settings_show_no_key():
    assert "sdn" not in repr(HmaSettings(key="sdn_live_secret"))


def test_the_tests_client_is_where_they_think(tmp_path):
    assert httpx.ASGITransport(app=stepped(tmp_path, "10.0.0.0/8").app).client[0] == "127.0.0.1"
