"""After a publish the questions of the last days are asked again, so that nobody waits for the first answer.

A browser's query holds more than a chart's decisions: limits, steps after the query, the range that was chosen. So the
questions that were asked are remembered, not made up. Each is asked again as the login that asked it, with its rights.
"""

import hashlib
import json
import logging
import threading
import time
from http import HTTPStatus
from typing import Any

import shared
from flask import Flask, Response, current_app, g, jsonify, request
from flask_jwt_extended import verify_jwt_in_request

MOST = 400  # questions that are remembered; the oldest go first
LONGEST = 20_000  # bytes of a question
DAYS = 7
ADDRESS = "/api/v1/takings/warm"
NOTED_AGAIN = 3600.0  # seconds after which a question that is asked again is the newest one
_noted: dict[str, float] = {}  # when this process noted a question
_logger = logging.getLogger(__name__)


def add_to(app: Flask) -> None:
    """Remember what is asked, and ask it again when an administrator says so."""
    app.after_request(_remember)
    app.add_url_rule(ADDRESS, "takings_warm", _warm, methods=["POST"])


def _remember(response: Response) -> Response:
    if request.method == "POST" and request.path == "/api/v1/chart/data" and response.mimetype == "application/json":
        body, user = request.get_data(), getattr(g.get("user"), "id", None)
        if response.status_code == HTTPStatus.OK and user and len(body) <= LONGEST:
            key = hashlib.sha256(f"{user} ".encode() + body).hexdigest()
            now = time.time()
            if now - _noted.get(key, 0.0) > NOTED_AGAIN:
                shared.remember_question(key, user, body, MOST)
                if len(_noted) > MOST:
                    _noted.clear()
                _noted[key] = now
    return response


def _warm() -> tuple[Response, int]:
    """Begin to ask again, the newest question first. Says how many there are; status 403 for other logins."""
    from superset import security_manager  # noqa: PLC0415 (it imports the configuration)

    verify_jwt_in_request()
    if not security_manager.is_admin():
        return jsonify(message="Only an administrator may do this."), HTTPStatus.FORBIDDEN
    questions = shared.questions(since=time.time() - DAYS * 86400)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=_ask_again, args=(app, questions), name="warm", daemon=True).start()
    return jsonify(questions=len(questions)), HTTPStatus.ACCEPTED


def _ask_again(app: Flask, questions: list[tuple[int, bytes]]) -> None:
    for user, body in questions:
        with app.test_request_context("/api/v1/chart/data", method="POST", data=body, content_type="application/json"):
            try:
                _ask(user, json.loads(body))
            except Exception as error:  # a chart that is gone, a right that was taken: nobody waits for this answer
                _logger.info("a question is not asked again: %s", error)


def _ask(number: int, body: dict[str, Any]) -> None:
    from superset import security_manager  # noqa: PLC0415
    from superset.charts.schemas import ChartDataQueryContextSchema  # noqa: PLC0415
    from superset.commands.chart.data.get_data_command import ChartDataCommand  # noqa: PLC0415

    user = security_manager.get_user_by_id(number)
    if user is None or not user.is_active:
        return
    g.user = g._login_user = user
    command = ChartDataCommand(ChartDataQueryContextSchema().load(body | {"force": False}))
    command.validate()
    command.run()
