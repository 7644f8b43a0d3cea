"""What the oracle's numbers depend on in the configuration of the simulated shops; both write and read it here."""

from __future__ import annotations

CHANNELS = {
    "aurora": {"1424624": "Partnerships"},
    "nordlicht": {"pos": "Subscription renewals"},
}
INACTIVE_AFTER = {"aurora": 60, "nordlicht": 180}
"""nordlicht has the default."""


def settings_of(account: str) -> list[str]:
    """The lines of a shop's tenant in takings.toml, before its tables of sources."""
    days = [f"inactive_after_days = {INACTIVE_AFTER[account]}"] if account == "aurora" else []
    return [
        *days,
        "[tenants.channels]",
        *(f'"{name}" = "{channel}"' for name, channel in CHANNELS.get(account, {}).items()),
    ]
