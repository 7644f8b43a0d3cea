"""What cannot be shown is a page as well: it says what happened and what to do.

None of them names a tenant, and every token that does not open is answered with the same bytes.
"""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from semantic.errors import NoBuildError, RangeError, ReleaseError, SemanticError, UnknownNameError
from serving import pages
from serving.asking import NotAllowedError, NoTenantError, NotLoggedInError, NotOwnerError
from serving.errors import EndedError, LoginServerError, RefusedError, StateError, UnknownLinkError, UnknownVersionError
from serving.forms import ForeignFormError
from serving.site import Site

HOME = ("All reports", "/")
AFTER_LOGIN = {"/settings": "/takings/settings", "/static/dashboard.html": "/superset/dashboard/assistant/"}
"""Where Superset leads somebody who logs in from a page; from every other page to the reports."""
LASTING = "Try again in a minute. If it lasts, tell whoever runs Takings for you."
log = logging.getLogger("takings.serving")


def add_to(app: FastAPI, site: Site) -> None:
    """Answer each error with its page."""

    def anonymous(request: Request, _: Exception) -> Response:
        superset = site.superset_address(request.headers.get("host", ""))
        return pages.message(
            401, "Log in first", "This page is for people with a login for the dashboards.",
            "Log in there, then open this page again.",
            action=("Log in", f"{superset}/login/?next={AFTER_LOGIN.get(request.url.path, '/takings/share/')}"),
        )  # fmt: skip

    handlers = {
        RefusedError: refused, EndedError: ended, NotLoggedInError: anonymous, NoTenantError: no_tenant,
        NotAllowedError: not_allowed, NotOwnerError: not_owner, ForeignFormError: foreign_form,
        LoginServerError: no_login_server, SemanticError: no_numbers, UnknownLinkError: no_page,
        UnknownVersionError: no_page, RequestValidationError: no_page, StateError: failed, HTTPException: other,
        Exception: failed,
    }  # fmt: skip
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


def refused(_: Request, __: Exception) -> Response:
    """A token that was not signed here."""
    return pages.message(
        403, "This link is not valid", "Its address is incomplete, or was changed on its way.",
        "Open it again from the message that you got, or ask the sender for a new link.",
    )  # fmt: skip


def ended(_: Request, error: Exception) -> Response:
    """A token that was valid."""
    if isinstance(error, EndedError) and error.expired:
        title, what = "This link has expired", "It opened a report for a limited time, which is over."
    else:
        title, what = "This link was withdrawn", "Whoever shared the report has ended this link."
    return pages.message(410, title, what, "Ask the sender for a new link.")


def no_tenant(_: Request, __: Exception) -> Response:
    """A login whose numbers are nobody's."""
    return pages.message(
        403, "Your login has no reports", "It belongs to no shop, or to more than one.",
        "Ask whoever runs Takings for you to correct the login.",
    )  # fmt: skip


def not_allowed(_: Request, __: Exception) -> Response:
    """A login without admin.access."""
    return pages.message(
        403, "Your login may not share", "Links to reports need the permission admin.access, which the account's owner "
        "has.", "Ask your account's owner to share the report, or to give you an owner's login.", action=HOME,
    )  # fmt: skip


def not_owner(_: Request, __: Exception) -> Response:
    """A login without admin.access, at the settings."""
    return pages.message(
        403, "Your login may not change settings", "The settings of the store's assistant are the account owner's.",
        "Ask your account's owner to change them, or to give you an owner's login.", action=HOME,
    )  # fmt: skip


def foreign_form(_: Request, __: Exception) -> Response:
    """A form that our pages did not send."""
    return pages.message(
        403, "Nothing was changed", "The form was not sent from a page of yours, or was open for too long.",
        "Go back, load the page again, and send the form again.", action=HOME,
    )  # fmt: skip


def no_login_server(_: Request, error: Exception) -> Response:
    """Superset does not answer."""
    log.warning("%s", error)
    return _later(pages.message(
        503, "Logins cannot be checked right now", "The dashboards, which know all logins, do not answer. Shared links "
        "keep working.", LASTING,
    ))  # fmt: skip


def no_numbers(request: Request, error: Exception) -> Response:
    """A report without numbers, or one that does not exist."""
    if isinstance(error, RangeError | UnknownNameError):
        return no_page(request, error)
    log.warning("%s", error)
    if isinstance(error, ReleaseError):
        return _later(pages.message(
            503, "Takings was updated", f"The numbers are of another release than this server: {error.why}.",
            f"Tell whoever runs Takings for you: {error.next_step[0].lower()}{error.next_step[1:]}.",
        ))  # fmt: skip
    happened = "Nothing has been published yet." if isinstance(error, NoBuildError) else "Its numbers are not there."
    return _later(pages.message(
        503, "There is no report to show yet", happened, "Try again later. If it lasts, ask the sender.",
    ))  # fmt: skip


def no_page(_: Request, __: Exception) -> Response:
    """An address of nothing."""
    return pages.message(404, "There is no such page", "The address is wrong, or the page is gone.",
                         "Check the address, or ask whoever gave it to you.")  # fmt: skip


def other(request: Request, error: Exception) -> Response:
    """A method or a form that no page takes."""
    if not isinstance(error, HTTPException) or error.status_code == 404:
        return no_page(request, error)
    answer = pages.message(error.status_code, "This does not work", "The page does not take such a request.",
                           "Go back, and load the page again.")  # fmt: skip
    answer.headers.update(error.headers or {})
    return answer


def failed(_: Request, error: Exception) -> Response:
    """A mistake of ours, or keys and ledger that cannot be read: the server's log has it."""
    if isinstance(error, StateError):
        log.error("%s", error)
    return pages.message(500, "Something went wrong here", "The page could not be made.", LASTING)


def _later(answer: Response) -> Response:
    answer.headers["retry-after"] = "60"
    return answer
