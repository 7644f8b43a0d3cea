"""Reading an answer's JSON: what its contract promises is there, or nothing of it is taken."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from connectors.errors import ContractError

T = TypeVar("T")


def decoded(body: bytes | msgspec.Raw, kind: type[T], who: str, what: str) -> T:
    """`body` as a `kind`; `who` is the account, `what` was asked for.

    Raises ContractError when a field is missing or of another type: a list that is not there is no empty list.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise ContractError(
            f"{who}: the answer to {what} has another shape than documented ({error}); nothing of it was loaded. Run "
            "again later; if it stays so, update Takings."
        ) from error
