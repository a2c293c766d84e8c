"""A small real OpenID Connect server: discovery, a sign-in page, codes with PKCE, signed tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "staydown", "between-the-two-of-us"
PAGE = """<!doctype html><html lang="en"><title>Acme</title><h1>Sign in to Acme</h1>
<form method="post" action="/authorize?{query}"><button>Continue</button></form>"""


class Issuer:
    """What the server says of the person who signs in, and what it does wrong on purpose."""

    def __init__(self) -> None:
        self.claims: dict[str, object] = {}
        self.audience = CLIENT
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, str] = {}  # code -> challenge
        self.address = ""

    def discovery(self) -> dict[str, object]:
        """Where everything is."""
        at = self.address
        return {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "userinfo_endpoint": f"{at}/userinfo",
            "jwks_uri": f"{at}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }

    def agree(self, asked: dict[str, str]) -> str:
        """The address that a person who pressed Continue is sent to."""
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked["code_challenge"]
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, given: dict[str, str]) -> dict[str, object] | None:
        """The tokens for a code; None where the code, the secret or the verifier is wrong."""
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self.codes.pop(given.get("code", ""), None) != challenge or given.get("client_secret") != SECRET:
            return None
        now = int(time.time())
        stated = {"iss": self.address, "aud": self.audience, "iat": now, "exp": now + 60, **self.claims}
        return {
            "access_token": "at-" + secrets.token_urlsafe(8),
            "token_type": "Bearer",
            "id_token": jwt.encode(stated, self.key, algorithm="RS256", headers={"kid": "one"}),
        }


@contextmanager
def issuer() -> Iterator[Issuer]:
    """A running server on this machine."""
    made = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Discovery, the sign-in page, what is known of the person, the key."""
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                self._json(made.discovery())
            elif parts.path == "/authorize":
                self._say(200, "text/html", PAGE.format(query=parts.query.replace("&", "&amp;")).encode())
            elif parts.path == "/userinfo":
                self._json(made.claims)
            elif parts.path == "/keys":
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(made.key.public_key()))
                self._json({"keys": [public | {"kid": "one", "alg": "RS256", "use": "sig"}]})
            else:
                self._say(404, "text/plain", b"")

        def do_POST(self) -> None:
            """The button of the page, and the exchange of a code."""
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            if parts.path == "/authorize":
                self._say(302, "text/html", b"", Location=made.agree(dict(parse_qsl(parts.query))))
            else:
                tokens = made.token({name: values[0] for name, values in parse_qs(body).items()})
                self._json(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

        def _json(self, said: object, status: int = 200) -> None:
            self._say(status, "application/json", json.dumps(said).encode())

        def _say(self, status: int, kind: str, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
