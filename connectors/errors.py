"""What goes wrong at a source, named by what the caller should do about it.

Each message says what happened, why, and what to do next; none holds a secret.
"""


class SourceError(Exception):
    """Anything a source did that stops a pull; subclasses say what to do."""


class RetryError(SourceError):
    """The same request may work later: throttling, a broken line, a server in trouble."""


class ConfigurationError(SourceError):
    """Nothing helps but a change of the configuration: token, scope, address, account."""


class IncompleteError(RetryError):
    """The source handed over less than it announced; what came is discarded and fetched again."""


class GoneError(IncompleteError):
    """A result file can no longer be had at its address; it has to be made anew."""


class ContractError(SourceError):
    """The source answered something that its documented contract excludes; a program has to change."""
