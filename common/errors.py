"""The error tree of Takings, by what the caller can do about an error.

    TakingsError                      one message: what failed, why, and the next step
    ├── RetryError                    run the same again later
    │   └── IncompleteError, …        the source delivered less than it announced; ask again
    ├── ConfigurationError            change the configuration, the installation or the question, then run again
    │   ├── SupersetError, …          a server, a port or a login of Superset
    │   └── SemanticError, …          a metric, a range or a tenant that does not exist
    ├── SkipError                     leave this part out, name it, and go on with the rest
    │   └── VanishedError, …          the object is gone, or its permission is not granted
    └── StopError                     nothing may go on: data or program have to change first
        ├── ContractError             a source answered what its documented contract excludes
        └── BuildFailedError, …       a model or a check failed; readers keep the last build

A subclass says what happened; its branch says how to recover. Dagster retries a RetryError; the command line prints
any TakingsError as one message and ends with exit code 1. No message holds a secret.
"""

from __future__ import annotations


class TakingsError(Exception):
    """Something that a person can act on. `str()` is the whole message, fit to be shown."""

    def __init__(self, what: str, why: str = "", next_step: str = "") -> None:
        """Texts without a closing full stop; `what` may also be a complete message of its own.

        After a list of lines the next step has a line of its own.
        """
        self.what, self.why, self.next_step = what, why, next_step
        sentences = (f"{what}: {why}" if why else what, next_step)
        between = "\n" if "\n" in sentences[0] else " "
        super().__init__(between.join(_sentence(text) for text in sentences if text))


class RetryError(TakingsError):
    """The same request may work later: throttling, a broken connection, a server in trouble, another run's lock."""


class ConfigurationError(TakingsError):
    """Only a person helps: a token, a scope, an address, a file, a setting, a port, or the question itself."""


class SkipError(TakingsError):
    """This part cannot be had and the rest can: the caller leaves it out and says so."""


class StopError(TakingsError):
    """Data or program have to change before anything goes on; what was complete before stays as it was."""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", ":")) else f"{text}."
