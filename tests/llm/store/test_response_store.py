"""What goes in comes out; what the object is and shows."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import traceback
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

from skellagnn.enhancers import Answer
from skellagnn.exceptions import InvalidParameterError, StoreError
from skellagnn.llm.store import QuestionKey, ResponseStore
from skellagnn.llm.store._schema import ANSWERS
from skellagnn.prompts import Prompt, Question

KEYWORDS, SUMMARY = "keywords:0a", "summary:1b"


def keys(n: int, prompt_key: str = KEYWORDS) -> list[QuestionKey]:
    return [QuestionKey(prompt_key, f"{i:08x}") for i in range(n)]


class TestAnswers:
    def test_an_answer_comes_back_with_its_details(self, store: ResponseStore) -> None:
        [key] = keys(1)
        answer = Answer("cats", finish_reason="stop", tokens_in=12, tokens_out=3, seconds=0.25)
        assert store.put_many("m", {key: answer}) == 1
        found = store.get_many("m", [key])[key]
        assert isinstance(found, Answer)
        assert (found, vars(found)) == ("cats", vars(answer))

    def test_a_plain_string_comes_back_without_details(self, store: ResponseStore) -> None:
        [key] = keys(1)
        store.put_many("m", {key: "cats"})
        found = store.get_many("m", [key])[key]
        assert found == "cats"
        assert set(vars(found).values()) == {None}

    def test_only_what_is_there_is_found(self, store: ResponseStore) -> None:
        there, missing = keys(2)
        store.put_many("m", {there: "yes"})
        assert store.get_many("m", [missing, there, there]) == {there: "yes"}
        assert store.get_many("m", []) == {}

    def test_model_prompt_and_text_are_each_part_of_the_key(self, store: ResponseStore) -> None:
        a, b = QuestionKey(KEYWORDS, "00"), QuestionKey(SUMMARY, "00")
        store.put_many("m", {a: "keywords by m", b: "summary by m"})
        store.put_many("n", {a: "keywords by n"})
        assert store.get_many("m", [a, b]) == {a: "keywords by m", b: "summary by m"}
        assert store.get_many("n", [a, b]) == {a: "keywords by n"}

    def test_the_first_answer_wins(self, store: ResponseStore) -> None:
        first, second = keys(2)
        assert store.put_many("m", {first: "one"}) == 1
        assert store.put_many("m", {first: "another", second: "two"}) == 1
        assert store.get_many("m", [first, second]) == {first: "one", second: "two"}

    def test_more_keys_than_one_statement_or_transaction_takes(
        self, store: ResponseStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("skellagnn.llm.store._store._CHUNK", 2200)
        many = [key for pair in zip(keys(2500), keys(2500, SUMMARY), strict=True) for key in pair]
        answers = {key: f"{key.prompt_key} {key.digest}" for key in many}
        assert store.put_many("m", answers) == 5000
        assert store.get_many("m", [*many, QuestionKey("other:2c", "00")]) == answers
        assert store.put_many("m", answers) == 0

    @pytest.mark.parametrize("text", ["", " ", "naïve 東京 🐈 \u2028", 'it\'s "%s" :x $1 {y}\\n\n\r\t', "x" * 100_000])
    def test_any_text_is_an_answer(self, store: ResponseStore, text: str) -> None:
        key = QuestionKey("p'%s:x", "d")
        store.put_many("m'%(x)s", {key: text})
        assert store.get_many("m'%(x)s", [key]) == {key: text}

    def test_what_no_database_takes_becomes_a_replacement_character(self, store: ResponseStore) -> None:
        [key] = keys(1)
        store.put_many("m", {key: Answer("a\0b\ud83dc", finish_reason="\0")})
        found = store.get_many("m", [key])[key]
        assert found == "a\ufffdb\ufffdc"
        assert found.finish_reason == "\ufffd"

    def test_numbers_of_numpy_are_numbers(self, store: ResponseStore) -> None:
        [key] = keys(1)
        answer = Answer("x", tokens_in=np.int64(7), tokens_out=np.int32(2), seconds=np.float32(0.5))
        store.put_many("m", {key: answer})
        found = store.get_many("m", [key])[key]
        assert (found.tokens_in, found.tokens_out, found.seconds) == (7, 2, 0.5)

    def test_tokens_beyond_32_bits(self, store: ResponseStore) -> None:
        [key] = keys(1)
        store.put_many("m", {key: Answer("x", tokens_in=2**40)})
        assert store.get_many("m", [key])[key].tokens_in == 2**40

    def test_numbers_that_cannot_be_in_an_old_store_are_not_known(self, store: ResponseStore) -> None:
        [key] = keys(1)
        store.put_many("m", {key: "x"})
        store._write(lambda connection: connection.execute(ANSWERS.update().values(tokens_in=-7, seconds=-0.5)))
        found = store.get_many("m", [key])[key]
        assert (found, found.tokens_in, found.seconds) == ("x", None, None)

    def test_two_objects_for_one_place_share_the_answers(self, url: str) -> None:
        [key] = keys(1)
        one, other = ResponseStore(url), ResponseStore(url)
        one.put_many("m", {key: "x"})
        assert other.get_many("m", [key]) == {key: "x"}
        one.close()
        assert other.get_many("m", [key]) == {key: "x"}
        other.close()


class TestQuestionKey:
    def test_node_names_are_no_part_of_it(self) -> None:
        prompt = Prompt("keywords", "Keywords of {text}")
        one = QuestionKey.of(Question(prompt, {"text": "a"}, ("node 1",)))
        assert one == QuestionKey.of(Question(prompt, {"text": "a"}, ("node 2", "node 3")))
        assert one != QuestionKey.of(Question(prompt, {"text": "b"}, ("node 1",)))
        assert one == (prompt.key, Question(prompt, {"text": "a"}).digest)

    def test_a_plain_pair_will_do(self, store: ResponseStore) -> None:
        store.put_many("m", {("p", "d"): "x"})  # type: ignore[dict-item]
        found = store.get_many("m", [("p", "d")])  # type: ignore[list-item]
        assert found == {QuestionKey("p", "d"): "x"}
        assert isinstance(next(iter(found)), QuestionKey)


class TestBadArguments:
    @pytest.mark.parametrize(
        "key", ["text", ("p",), ("p", 3), ("", "d"), ("p", "d\0"), ("p", "\ud800"), ("p", "x" * 1001)]
    )
    def test_keys(self, store: ResponseStore, key: object) -> None:
        with pytest.raises(InvalidParameterError, match=r"`keys` must hold QuestionKey\(prompt_key, digest\)"):
            store.get_many("m", [key])  # type: ignore[list-item]

    @pytest.mark.parametrize(("method", "argument"), [("get_many", 5), ("put_many", [("p", "d")])])
    def test_no_keys(self, store: ResponseStore, method: str, argument: object) -> None:
        with pytest.raises(InvalidParameterError, match=r"must (hold|be a dict from) QuestionKey"):
            getattr(store, method)("m", argument)

    @pytest.mark.parametrize("method", ["claim", "renew", "release"])
    def test_owner(self, store: ResponseStore, method: str) -> None:
        with pytest.raises(InvalidParameterError, match="`owner` must be a string"):
            getattr(store, method)("m", keys(1), None)

    @pytest.mark.parametrize("model", [None, "", "a\0", "ä" * 501])
    def test_model(self, store: ResponseStore, model: object) -> None:
        with pytest.raises(InvalidParameterError, match="`model` must be a string of 1 to 1000 bytes"):
            store.put_many(model, {keys(1)[0]: "x"})  # type: ignore[arg-type]

    def test_a_name_of_a_thousand_bytes_fits(self, store: ResponseStore) -> None:
        model, key = "m" * 1000, QuestionKey("p" * 1000, "".join(f"{i:03d}" for i in range(333)))
        store.put_many(model, {key: "x"})
        assert store.claim(model, [key], "o" * 1000) == set()
        assert store.get_many(model, [key]) == {key: "x"}

    def test_an_answer_that_is_none(self, store: ResponseStore) -> None:
        with pytest.raises(InvalidParameterError, match=r"`answers` must be strings.*Leave out what was not answered"):
            store.put_many("m", {keys(1)[0]: None})  # type: ignore[dict-item]

    @pytest.mark.parametrize(
        ("name", "value"), [("tokens_in", "many"), ("tokens_out", 2**63), ("seconds", float("nan"))]
    )
    def test_details_that_are_no_numbers(self, store: ResponseStore, name: str, value: object) -> None:
        answer = Answer("x")
        setattr(answer, name, value)
        with pytest.raises(InvalidParameterError, match=f"`{name}` of an answer must be None or a finite"):
            store.put_many("m", {keys(1)[0]: answer})

    @pytest.mark.parametrize("lease", [0, -1.0, float("inf"), float("nan"), "600", True, None])
    def test_lease(self, tmp_path: Path, lease: object) -> None:
        store = ResponseStore(tmp_path / "a.sqlite", lease=lease)  # type: ignore[arg-type]
        with pytest.raises(InvalidParameterError, match="`lease` of a ResponseStore must be a positive number"):
            store.claim("m", keys(1), "me")

    @pytest.mark.parametrize("limit", [0, -1, 1.5, True])
    def test_limit(self, store: ResponseStore, limit: object) -> None:
        with pytest.raises(InvalidParameterError, match="`limit` must be None or a positive int"):
            store.claim("m", keys(1), "me", limit)  # type: ignore[arg-type]

    @pytest.mark.parametrize("url", ["", ":memory:", 7, "sqlite://", "sqlite:///:memory:", "sqlite:///a?mode=ro"])
    def test_url_that_names_no_file(self, url: object) -> None:
        with pytest.raises(InvalidParameterError, match="`url` of a ResponseStore must"):
            ResponseStore(url).stats()  # type: ignore[arg-type]

    @pytest.mark.parametrize("url", ["mysql://h/d", "postgresql+asyncpg://h/d"])
    def test_other_databases(self, url: str) -> None:
        with pytest.raises(InvalidParameterError, match="must begin with 'sqlite://' or 'postgresql"):
            ResponseStore(url).stats()


class TestStats:
    def test_sums_by_model_and_prompt(self, store: ResponseStore) -> None:
        before = datetime.now(timezone.utc)
        a, b = keys(2)
        [other] = keys(1, SUMMARY)
        store.put_many("m", {a: Answer("x", tokens_in=10, tokens_out=1, seconds=0.5), b: Answer("y", tokens_in=5)})
        store.put_many("m", {other: "z"})
        store.put_many("a", {a: Answer("x", seconds=2.0)})
        after = datetime.now(timezone.utc)
        stats = store.stats()
        assert [(s.model, s.prompt_key, s.answers, s.tokens_in, s.tokens_out, s.seconds) for s in stats] == [
            ("a", KEYWORDS, 1, 0, 0, 2.0),
            ("m", KEYWORDS, 2, 15, 1, 0.5),
            ("m", SUMMARY, 1, 0, 0, 0.0),
        ]
        assert all(before <= s.first <= s.last <= after for s in stats)
        assert [type(s.tokens_in) for s in stats] == [int, int, int]

    def test_of_nothing(self, store: ResponseStore) -> None:
        assert store.stats() == []


class TestPrune:
    @pytest.fixture
    def filled(self, store: ResponseStore) -> ResponseStore:
        for model in ("m", "n"):
            store.put_many(model, dict.fromkeys(keys(3) + keys(3, SUMMARY), "x"))
        return store

    @staticmethod
    def left(store: ResponseStore) -> dict[tuple[str, str], int]:
        return {(s.model, s.prompt_key): s.answers for s in store.stats()}

    def test_by_model(self, filled: ResponseStore) -> None:
        assert filled.prune(model="m") == 6
        assert self.left(filled) == {("n", KEYWORDS): 3, ("n", SUMMARY): 3}

    def test_by_prompt(self, filled: ResponseStore) -> None:
        assert filled.prune(prompt_key=SUMMARY) == 6
        assert self.left(filled) == {("m", KEYWORDS): 3, ("n", KEYWORDS): 3}

    def test_conditions_add_up(self, filled: ResponseStore) -> None:
        assert filled.prune("m", KEYWORDS, timedelta(hours=1)) == 0
        assert filled.prune("m", KEYWORDS, timedelta(0)) == 3
        assert self.left(filled) == {("m", SUMMARY): 3, ("n", KEYWORDS): 3, ("n", SUMMARY): 3}

    def test_by_time_in_any_zone(self, filled: ResponseStore) -> None:
        zone = timezone(timedelta(hours=11))
        assert filled.prune(older_than=datetime.now(zone) - timedelta(minutes=5)) == 0
        assert filled.prune(older_than=datetime.now(zone) + timedelta(minutes=5)) == 12

    def test_never_everything_by_accident(self, filled: ResponseStore) -> None:
        with pytest.raises(InvalidParameterError, match="it would delete every answer that was paid for"):
            filled.prune()
        assert sum(self.left(filled).values()) == 12

    @pytest.mark.parametrize("older_than", [datetime(2020, 1, 1), 90, "2020-01-01"])
    def test_a_time_without_a_zone(self, filled: ResponseStore, older_than: object) -> None:
        with pytest.raises(
            InvalidParameterError, match="`older_than` must be a timedelta or a datetime with a time zone"
        ):
            filled.prune(older_than=older_than)  # type: ignore[arg-type]

    @pytest.mark.parametrize("older_than", [timedelta(days=-30), timedelta(microseconds=-1), timedelta.max])
    def test_an_age_that_nothing_has(self, filled: ResponseStore, older_than: timedelta) -> None:
        with pytest.raises(InvalidParameterError, match="`older_than` must be an age of 0 or more"):
            filled.prune(older_than=older_than)
        assert sum(self.left(filled).values()) == 12


class TestState:
    def test_any_json_value(self, store: ResponseStore) -> None:
        value = {"id": "batch_\ud83d\0 東京", "parts": [1, 2.5, None, True], "nested": {"a": []}}
        assert store.get_state("job") is None
        assert store.get_state("job", "none yet") == "none yet"
        store.update_state("job", lambda _: value)
        assert store.get_state("job") == value

    def test_the_last_one_wins_until_dropped(self, store: ResponseStore) -> None:
        store.update_state("job", lambda _: 1)
        store.update_state("other", lambda _: 3)
        store.update_state("job", lambda _: 2)
        assert (store.get_state("job"), store.get_state("other")) == (2, 3)
        store.update_state("job", lambda _: None)
        store.update_state("job", lambda _: None)
        assert (store.get_state("job"), store.get_state("other")) == (None, 3)

    @pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()])
    def test_what_json_cannot_hold(self, store: ResponseStore, value: object) -> None:
        with pytest.raises(
            InvalidParameterError, match="`change` of the state 'job' must return something that JSON can hold"
        ):
            store.update_state("job", lambda _: value)

    def test_a_value_in_place_of_a_change(self, store: ResponseStore) -> None:
        with pytest.raises(InvalidParameterError, match=r"`change` of the state 'job' must be a function .* got 5"):
            store.update_state("job", 5)  # type: ignore[arg-type]


class TestWhere:
    def test_nothing_happens_before_the_first_use(self, tmp_path: Path) -> None:
        store = ResponseStore(tmp_path / "store.sqlite")
        repr(store), copy.deepcopy(store), pickle.dumps(store), store.location
        assert list(tmp_path.iterdir()) == []
        store.stats()
        assert (tmp_path / "store.sqlite").is_file()
        store.close()

    def test_by_default_in_the_folder_that_the_environment_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path / "not" / "there" / "yet"
        monkeypatch.setenv("SKELLAGNN_HOME", str(home))
        store = ResponseStore()
        store.put_many("m", {keys(1)[0]: "x"})
        assert store.location == str(home / "responses.sqlite")
        assert ResponseStore(home / "responses.sqlite").get_many("m", keys(1)) == {keys(1)[0]: "x"}
        store.close()

    def test_a_home_of_nobody_is_a_folder_of_that_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SKELLAGNN_HOME", "~nobody-of-that-name/x")
        assert ResponseStore().location == str(tmp_path / "~nobody-of-that-name" / "x" / "responses.sqlite")

    def test_else_in_the_data_folder_of_the_user(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SKELLAGNN_HOME", raising=False)
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        monkeypatch.setenv("HOME", str(tmp_path))
        location = Path(ResponseStore().location)
        assert location.name == "responses.sqlite"
        assert location.parent.name == "skellagnn"

    def test_a_path_in_all_its_spellings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))
        expected = str(tmp_path / "a b.sqlite")
        for spelling in ("a b.sqlite", "~/a b.sqlite", Path("a b.sqlite"), "sqlite:///a b.sqlite", expected):
            assert ResponseStore(spelling).location == expected

    def test_a_file_deleted_meanwhile_is_started_anew(self, tmp_path: Path) -> None:
        path = tmp_path / "store.sqlite"
        store = ResponseStore(path)
        store.put_many("m", {keys(1)[0]: "x"})
        store.close()
        store.stats()
        for file in tmp_path.iterdir():
            file.unlink()
        assert store.get_many("m", keys(1)) == {}
        store.put_many("m", {keys(1)[0]: "y"})
        store.close()
        assert ResponseStore(path).get_many("m", keys(1)) == {keys(1)[0]: "y"}
        store.close()


def _put_one_by_one(store: ResponseStore, some: list[QuestionKey]) -> None:
    for key in some:
        store.put_many("m", {key: "x"})
        assert store.get_many("m", [key]) == {key: "x"}


class _Holder(BaseEstimator):  # type: ignore[misc]
    def __init__(self, store: object = None) -> None:
        self.store = store


class TestObject:
    def test_pickles_copies_and_clones_hold_only_the_parameters(self, url: str) -> None:
        store = ResponseStore(url, lease=33.0)
        store.put_many("m", {keys(1)[0]: "x"})
        for twin in (
            pickle.loads(pickle.dumps(store)),
            copy.deepcopy(store),
            copy.copy(store),
            clone(_Holder(store)).store,
        ):
            assert vars(twin) == {"url": url, "lease": 33.0}
            assert twin.get_many("m", keys(1)) == {keys(1)[0]: "x"}
        store.close()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="a connection is inherited by a fork only; Windows has none")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_fork_does_not_share_connections(self, store: ResponseStore) -> None:
        both = keys(80)
        store.put_many("m", {both[0]: "x"})
        child = multiprocessing.get_context("fork").Process(target=_put_one_by_one, args=(store, both[:40]))
        child.start()
        _put_one_by_one(store, both[40:])  # at the same time: on one connection these would get in each other's way
        child.join(30)
        assert child.exitcode == 0
        assert store.get_many("m", both) == dict.fromkeys(both, "x")

    def test_another_process_finds_it(self, url: str) -> None:
        store = ResponseStore(url)
        store.put_many("m", {keys(1)[0]: "x"})
        code = (
            "import pickle, sys; store = pickle.load(sys.stdin.buffer); print(store.stats()[0].answers); store.close()"
        )
        done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(store), capture_output=True, check=True)
        assert done.stdout.split() == [b"1"], done.stderr
        store.close()

    def test_repr(self, tmp_path: Path) -> None:
        assert repr(ResponseStore()) == "ResponseStore()"
        assert repr(ResponseStore(tmp_path / "a", lease=5)) == f"ResponseStore({str(tmp_path / 'a')!r}, lease=5)"

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql+psycopg://user:s3cr3t@127.0.0.1:1/db",
            "postgresql://127.0.0.1:1/db?user=u&password=s3cr3t&sslpassword=s3cr3t",
            "postgresql://127.0.0.1:1/db?user=u&PASSWORD=s3cr3t",
            "postgresql://127.0.0.1:1/db?user=u&Pwd=s3cr3t",
            "sqlite:///a.sqlite?password=s3cr3t",
            "sqlite:///a.sqlite?Key=s3cr3t",
            "host=127.0.0.1 port=1 password=s3cr3t",
            "dbname=x PASSWORD = s3cr3t",
            "u:s3cr3t@127.0.0.1/db",
            "postgresql:u:s3cr3t@127.0.0.1/db",
            "postgresql:/u:s3cr3t@127.0.0.1/db",
            "s3cr3t:127.0.0.1/db",
            "postgresql+psycopg://user:s3cr3t@x@127.0.0.1:1/db",
            "postgresql+psycopg://user:s3cr3t@127.0.0.1:port/db",
            "mysql://user:s3cr3t@127.0.0.1/db",
            "sqlite://user:s3cr3t@/db?x=1",
        ],
    )
    def test_a_password_is_never_shown(self, url: str, caplog: pytest.LogCaptureFixture) -> None:
        store = ResponseStore(url)
        with caplog.at_level("DEBUG"), pytest.raises((StoreError, InvalidParameterError)) as caught:
            store.stats()
        shown = [repr(store), repr(_Holder(store)), _Holder(store)._repr_html_(), caplog.text]
        shown += ["".join(traceback.format_exception(caught.value))]
        assert all("s3cr3t" not in text for text in shown)
