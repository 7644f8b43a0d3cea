"""Notes in Superset's log what it leaves out: who logged in and out, and who exported a chart's rows.

`takings audit export` reads the log. A chart's rows that are only shown are not noted: a visit of a dashboard is.
"""

import json
from contextlib import suppress
from typing import Any

from exports import FILES
from flask import Flask, Response, request
from flask_login import user_logged_in, user_logged_out
from werkzeug.http import parse_options_header

OK = 200
CHARTS = "/api/v1/chart/"


def add_to(app: Flask) -> None:
    """Follow logins, logouts and the answers that are files."""
    user_logged_in.connect(_logged_in, app)
    user_logged_out.connect(_logged_out, app)
    app.after_request(_exported)


def _logged_in(_app: Flask, user: Any) -> None:
    _note("takings.login", user.id, {})


def _logged_out(_app: Flask, user: Any) -> None:
    _note("takings.logout", getattr(user, "id", None), {})


def _exported(response: Response) -> Response:
    if response.mimetype in FILES and response.status_code == OK and request.path.startswith(CHARTS):
        from superset.utils.core import get_user_id  # noqa: PLC0415 (Superset imports this module)

        _, options = parse_options_header(response.headers.get("Content-Disposition", ""))
        name = options.get("filename", "")
        _note("takings.export", get_user_id(), {"format": FILES[response.mimetype], "name": name, "path": request.path})
    return response


def _note(action: str, user: int | None, content: dict[str, str]) -> None:
    from superset.extensions import event_logger  # noqa: PLC0415 (Superset imports this module)

    event_logger.log(user, action, None, None, _chart(), None, records=[content])


def _chart() -> int | None:
    """The chart that is asked for, where the request names one."""
    number = (request.view_args or {}).get("pk") if request.path.startswith(CHARTS) else None
    with suppress(KeyError, TypeError, ValueError):  # a request of another form names none
        form = request.get_json() if request.is_json else json.loads(request.form["form_data"])
        number = int(form["form_data"]["slice_id"])
    return number if isinstance(number, int) else None
