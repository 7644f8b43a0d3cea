"""What can go wrong with Superset and its assets. The branches are those of common/errors.py."""

from collections.abc import Iterable
from dataclasses import dataclass

from common.errors import ConfigurationError


class SupersetError(ConfigurationError):
    """The base of this package's errors."""


class EnvironmentMissingError(SupersetError):
    """Superset's own environment is not installed: install it."""


class PortInUseError(SupersetError):
    """Another program uses Superset's port: stop it, or choose another port."""


class OtherPortError(SupersetError):
    """This home's Superset runs on another port than the requested one: use that port, or stop it."""


class CredentialsError(SupersetError):
    """The file of the logins cannot be read: restore a copy, or remove it."""


class StartFailedError(SupersetError):
    """Superset ended or stayed silent while starting: read its log."""


class RequestFailedError(SupersetError):
    """A REST call was refused. `status` is the HTTP status, 0 when no answer came."""

    def __init__(self, what: str, status: int = 0, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what, why, next_step)
        self.status = status


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in the assets: the file (with the chart), what, and the next step."""

    file: str
    what: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}. {self.next_step}."


class InvalidAssetsError(SupersetError):
    """The charts and dashboards do not fit together, or not with the metrics; nothing was sent."""

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "InvalidAssetsError":
        """One error that lists all problems."""
        listed = "\n".join(f"    {problem}" for problem in problems)
        return cls(f"The charts and dashboards cannot be used; nothing was sent to Superset.\n{listed}")


class DecisionError(SupersetError):
    """A decision of a chart or dashboard that cannot be carried out. what: the key in the file and what is wrong."""

    def __init__(self, key: str, what: str, next_step: str) -> None:
        super().__init__(f"{key}: {what}", next_step=next_step)


class EmptyChartError(SupersetError):
    """A chart that should show rows has none, or its query failed."""
