"""What the server's process and its starter raise; refusals of queries are in protocol.py."""


class ServerError(Exception):
    """The server cannot do what was asked: what it concerns, what was found, what to do."""
