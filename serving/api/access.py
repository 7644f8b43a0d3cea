"""Who asks: a bearer token in the header Authorization, and nothing else.

    access = await gate.open(request, "metrics")      # or a ProblemError: 401, 403, 429

Wrong tokens are counted for the address that sends them, valid ones for themselves. A valid token is never refused for
the mistakes of others: people behind one web server may share an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from serving.api.problems import Problem, ProblemError, too_many
from serving.audit.recording import noting
from serving.errors import EndedTokenError, RefusedTokenError
from serving.limiting import Limits
from serving.site import Site, Tenant
from serving.tokens import READING, Token

WRONG_PER_MINUTE = 60
REALM = 'Bearer realm="takings"'
LONGEST = 200  # characters of the header
HOW = "Send the header `Authorization: Bearer takings_…`; `takings token create` makes a token"


@dataclass(frozen=True)
class Access:
    """A live token, and the tenant whose numbers it reads."""

    token: Token
    tenant: Tenant


class Gate:
    """Lets tokens in, for one event loop."""

    def __init__(self, site: Site, limits: Limits) -> None:
        self._site, self._limits = site, limits

    async def open(self, request: Request, scope: str | None) -> Access:
        """Who asks. `scope`: what the token has to be made for; None where any token will do. Raises ProblemError."""
        sent = request.headers.getlist("authorization")
        kind, _, text = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
        if kind.lower() != "bearer" or not text or len(sent[0]) > LONGEST:
            why = "it has no bearer token" if len(sent) < 2 else "it has several headers Authorization"
            problem = Problem(401, "no-token", "The request is anonymous", why, HOW, (), {"www-authenticate": REALM})
            raise self.refused(request, problem)
        try:
            token = await run_in_threadpool(self._site.tokens.check, text, self._site.now())
        except (RefusedTokenError, EndedTokenError) as error:
            raise self.refused(request, _invalid(error.what, error.next_step)) from None
        tenant = self._site.tenants.get(token.tenant)
        if tenant is None:  # no longer configured
            raise self.refused(request, _invalid("The token was revoked", "Make a new one with `takings token create`"))
        standing = self._limits.hit(f"token {token.id}", tenant.requests_per_minute)
        request.state.standing = standing
        if not standing.allowed:
            why = f"this token may make {standing.most:,} requests in a minute"
            raise ProblemError(too_many(standing, why))
        noting(request, "token", token.id, tenant.id)
        if scope is not None and scope not in token.scopes:
            has = ", ".join(sorted(token.scopes))
            header = f'{REALM}, error="insufficient_scope", scope="{scope}"'
            advice = f"Make one with `takings token create --scope {scope}`"
            verb = "read" if scope in READING else "change"
            title, why = f"The token may not {verb} {scope}", f"it was made for {has}"
            raise ProblemError(Problem(403, "scope", title, why, advice, (), {"www-authenticate": header}))
        return Access(token, tenant)

    def refused(self, request: Request, problem: Problem) -> ProblemError:
        """The problem, or a 429 after too many of them from one address."""
        standing = self._limits.hit(f"address {self._address(request)}", WRONG_PER_MINUTE)
        if standing.allowed:
            return ProblemError(problem)
        return ProblemError(too_many(standing, "this address has sent too many requests without a valid token"))

    def _address(self, request: Request) -> str:
        """The address that the request comes from: behind our own web server, the last one named, which is its own."""
        peer = request.client.host if request.client else ""
        named = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
        if self._site.address and named and _is_loopback(peer):
            return named[:64]
        return peer


def _invalid(title: str, next_step: str) -> Problem:
    header = f'{REALM}, error="invalid_token"'
    return Problem(401, "token", title, "", next_step, (), {"www-authenticate": header})


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
