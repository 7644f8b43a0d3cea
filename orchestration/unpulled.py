"""The tenants whose rows in staging are not those that the next build needs."""

from __future__ import annotations

from connectors.registry import STREAMS
from connectors.sync.staging import Staging
from orchestration.blocked import Blocked
from orchestration.pulls import Key, key
from orchestration.settings import Settings


def unpulled(settings: Settings, staging: Staging) -> list[Blocked]:
    """The tenants with an account whose last pull failed, that was never pulled, or whose rows an earlier version of
    Takings read in another way: some may be missing or wrong."""
    failures = {failure[:3]: failure[3:] for failure in staging.failed_pulls()}
    pulled, outdated = staging.pulled_accounts(), _outdated(staging)
    reasons: dict[str, list[str]] = {}
    for account in settings.without_secrets():
        name = f"{account.source} / {account.account}"
        if failure := failures.get(key(account)):
            reason, failed_at = failure
            text = f"The pull of {name} has failed since {failed_at:%Y-%m-%d %H:%M} UTC. {reason}"
        elif key(account) not in pulled:
            text = f"Nothing was ever pulled for {name}. `takings run` pulls it."
        elif key(account) in outdated:
            text = (
                f"This version of Takings reads {', '.join(outdated[key(account)])} of {name} in another way than the "
                "one that loaded them. `takings run`, or `takings replay --yes` without network, reads them again from "
                "the landing zone."
            )
        else:
            continue
        reasons.setdefault(account.tenant_id, []).append(text)
    return [Blocked(tenant, "\n  ".join(texts)) for tenant, texts in reasons.items()]


def _outdated(staging: Staging) -> dict[Key, list[str]]:
    """The streams of each account whose rows were read in another way than by this version."""
    current = {(source, stream.name): stream.reading for source, streams in STREAMS.items() for stream in streams}
    result: dict[Key, list[str]] = {}
    for tenant, source, account, stream, reading in staging.readings():
        if current.get((source, stream), reading) != reading:
            result.setdefault((tenant, source, account), []).append(stream)
    return result
