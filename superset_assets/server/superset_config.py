"""Superset's configuration for Takings: SQLite metadata, file caches, walls between tenants.

Reads four environment variables of ours:
  TAKINGS_SUPERSET_HOME  folder of metadata, generated secrets, sessions, caches and logs
  TAKINGS_PUBLISHED      folder of published builds: `current` is a symlink to the newest one
  TAKINGS_HTTPS          "yes" behind a web server with https
  TAKINGS_WEB            where report pages and links are: an address, or a port as ":8090"

Superset imports this module by name (PYTHONPATH), in the environment that requirements.lock describes.
"""

import json
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import annotations
import audit
import builds
import days
import export_columns
import exports
import front_end
import grain
import landing
import libraries
import logins
import navigation
import page
import rights
import share
import shared
import ties
import unknown
import visible
import warm
import yaml
from flask import Flask, g, has_request_context, request
from query_wall import refusal
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import QueuePool
from superset.utils.log import DBEventLogger

libraries.begin_loading()
HOME = Path(os.environ["TAKINGS_SUPERSET_HOME"])
builds.published = Path(os.environ["TAKINGS_PUBLISHED"])
shared.prepare(HOME / "shared")
HTTPS = os.environ.get("TAKINGS_HTTPS") == "yes"

PALETTE = yaml.safe_load(Path(__file__).parents[1].joinpath("palette.yaml").read_text("utf-8"))
APP_NAME = "Takings"
LANGUAGES: dict[str, Any] = {}  # English only: no language menu
BABEL_DEFAULT_LOCALE = "en"


def _secrets() -> dict[str, str]:
    """The secrets, generated once and readable by their owner alone."""
    path = HOME / "secrets.json"
    generated = {name: secrets.token_urlsafe(48) for name in ("secret_key", "guest_token_jwt_secret")}
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(generated, file)
    except FileExistsError:
        stored: dict[str, str] = json.loads(path.read_text())
        return stored
    return generated


SECRET_KEY = _secrets()["secret_key"]
GUEST_TOKEN_JWT_SECRET = _secrets()["guest_token_jwt_secret"]

# --- metadata and caches: files, no other server
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'metadata.db'}"
# connections stay open: to open one for each request takes a fifth of what an answer from the cache costs
SQLALCHEMY_ENGINE_OPTIONS = {"poolclass": QueuePool, "connect_args": {"check_same_thread": False}}


@event.listens_for(Engine, "connect")
def _sqlite_for_threads(connection: Any, _record: Any) -> None:
    """Threads and processes share the metadata: readers do not wait for the writer, a writer waits for another one."""
    if isinstance(connection, sqlite3.Connection):
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000;")


class _ChangesAndVisits(DBEventLogger):  # type: ignore[misc]
    """Log changes, and the visits that a browser reports; a read is not logged.

    Superset logs each request of each chart, in a transaction of its own that takes longer than the chart's query.
    """

    def log_with_context(self, action: str, *arguments: Any, **options: Any) -> None:
        if not has_request_context() or (request.method != "GET" and request.path != "/api/v1/chart/data"):
            super().log_with_context(action, *arguments, **options)


EVENT_LOGGER = _ChangesAndVisits()


def _file_cache(folder: str, seconds: int, kind: str = "FileSystemCache") -> dict[str, Any]:
    return {
        "CACHE_TYPE": kind,
        "CACHE_DIR": str(HOME / "cache" / folder),
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_THRESHOLD": 2000,
    }


CACHE_CONFIG = _file_cache("metadata", 60)
DATA_CACHE_CONFIG = _file_cache("data", 86400, "builds.BuildCache")
FILTER_STATE_CACHE_CONFIG = _file_cache("filters", 90 * 86400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _file_cache("explore", 7 * 86400)
DASHBOARD_AUTO_REFRESH_MODE = "fetch"  # a refresh is answered from the cache until the next build is published

FEATURE_FLAGS = {
    "DRILL_BY": False,
    "CHART_PLUGINS_EXPERIMENTAL": True,  # a number with its change (pop_kpi)
}

# nobody draws pictures of charts: for the address of one Superset reads all rules of its dataset
THUMBNAIL_EXECUTORS: list[Any] = []

# --- the browser loads nothing from other hosts; no telemetry
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": HTTPS,
}
# --- logins; behind https the web server in front says from which address and by which scheme a browser asks
SESSION_COOKIE_SECURE = HTTPS
ENABLE_PROXY_FIX = HTTPS
PROXY_FIX_CONFIG = {"x_for": 1, "x_proto": 1, "x_host": 0, "x_port": 0, "x_prefix": 0}
LOGIN_SESSIONS = str(HOME / "sessions")
FAB_PASSWORD_COMPLEXITY_ENABLED = True
FAB_PASSWORD_COMPLEXITY_VALIDATOR = logins.long_enough
WTF_CSRF_ENABLED = True
HTML_SANITIZATION = True

TIME_GRAIN_ADDONS = grain.LABELS
TIME_GRAIN_ADDON_EXPRESSIONS = {"duckdb": {grain.AUTO: "DATE_TRUNC('day', {col})"}}  # never left in a query

# --- look: one green; light or dark by the browser's preference
_BRAND = {"light": "#14694f", "dark": "#6fd3ae"}


def _logo(colour: str) -> str:
    """The word mark as a data URL: no request is needed."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="132" height="32" viewBox="0 0 132 32">'
        f'<g fill="{colour}"><rect x="2" y="17" width="5" height="9" rx="1.5"/>'
        '<rect x="10" y="11" width="5" height="15" rx="1.5"/><rect x="18" y="5" width="5" height="21" rx="1.5"/>'
        '<text x="32" y="24" font-family="Inter,Helvetica,Arial,sans-serif" font-size="21" font-weight="600">'
        "Takings</text></g></svg>"
    )
    return "data:image/svg+xml," + quote(svg)


# A period beside an earlier one (`comparison` in defaults.yaml): solid, dotted for a day so far; dashed before.
# A chart's own options replace the lines with their data; what ECharts calls media is merged into each line.
_POINTS = {"smooth": False, "showSymbol": True, "symbol": "circle"}  # a period of one day is a point
_BESIDE = {
    "series": [
        {**_POINTS, "name": "Sales of the period", "symbolSize": 5, "lineStyle": {"width": 2.5}, "z": 4},
        {**_POINTS, "name": "Today so far", "symbolSize": 5, "lineStyle": {"type": "dotted", "width": 2.5}, "z": 5},
        {**_POINTS, "name": "Earlier period", "symbolSize": 3, "lineStyle": {"type": "dashed", "width": 1.5}, "z": 3},
    ]
}


def _tokens(mode: str) -> dict[str, Any]:
    return {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": _logo(_BRAND[mode]),
        "brandLogoHref": "/",
        "brandLogoHeight": "28px",
        "brandLogoMargin": "12px 0",
        "colorPrimary": "#1a7a5b" if mode == "light" else "#4fbf98",  # Superset darkens it in dark mode
        "colorLink": "#1a7a5b" if mode == "light" else "#6fd3ae",
        "colorSuccess": PALETTE["meanings"]["good"],
        "colorWarning": PALETTE["meanings"]["watch"],
        "colorError": PALETTE["meanings"]["bad"],
        "fontUrls": [],
        "fontFamily": "Inter, Helvetica, Arial, sans-serif",
    }


# a true minus sign; the "$" of a number format marks a multiple (16.3×), amounts get their currency from their rows
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", "×"], "minus": "\N{MINUS SIGN}"}

_COLOURS = {
    "takings": list(PALETTE["kinds"].values()),
    "takings_parts": list(PALETTE["parts"].values()),
    "takings_meanings": list(PALETTE["meanings"].values()),
}
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {"id": name, "label": name.replace("_", " ").capitalize(), "description": "", "isDefault": False, "colors": colours}
    for name, colours in _COLOURS.items()
]

APP_ICON = _logo(_BRAND["light"])
# no buttons All and Inv; no label over another or without a space to it
_AXES = {"legend": {"selector": False}, "xAxis": {"axisLabel": {"hideOverlap": True, "padding": [0, 8]}}}
# a long name leaves room for its bar, also on a phone
_BARS = {
    **_AXES,
    "yAxis": {"axisLabel": {"width": 220, "overflow": "truncate"}},
    "media": [{"query": {"maxWidth": 420}, "option": {"yAxis": {"axisLabel": {"width": 120}}}}],
}
# each bar has its name below it, aslant: some bridges have eleven
_NAMES = {"interval": 0, "hideOverlap": False, "rotate": 35, "width": 130, "overflow": "truncate", "fontSize": 11}
# a phone has no room for an amount at each bar: a touch shows it
_NARROW = {"query": {"maxWidth": 420}, "option": {"series": [{"label": {"show": False}}] * 4}}
_CHARTS = {
    "echartsOptionsOverridesByChartType": {
        "echarts_timeseries_line": _AXES,
        "echarts_timeseries_bar": _BARS,
        "pie": {"legend": {"selector": False}},
        "waterfall": {"xAxis": {"axisLabel": _NAMES}, "media": [_NARROW]},
        "echarts_timeseries_smooth": {**_AXES, "media": [{"option": _BESIDE}]},
    }
}
THEME_DEFAULT = {"token": _tokens("light"), "algorithm": "default", **_CHARTS}
THEME_DARK = {"token": _tokens("dark"), "algorithm": "dark", **_CHARTS}


def FLASK_APP_MUTATOR(app: Flask) -> None:  # noqa: N802 (Superset's name)
    builds.own_file = _own_file
    builds.ask_once()
    rights.look_up_charts_once()
    days.install(CALENDARS)
    grain.install()
    annotations.install(_own_file, visible.own_tenant)
    unknown.install()
    exports.correct_writers()
    export_columns.install()
    front_end.add_to(app)
    audit.add_to(app)  # before the others: Flask calls the last one first, and a file has its name then
    app.after_request(exports.with_byte_order_mark)
    app.after_request(exports.named_by_chart_and_range(CALENDARS))
    app.before_request(logins.refuse_without_the_old_password)
    app.before_request(landing.to_home)
    app.after_request(logins.refuse_too_many)
    page.add_to(app)
    warm.add_to(app)
    app.after_request(days.remembered_by_browsers)
    app.after_request(visible.without_tenant_filter)
    navigation.add_to(app, builds.newest, visible.own_tenant)
    share.add_to(app, os.environ.get("TAKINGS_WEB", ""))
    visible.watch(app)
    libraries.end_loading()


def SQL_QUERY_MUTATOR(sql: str, **_: Any) -> str:  # noqa: N802 (Superset's name)
    """Put a top ten into an order that is always the same."""
    return ties.ordered(sql)


# --- the wall before the engine: who may not use SQL Lab sends no SQL
CUSTOM_SECURITY_MANAGER = logins.SecurityManager


def _own_account(query: Any) -> Any:
    """A user finds only their own login where Superset suggests owners; an administrator finds all."""
    from superset import security_manager  # noqa: PLC0415 (it imports this module)

    user = security_manager.user_model
    return query if security_manager.is_admin() else query.filter(user.id == g.user.id)


def _own_roles(query: Any) -> Any:
    """The same for roles."""
    from superset import security_manager  # noqa: PLC0415

    role = security_manager.role_model
    own = [item.id for item in security_manager.get_user_roles()]
    return query if security_manager.is_admin() else query.filter(role.id.in_(own))


EXTRA_RELATED_QUERY_FILTERS = {"user": _own_account, "role": _own_roles}


# --- the second wall: the user decides which published file is opened


def _roles(username: str | None, security_manager: Any) -> set[str]:
    if username and getattr(g.get("user"), "username", None) == username:  # looked up once in a request
        return {role.name for role in security_manager.get_user_roles()}
    user = security_manager.find_user(username=username) if username else None
    if user is None:
        return set()
    groups = getattr(user, "groups", None) or []
    return {role.name for role in [*user.roles, *(role for group in groups for role in group.roles)]}


def published_file(roles: set[str]) -> str:
    """The name of the published file that these roles may read; without exactly one tenant, the empty file."""
    if visible.sees_all(roles):
        return "all.duckdb"
    tenant = visible.tenant_of(roles)
    return f"tenant-{tenant}.duckdb" if tenant else "nobody.duckdb"


CALENDARS = days.Calendars(builds.newest, visible.own_tenant)


def DB_CONNECTION_MUTATOR(  # noqa: N802 (Superset's name)
    uri: URL, params: dict[str, Any], username: str | None, security_manager: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """Give each user a connection to their own published file. Other databases are for the administrator alone."""
    roles = _roles(username, security_manager)
    if uri.get_backend_name() != "duckdb":
        if "Admin" not in roles:
            raise refusal("Only an administrator may query databases that Takings did not publish.", 403)
        return uri, params
    build = builds.newest()
    if not build.is_dir():
        raise refusal("Nothing is published yet. Run `takings run` first, then refresh this page.", 503)
    file = build / published_file(roles)
    return uri.set(database=str(file)), {**params, "creator": lambda: builds.connect(file)}


def _own_file() -> Path:
    """The published file that the current user reads."""
    from superset import security_manager  # noqa: PLC0415 (it imports this module)

    if "takings_file" not in g:
        g.takings_file = builds.newest() / published_file(_roles(g.user.username, security_manager))
    file: Path = g.takings_file
    return file
