"""Claims: who may ask, for how long, and that nobody else does."""

from __future__ import annotations

import threading
import time

import pytest

from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.store import QuestionKey, ResponseStore

KEYS = [QuestionKey("keywords:0a", f"{i:08x}") for i in range(10)]
A, B, C = KEYS[:3]


def expire(store: ResponseStore, owner: str, seconds: float) -> None:
    """Let the claims of ``owner`` run out ``seconds`` from now by the clock of the database."""
    short = ResponseStore(store.url, lease=seconds)
    short.renew("m", KEYS, owner)


class TestClaim:
    def test_a_question_is_claimed_once(self, store: ResponseStore) -> None:
        assert store.claim("m", [A, B], "me") == {A, B}
        assert store.claim("m", [B, C], "you") == {C}
        assert store.claim("m", [A, B, C], "they") == set()

    def test_one_owner_may_claim_again(self, store: ResponseStore) -> None:
        store.claim("m", [A], "me")
        assert store.claim("m", [A, B], "me") == {A, B}

    def test_another_model_is_another_question(self, store: ResponseStore) -> None:
        store.claim("m", [A], "me")
        assert store.claim("n", [A], "you") == {A}

    def test_what_is_answered_is_not_asked(self, store: ResponseStore) -> None:
        store.put_many("m", {A: "x"})
        assert store.claim("m", [A, B], "me") == {B}

    def test_an_answer_ends_the_claim_of_its_owner_only(self, store: ResponseStore) -> None:
        store.claim("m", [A], "me")
        store.claim("m", [B], "you")
        store.put_many("m", {A: "x", B: "y"}, "me")
        store.prune(prompt_key=A.prompt_key)
        assert store.claim("m", [A, B], "they") == {A}

    def test_the_first_of_them_up_to_a_limit(self, store: ResponseStore) -> None:
        store.put_many("m", {KEYS[9]: "x"})
        store.claim("m", [KEYS[7]], "you")
        assert store.claim("m", KEYS[::-1], "me", limit=3) == {KEYS[8], KEYS[6], KEYS[5]}

    def test_a_limit_over_more_keys_than_one_transaction_takes(
        self, store: ResponseStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("skellagnn.llm.store._store._CHUNK", 1000)
        many = [QuestionKey("p", f"{i:08x}") for i in range(2500)]
        assert store.claim("m", many, "me", limit=1100) == set(many[:1100])
        assert len(store.claim("m", many, "you")) == 1400

    def test_without_an_owner(self, store: ResponseStore) -> None:
        with pytest.raises(InvalidParameterError, match="`owner` must be a string"):
            store.claim("m", KEYS, "")


class TestRelease:
    def test_others_may_ask_at_once(self, store: ResponseStore) -> None:
        store.claim("m", [A, B], "me")
        store.release("m", [A, C], "me")
        assert store.claim("m", [A, B], "you") == {A}

    def test_nobody_releases_for_others(self, store: ResponseStore) -> None:
        store.claim("m", [A], "me")
        store.release("m", [A], "you")
        assert store.claim("m", [A], "you") == set()


class TestLease:
    def test_a_claim_that_ran_out_is_taken_over(self, store: ResponseStore) -> None:
        store.claim("m", [A, B], "dead")
        expire(store, "dead", 0.05)
        time.sleep(0.1)
        assert store.claim("m", [A], "me") == {A}
        assert store.renew("m", [A, B], "dead") == 1
        assert store.claim("m", [A, B], "you") == set()

    def test_renewing_keeps_it(self, store: ResponseStore) -> None:
        store.claim("m", [A, B], "me")
        expire(store, "me", 0.05)
        assert store.renew("m", [A, B, C], "me") == 2
        time.sleep(0.1)
        assert store.claim("m", [A, B], "you") == set()

    def test_the_first_answer_wins_when_a_claim_was_taken_over(self, store: ResponseStore) -> None:
        store.claim("m", [A], "slow")
        expire(store, "slow", 0.05)
        time.sleep(0.1)
        assert store.claim("m", [A], "fast") == {A}
        assert store.put_many("m", {A: "fast"}, "fast") == 1
        assert store.put_many("m", {A: "slow"}, "slow") == 0
        assert store.get_many("m", [A]) == {A: "fast"}

    def test_the_clock_is_that_of_the_database(self, store: ResponseStore, monkeypatch: pytest.MonkeyPatch) -> None:
        store.claim("m", [A], "me")
        monkeypatch.setattr(time, "time", lambda: 1e12)
        assert store.claim("m", [A], "you") == set()

    def test_pruning_drops_what_ran_out(self, store: ResponseStore) -> None:
        from skellagnn.llm.store._engines import run
        from skellagnn.llm.store._schema import CLAIMS

        store.claim("m", [A, B], "dead")
        expire(store, "dead", 0.05)
        store.claim("m", [C], "alive")
        time.sleep(0.1)
        store.prune(model="another")
        left = run(store.url, lambda connection: connection.execute(CLAIMS.select()).all(), writes=False)
        assert [row.owner for row in left] == ["alive"]


class TestThreads:
    def test_each_key_goes_to_one_of_them(self, store: ResponseStore) -> None:
        many = [QuestionKey("p", f"{i:08x}") for i in range(400)]
        claimed: dict[str, set[QuestionKey]] = {}
        start = threading.Barrier(8)

        def work(owner: str) -> None:
            start.wait()
            mine = [many[i:] + many[:i] for i in range(0, 400, 50)][int(owner)]
            claimed[owner] = set().union(*(store.claim("m", mine[i : i + 20], owner) for i in range(0, 400, 20)))

        threads = [threading.Thread(target=work, args=(str(number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == 8
        assert set().union(*claimed.values()) == set(many)
        assert sum(map(len, claimed.values())) == 400

    def test_opened_by_all_at_once(self, store: ResponseStore) -> None:
        start = threading.Barrier(8)
        new: list[int] = []

        def work(number: int) -> None:
            start.wait()
            new.append(store.put_many("m", {A: str(number), KEYS[number]: "x"}))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(new) == 9
        assert len(store.get_many("m", KEYS)) == 9
