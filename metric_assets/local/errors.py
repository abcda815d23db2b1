"""The one exception of the embedded stack.

Only the exception belongs here, so that every module of the stack can raise it without importing
the others.
"""


class LocalStackError(Exception):
    """The stack cannot do what was asked: what it concerns, what was found, what to do."""
