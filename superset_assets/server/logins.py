"""Logins: sessions that end, wrong passwords that are limited, passwords that a user sets.

Superset keeps a session in the browser alone: whoever has a copy of the cookie stays logged in after a logout and after
a change of the password. Here each login has a file on the server, with a stamp of the password that it was made with.
A logout removes the file; another password changes the stamp. A program's token holds the stamp as well.
"""

import hashlib
import secrets
from typing import Any

import shared
from cachelib import FileSystemCache
from flask import Flask, Response, g, jsonify, make_response, request, session
from flask_appbuilder.exceptions import PasswordComplexityValidationError
from flask_appbuilder.security.forms import ResetPasswordForm
from flask_appbuilder.security.views import ResetMyPasswordView
from flask_limiter.util import get_remote_address
from flask_login import user_logged_in, user_logged_out
from query_wall import SecurityManager as QueryWall
from rights import RememberedRights
from wtforms import PasswordField, ValidationError
from wtforms.validators import DataRequired

WRONG_LOGINS, MINUTES = 10, 5
"""Wrong passwords for one user from one address in this time; after them the right one is refused, too."""
SHORTEST_PASSWORD = 12  # characters
MOST_SESSIONS = 10_000  # after these the oldest end
SESSION = "takings_session"
STAMP = "takings_stamp"
FORM = "/resetmypassword/form"


def _is_current(_form: Any, field: Any) -> None:
    from superset import security_manager  # noqa: PLC0415 (it imports this module)

    if security_manager.auth_user_db(g.user.username, field.data) is None:
        raise ValidationError("This is not your current password.")


class OwnPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """The form with which users change their own password."""

    current = PasswordField("Current password", validators=[DataRequired(), _is_current])


class OwnPasswordView(ResetMyPasswordView):  # type: ignore[misc]
    """Its page. All sessions of the user end with the change, also this one."""

    class_permission_name = "ResetMyPasswordView"
    form = OwnPasswordForm
    form_columns = ("current", "password", "conf_password")


class SecurityManager(RememberedRights, QueryWall):
    """Superset's own behind the wall for queries, with sessions that end and limited logins."""

    resetmypasswordview = OwnPasswordView

    def create_login_manager(self, app: Flask) -> Any:
        """Also follows logins and logouts."""
        self._sessions = FileSystemCache(
            app.config["LOGIN_SESSIONS"], MOST_SESSIONS, int(app.permanent_session_lifetime.total_seconds())
        )
        self.remember_rights()
        user_logged_in.connect(self._begin_session)
        user_logged_out.connect(self._end_session)
        return super().create_login_manager(app)

    def _begin_session(self, _app: Flask, user: Any) -> None:
        session[SESSION] = secrets.token_urlsafe()
        self._sessions.set(session[SESSION], _stamp(user))

    def _end_session(self, _app: Flask, **_: Any) -> None:
        self._sessions.delete(session.pop(SESSION, ""))

    def load_user(self, pk: Any) -> Any:
        """The user of a browser's session; None when the session has ended."""
        user = super().load_user(pk)
        stamp = self._sessions.get(session.get(SESSION, ""))
        return user if user is not None and stamp == _stamp(user) else None

    def create_jwt_manager(self, app: Flask) -> Any:
        """Also stamps the tokens."""
        manager = super().create_jwt_manager(app)
        manager.additional_claims_loader(lambda identity: {STAMP: _stamp(self.get_user_by_id(int(identity)))})
        return manager

    def load_user_jwt(self, _jwt_header: Any, jwt_data: dict[str, Any]) -> Any:
        """The user of a program's token; None when the password is another one now."""
        user = super().load_user(jwt_data["sub"])
        if user is None or jwt_data.get(STAMP) != _stamp(user):
            return None
        g.user = user
        return user

    def auth_user_db(self, username: str, password: str) -> Any:
        """The user with this password, or None. Too many wrong ones are answered by `refuse_too_many`."""
        user = self.find_user(username=username) or self.find_user(email=username) if username else None
        name = str(user.id) if user else str(username).lower()
        whose = hashlib.sha256(f"{name} {get_remote_address()}".encode()).hexdigest()
        if not shared.attempt(whose, WRONG_LOGINS, MINUTES * 60):  # counted before it is checked: threads do so at once
            g.too_many_logins = True
            return None
        user = super().auth_user_db(username, password)
        if user is not None:
            shared.forget_attempts(whose)
        return user

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is: every reader has a login."""
        return False


def _stamp(user: Any) -> str:
    """What changes with the password. It is made of the stored hash and says nothing about the password."""
    return hashlib.sha256(user.password.encode()).hexdigest()


def refuse_too_many(response: Response) -> Response:
    """In place of the answer to one wrong login too many: status 429."""
    if not g.get("too_many_logins"):
        return response
    message = f"Too many wrong logins. Wait {MINUTES} minutes, then log in again."
    refused = jsonify(message=message) if request.path.startswith("/api/") else make_response(message)
    refused.status_code, refused.headers["Retry-After"] = 429, str(MINUTES * 60)
    if not request.path.startswith("/api/"):
        refused.mimetype = "text/plain"
    return refused


def refuse_without_the_old_password() -> Response | None:
    """Superset's own dialogue sets a password without the old one: an open browser would be enough to take a login."""
    body = request.get_json(silent=True) if request.endpoint == "CurrentUserRestApi.update_me" else None
    if not isinstance(body, dict) or "password" not in body:
        return None
    refused = jsonify(message=f"Change your password at {FORM}, which asks for the one that you have.")
    refused.status_code = 400
    return refused


def long_enough(password: str) -> None:
    """Raise PasswordComplexityValidationError for a short password. Length is what makes it hard to guess."""
    if len(password or "") < SHORTEST_PASSWORD:
        raise PasswordComplexityValidationError(f"Use at least {SHORTEST_PASSWORD} characters.")
