# ruff: noqa: PLC0415 (importing Superset takes seconds: a copied template needs none of it)
"""Prepare Superset's metadata: tables, permissions, roles, the admin user. One process, one app context.

Runs with the Python of Superset's environment and with TAKINGS_SUPERSET_HOME and TAKINGS_PUBLISHED set. Reads the
admin's password from `credentials.json` in the home. Writes one JSON line per step to stdout:
{"done", "total", "detail"}.

A migrated metadata file is kept as a template, named by the hash of requirements.lock, in TAKINGS_SUPERSET_TEMPLATES
(default: inside the environment): the next first start with the same lock copies it.
"""

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

SERVER = Path(__file__).resolve().parent
HOME = Path(os.environ["TAKINGS_SUPERSET_HOME"])
TEMPLATES = Path(os.environ.get("TAKINGS_SUPERSET_TEMPLATES") or Path(sys.prefix) / "share" / "takings")
METADATA = HOME / "metadata.db"
ADMIN = "admin"


def lock_hash() -> str:
    """Sixteen hexadecimal digits of the hash of the files that decide the content of the metadata."""
    parts = [(SERVER / name).read_bytes() for name in ("requirements.lock", "bootstrap.py")]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def say(count: int, detail: str) -> None:
    sys.stdout.write(json.dumps({"done": count, "total": 4, "detail": detail}) + "\n")
    sys.stdout.flush()


def set_admin_password(metadata: Path, password: str) -> None:
    """Write the admin's password into a metadata file without starting Superset. The same one keeps its sessions."""
    from werkzeug.security import check_password_hash, generate_password_hash

    with closing(sqlite3.connect(metadata)) as connection, connection:
        stored = connection.execute("SELECT password FROM ab_user WHERE username = ?", (ADMIN,)).fetchone()
        if stored and check_password_hash(stored[0], password):
            return
        connection.execute(
            "UPDATE ab_user SET password = ? WHERE username = ?", (generate_password_hash(password), ADMIN)
        )


def migrate(password: str) -> None:
    """Create or upgrade the metadata; about 16 s on two cores, most of it importing and migrating."""
    say(0, "loading Superset")
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from flask_migrate import upgrade
        from superset.extensions import appbuilder, db

        say(1, "creating the metadata tables")
        upgrade(directory=str(Path(sys.modules["superset"].__file__ or "").parent / "migrations"))
        say(2, "creating permissions and roles")
        appbuilder.add_permissions(update_perms=True)
        manager = appbuilder.sm
        manager.sync_role_definitions()
        say(3, "adding the admin")
        if manager.find_user(username=ADMIN) is None:
            role = manager.find_role("Admin")
            if not manager.add_user(ADMIN, "Takings", "Admin", "admin@takings.invalid", role, password=password):
                raise SystemExit("Superset refused to add its admin user; see the log beside this message.")
        db.session.remove()
        db.engine.dispose()


def copy_closed(source: Path, target: Path) -> None:
    """Copy an SQLite file with its journal merged; the target appears complete or not at all."""
    partial = target.with_suffix(f".{os.getpid()}.partial")
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(source, partial)
    partial.replace(target)


def main() -> None:
    password = json.loads((HOME / "credentials.json").read_text())[ADMIN]["password"]
    marker = HOME / "metadata.version"
    template = TEMPLATES / f"metadata-{lock_hash()}.db"
    if METADATA.exists() and marker.exists() and marker.read_text() == lock_hash():
        set_admin_password(METADATA, password)
        say(4, "metadata is up to date")
        return
    if not marker.exists():  # an interrupted first start: begin again
        for leftover in HOME.glob("metadata.db*"):
            leftover.unlink()
    fresh = not METADATA.exists()
    if fresh and template.exists():
        copy_closed(template, METADATA)
        set_admin_password(METADATA, password)
    else:
        migrate(password)
        if fresh:
            TEMPLATES.mkdir(parents=True, exist_ok=True)
            copy_closed(METADATA, template)
            set_admin_password(template, secrets.token_urlsafe())
    marker.write_text(lock_hash())
    say(4, "metadata ready")


if __name__ == "__main__":
    main()
