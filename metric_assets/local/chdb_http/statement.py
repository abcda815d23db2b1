"""Just enough of ClickHouse's lexical rules to serve statements that arrive over HTTP.

Finding where a statement ends, which FORMAT it asks for, where inline data begins, and where the
result goes belong here. Meaning does not: the engine parses every statement itself.

Text is Latin-1 decoded bytes throughout, so that offsets count bytes and any body survives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
      |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<numbers>\d[\d\s,.]*)            # A long list of ids is one token.
      |(?P<quoted>'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"
         |\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
      |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

_READS = frozenset({"SELECT", "WITH", "FROM", "("})
_ANSWERS = frozenset({"SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK", "KILL", "VALUES"})

ENGINE_TAG = "chdb_client_name"
"""The setting that carries the client's query id: the engine names its queries itself, and this
one, which concerns remote() only, is shown by system.processes and system.query_log."""

_TAGGED_ID = f"if(Settings['{ENGINE_TAG}'] != '', Settings['{ENGINE_TAG}'], query_id)"
_OUT, _IN = "INTO OUTFILE '{}' APPEND", "FROM INFILE '{}' COMPRESSION 'none'"
_OURS = "|".join(clause.format("/dev/fd/\\\\d+").replace("'", "''") for clause in (_OUT, _IN))
_SHOWN_QUERY = f"replaceRegexpOne(query, '\\\\s*({_OURS})', '')"
_SHOWN = (
    f"(SELECT * REPLACE ({_TAGGED_ID} AS query_id, {_SHOWN_QUERY} AS query,"  # noqa: S608 - our own.
    f" mapFilter((k, v) -> k != '{ENGINE_TAG}', Settings) AS Settings) FROM system.{{table}})"
)


class StatementError(ValueError):
    """The text is not one statement that can be served."""


@dataclass(frozen=True)
class Token:
    """A word, quoted text or sign outside comments."""

    text: str
    start: int
    end: int
    depth: int
    is_word: bool

    def says(self, *keywords: str) -> bool:
        """Whether this is one of the keywords, outside every parenthesis."""
        return self.is_word and self.depth == 0 and self.text.upper() in keywords


@dataclass(frozen=True)
class Statement:
    """One statement: its text without trailing semicolons, and what the server must know of it."""

    text: str
    keyword: str
    format: str | None = None
    format_start: int | None = None
    data_start: int | None = None
    needs_session: bool = False

    @property
    def reads(self) -> bool:
        """Whether the result may be large and is worth streaming."""
        return self.keyword in _READS

    @property
    def takes_data(self) -> bool:
        """Whether rows in a FORMAT follow the text."""
        return self.data_start is not None

    @property
    def answers(self) -> bool:
        """Whether a result is due even when it is empty."""
        return self.reads or self.keyword in _ANSWERS


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, without blanks and comments."""
    depth = 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "skip":
            continue
        sign = match.group()
        if sign in ")]}":
            depth = max(0, depth - 1)
        yield Token(sign, match.start(), match.end(), depth, match.lastgroup == "word")
        if sign in "([{":
            depth += 1


def parse(text: str) -> Statement:
    """Look at one statement; for an INSERT with a FORMAT, look no further than its data."""
    stream = tokens(text)
    first = next(stream, None)
    if first is None:
        raise StatementError("Empty query")
    if first.says("INSERT"):
        return _parse_insert(text, stream)
    return _parse_plain(text, [first, *stream])


def _parse_insert(text: str, stream: Iterator[Token]) -> Statement:
    previous: Token | None = None
    for token in stream:
        if token.says("VALUES", "SELECT", "WITH"):
            _refuse_input(stream)  # Otherwise the engine takes what follows as it is.
            break
        if previous is not None and previous.says("FORMAT") and token.is_word:
            data = re.compile(r"[ \t\f]*\r?\n?").match(text, token.end)
            return Statement(
                text[: previous.start].rstrip(),
                "INSERT",
                format=token.text,
                data_start=data.end() if data else token.end,
            )
        previous = token
    return Statement(text.rstrip().rstrip(";"), "INSERT")


def _refuse_input(stream: Iterator[Token]) -> None:
    previous = ""
    for token in stream:
        if token.text == "(" and previous == "input":
            # chdb would read no rows and report success.
            raise StatementError("The table function input() is not supported by the local server")
        previous = token.text.lower()


def _parse_plain(text: str, found: list[Token]) -> Statement:
    while found and found[-1].text == ";" and not found[-1].is_word:
        text = text[: found.pop().start]
    if not found:
        raise StatementError("Empty query")
    if any(token.text == ";" for token in found):
        raise StatementError("Syntax error (Multi-statements are not allowed)")
    keyword = found[0].text.upper()
    if keyword == "WITH" and any(token.says("INSERT") for token in found):
        keyword = "INSERT"
    needs_session = found[0].says("SET", "USE") or (
        found[0].says("CREATE") and any(t.says("TEMPORARY", "TEMP") for t in found[1:4])
    )
    statement = Statement(text, keyword, needs_session=needs_session)
    for index in range(len(found) - 2, 0, -1):
        after = found[index + 2] if index + 2 < len(found) else None
        if found[index].says("FORMAT") and found[index + 1].is_word:
            if after is None or after.says("SETTINGS"):
                return replace(
                    statement, format=found[index + 1].text, format_start=found[index].start
                )
            break
    return statement


def into_file(statement: Statement, path: str, default_format: str) -> str:
    """The same read, its result written to a file."""
    target = f"\n{_OUT.format(path)} "
    if statement.format_start is None:
        return f"{statement.text}{target}FORMAT {default_format}"
    at = statement.format_start
    return f"{statement.text[:at]}{target}{statement.text[at:]}"


def from_file(statement: Statement, path: str) -> str:
    """The same insert, its rows taken from a file."""
    settings = [token for token in tokens(statement.text) if token.says("SETTINGS")]
    at = settings[-1].start if settings else len(statement.text)
    head, ending = statement.text[:at], statement.text[at:]
    return f"{head}\n{_IN.format(path)} {ending}\nFORMAT {statement.format}"


def with_client_query_ids(text: str) -> str:
    """Let reads of the process list and the query log, and KILL QUERY, see the clients' ids."""
    if not re.search(r"\b(processes|query_log|kill)\b", text, re.IGNORECASE):
        return text
    found = list(tokens(text))
    kills = bool(found) and found[0].says("KILL")
    edits: list[tuple[int, int, str]] = []
    for index, token in enumerate(found):
        name = token.text.strip('`"').lower()
        if name in {"processes", "query_log"} and index >= 2 and found[index - 1].text == ".":
            database = found[index - 2]
            if database.text.strip('`"').lower() == "system":
                edits.append((database.start, token.end, _SHOWN.format(table=name)))
        elif kills and token.is_word and name == "query_id" and found[index - 1].text != "{":
            edits.append((token.start, token.end, _TAGGED_ID))
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text
