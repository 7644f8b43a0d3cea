"""What an error of the Graph API asks of us, by code, subcode and `is_transient`; never by the HTTP status alone."""

from __future__ import annotations

import msgspec

from connectors.errors import ConfigurationError, ContractError, RetryError, TakingsError

THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
TOKEN = frozenset({102, 190})
PERMISSION = frozenset({3, 10, 294, *range(200, 300)})
TOO_MUCH = frozenset({(100, 1487534), (100, 1504018), (2, 1504038), (-2, 2490547)})
PERMANENT = frozenset({(2, 1504041), (2, 1504042)})  # code 2 says transient, these are not
REDUCE, SUMMARY, PROOF = "reduce the amount of data", "cannot include", "appsecret_proof"


class TooMuchError(RetryError):
    """A report of more than the API gives at once: ask for fewer days."""


class GraphError(msgspec.Struct):
    """The `error` of an answer; any field may be missing or null."""

    message: str | None = None
    code: int | None = None
    error_subcode: int | None = None
    is_transient: bool | None = None
    error_user_msg: str | None = None

    @property
    def said(self) -> str:
        return self.message or ""

    @property
    def pair(self) -> tuple[int, int]:
        return self.code or 0, self.error_subcode or 0

    @property
    def throttled(self) -> bool:
        """Whether waiting is all that it takes."""
        return self.code in THROTTLED

    @property
    def too_much(self) -> bool:
        return self.pair in TOO_MUCH or REDUCE in self.said.lower()

    @property
    def transient(self) -> bool:
        """Whether the same request may work in a moment."""
        if self.pair in PERMANENT or self.code in TOKEN:
            return False
        return bool(self.is_transient) or self.code in (1, 2) or SUMMARY in self.said.lower()


GONE = (100, 33)  # an object that is not there, or not for this token


def refusal(error: GraphError, account: str, version: str) -> TakingsError:
    """The exception for an error that neither patience nor a smaller report cures."""
    who, said = f"Meta ad account {account}", (error.error_user_msg or error.said)[:300]
    if error.code in TOKEN:
        return ConfigurationError(
            f"{who}: the access token is not accepted ({said}). Put a valid system user token where the source's "
            "`secret` points to."
        )
    if PROOF in error.said:
        return ConfigurationError(
            f"{who}: the token's app requires a proof with its app secret, or the one that is given is another app's "
            f"({said}). Write the source's secret as token|app secret."
        )
    if error.code in PERMISSION:
        return ConfigurationError(
            f"{who}: the token lacks the permission ads_read for this account ({said}). Grant ads_read to the system "
            "user in Meta's Business settings and assign the ad account to it, then run again."
        )
    if error.pair == GONE:
        return ConfigurationError(
            f"{who}: there is no such ad account, or the token may not see it. Check `account` (digits, as in "
            "act_<digits>), and that the ad account is assigned to the token's system user."
        )
    if error.code == 2635:
        return ConfigurationError(
            f"{who}: Meta no longer serves version {version} of its API ({said}). Update Takings."
        )
    return ContractError(f"{who}: Meta refused a request: {said} (code {error.pair[0]}, subcode {error.pair[1]})")
