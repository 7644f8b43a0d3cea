"""What Takings adds to the head of Superset's pages: a viewport for phones, and a script: controls, clicks,
annotations, navigation.

The script is a file of this server with the nonce of the page's content security policy.
"""

import hashlib
from pathlib import Path

from flask import Flask, Response
from jinja2 import ChoiceLoader, DictLoader

PARTS = ("controls.js", "cross_filters.js", "annotations.js", "navigation.js")
SCRIPT = "".join((Path(__file__).parent / name).read_text("utf-8") for name in PARTS)
ADDRESS = "/takings/controls.js"
A_YEAR = 365 * 86400  # seconds; the address changes with the script
_VERSION = hashlib.sha256(SCRIPT.encode()).hexdigest()[:12]
# Superset's slot in the head of a page. Without a viewport a phone draws pages 980 pixels wide, in tiny letters.
HEAD = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f'<script src="{ADDRESS}?v={_VERSION}" nonce="{{{{ csp_nonce() }}}}" defer></script>'
)


def add_to(app: Flask) -> None:
    """Serve the script, and fill the slot."""
    app.add_url_rule(ADDRESS, "takings_controls", _script)
    slots = DictLoader({"head_custom_extra.html": HEAD})
    app.jinja_loader = ChoiceLoader([slots, *([app.jinja_loader] if app.jinja_loader else [])])


def _script() -> Response:
    answer = Response(SCRIPT, mimetype="text/javascript")
    answer.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return answer
