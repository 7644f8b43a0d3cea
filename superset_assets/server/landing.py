"""A login, and the logo, lead to the dashboard Home in place of Superset's list of recent files."""

from typing import Any

from flask import redirect, request, url_for
from flask_login import current_user

HOME = "home"
WELCOME = ("/", "/superset/welcome/")


def to_home() -> Any:
    """A redirect for who may read Home; None where Superset's own page stays."""
    if request.method != "GET" or request.path not in WELCOME or not current_user.is_authenticated:
        return None
    from superset import db, security_manager  # noqa: PLC0415 (they exist when the application does)
    from superset.models.dashboard import Dashboard  # noqa: PLC0415

    exists = db.session.query(Dashboard.id).filter_by(slug=HOME, published=True).first()
    if exists is None or not security_manager.can_access("can_dashboard", "Superset"):
        return None
    return redirect(url_for("Superset.dashboard", dashboard_id_or_slug=HOME))
