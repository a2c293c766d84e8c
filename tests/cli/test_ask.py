"""`staydown ask` against a node in a process of its own."""

from __future__ import annotations

import json

from click.testing import CliRunner

from staydown.cli.ask import command
from staydown.core.hashing.picture import hash_picture
from staydown.exchange.testing import Publisher
from tests import pictures
from tests.screening.nodes import KEY, entry, running


def test_it_says_what_the_node_says_and_ends_with_it(tmp_path):
    publisher = Publisher()
    publisher.allow(KEY, "screen")
    publisher.add(entry(hash_picture(pictures.path("coffee.png").read_bytes()).pdq))
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "notes.txt").write_text("no picture")
    coffee, rocket = pictures.path("coffee.png"), pictures.path("rocket.jpg")
    with publisher.serving() as feed, running(feed, publisher, tmp_path) as node:

        def ask(*words: object):
            options = ["--node", node.address, "--key-file", str(tmp_path / "key")]
            return CliRunner().invoke(command, [*options, *map(str, words)], catch_exceptions=False)

        assert ask(rocket).exit_code == 0
        found = ask("--json", coffee, rocket, tmp_path / "notes.txt")
        said = [json.loads(line) for line in found.stdout.splitlines()]
        assert [(each["action"], each["fault"]) for each in said] == [
            ("block", None), ("allow", None), ("review", "not_an_image")
        ]  # fmt: skip
        assert found.exit_code == 1
        assert ask(coffee).stdout.startswith("block   ")
