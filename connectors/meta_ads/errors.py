"""What to do about an error of the Graph API, by code, subcode and `is_transient`; never by the HTTP status alone."""

from __future__ import annotations

import msgspec

from connectors.errors import ConfigurationError, ContractError, TakingsError

THROTTLING = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
TOKEN = frozenset({102, 190})
PERMISSION = frozenset({3, 10, 294, *range(200, 300)})
OUTDATED = 2635
TOO_LARGE = frozenset({(100, 1487534)})
TIMED_OUT = frozenset({(100, 1504018), (2, 1504038), (-2, 2490547)})  # too much, or Meta is slow today
PERMANENT = frozenset({(2, 1504041), (2, 1504042)})  # although code 2 says transient
NOT_FOUND = (100, 33)  # the object does not exist, or this token cannot see it
REDUCE, SUMMARY, PROOF = "reduce the amount of data", "cannot include", "appsecret_proof"


class GraphError(msgspec.Struct):
    """The `error` of a response; any field may be missing or null."""

    message: str | None = None
    code: int | None = None
    error_subcode: int | None = None
    is_transient: bool | None = None
    error_user_msg: str | None = None

    @property
    def text(self) -> str:
        return self.message or ""

    @property
    def pair(self) -> tuple[int, int]:
        """Code and subcode, 0 for none."""
        return self.code or 0, self.error_subcode or 0

    @property
    def throttling(self) -> bool:
        """Whether the request works after a pause."""
        return self.code in THROTTLING

    @property
    def too_large(self) -> bool:
        """Whether only a smaller request works."""
        return self.pair in TOO_LARGE

    @property
    def passing(self) -> bool:
        """Whether the same request may work in a moment, and a smaller one when it does not."""
        return self.pair in TIMED_OUT or (not self.too_large and REDUCE in self.text.lower())

    @property
    def retryable(self) -> bool:
        """Whether the same request may work in a moment."""
        if self.pair in PERMANENT or self.code in TOKEN:
            return False
        return bool(self.is_transient) or self.code in (1, 2) or SUMMARY in self.text.lower()


def refusal(error: GraphError, label: str, version: str) -> TakingsError:
    """The exception for an error that neither a retry nor a smaller report solves; `label` is the ad account."""
    unreadable, reason = f"{label} cannot be read", (error.error_user_msg or error.text)[:300]
    if error.code in TOKEN:
        return ConfigurationError(
            unreadable,
            f"the access token is not accepted ({reason})",
            "Store a valid system user token where the source's `secret` points",
        )
    if PROOF in error.text:
        return ConfigurationError(
            unreadable,
            "the token's app requires a proof with its app secret, or the configured app secret belongs to another app "
            f"({reason})",
            "Write the source's secret as token|app secret",
        )
    if error.code in PERMISSION:
        return ConfigurationError(
            unreadable,
            f"the token lacks the permission ads_read for this account ({reason})",
            "Grant ads_read to the system user in Meta's Business settings and assign the ad account to it, then run "
            "again",
        )
    if error.pair == NOT_FOUND:
        return ConfigurationError(
            unreadable,
            "there is no such ad account, or the token may not see it",
            "Check `account` (digits, as in act_<digits>), and that the ad account is assigned to the token's system "
            "user",
        )
    if error.code == OUTDATED:
        return ConfigurationError(
            unreadable, f"Meta no longer serves version {version} of its API ({reason})", "Update Takings"
        )
    return ContractError(
        unreadable,
        f"Meta refused a request: {reason} (code {error.pair[0]}, subcode {error.pair[1]})",
        "Run again later; if the error persists, update Takings",
    )
