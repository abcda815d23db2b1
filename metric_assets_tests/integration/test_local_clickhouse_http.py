from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from metric_assets.local import clickhouse as embedded
from metric_assets.local.layout import Layout
from metric_assets_tests.integration.local_fixtures import (
    connect,
    eventually,
    free_port,
    resident_mb,
    server_pid,
)

pytestmark = pytest.mark.integration

EVENTS = (
    "(entityType LowCardinality(String), entityId Int32, userId Int32,"
    " metricType LowCardinality(String), metricValue Int32, createdAt DateTime64(3))"
    " ENGINE = MergeTree PARTITION BY entityType ORDER BY (entityType, entityId)"
)
SLOW = "SELECT sum(sleepEachRow(0.05)) FROM numbers(1000) SETTINGS max_block_size = 1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a ClickHouse of its own, without PostgreSQL."""
    layout = Layout.of(tmp_path_factory.mktemp("clickhouse"))
    embedded.start(layout, free_port(), lambda _: None)
    yield layout.home
    embedded.stop(layout, lambda _: None)


@pytest.fixture(scope="module")
def port(home: Path) -> int:
    """Where it listens."""
    port = embedded.running_port(Layout.of(home))
    assert port is not None
    return port


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    """An ordinary client of it."""
    client = connect(port)
    yield client
    client.close()


@pytest.fixture
def table(client: Client, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Creates a table nobody else has."""

    def create(definition: str) -> str:
        name = f"t{abs(hash(request.node.nodeid))}"
        client.command(f"CREATE OR REPLACE TABLE {name} {definition}")
        return name

    return create


def post(
    port: int, body: bytes, headers: dict[str, str] | None = None, **params: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """A request as curl makes it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/?" + urlencode(params), body, headers or {})
    response = connection.getresponse()
    answer = response.status, response.headers, response.read()
    connection.close()
    return answer


def open_request(port: int, body: bytes, length: int | None = None, **params: str) -> socket.socket:
    """A request whose client may leave at any time."""
    client = socket.create_connection(("127.0.0.1", port))
    head = (
        f"POST /?{urlencode(params)} HTTP/1.1\r\nHost: x\r\nContent-Length: {length or len(body)}"
    )
    client.sendall(head.encode() + b"\r\n\r\n" + body)
    return client


def running(client: Client, query_id: str) -> bool:
    """Whether the server runs a query of that id right now."""
    sql = "SELECT count() FROM system.processes WHERE query_id = {id:String}"
    return client.command(sql, parameters={"id": query_id}) == 1


def in_background(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """A thread, and where its result or exception will be."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_parameters_reach_the_engine_typed(client: Client, port: int) -> None:
    """Server-side parameters arrive exactly, whatever signs they hold, by URL and by form, which
    the client chooses for long ones.
    """
    values = {
        "n": 5,
        "s": "a'\\b\tc\nü{x}",
        "a": ["q'", ""],
        "d": datetime.fromisoformat("2024-01-02T03:04:05"),
    }
    sql = "SELECT {n:UInt32}, {s:String}, {a:Array(String)}, {d:DateTime64(3)}"
    assert client.query(sql, parameters=values).first_row == tuple(values.values())
    by_form = connect(port, form_encode_query_params=True)
    assert by_form.query(sql, parameters=values).first_row == tuple(values.values())
    ids = list(range(5_000))
    sums = "SELECT count(), sum(x) FROM (SELECT arrayJoin({ids:Array(Int64)}) AS x)"
    assert client.query(sums, parameters={"ids": ids}).first_row == (len(ids), sum(ids))


def test_identifiers_are_parameters_everywhere(client: Client, table: Callable[..., str]) -> None:
    """Identifier parameters work in reads, inserts, deletes and partition moves."""
    source = table("(e String, a Int32) ENGINE = MergeTree PARTITION BY e ORDER BY a")
    names = {"db": "default", "t": source, "u": f"{source}_to", "e": "x"}
    client.command(f"CREATE OR REPLACE TABLE {source}_to AS {source}")
    insert = "INSERT INTO {db:Identifier}.{t:Identifier} SELECT {e:String}, number FROM numbers(10)"
    client.command(insert, parameters=names)
    # ClickHouse's grammar takes no parameter behind AS and TO TABLE.
    move = f"ALTER TABLE {{t:Identifier}} MOVE PARTITION {{e:String}} TO TABLE {source}_to"
    client.command(move, parameters=names)
    client.command("DELETE FROM {u:Identifier} WHERE a < 4", parameters=names)
    counts = "SELECT (SELECT count() FROM {t:Identifier}), count() FROM {u:Identifier}"
    assert client.query(counts, parameters=names).first_row == (0, 6)
    client.command("DROP TABLE {u:Identifier}", parameters=names)


def test_settings_hold_for_one_request(client: Client) -> None:
    """Settings in the URL apply to their request, override nothing later, and are checked."""
    sql = "SELECT getSetting('max_block_size'), getSetting('log_comment')"
    ours = {"max_block_size": 123, "log_comment": "run 'x' \\ ü"}
    before = client.query(sql).first_row
    assert client.query(sql, settings=ours).first_row == (123, "run 'x' \\ ü")
    assert client.query(sql).first_row == before
    with pytest.raises(DatabaseError, match="nosuch"):
        client._backend.request(b"SELECT 1", {"nosuch": "1"})  # type: ignore[attr-defined]


def test_the_database_of_the_client_is_used(client: Client, port: int) -> None:
    """A client's database is current for its statements; an unknown one is an error."""
    client.command("CREATE DATABASE IF NOT EXISTS other")
    elsewhere = connect(port, database="other")
    assert elsewhere.command("SELECT currentDatabase()") == "other"
    assert client.command("SELECT currentDatabase()") == "default"
    status, headers, _ = post(port, b"SELECT 1", database="nowhere")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (404, "81")


def test_native_rows_there_and_back(client: Client, table: Callable[..., str]) -> None:
    """Native inserts and reads come back identical, also in a stream."""
    name = table(EVENTS)
    rows = [
        ["Image", i, -i, f"m{i % 3}", 1, datetime.fromisoformat("2024-01-01")]
        for i in range(30_000)
    ]
    assert client.insert(name, rows).written_rows == len(rows)
    read = client.query(f"SELECT * FROM {name} ORDER BY entityId")
    assert [list(row) for row in read.result_rows] == rows
    with client.query_row_block_stream("SELECT number FROM numbers(300000)") as blocks:
        assert sum(row[0] for block in blocks for row in block) == 300_000 * 299_999 // 2


def test_compressed_bodies_are_refused(port: int, table: Callable[..., str]) -> None:
    """A client that would compress reads plain results; what it compresses itself is refused, with
    how to connect instead.
    """
    name = table("(a Int32) ENGINE = MergeTree ORDER BY a")
    compressing = connect(port, compress=True)
    assert compressing.command(f"SELECT count() FROM {name}") == 0
    assert compressing.query("SELECT number FROM numbers(3)").result_rows == [(0,), (1,), (2,)]
    with pytest.raises(DatabaseError, match="compress=False") as caught:
        compressing.insert(name, [[1]], column_names=["a"])
    assert caught.value.code == 48
    assert compressing.command(f"SELECT count() FROM {name}") == 0
    status, headers, _ = post(port, b"SELECT 1", compress="1")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (501, "48")


def test_arrow_there_and_back(client: Client, table: Callable[..., str]) -> None:
    """insert_arrow, query_arrow and query_arrow_stream carry the same rows."""
    name = table(EVENTS)
    rows = 200_000
    sent = pa.table(
        {
            "entityType": pa.array(["Image"] * rows),
            "entityId": pa.array(range(rows), pa.int32()),
            "userId": pa.array(range(rows), pa.int32()),
            "metricType": pa.array(["a", "b"] * (rows // 2)),
            "metricValue": pa.array([-1] * rows, pa.int32()),
            "createdAt": pa.array(range(rows), pa.timestamp("ms")),
        }
    )
    summary = client.insert_arrow(name, sent)
    assert summary.written_rows == rows
    sql = f"SELECT * FROM {name} ORDER BY entityId"
    whole = client.query_arrow(sql)
    assert whole.column("metricType").to_pylist() == sent.column("metricType").to_pylist()
    with client.query_arrow_stream(sql) as stream:
        parts = list(stream)
    assert pa.concat_tables(pa.Table.from_batches([p]) if isinstance(p, pa.RecordBatch) else p
                            for p in parts).equals(whole)  # fmt: skip


def test_arbitrary_bytes_survive(client: Client, port: int, table: Callable[..., str]) -> None:
    """Inline data are taken byte for byte, also when they look like SQL or blanks."""
    name = table("(a UInt8, s String) ENGINE = MergeTree ORDER BY a")
    nasty = b" \t\n\r;--'/* FORMAT Native\x00\xff" + bytes(range(256))
    assert len(nasty) > 127
    row = b"\x20" + bytes([len(nasty) & 0x7F | 0x80, len(nasty) >> 7]) + nasty
    assert post(port, f"INSERT INTO {name} FORMAT RowBinary\n".encode() + row)[0] == 200
    assert post(port, row, query=f"INSERT INTO {name} FORMAT RowBinary")[0] == 200
    stored = client.raw_query(f"SELECT hex(s) FROM {name} FORMAT TSV").split()
    assert stored == [nasty.hex().upper().encode()] * 2


def test_formats_and_headers(port: int) -> None:
    """The answer is in the FORMAT asked for, and its headers say what it is."""
    status, headers, body = post(port, b"SELECT 1 AS x FORMAT JSONEachRow", query_id="mine")
    assert (status, body) == (200, b'{"x":1}\n')
    assert headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert headers["X-ClickHouse-Query-Id"] == "mine"
    assert headers["X-ClickHouse-Timezone"] == "UTC"
    assert post(port, b"SELECT 1, 'x'")[2] == b"1\tx\n"
    assert post(port, b"SELECT 1, 'x' -- FORMAT CSV", default_format="CSV")[2] == b'1,"x"\n'
    assert post(port, b"SELECT 2 FORMAT CSV SETTINGS max_threads = 1;\n")[2] == b"2\n"
    assert post(port, b" + 1", query="SELECT 1")[2] == b"2\n"
    rows = json.loads(post(port, b"SELECT number FROM numbers(3) FORMAT JSON")[2])["rows"]
    assert rows == 3


def test_statements_of_every_shape(client: Client, port: int, table: Callable[..., str]) -> None:
    """What surrounds FORMAT, VALUES and data is found where ClickHouse finds it."""
    name = table("(a Int32, s String) ENGINE = MergeTree ORDER BY a")
    inserts: list[tuple[dict[str, Any], bytes]] = [
        ({"query": f"INSERT INTO {name} (a, s) SETTINGS max_threads = 1 FORMAT TSV"}, b"1\tq\n"),
        ({"query": f"INSERT INTO {name} VALUES"}, b"(2, 'FORMAT TSV'), (3, ';')"),
        ({"param_x": "4"}, f"INSERT INTO {name} VALUES ({{x:Int32}}, 'p');".encode()),
        ({}, f"/* insert */ insert into {name} select 5, 'FORMAT' -- end".encode()),
        ({}, f"INSERT INTO {name} FORMAT JSONEachRow".encode()),
    ]
    for params, body in inserts:
        assert post(port, body, **params)[0] == 200, body
    rows = client.query(f"SELECT a, s FROM {name} ORDER BY a").result_rows
    assert rows == [(1, "q"), (2, "FORMAT TSV"), (3, ";"), (4, "p"), (5, "FORMAT")]
    reads = {
        b"SELECT 'a' AS format, 1 FORMAT JSONCompactEachRow": b'["a", 1]\n',
        b"SELECT format, y FROM (SELECT 1 AS format, 2 AS y)": b"1\t2\n",
        b"WITH x AS (SELECT 3 AS z) SELECT z FROM x -- ; FORMAT CSV": b"3\n",
        b"/* SELECT 1; */ # c\n(SELECT ';') ;": b";\n",
        b"EXISTS TABLE nosuch": b"0\n",
    }
    assert {sql: post(port, sql)[2] for sql in reads} == reads
    refused = post(
        port, f"INSERT INTO {name} SELECT a, '' FROM input('a Int32') FORMAT TSV\n1".encode()
    )
    assert (refused[0], b"input() is not supported" in refused[2]) == (400, True)
    ids = ",".join(map(str, range(100_000))).encode()
    many = b"SELECT count() FROM numbers(10) WHERE number IN (" + ids + b")"
    assert post(port, many, max_query_size="1000000")[2] == b"10\n"


def test_an_insert_that_fails_early_says_so(client: Client, table: Callable[..., str]) -> None:
    """An insert the engine gives up on does not wait for, or hang on, the rest of its body."""
    name = table("(a Int32) ENGINE = MergeTree ORDER BY a")

    def body() -> Generator[bytes, None, None]:
        yield b"x\n"
        for _ in range(100):
            yield b"1\n" * 500_000

    for target, code in ((name, 27), ("nosuch", 60)):
        with pytest.raises(DatabaseError) as caught:
            client.raw_insert(target, ["a"], body(), fmt="TSV")
        assert caught.value.code == code


def test_the_summary_counts_rows(client: Client, table: Callable[..., str]) -> None:
    """The summary header counts what was read and written."""
    name = table("(a UInt64) ENGINE = MergeTree ORDER BY a")
    written: Any = client.command(f"INSERT INTO {name} SELECT number FROM numbers(1000)")
    assert (written.written_rows, written.summary["read_rows"]) == (1000, "1000")
    assert client.insert(name, [[1], [2]], column_names=["a"]).written_rows == 2
    read = client.query(f"SELECT sum(a % 7) FROM {name}").summary
    assert (read["read_rows"], read["result_rows"]) == ("1002", "1")
    emptied: Any = client.command(f"TRUNCATE TABLE {name}")
    assert emptied.summary["written_rows"] == "0"


@pytest.mark.parametrize(
    ("sql", "status", "code", "name"),
    [
        ("SELECT * FROM nosuch", 404, "60", "UNKNOWN_TABLE"),
        ("SELEC 1", 400, "62", "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", 400, "62", "SYNTAX_ERROR"),
        ("", 400, "62", "SYNTAX_ERROR"),
        ("SELECT throwIf(number = 3) FROM numbers(10) SETTINGS max_block_size = 1", 500, "395",
         "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT sleep(3) SETTINGS max_execution_time = 0.2", 408, "159", "TIMEOUT_EXCEEDED"),
        ("INSERT INTO nosuch FORMAT TSV\n1", 404, "60", "UNKNOWN_TABLE"),
        ("SELECT {x:UInt8}", 500, "456", "UNKNOWN_QUERY_PARAMETER"),
    ],
)  # fmt: skip
def test_errors_are_worded_as_clickhouse_words_them(
    port: int, sql: str, status: int, code: str, name: str
) -> None:
    """Status, code header and text are those of a server."""
    got, headers, body = post(port, sql.encode())
    assert (got, headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert body.decode().startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name})" in body.decode()


def test_a_wrong_row_fails_the_insert(client: Client, table: Callable[..., str]) -> None:
    """Data the format cannot parse fail with the parser's error; nothing is written."""
    name = table("(a Int32) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(DatabaseError, match="Code: 27") as caught:
        client.raw_insert(name, ["a"], b"1\nx\n", fmt="TSV")
    assert caught.value.code == 27
    assert client.command(f"SELECT count() FROM {name}") == 0


def test_an_error_in_a_stream_reaches_the_client(client: Client) -> None:
    """A read that fails after its first megabytes fails at the client, in Native and in Arrow."""
    sql = "SELECT number, throwIf(number = 3000000, 'stop here') FROM numbers(5000000)"
    with pytest.raises(StreamFailureError, match="stop here"):  # noqa: PT012, SIM117
        with client.query_column_block_stream(sql) as blocks:
            for _ in blocks:
                pass
    with pytest.raises(Exception, match=r"broken|metadata|Arrow|IPC"):  # noqa: PT012, SIM117
        with client.query_arrow_stream(sql) as batches:
            for _ in batches:
                pass


def test_streams_need_bounded_memory(port: int, home: Path) -> None:
    """Reading 800 MB, slowly at first, costs the server a fraction of it."""
    client, pid = connect(port), server_pid(home)
    before = peak = resident_mb(pid)
    rows = 0
    with client.query_arrow_stream("SELECT number FROM numbers(100000000)") as batches:
        for index, batch in enumerate(batches):
            rows += batch.num_rows
            if index < 5:
                time.sleep(0.1)
            peak = max(peak, resident_mb(pid)) if index % 50 == 0 else peak
    assert rows == 100_000_000
    assert peak - before < 250


def test_an_insert_streams_with_bounded_memory(
    port: int, home: Path, table: Callable[..., str]
) -> None:
    """A body of 400 MB is parsed while it arrives."""
    name = table("(a UInt64) ENGINE = Null")
    piece = b"".join(i.to_bytes(8, "little") for i in range(125_000))
    pid = server_pid(home)
    before, peak = resident_mb(pid), [0.0]

    def pieces() -> Generator[bytes, None, None]:
        for _ in range(400):
            yield piece
            peak[0] = max(peak[0], resident_mb(pid))

    client = connect(port)
    summary = client.raw_insert(name, ["a"], pieces(), fmt="RowBinary")
    assert summary.written_rows == 50_000_000
    assert peak[0] - before < 250


def test_a_lightweight_delete_hides_rows(client: Client, table: Callable[..., str]) -> None:
    """DELETE FROM is done when it returns."""
    name = table("(a Int32) ENGINE = MergeTree ORDER BY a")
    client.command(f"INSERT INTO {name} SELECT number FROM numbers(1000)")
    client.command(f"DELETE FROM {name} WHERE a % 2 = 0")
    assert client.query(f"SELECT count(), sum(a) FROM {name}").first_row == (500, 250_000)


def test_materialized_views_see_inserts(client: Client, table: Callable[..., str]) -> None:
    """A view fed by a table gets what is inserted into the table."""
    name = table("(a Int32) ENGINE = MergeTree ORDER BY a")
    client.command(
        f"CREATE MATERIALIZED VIEW {name}_mv ENGINE = SummingMergeTree ORDER BY a"
        f" AS SELECT a, count() AS n FROM {name} GROUP BY a"
    )
    client.insert(name, [[1], [1]], column_names=["a"])
    assert client.query(f"SELECT a, n FROM {name}_mv").first_row == (1, 2)
    client.command(f"DROP TABLE {name}_mv")


def test_another_client_sees_and_kills_a_query(client: Client, port: int) -> None:
    """system.processes shows id, text, user and log_comment; KILL QUERY ends it for its owner."""
    ours = {"query_id": "victim", "log_comment": "run 7"}
    thread, outcome = in_background(lambda: connect(port).query(SLOW, settings=ours))
    assert eventually(lambda: running(client, "victim"))
    found: Any = client.query(
        "SELECT query_id, user, is_cancelled, elapsed < 30, query, Settings['log_comment'],"
        " toTypeName((read_rows, written_rows, memory_usage)) AS figures"
        " FROM system.processes WHERE Settings['log_comment'] = 'run 7'"
    ).first_row
    assert found[:4] == ("victim", "default", 0, 1)
    assert (SLOW in found[4], found[5]) == (True, "run 7")
    assert "OUTFILE" not in found[4]
    killed = client.query("KILL QUERY WHERE Settings['log_comment'] = 'run 7' SYNC")
    assert killed.result_rows[0][0] == "finished"
    thread.join(10)
    assert isinstance(outcome[0], DatabaseError)
    assert outcome[0].code == 394
    assert not running(client, "victim")


def test_kill_finds_the_clients_query_id(client: Client, port: int) -> None:
    """KILL QUERY WHERE query_id takes the id that the client gave, bound under that very name."""
    thread, outcome = in_background(lambda: connect(port).query(SLOW, settings={"query_id": "q-1"}))
    assert eventually(lambda: running(client, "q-1"))
    status, _, body = post(port, b"SELECT 1", query_id="q-1")
    assert (status, b"QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING" in body) == (500, True)
    client.command(
        "KILL QUERY WHERE query_id = {query_id:String} SYNC", parameters={"query_id": "q-1"}
    )
    thread.join(10)
    assert isinstance(outcome[0], DatabaseError)


def test_kill_ends_writes_too(client: Client, port: int, table: Callable[..., str]) -> None:
    """INSERT SELECT and an INSERT of sent rows both end when they are killed."""
    name = table("(a Int32, s UInt8 MATERIALIZED sleepEachRow(0.02)) ENGINE = MergeTree ORDER BY a")
    small = {"max_block_size": 10, "max_insert_block_size": 10, "min_insert_block_size_rows": 1}
    select = f"INSERT INTO {name} (a) SELECT number FROM numbers(5000)"
    rows = "\n".join(map(str, range(5000))).encode()
    writes: list[Callable[[], Any]] = [
        lambda: connect(port).command(select, settings={**small, "query_id": "w0"}),
        lambda: connect(port).raw_insert(
            name, ["a"], rows, fmt="TSV", settings={**small, "query_id": "w1"}
        ),
    ]
    for index, write in enumerate(writes):
        thread, outcome = in_background(write)
        assert eventually(lambda index=index: running(client, f"w{index}"))  # type: ignore[misc]
        client.command(f"KILL QUERY WHERE query_id = 'w{index}' SYNC")
        thread.join(15)
        assert isinstance(outcome[0], DatabaseError)
        assert outcome[0].code == 394


def test_a_reader_that_leaves_cancels_its_query(client: Client, port: int) -> None:
    """A client that disconnects while its SELECT computes, or mid-read, stops it."""
    waiting = open_request(port, SLOW.encode(), query_id="left-early")
    assert eventually(lambda: running(client, "left-early"))
    waiting.close()
    assert eventually(lambda: not running(client, "left-early"))
    reading = open_request(port, b"SELECT number FROM numbers(10000000000)", query_id="left-late")
    assert len(reading.recv(1_000_000)) > 0
    assert running(client, "left-late")
    reading.close()
    assert eventually(lambda: not running(client, "left-late"))


def test_an_insert_goes_on_without_its_client(
    client: Client, port: int, table: Callable[..., str]
) -> None:
    """Once the whole body is there, a client that leaves does not stop the insert."""
    name = table("(a Int32, s UInt8 MATERIALIZED sleepEachRow(0.01)) ENGINE = MergeTree ORDER BY a")
    body = f"INSERT INTO {name} (a) FORMAT TSV\n".encode() + b"\n".join(
        b"%d" % i for i in range(99)
    )
    leaving = open_request(port, body, query_id="goes-on")
    assert eventually(lambda: running(client, "goes-on"))
    leaving.close()
    assert client.command(f"SELECT count() FROM {name}") == 0
    assert running(client, "goes-on")
    assert eventually(lambda: client.command(f"SELECT count() FROM {name}") == 99)


def test_an_insert_cut_off_in_its_body_ends(
    client: Client, port: int, table: Callable[..., str]
) -> None:
    """A client that leaves before its body is complete leaves no insert running, and no rows."""
    name = table("(a Int32) ENGINE = MergeTree ORDER BY a")
    body = f"INSERT INTO {name} FORMAT TSV\n".encode() + b"1\n" * 1_000_000
    leaving = open_request(port, body, length=len(body) * 2, query_id="cut-off")
    assert eventually(lambda: running(client, "cut-off"))
    leaving.close()
    assert eventually(lambda: not running(client, "cut-off"))
    assert client.command(f"SELECT count() FROM {name}") == 0


def test_ten_clients_at_once(port: int, table: Callable[..., str]) -> None:
    """Ten clients insert, read and delete in parallel; none sees another's settings."""
    name = table("(who UInt8, a UInt64) ENGINE = MergeTree PARTITION BY who ORDER BY a")

    def work(who: int) -> tuple[int, int, int]:
        client = connect(port)
        for _ in range(3):
            client.insert(name, [[who, i] for i in range(2000)], column_names=["who", "a"])
        client.command(f"DELETE FROM {name} IN PARTITION {who} WHERE a >= 1000")
        block = client.command(
            "SELECT getSetting('max_block_size')", settings={"max_block_size": 1000 + who}
        )
        sql = f"SELECT count(), sum(a) FROM {name} WHERE who = {who}"
        ((count, total),) = client.query(sql).result_rows
        return count, total, int(str(block))

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(work, range(10)))
    assert results == [(3000, 3 * 499_500, 1000 + who) for who in range(10)]


def test_queries_run_in_parallel(port: int) -> None:
    """Five queries of half a second take nothing like two and a half."""
    clients = [connect(port) for _ in range(5)]
    began = time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda client: client.command("SELECT sleep(0.5)"), clients))
    assert time.monotonic() - began < 1.5


def test_a_session_id_changes_nothing(port: int) -> None:
    """Clients that send a session id need not take turns; what only a session could keep is
    refused.
    """
    with ThreadPoolExecutor(2) as pool:
        pending = pool.submit(post, port, b"SELECT sleep(1)", None, session_id="mine")
        time.sleep(0.3)
        assert post(port, b"SELECT 1", session_id="mine")[0] == 200
        assert pending.result()[0] == 200
    for sql in (b"SET max_threads = 1", b"USE system", b"CREATE TEMPORARY TABLE t (a Int32)"):
        status, headers, body = post(port, sql, session_id="mine")
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (501, "48")
        assert b"sessions" in body


def test_external_tables_are_refused(client: Client) -> None:
    """A query that brings a table along is refused, not run without it."""
    data = ExternalData(file_name="x.csv", data=b"1\n", fmt="CSV", structure="x UInt32")
    with pytest.raises(DatabaseError, match="external tables") as caught:
        client.query("SELECT sum(x) FROM x", external_data=data)
    assert caught.value.code == 48


def test_chdb_cannot_listen_itself(port: int) -> None:
    """chDB refuses to open its own HTTP port: when it no longer does, chdb_http can be replaced (see
    its docstring).
    """
    status, headers, body = post(port, b"SYSTEM START LISTEN HTTP")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "49")
    assert b"start_servers_callback is not set" in body


def test_the_query_log_knows_our_queries(client: Client) -> None:
    """system.query_log holds id, comment and figures of what ran, none of its preparation."""
    ours = {"query_id": "logged", "log_comment": "noted"}
    client.query("SELECT count() FROM numbers(10)", settings=ours)
    client.command("SYSTEM FLUSH LOGS")
    sql = (
        "SELECT type, query_kind, log_comment, read_rows FROM system.query_log"
        " WHERE query_id = 'logged' ORDER BY type"
    )
    assert client.query(sql).result_rows == [
        ("QueryStart", "Select", "noted", 0),
        ("QueryFinish", "Select", "noted", 10),
    ]


def test_links_change_nothing(client: Client, port: int) -> None:
    """GET is read-only, ping answers, and the bare address says Ok."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    answers = []
    for path in ("/ping", "/", "/?query=SELECT%201", "/?query=CREATE%20DATABASE%20evil"):
        connection.request("GET", path)
        response = connection.getresponse()
        answers.append((response.status, response.read()[:9]))
    connection.close()
    assert answers[:3] == [(200, b"Ok.\n"), (200, b"Ok.\n"), (200, b"1\n")]
    assert answers[3] == (500, b"Code: 164")
    assert client.ping()
