"""What breaks: each is said in words, and nothing that was paid for is lost."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from skellagnn.exceptions import MissingDependencyError, StoreError
from skellagnn.llm.store import QuestionKey, ResponseStore, _engines, _schema, ask_through

KEYS = [QuestionKey("keywords:0a", f"{i:08x}") for i in range(2000)]


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "store.sqlite"
    yield path
    ResponseStore(path).close()


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may write everywhere, so be somebody else."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestCorrupt:
    def test_not_a_database(self, path: Path) -> None:
        path.write_text("These are my notes, not a database. " * 50)
        before = path.read_bytes()
        store = ResponseStore(path)
        for _ in range(2):
            with pytest.raises(StoreError, match=r"not a readable SQLite database.*nothing was deleted or overwritten"):
                store.get_many("m", KEYS[:1])
        with pytest.raises(StoreError, match="Move it aside"):
            store.put_many("m", {KEYS[0]: "x"})
        assert path.read_bytes() == before

    def test_broken_in_the_middle(self, path: Path) -> None:
        store = ResponseStore(path)
        store.put_many("m", dict.fromkeys(KEYS, "an answer " * 20))
        store.close()
        data = bytearray(path.read_bytes())
        data[8192:-8192] = b"\xa5" * (len(data) - 16384)
        path.write_bytes(data)
        with pytest.raises(StoreError, match=r"is not a readable SQLite database .*malformed"):
            store.get_many("m", KEYS)
        assert path.read_bytes() == data


class TestLocked:
    def test_beyond_the_timeout(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_engines, "BUSY_SECONDS", 0.1)
        store = ResponseStore(path)
        store.put_many("m", {KEYS[0]: "x"})
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            with pytest.raises(
                StoreError, match=r"has been locked by another process .* Answers stored before are kept"
            ):
                store.put_many("m", {KEYS[1]: "y"})
            assert store.get_many("m", KEYS[:2]) == {KEYS[0]: "x"}  # reading goes on
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert store.put_many("m", {KEYS[1]: "y"}) == 1

    def test_while_it_is_opened(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_engines, "BUSY_SECONDS", 0.1)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            with pytest.raises(StoreError, match="has been locked by another process"):
                ResponseStore(path).stats()
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert ResponseStore(path).stats() == []

    def test_a_short_lock_is_waited_for(self, path: Path) -> None:
        store = ResponseStore(path)
        store.stats()
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        timer = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        timer.start()
        assert store.put_many("m", {KEYS[0]: "x"}) == 1
        timer.join()
        other.close()

    def test_postgresql_waits_no_longer_either(self, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_engines, "BUSY_SECONDS", 0.1)
        store = ResponseStore(postgres_url)
        store.stats()
        other = sa.create_engine(postgres_url)
        with other.begin() as connection:
            connection.execute(sa.text("LOCK TABLE skellagnn_answers IN EXCLUSIVE MODE"))
            with pytest.raises(StoreError, match="has been locked by another process"):
                store.put_many("m", {KEYS[0]: "x"})
        assert store.put_many("m", {KEYS[0]: "x"}) == 1
        other.dispose()
        store.close()


class TestFull:
    def test_what_was_stored_is_kept(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("skellagnn.llm.store._store._CHUNK", 100)
        store = ResponseStore(path)
        store.put_many("m", {KEYS[0]: "x"})
        store.close()
        engine = _engines._open(_engines.locate(path)).engine

        @sa.event.listens_for(engine, "checkout")
        def little_room(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count = 60").close()

        with pytest.raises(StoreError, match=r"has no more room .* Answers stored before are kept. Free disk space"):
            store.put_many("m", dict.fromkeys(KEYS, "an answer " * 50))
        kept = store.get_many("m", KEYS)
        assert 100 <= len(kept) < len(KEYS)
        assert kept[KEYS[0]] == "x"
        store.close()  # and with it the limit
        assert store.put_many("m", dict.fromkeys(KEYS, "y")) == len(KEYS) - len(kept)


class TestFolder:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"there is no folder '.*nowhere'. .* Create the folder"):
            ResponseStore(tmp_path / "nowhere" / "store.sqlite").stats()
        assert not (tmp_path / "nowhere").exists()

    def test_instead_of_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="must be a file, got the folder"):
            ResponseStore(tmp_path).stats()

    def test_a_file_in_place_of_the_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "home").write_text("")
        monkeypatch.setenv("SKELLAGNN_HOME", str(tmp_path / "home"))
        with pytest.raises(StoreError, match="there is no folder"):
            ResponseStore().stats()

    def test_read_only(self, as_nobody: None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o555)
            with pytest.raises(StoreError, match=r"cannot be opened or created .* Allow writing to its folder"):
                ResponseStore(Path(folder) / "store.sqlite").stats()
            os.chmod(folder, 0o755)

    def test_with_a_read_only_store_in_it(self, as_nobody: None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "store.sqlite"
            store = ResponseStore(path)
            store.put_many("m", {KEYS[0]: "x"})
            store.close()
            path.chmod(0o444)
            with pytest.raises(StoreError, match=r"cannot be written .* Answers stored before are kept. Allow writing"):
                store.put_many("m", {KEYS[1]: "y"})
            assert store.get_many("m", KEYS[:2]) == {KEYS[0]: "x"}
            store.close()

    def test_on_a_disk_that_cannot_be_written_what_is_there_is_found(self, as_nobody: None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers of ü?.sqlite"
            store = ResponseStore(path)
            store.put_many("m", {KEYS[0]: "x"})
            store.close()
            path.chmod(0o444)
            Path(folder).chmod(0o555)
            try:
                for _ in range(2):
                    assert store.get_many("m", KEYS[:2]) == {KEYS[0]: "x"}
                    assert ask_through(store, "m", KEYS[:1], lambda keys: []).found == 1
                    with pytest.raises(StoreError, match=r"cannot be written .* Answers stored before are kept"):
                        ask_through(store, "m", KEYS[:2], lambda keys: [])
                    store.close()
            finally:
                Path(folder).chmod(0o755)


class TestPostgres:
    def test_nobody_answers(self) -> None:
        store = ResponseStore("postgresql+psycopg://user:s3cr3t@127.0.0.1:1/database")
        with pytest.raises(StoreError, match=r"does not answer .* Check that the server runs, and host, port, user"):
            store.stats()

    def test_wrong_password(self, postgres_url: str) -> None:
        wrong = sa.make_url(postgres_url).set(password="s3cr3t")
        with pytest.raises(StoreError, match=r"does not answer .*authentication failed") as caught:
            ResponseStore(wrong).stats()
        assert "s3cr3t" not in str(caught.value)

    def test_the_server_drops_the_connections(self, postgres_url: str) -> None:
        store = ResponseStore(postgres_url)
        store.put_many("m", {KEYS[0]: "x"})
        which = sa.select(sa.func.pg_backend_pid())
        theirs = _engines.run(postgres_url, lambda connection: connection.execute(which).scalar_one(), writes=False)
        admin = sa.create_engine(postgres_url)
        with admin.connect() as connection:
            connection.execute(sa.select(sa.func.pg_terminate_backend(theirs)))
        assert store.get_many("m", KEYS[:1]) == {KEYS[0]: "x"}
        admin.dispose()
        store.close()

    def test_without_the_driver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(MissingDependencyError, match=r"pip install 'skellagnn\[postgres\]'"):
            ResponseStore("postgresql://user@127.0.0.1:2/database").stats()


class TestConflict:
    def test_a_transaction_that_was_broken_off_is_run_again(self, postgres_url: str) -> None:
        store = ResponseStore(postgres_url)
        store.put_many("m", {KEYS[0]: "x"})
        tries = []

        def work(connection: sa.Connection) -> str:
            tries.append(1)
            if len(tries) < 3:
                connection.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '40P01'; END $$"))
            return "done"

        assert _engines.run(postgres_url, work, writes=True) == "done"
        assert len(tries) == 3
        store.close()


def _add_column(connection: sa.Connection) -> None:
    connection.execute(sa.text("ALTER TABLE skellagnn_answers ADD COLUMN note TEXT"))


def _add_table(connection: sa.Connection) -> None:
    connection.execute(sa.text("CREATE TABLE skellagnn_notes (note TEXT)"))
    raise RuntimeError("broken off")


class TestSchema:
    @staticmethod
    def ask(url: str, work: Callable[[sa.Connection], object]) -> object:
        engine = sa.create_engine(url if "://" in url else f"sqlite:///{url}")
        with engine.connect() as connection:
            result = work(connection)
        engine.dispose()
        return result

    def test_a_new_store_has_the_newest_version(self, store: ResponseStore, url: str) -> None:
        store.stats()
        assert self.ask(url, _schema.read_version) == len(_schema.MIGRATIONS)

    def test_an_older_one_is_brought_up_and_keeps_its_answers(
        self, store: ResponseStore, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.put_many("m", {KEYS[0]: "x"})
        store.close()
        newest = len(_schema.MIGRATIONS)
        monkeypatch.setattr(_schema, "MIGRATIONS", (*_schema.MIGRATIONS, _add_column))
        twins = [ResponseStore(url) for _ in range(6)]
        found: list[object] = []
        threads = [
            threading.Thread(target=lambda twin: found.append(twin.get_many("m", KEYS[:1])), args=(t,)) for t in twins
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [{KEYS[0]: "x"}] * 6  # the second to add the column would have failed
        assert self.ask(url, _schema.read_version) == newest + 1
        assert store.put_many("m", {KEYS[1]: "y"}) == 1

    def test_a_migration_that_fails_changes_nothing(
        self, store: ResponseStore, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.put_many("m", {KEYS[0]: "x"})
        store.close()
        with monkeypatch.context() as patched:
            patched.setattr(_schema, "MIGRATIONS", (*_schema.MIGRATIONS, _add_column, _add_table))
            with pytest.raises(RuntimeError, match="broken off"):
                store.stats()
        assert self.ask(url, _schema.read_version) == len(_schema.MIGRATIONS)
        columns = self.ask(url, lambda c: [column["name"] for column in sa.inspect(c).get_columns("skellagnn_answers")])
        assert "note" not in columns  # type: ignore[operator]
        assert store.get_many("m", KEYS[:1]) == {KEYS[0]: "x"}

    def test_a_newer_one_is_left_alone(self, store: ResponseStore, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(_schema, "MIGRATIONS", (*_schema.MIGRATIONS, _add_column))
            store.stats()
            store.close()
        newest = len(_schema.MIGRATIONS)
        with pytest.raises(StoreError, match=f"has schema version {newest + 1}, .* knows versions up to {newest}"):
            store.put_many("m", {KEYS[0]: "x"})


def test_a_name_that_no_file_can_have_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened or created"):
        ResponseStore(tmp_path / ("a" * 300)).stats()
