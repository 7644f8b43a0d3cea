"""What is stored of tenants and accounts that takings.toml no longer names, and the two ways to deal with it.

Staging and landing zone keep their data until somebody renames or removes them; no mart shows them meanwhile
(docs/decisions/0012).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from common.errors import ConfigurationError
from connectors.registry import KINDS
from connectors.sync.moves import Parts
from connectors.sync.staging import Staging
from orchestration.home import Home
from orchestration.pulls import Key, key
from orchestration.settings import Settings


@dataclass(frozen=True)
class Change:
    """What a rename or a removal does, or would do."""

    rows: int
    """rows of staging; what the landing zone holds goes with them"""
    accounts: tuple[Key, ...]


def accounts(home: Home) -> set[Key]:
    """The accounts that staging or the landing zone holds something of, or of which something was collected."""
    return _landed(home) | _staged(home) | _in_folder(home, home.collected)


def _landed(home: Home) -> set[Key]:
    return _in_folder(home, home.landing)


def _in_folder(home: Home, root: Path) -> set[Key]:
    folders = {path.relative_to(root).parts for path in root.glob("*/*/*") if path.is_dir()}
    return {
        (tenant, source, account)
        for tenant, source, account in folders
        if source in KINDS and tenant != home.removed.name
    }


def _staged(home: Home) -> set[Key]:
    if not home.staging.exists():
        return set()
    with Staging(home.staging) as staging:
        return staging.pulled_accounts()


def listing(settings: Settings) -> list[str]:
    """A line for each account: whether it is configured and whether something of it is stored."""
    configured = {key(account) for account in settings.without_secrets()}
    stored = accounts(Home(settings.home))
    states = {
        (True, True): "configured, stored",
        (True, False): "configured, never pulled",
        (False, True): "stored, not configured",
    }
    names = sorted(configured | stored)
    width = max(len("/".join(name)) for name in names)
    return [f"{'/'.join(name):{width}}  {states[name in configured, name in stored]}" for name in names]


def left_behind(settings: Settings) -> list[str]:
    """A message for each tenant and account that is stored and no longer configured: what happens to its data."""
    configured = {key(account) for account in settings.without_secrets()}
    tenants = {tenant.id for tenant in settings.tenants}
    lines, others = [], dict[str, list[Key]]()
    for stored in sorted(accounts(Home(settings.home)) - configured):
        if stored[0] not in tenants:
            others.setdefault(stored[0], []).append(stored)
            continue
        name = "/".join(stored)
        lines.append(
            f"The account {name} is stored, but {settings.config_path} does not name it. Its rows stay stored and "
            f"appear in no mart. If it has another name now: `takings tenants rename {name} NEW`. If it is not needed "
            f"any more: `takings tenants remove {name}`"
        )
    for tenant, names in others.items():
        stored_of = ", ".join("/".join(name[1:]) for name in names)
        lines.append(
            f"The tenant {tenant} is stored ({stored_of}), but {settings.config_path} does not name it. Its rows stay "
            f"stored, the next build publishes nothing of it, and its login is closed. If it has another id now: "
            f"`takings tenants rename {tenant} NEW`. If it is not needed any more: `takings tenants remove {tenant}`"
        )
    return lines


def rename(settings: Settings, old: str, new: str, *, really: bool) -> Change:
    """Give a tenant's or an account's stored data another name; without `really`, only say how much there is.

    Takes `tenant` or `tenant/source/account`. Raises ConfigurationError where the old one is still configured or not
    stored, or the new one is not configured or has data of its own.
    """
    source, target = _parts(old), _parts(new)
    if len(source) != len(target) or source[1:2] != target[1:2]:
        raise ConfigurationError(
            f"{old} cannot become {new}",
            next_step="Name two tenants, or two accounts of one source: `takings tenants rename shop/shopify/old "
            "shop/shopify/new`",
        )
    stored = _stored(settings, source)
    configured = [key(account) for account in settings.without_secrets()]
    if not _among(target, configured):
        raise ConfigurationError(
            f"{settings.config_path} does not name {new}", next_step="Change it there first, then rename what is stored"
        )
    home = Home(settings.home)
    if (taken := _among(target, _landed(home) | _staged(home))) and not _is_half_renamed(home, source, target):
        raise ConfigurationError(
            f"{new} was pulled already ({', '.join('/'.join(name) for name in taken)})",
            next_step=f"Nothing needs a rename then: `takings tenants remove {old}` deletes the old copy",
        )
    return _change(home, source, target, stored, really=really)


def _is_half_renamed(home: Home, old: Parts, new: Parts) -> bool:
    """Whether a rename was interrupted after the landing zone and before staging, and nothing was pulled since."""
    landed, staged = _landed(home), _staged(home)
    in_landing = bool(_among(new, landed)) and not _among(old, landed)
    return in_landing and bool(_among(old, staged)) and not _among(new, staged)


def remove(settings: Settings, name: str, *, really: bool) -> Change:
    """Delete all that is stored of a tenant or an account; without `really`, only say how much there is.

    Raises ConfigurationError where it is still configured or not stored.
    """
    parts = _parts(name)
    return _change(Home(settings.home), parts, None, _stored(settings, parts), really=really)


def _parts(name: str) -> Parts:
    parts = tuple(name.split("/"))
    if len(parts) not in (1, 3) or not all(parts) or any(part in (".", "..") for part in parts):
        raise ConfigurationError(
            f"{name!r} names no tenant and no account",
            next_step="Write a tenant's id, or tenant/source/account such as berlin/shopify/berlin-shop",
        )
    return parts


def _among(parts: Parts, names: Collection[Key]) -> list[Key]:
    return sorted(name for name in names if name[: len(parts)] == parts)


def _stored(settings: Settings, parts: Parts) -> list[Key]:
    """The stored accounts of a tenant or the account itself. Raises ConfigurationError where it is configured."""
    name = "/".join(parts)
    if _among(parts, [key(account) for account in settings.without_secrets()]):
        raise ConfigurationError(
            f"{settings.config_path} still names {name}",
            next_step="Rename or remove it there first: the configuration says what counts",
        )
    stored = accounts(Home(settings.home))
    matches = _among(parts, stored)
    if not matches:
        names = sorted({"/".join(key[: len(parts)]) for key in stored})
        raise ConfigurationError(
            f"Nothing is stored of {name}", next_step=f"Stored are: {', '.join(names) or 'no data at all'}"
        )
    return matches


def _change(home: Home, old: Parts, new: Parts | None, stored: list[Key], *, really: bool) -> Change:
    """What was collected first, then the landing zone in one step, then staging: an interrupted change that is repeated
    goes on.

    In between, a run under the new name loads everything from the landing zone; one under a name that was removed has
    all of its rows.
    """
    folder, target = home.landing.joinpath(*old), home.landing.joinpath(*new) if new else home.removed
    with home.writing():
        if really:
            shutil.rmtree(home.removed, ignore_errors=True)
            shutil.rmtree(home.builds, ignore_errors=True)  # the last build has its rows
            _change_collected(home.collected.joinpath(*old), home.collected.joinpath(*new) if new else None)
        if really and folder.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(target)
        rows = _in_staging(home, old, new, really=really)
        if really:
            shutil.rmtree(home.removed, ignore_errors=True)
    return Change(rows, tuple(stored))


def _change_collected(old: Path, new: Path | None) -> None:
    """Move the files that no pull has read, or remove them. The web application may have begun files of the new name
    already, and goes on in a file that is moved."""
    if new:
        for path in sorted(old.rglob("*")):
            if path.is_file():
                target = new / path.relative_to(old)
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _in_staging(home: Home, old: Parts, new: Parts | None, *, really: bool) -> int:
    if not home.staging.exists():
        return 0
    with Staging(home.staging) as staging:
        return staging.rename(old, new, really=really)
