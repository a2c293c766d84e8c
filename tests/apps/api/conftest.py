"""A program that calls the API with a key of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests import factories as make


@dataclass
class Program:
    """Calls the API; ``token`` is the text of its key."""

    token: str = ""
    http: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """The answer to a call; header names are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self.http, method.lower())(f"/api/v1{path}", headers=sent, **more)

    def get(self, path: str, **headers: str) -> HttpResponse:
        """The answer to a GET."""
        return self.ask("get", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """The answer to a POST of ``body`` as JSON."""
        return self.ask("post", path, {} if body is None else body, **headers)


@pytest.fixture
def program(db) -> Callable[..., Program]:
    """Makes a program whose key has these scopes and banks."""
    return lambda *scopes, banks=(): Program(make.api_key(*scopes, banks=banks)[1])


@pytest.fixture
def stranger(db) -> Program:
    """A program without a key."""
    return Program()


def is_problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The problem document, after checking that it is a whole one."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    found = json.loads(response.content)
    assert {"type", "title", "status", "detail", "code"} <= found.keys()
    assert (found["status"], found["code"]) == (status, code)
    assert found["type"] == f"urn:staydown:error:{code}"
    assert found["detail"].strip()
    return found


@pytest.fixture
def problem() -> Callable[[HttpResponse, int, str], dict[str, Any]]:
    """Checks that an answer is the problem with this status and code."""
    return is_problem
