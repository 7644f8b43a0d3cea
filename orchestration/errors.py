"""What stops Takings itself (a source's errors are in connectors.errors). Each says what, why, and what to do."""


class Problem(Exception):  # noqa: N818 - people read it, and to them it is a problem
    """One clear message for the person at the terminal; the command ends with exit code 1 and nothing half done."""
