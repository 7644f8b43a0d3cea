"""Who asks for the assistant's numbers and settings: a program with a token, or a browser with a login of Superset.

    caller = await door.open(request, tenant_id, "metrics")       # or a ProblemError: 401, 403, 404, 429, 503

Both have one tenant, and the address has to name it; the operators and the administrator read every tenant. Another
tenant's address answers 404, as one that does not exist. A login changes settings only from a page of this application:
another site could send a request with its cookie.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.requests import Request

from serving import forms
from serving.api.access import Gate
from serving.api.problems import LASTING, SECONDS, Problem, ProblemError, not_there, too_many
from serving.asking import NoTenantError, NotLoggedInError, asking
from serving.errors import LoginServerError
from serving.limiting import Limits
from serving.people import COOKIE
from serving.site import Site, Tenant
from serving.tenant_api.history import Author

ASK_THE_OWNER = "Ask the account's owner to change them, or to give you an owner's login"
log = logging.getLogger("takings.serving")


@dataclass(frozen=True)
class Caller:
    """Who asks, and the tenant whose numbers are read."""

    tenant: Tenant
    author: Author


class Door:
    """Lets tokens and logins in, for one event loop."""

    def __init__(self, site: Site, gate: Gate, limits: Limits) -> None:
        self._site, self._gate, self._limits = site, gate, limits

    async def open(self, request: Request, tenant: str, scope: str | None) -> Caller:
        """Who asks for this tenant. `scope`: what a token has to be made for. Raises ProblemError."""
        if "authorization" in request.headers or COOKIE not in request.cookies:
            access = await self._gate.open(request, scope)
            if access.tenant.id != tenant:
                raise ProblemError(not_there())
            return Caller(access.tenant, Author("token", access.token.id))
        return await self._login(request, tenant, changes=scope == "settings")

    async def _login(self, request: Request, tenant: str, *, changes: bool) -> Caller:
        try:
            who = await asking(request, self._site, tenant)
        except NotLoggedInError:
            await self._gate.open(request, None)  # it has no token: refused, and counted for its address
            raise
        except NoTenantError:
            raise ProblemError(not_there()) from None
        except LoginServerError as error:
            log.warning("%s", error)
            headers = {"retry-after": str(SECONDS)}
            what, why = "Logins cannot be checked right now", "the dashboards, which know all logins, do not answer"
            raise ProblemError(Problem(503, "logins", what, why, LASTING, (), headers)) from None
        standing = self._limits.hit(f"login {who.person.username}", who.tenant.requests_per_minute)
        request.state.standing = standing
        if not standing.allowed:
            raise ProblemError(too_many(standing, f"a login may make {standing.most:,} requests in a minute"))
        if who.tenant.id != tenant:
            raise ProblemError(not_there())
        if changes and not who.person.may_share:
            what, why = "Your login may not change settings", "it is not an owner's"
            raise ProblemError(Problem(403, "owner", what, why, ASK_THE_OWNER))
        host = request.headers.get("host", "")
        if changes and not forms.is_from_here(request, self._site.origins(host)):
            why = "a login changes settings from a page of this application alone"
            advice = "Open /settings, or send a token that was made with the scope settings"
            raise ProblemError(Problem(403, "origin", "Nothing was changed", why, advice))
        return Caller(who.tenant, Author("login", who.person.username))
