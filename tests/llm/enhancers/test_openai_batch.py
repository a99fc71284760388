"""Batch jobs: upload, wait, download, and going on after an interruption."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from sklearn.base import clone

from skellagnn.enhancers import OpenAIEnhancer
from skellagnn.exceptions import AnswerWarning, EnhancerError
from skellagnn.llm.enhancers import _batch_api

TEXTS = [f"text {i}" for i in range(6)]


@pytest.fixture
def batcher(server):
    def make(**settings):
        defaults = {
            "base_url": server.url,
            "api_key_env": "SKELLAGNN_TEST_KEY",
            "batch": True,
            "batch_poll": 0.0,
            "max_retries": 2,
        }
        return OpenAIEnhancer("m", **{**defaults, **settings})

    return make


@pytest.fixture
def statuses(server):
    """Let a job go through some states, and stop whoever asks when the last one is KeyboardInterrupt."""

    def play(*names):
        left = list(names)
        server.batch_status = lambda batch: left.pop(0) if len(left) > 1 else left[0]

    return play


@pytest.fixture
def interrupted(server, batcher, monkeypatch):
    """Return a function that asks, and is interrupted by Ctrl-C while it waits for the job."""

    def interrupt(seconds):
        raise KeyboardInterrupt

    def ask(texts, **settings):
        server.batch_status = lambda batch: "in_progress"
        with monkeypatch.context() as patched:
            patched.setattr(_batch_api, "time", SimpleNamespace(sleep=interrupt))
            with pytest.raises(KeyboardInterrupt):
                batcher(**settings).complete(texts)
        server.batch_status = lambda batch: "completed"

    return ask


def lines_of(server, job):
    return [json.loads(line) for line in server.files[server.batches[job]].splitlines()]


def test_all_questions_are_one_job_and_equal_ones_one_line(server, batcher, expected, statuses):
    statuses("validating", "in_progress", "finalizing", "completed")
    texts = [*TEXTS, TEXTS[2]]
    assert batcher().complete(texts) == [expected(text) for text in texts]
    assert list(server.batches) == ["batch_0"]
    lines = lines_of(server, "batch_0")
    assert [line["body"]["messages"][0]["content"] for line in lines] == TEXTS
    assert len({line["custom_id"] for line in lines}) == 6
    assert all(line["url"] == "/v1/chat/completions" and line["method"] == "POST" for line in lines)
    assert server.chats == []


def test_the_requests_are_those_that_are_sent_one_by_one(server, batcher, ask):
    settings = {"system_prompt": "Be brief.", "seed": 3, "extra_body": {"top_k": 2}}
    questions = [ask("cats", limit=9), ask("dogs")]
    together = batcher(**settings).complete(questions)
    assert batcher(batch=False, **settings).complete(questions) == together
    assert sorted(map(str, server.chats)) == sorted(str(line["body"]) for line in lines_of(server, "batch_0"))


def test_an_interrupted_wait_goes_on_with_the_same_job(server, batcher, expected, interrupted):
    interrupted(TEXTS)
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]
    assert len(server.batches) == 1


def test_a_job_of_other_questions_is_used_for_those_that_it_has(server, batcher, expected, interrupted):
    """The first run dies; the second asks about some of its questions and others; the third about the rest."""
    interrupted(TEXTS[:4])
    assert batcher().complete(TEXTS[2:]) == [expected(text) for text in TEXTS[2:]]
    assert [len(lines_of(server, job)) for job in server.batches] == [4, 2]
    assert batcher().complete(TEXTS[:2]) == [expected(text) for text in TEXTS[:2]]
    assert len(server.batches) == 2
    batcher().complete(TEXTS[:1])  # asked anew: its answer was taken
    assert len(server.batches) == 3


def test_answers_that_nobody_took_are_fetched_again(server, batcher, expected):
    arriving = batcher().complete_iter(TEXTS)
    assert next(arriving) == (0, expected(TEXTS[0]))
    arriving.close()  # whoever asked died before storing the others
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]
    assert len(server.batches) == 1


def test_a_job_whose_creation_was_not_confirmed_is_found_and_not_paid_twice(server, batcher, expected):
    server.lose_batch_reply = 1
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]
    assert len(server.batches) == 1


@pytest.fixture
def died(monkeypatch, batcher):
    """Return a function that asks, and dies before or after the job is created."""
    create = _batch_api.BatchRun._create

    def ask(texts, *, created, **settings):
        def die(run, planned):
            if created:
                create(run, planned)
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(_batch_api.BatchRun, "_create", die)
            with pytest.raises(KeyboardInterrupt):
                batcher(**settings).complete(texts)

    return ask


@pytest.mark.parametrize("n_later", [0, 150])
def test_a_job_that_was_created_by_a_process_that_died_is_found(server, batcher, expected, died, n_later):
    died(TEXTS, created=True)
    server.batches |= {f"later_{i}": "file of another" for i in range(n_later)}  # more than one page of a list
    before = len(server.batches)
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]
    assert len(server.batches) == before


def test_a_job_that_was_not_created_yet_is_created_for_what_is_wanted(server, batcher, expected, died, tmp_path):
    died(TEXTS, created=False)
    assert batcher().complete(TEXTS[:2]) == [expected(text) for text in TEXTS[:2]]
    assert [len(lines_of(server, job)) for job in server.batches] == [2]
    assert json.loads((tmp_path / "home" / "batches.json").read_text()) == {}


def test_a_job_that_may_have_been_created_is_looked_for_by_the_next_run(server, batcher, expected):
    server.lose_batch_reply = 1
    server.listed = False
    with pytest.raises(EnhancerError, match="HTTP 404"):
        batcher().complete(TEXTS)
    server.listed = True
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]
    assert len(server.batches) == 1


def test_a_job_that_was_refused_is_forgotten(server, batcher, tmp_path):
    server.refuse_batches = True
    with pytest.raises(EnhancerError, match="HTTP 400"):
        batcher().complete(TEXTS)
    assert json.loads((tmp_path / "home" / "batches.json").read_text()) == {}


class FullDisk:
    def get_state(self, name):
        return None

    def update_state(self, name, change):
        raise OSError(28, "No space left on device")


def test_nothing_is_paid_for_what_cannot_be_remembered(server, batcher, tmp_path):
    (tmp_path / "home" / "batches.json.lock").mkdir(parents=True)  # a folder where a file should be
    for state in (None, FullDisk()):
        with pytest.raises(EnhancerError, match=r"`batch_state` must be writable, got .*(batches\.json|FullDisk)"):
            batcher(batch_state=state).complete(TEXTS)
    assert server.batches == {}


def test_a_job_whose_results_are_gone_is_made_again(server, batcher, expected, interrupted, caplog):
    interrupted(TEXTS)
    server.gone = {"batch_0-output"}
    assert batcher().complete(TEXTS[1:]) == [expected(text) for text in TEXTS[1:]]
    assert [len(lines_of(server, job)) for job in server.batches] == [6, 5]
    assert "batch job batch_0 is gone" in caplog.text


def test_a_job_of_this_call_whose_results_are_gone_is_an_error(server, batcher):
    server.gone = {"batch_0-output"}
    with pytest.raises(EnhancerError, match=r"batch job batch_0, which was just made, or its results are not there"):
        batcher().complete(TEXTS)
    assert len(server.batches) == 1


def test_a_job_of_which_only_the_errors_are_gone_is_not_paid_twice(server, batcher, expected, interrupted):
    interrupted(TEXTS)
    server.error_file = "batch_0-errors"
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]
    assert len(server.batches) == 1


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_results_may_hold_line_separators(server, batcher, separator):
    def write(line):
        line["response"]["body"]["choices"][0]["message"]["content"] = f"cats{separator}dogs"
        escaped = ord(separator) < 32  # JSON demands it
        return json.dumps(line, ensure_ascii=escaped)

    server.write_line = write
    assert batcher().complete(TEXTS) == [f"cats{separator}dogs"] * 6


def test_a_job_that_the_server_forgot_is_made_again(server, batcher, expected, interrupted):
    interrupted(TEXTS)
    server.batches = {"batch of another": server.batches.pop("batch_0")}
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]


def test_questions_that_do_not_fit_one_job_are_several(server, batcher, expected, monkeypatch):
    monkeypatch.setattr(_batch_api, "_MOST_REQUESTS", 4)
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]
    assert [len(lines_of(server, job)) for job in server.batches] == [4, 2]
    monkeypatch.setattr(_batch_api, "_MOST_BYTES", 1)
    batcher(max_tokens=5).complete(TEXTS)
    assert len(server.batches) == 2 + 6


def test_questions_without_a_result_are_left_and_counted(server, batcher, expected, statuses):
    statuses("expired")

    def spoil(lines):
        lines[1]["response"] = {"status_code": 500, "body": {"error": {"message": "crashed"}}}
        lines[2] |= {"response": None, "error": {"code": "batch_expired", "message": "out of time"}}
        return lines[:4]

    server.batch_lines = spoil  # the results stand in reverse: 5, 4 (failed), 3 (failed), 2
    with pytest.warns(AnswerWarning, match="4 of 6 questions were left unanswered") as caught:
        answers = batcher().complete(TEXTS)
    assert answers == [None, None, expected(TEXTS[2]), None, None, expected(TEXTS[5])]
    for reason in ("2 x not in the results of the batch job, which is expired", "1 x HTTP 500: crashed", "out of time"):
        assert reason in str(caught[0].message)
    server.batch_lines = lambda lines: lines
    assert batcher().complete(TEXTS[:2]) == [expected(text) for text in TEXTS[:2]]


def test_a_job_that_failed_is_an_error_and_forgotten(server, batcher, expected, statuses):
    statuses("failed")
    with pytest.raises(EnhancerError, match=r"batch job batch_0 failed: line 1 names no model\. Of 6 questions 0"):
        batcher().complete(TEXTS)
    statuses("completed")
    assert batcher().complete(TEXTS) == [expected(text) for text in TEXTS]


def test_a_job_all_of_whose_requests_were_refused_is_an_error(server, batcher):
    refusal = {"status_code": 400, "body": {"error": {"message": "use max_completion_tokens, not max_tokens"}}}
    server.batch_lines = lambda lines: [{**line, "response": refusal} for line in lines]
    with pytest.raises(EnhancerError, match=r"HTTP 400.*Set token_parameter='max_completion_tokens'"):
        batcher().complete(TEXTS)


def test_lines_that_cannot_be_read_cost_only_themselves(server, batcher, expected):
    send = server.batch_lines
    server.batch_lines = lambda lines: [*send(lines)[:-1], ["not", "a", "result"], {"custom_id": "of nobody"}]
    with pytest.warns(
        AnswerWarning, match=r"1 of 6 questions .* \(1 lines of batch_0-output of batch_0 cannot be read\)"
    ):
        assert batcher().complete(TEXTS) == [None, *(expected(text) for text in TEXTS[1:])]


def test_the_state_is_kept_where_it_is_told_to(batcher, tmp_path, expected):
    class Memory:
        values: dict = {}  # noqa: RUF012
        seen: list = []  # noqa: RUF012

        def get_state(self, name):
            return self.values.get(name)

        def update_state(self, name, change):
            value = change(self.values.pop(name, None))
            if value is not None:
                json.dumps(value)
                self.seen.append(value)
                self.values[name] = value

    memory = Memory()
    assert batcher(batch_state=memory).complete(TEXTS) == [expected(text) for text in TEXTS]
    # first what was uploaded, and only then the job that is paid for
    assert [(job.get("file"), job.get("id")) for value in memory.seen for job in value["jobs"]] == [
        ("file-0", None),
        (None, "batch_0"),
    ]
    assert memory.values == {}
    assert not (tmp_path / "home").exists()


def test_a_response_store_keeps_the_state_too(batcher, tmp_path, expected, interrupted):
    pytest.importorskip("sqlalchemy")
    from skellagnn.llm.store import ResponseStore

    store = ResponseStore(tmp_path / "answers.sqlite")
    interrupted(TEXTS, batch_state=store)
    assert clone(batcher(batch_state=store)).complete(TEXTS) == [expected(text) for text in TEXTS]
    assert not (tmp_path / "home").exists()
    store.close()


def test_the_file_is_in_the_home_folder_and_empty_again_at_the_end(batcher, tmp_path, monkeypatch):
    seen = []
    download = _batch_api.BatchRun._download
    file = tmp_path / "home" / "batches.json"
    monkeypatch.setattr(
        _batch_api.BatchRun, "_download", lambda *args: seen.append(file.read_text()) or download(*args)
    )
    batcher().complete(TEXTS)
    assert '"id": "batch_0"' in seen[0]
    assert json.loads(file.read_text()) == {}
    assert sorted(path.name for path in file.parent.iterdir()) == ["batches.json", "batches.json.lock"]


@pytest.mark.parametrize("text", ["{broken", "[1]"])
def test_a_file_that_cannot_be_read_is_named(batcher, tmp_path, text):
    file = tmp_path / "home" / "batches.json"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(EnhancerError, match=r"`batch_state` must .*batches\.json"):
        batcher().complete(TEXTS)
    assert file.read_text() == text
