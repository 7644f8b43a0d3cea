"""What the refusal of a PostgreSQL server means, without the password that its words may hold."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

CONNECT_SECONDS = 15
_TLS = "Set `sslmode` in the URI: `require` for a server with TLS, `disable` for one without it in your own network"
_REFUSED = {  # words of the answer to a connection, and what to do
    "password authentication failed": "Put the right user and password into the URI that `secret` points to",
    "no password supplied": "Put the password into the URI that `secret` points to",
    'role "': "Put the right user into the URI that `secret` points to",
    'database "': "Put the right database into the URI that `secret` points to",
    "no pg_hba.conf entry": "Let the server's pg_hba.conf accept this login from this machine",
    "SSL": _TLS,
    "certificate": "Give the server's certificate authority as `sslrootcert` in the URI",
}


def advice(why: str) -> str:
    """What to do about a login that a server refuses in these words; empty where it does not refuse."""
    return next((next_step for words, next_step in _REFUSED.items() if words in why), "")


def without_password(uri: str, error: Exception) -> str:
    """The server's own words, without the password."""
    text, password = " ".join(str(error).split()), urlsplit(uri).password
    for secret in filter(None, (uri, password, unquote(password or ""))):
        text = text.replace(secret, "***")
    return text[:400]
