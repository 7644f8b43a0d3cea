"""The links "Share and export" and "Assistant settings" of the dashboards lead to the web application.

Dashboards are files without addresses: they name /takings/share/<report> or /takings/settings, and this server knows
where the application is. Without a public address it is on another port of the host that the browser asked, which gets
the session's cookie.
"""

import re
from http import HTTPStatus
from typing import Any

from flask import Flask, abort, redirect, request

ADDRESS = "/takings/share/"
SETTINGS = "/takings/settings"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
LOCAL = ("127.0.0.1", "localhost")


def add_to(app: Flask, web: str) -> None:
    """Redirect to `web`: an address, or a port of this machine such as ":8090"; empty where there is no application."""

    def lead(report: str = "") -> Any:
        if not web or (report and not NAME.fullmatch(report)):
            abort(HTTPStatus.NOT_FOUND)
        return redirect(_place(web) + (f"/share?report={report}" if report else "/"))

    def lead_to_settings() -> Any:
        if not web:
            abort(HTTPStatus.NOT_FOUND)
        return redirect(f"{_place(web)}/settings")

    app.add_url_rule(SETTINGS, "takings_settings", lead_to_settings)
    app.add_url_rule(ADDRESS, "takings_share", lead)
    app.add_url_rule(f"{ADDRESS}<report>", "takings_share_report", lead)


def _place(web: str) -> str:
    if not web.startswith(":"):
        return web
    host = request.host.partition(":")[0]
    return f"http://{host if host in LOCAL else LOCAL[0]}{web}"
