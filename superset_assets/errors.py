"""What can go wrong with Superset. The branches are those of common/errors.py."""

from common.errors import ConfigurationError


class SupersetError(ConfigurationError):
    """The base of this package's errors."""


class EnvironmentMissingError(SupersetError):
    """Superset's own environment has not been made: make it."""


class PortInUseError(SupersetError):
    """Another program listens where Superset should: stop it, or choose another port."""


class OtherPortError(SupersetError):
    """This home's Superset runs on another port than the one asked for: use that port, or stop it."""


class CredentialsError(SupersetError):
    """The file of the logins cannot be read: put back a copy, or remove it."""


class StartFailedError(SupersetError):
    """Superset ended or stayed silent while starting: read its log."""


class RequestFailedError(SupersetError):
    """A REST call was refused. `status` is the HTTP status, 0 when no answer came."""

    def __init__(self, what: str, status: int = 0, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what, why, next_step)
        self.status = status


class InvalidAssetsError(SupersetError):
    """The assets do not fit together; nothing was sent."""


class EmptyChartError(SupersetError):
    """A chart that should show rows has none, or its query failed."""
