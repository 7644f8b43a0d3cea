"""The keys that sign links and forms, in `keys.json`, which its owner alone may read. They are made at first use.

The newest key signs. A rotation adds a key; the older ones still verify, until no live link needs them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from itsdangerous import Signer

from serving.errors import StateError

KEY_BYTES = 32
NAME = re.compile(r"k[1-9][0-9]{0,8}")


class Keys:
    """The keys of one folder. Every process sees a rotation at its next use.

    `folder` is made with mode 0700 and the file with mode 0600.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "keys.json"
        self._read_at: tuple[int, int] | None = None
        self._known: dict[str, str] = {}

    def newest(self) -> str:
        """The id of the key that signs."""
        return list(self._current())[-1]

    def ids(self) -> list[str]:
        """All keys that verify, the newest last."""
        return list(self._current())

    def signature(self, key: str, purpose: str, text: bytes) -> bytes | None:
        """HMAC-SHA256 of a text under a key for one purpose, as base64url without padding; None for an unknown key."""
        secret = self._current().get(key)
        if secret is None:
            return None
        signer = Signer(secret, salt=f"takings.{purpose}", key_derivation="hmac", digest_method=hashlib.sha256)
        return signer.get_signature(text)

    def rotate(self, needed: Collection[str]) -> tuple[str, list[str]]:
        """Add a key, which signs from now on, and remove those that are not `needed`.

        Returns the new id and the removed ones.
        """
        with self._locked():
            known = self._load()
            highest = max((int(name.removeprefix("k")) for name in known), default=0)
            retained = {name: secret for name, secret in known.items() if name in needed}
            name = f"k{highest + 1}"
            self._write({**retained, name: _generated()})
        return name, [old for old in known if old not in retained]

    def _current(self) -> dict[str, str]:
        """The keys as they are in the file now: another process may have rotated them."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            with self._locked():
                if not self.path.exists():
                    self._write({"k1": _generated()})
            stat = self.path.stat()
        if self._read_at != (stat.st_mtime_ns, stat.st_ino):
            self._known, self._read_at = self._load(), (stat.st_mtime_ns, stat.st_ino)
        return self._known

    def _load(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        try:
            keys: dict[str, str] = json.loads(self.path.read_bytes())
            secrets_are_long = all(isinstance(secret, str) and len(secret) >= KEY_BYTES for secret in keys.values())
            if keys and secrets_are_long and all(map(NAME.fullmatch, keys)):
                self._protect()
                return keys
        except (ValueError, AttributeError):
            pass
        raise StateError(
            f"{self.path} is damaged",
            "it is not JSON of keys",
            "Put back a copy of it, or remove it: new keys are made then, and all links end",
        )

    def _protect(self) -> None:
        """A copy that was put back may be readable by everybody."""
        if self.path.stat().st_mode & 0o077:
            with suppress(PermissionError):  # not our file: its owner is responsible
                self.path.chmod(0o600)

    def _write(self, keys: dict[str, str]) -> None:
        partial = self.path.with_suffix(f".{os.getpid()}.partial")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(keys, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the kernel releases the lock of a process that dies."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _generated() -> str:
    return secrets.token_urlsafe(KEY_BYTES)
