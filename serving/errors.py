"""Why the web application refuses. The command line shows the texts, a page shows a text of its own (pages.py)."""

from __future__ import annotations

from common.errors import ConfigurationError, RetryError


class RefusedError(ConfigurationError):
    """A token that was not signed here: malformed, changed, or of a key that is gone. It never says which."""

    def __init__(self) -> None:
        super().__init__("The link is not valid", next_step="Ask for a new link")


class EndedError(ConfigurationError):
    """A link that was valid: it has expired, or was revoked."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__(f"The link {'has expired' if expired else 'was revoked'}", next_step="Ask for a new link")
        self.expired = expired


class UnknownLinkError(ConfigurationError):
    """The ledger has no such link."""


class UnknownMessageError(ConfigurationError):
    """The outbox has no such message, or it cannot be sent again."""


class StateError(ConfigurationError):
    """The keys, the ledger of links or the outbox cannot be read."""


class LoginServerError(RetryError):
    """Superset does not answer, so nobody's login can be recognized."""


class RefusedTokenError(ConfigurationError):
    """A bearer token that was not made here: malformed, changed or unknown. It never says which."""

    def __init__(self) -> None:
        super().__init__("The token is not valid", next_step="Make one with `takings token create`")


class EndedTokenError(ConfigurationError):
    """A bearer token that was valid: it has expired, or was revoked."""

    def __init__(self, *, expired: bool) -> None:
        what = "has expired" if expired else "was revoked"
        super().__init__(f"The token {what}", next_step="Make a new one with `takings token create`")
        self.expired = expired


class UnknownTokenError(ConfigurationError):
    """The ledger has no such token."""


class UnknownVersionError(ConfigurationError):
    """The history of the settings has no such version of this tenant."""


class ChangedMeanwhileError(ConfigurationError):
    """Somebody else has changed the settings since they were read. `version`: the newest one."""

    def __init__(self, version: int) -> None:
        super().__init__(
            "The settings have changed since they were read", next_step="Read them again, then change them"
        )
        self.version = version
