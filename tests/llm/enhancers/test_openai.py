"""OpenAI-compatible servers: the real client against a server on loopback that misbehaves on order."""

from __future__ import annotations

import _thread
import json
import logging
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings

import pytest

from skellagnn.enhancers import Answer, OpenAIEnhancer, close_clients
from skellagnn.exceptions import AnswerWarning, EnhancerError, InvalidParameterError, MissingDependencyError
from skellagnn.llm.enhancers import _limits
from skellagnn.llm.enhancers._addresses import Secret, resolve_url
from skellagnn.llm.enhancers._failures import concerns_question
from skellagnn.llm.enhancers._shortening import cut_counts

VARIABLE = "SKELLAGNN_TEST_KEY"


@pytest.fixture
def enhancer(server):
    """Return a function that makes enhancers for the test's server."""
    pytest.importorskip("openai")

    def make(**settings):
        defaults = {"base_url": server.url, "api_key_env": VARIABLE, "max_retries": 2, "timeout": 10.0}
        return OpenAIEnhancer("m", **{**defaults, **settings})

    return make


def test_a_request_says_all_that_was_set(server, enhancer, ask, key):
    settings = {"system_prompt": "Be brief.", "seed": 7, "temperature": 0.5, "extra_body": {"top_k": 3}}
    enhancer(**settings).complete([ask("cats", limit=17)])
    ((_, _, path, headers, body),) = server.requests
    assert path == "/v1/chat/completions"
    assert body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Keywords of this text: cats Keywords:"},
        ],
        "max_tokens": 17,
        "temperature": 0.5,
        "seed": 7,
        "top_k": 3,
    }
    assert headers["Authorization"] == f"Bearer {key}"


def test_a_request_says_no_more_than_that(server, enhancer):
    enhancer(temperature=None, max_tokens=9, token_parameter="max_completion_tokens").complete(["cats"])
    assert server.chats == [
        {"model": "m", "messages": [{"role": "user", "content": "cats"}], "max_completion_tokens": 9}
    ]


def test_an_answer_says_what_it_cost(enhancer, expected):
    (answer,) = enhancer().complete(["the cat sat"])
    assert answer == expected("the cat sat")
    assert (answer.finish_reason, answer.tokens_in, answer.tokens_out) == ("stop", 3, 2)
    assert answer.seconds > 0


@pytest.mark.parametrize("max_concurrency", [1, 4, 50])
def test_answers_stand_in_the_order_of_the_prompts(enhancer, expected, max_concurrency):
    texts = [f"text {i}" for i in range(20)]
    assert enhancer(max_concurrency=max_concurrency).complete(texts) == [expected(text) for text in texts]


def test_each_position_arrives_once(enhancer, expected):
    texts = [f"text {i % 3}" for i in range(12)]
    arrived = list(enhancer(max_concurrency=4).complete_iter(texts))
    assert sorted(arrived) == [(i, expected(text)) for i, text in enumerate(texts)]


def test_requests_are_in_flight_together_and_no_more_than_allowed(server, enhancer):
    all_there = threading.Barrier(4)

    def wait_for_the_others(body):
        all_there.wait(timeout=20)

    server.on_chat = wait_for_the_others
    enhancer(max_concurrency=4).complete([f"text {i}" for i in range(12)])
    assert server.most_in_flight == 4


def test_a_text_that_cannot_be_encoded_is_sent_all_the_same(server, enhancer):
    enhancer().complete(["cats \ud800 \U0001f408 \x00 $ {text}"])
    assert server.texts() == ["cats ? \U0001f408 \x00 $ {text}"]


# --- replies ----------------------------------------------------------------------------------------------------


def reply(content, **choice):
    message = {"role": "assistant", "content": content}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}]}


@pytest.mark.parametrize(
    ("body", "answer", "finish"),
    [
        (reply("<think>Hm.</think>\ncat"), "cat", "stop"),
        (reply("<think>Hm", finish_reason="length"), "", "thinking"),
        (reply([{"type": "text", "text": "ca"}, {"type": "text", "text": "t"}]), "cat", "stop"),
        (reply(None), "", "stop"),
        (reply("cat", finish_reason=None), "cat", None),
        ({"choices": []}, "", "empty"),
        ({"choices": [{"message": {"content": None, "refusal": "I cannot"}}]}, "I cannot", "refusal"),
        ({"choices": [None]}, "", "empty"),
    ],
)
def test_a_reply_is_read_in_all_its_forms(server, enhancer, body, answer, finish):
    server.script = [(200, {}, body)]
    (got,) = enhancer().complete(["cats"])
    assert (got, got.finish_reason, got.tokens_in, got.tokens_out) == (answer, finish, None, None)
    assert isinstance(got, Answer)
    assert len(server.chats) == 1


def test_an_empty_list_of_choices_is_paid_for_once_and_empty(server, enhancer):
    server.script = ["empty choice"]
    (got,) = enhancer().complete(["cats cats"])
    assert (got, got.finish_reason, got.tokens_in) == ("", "empty", 2)
    assert len(server.chats) == 1


# --- what passes, and what does not -----------------------------------------------------------------------------

PASSING = [408, 409, 429, 500, 502, 503, 529, "drop", "cut", "truncated"]
PASSING += [(200, {}, {"no": "choices"}), (200, {}, {"error": {"code": 503, "message": "busy"}}), (200, {}, b"<html>")]
# what a router sends whose provider failed in the middle of an answer
PASSING += [(200, {}, reply("Not a cat", error={"code": 502, "message": "gone"}, finish_reason="error"))]
PASSING += [(200, {}, reply("Not a cat", error={"code": "gone"})), (200, {}, reply("Not a", finish_reason="error"))]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_can_pass_is_tried_again(server, enhancer, expected, fault):
    server.script = [fault, fault]
    assert enhancer().complete(["cats"]) == [expected("cats")]
    assert len(server.chats) == 3


def test_a_reply_slower_than_the_timeout_is_tried_again(server, enhancer, expected):
    server.script = ["slow"]
    assert enhancer(timeout=1.0).complete(["cats"]) == [expected("cats")]
    assert len(server.chats) == 2


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_does_not_pass_within_the_retries_is_an_error(server, enhancer, fault):
    server.script = [fault] * 9
    with pytest.raises(EnhancerError, match=r"failed for `model` 'm': .* \(tried 3 times\)\. Of 1 questions 0 were"):
        enhancer().complete(["cats"])
    assert len(server.chats) == 3


def test_an_error_inside_a_choice_is_quoted(server, enhancer):
    server.script = [(200, {}, reply("Not a cat", error={"code": 402, "message": "pay"}, finish_reason="error"))]
    with pytest.raises(EnhancerError, match="HTTP 402: pay"):
        enhancer().complete(["cats"])
    assert len(server.chats) == 1


REFUSALS = [
    (400, None, "HTTP 400: made to fail with 400. Of 1"),
    (401, None, "Check the key in the environment variable SKELLAGNN_TEST_KEY"),
    (403, None, "Check the key in the environment variable SKELLAGNN_TEST_KEY"),
    (404, None, "Check `model` and `base_url`"),
    (422, None, "HTTP 422"),
    (400, {"message": "use max_completion_tokens, not max_tokens"}, "Set token_parameter='max_completion_tokens'"),
    (400, {"message": "temperature 0.0 is not supported"}, "Set temperature=None"),
    (429, {"message": "pay", "code": "insufficient_quota"}, "HTTP 429 insufficient_quota: pay"),
]


@pytest.mark.parametrize(("status", "error", "sentence"), REFUSALS)
def test_what_cannot_pass_is_an_error_at_once(server, enhancer, status, error, sentence):
    server.on_chat = lambda body: (status, {}, {"error": error} if error else None)
    with pytest.raises(EnhancerError, match=sentence):
        enhancer().complete(["cats"])
    # where it is not clear whom a refusal concerns, a harmless question tells
    assert len(server.chats) == (1 if status in (401, 402, 429) else 2)


def test_a_server_that_wants_a_key_after_all_says_so(server, enhancer):
    server.script = [401]
    with pytest.raises(EnhancerError, match="name the environment variable that holds it as `api_key_env`"):
        enhancer(api_key_env=None).complete(["cats"])


def test_nobody_at_the_address_is_an_error(enhancer):
    with pytest.raises(
        EnhancerError, match=r"http://127\.0\.0\.1:9/v1 failed for `model` 'm': ConnectError.*tried 1 time\)"
    ):
        enhancer(base_url="http://127.0.0.1:9/v1", max_retries=0).complete(["cats"])


@pytest.mark.parametrize(
    "failure",
    [
        (429, {"Retry-After": "0.4"}),
        (429, {"retry-after-ms": "400"}),
        (503, {}, {"error": "the model is being loaded", "estimated_time": 0.4}),
    ],
)
def test_retry_after_is_honoured(server, enhancer, monkeypatch, failure):
    monkeypatch.setattr(_limits, "FIRST_WAIT", 0.0)
    server.script = [failure]
    enhancer().complete(["cats"])
    first, second = (request[0] for request in server.requests)
    assert second - first >= 0.4


def test_retry_after_holds_for_all_that_ask(server, enhancer, monkeypatch, caplog):
    monkeypatch.setattr(_limits, "FIRST_WAIT", 0.0)
    told = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record):
            told.set()

    listener = Listener()
    logger = logging.getLogger("skellagnn")
    caplog.set_level("INFO", logger=logger.name)
    logger.addHandler(listener)
    try:
        server.script = [(429, {"Retry-After": "0.4"})]
        first = threading.Thread(target=enhancer().complete, args=(["a"],))
        first.start()
        assert told.wait(20)
        enhancer().complete(["b"])  # another object, which was told nothing
        first.join()
    finally:
        logger.removeHandler(listener)
    assert server.texts().count("b") == 1
    times = {text: when for (when, *_), text in zip(server.requests, server.texts(), strict=True)}
    assert times["b"] - server.requests[0][0] >= 0.4


def test_a_wait_that_is_too_long_is_reported_instead(server, enhancer):
    server.script = [(429, {"Retry-After": "3600"})]
    with pytest.raises(EnhancerError, match="asks to wait 3600 s, which is too long to hold on"):
        enhancer().complete(["cats"])
    assert len(server.chats) == 1


def test_a_rate_is_kept(server, enhancer):
    start = time.monotonic()
    enhancer(requests_per_minute=600, max_concurrency=8).complete([f"text {i}" for i in range(6)])
    assert max(request[0] for request in server.requests) - start >= 0.5


def test_a_token_rate_is_kept(server, enhancer):
    start = time.monotonic()
    enhancer(tokens_per_minute=6000, max_tokens=20, max_concurrency=1, model_name="n").complete(["cats " * 8] * 3)
    # 30 tokens reserved, 10 counted: the last starts when the first two are paid off
    assert max(request[0] for request in server.requests) - start >= 0.2


def test_tokens_are_counted_as_the_server_counts_them_and_failures_cost_none(server, enhancer, monkeypatch):
    corrected = []
    monkeypatch.setattr(_limits.Limits, "correct", lambda self, *counts: corrected.append(counts))
    server.script = [500]
    enhancer(max_tokens=20).complete(["cats " * 8])
    assert corrected == [(30.0, 0.0), (30.0, 10)]  # 40 bytes are 10 tokens; the server counts 8 words and 2


# --- losing nothing ---------------------------------------------------------------------------------------------


def test_a_server_that_dies_midway_leaves_what_arrived(server, enhancer, expected):
    texts = [f"text {i}" for i in range(12)]
    server.script = [None] * 5 + ["drop"] * 50
    arrived = {}
    with pytest.raises(EnhancerError, match="Of 12 questions 5 were answered and 7 were not"):  # noqa: PT012
        for position, answer in enhancer(max_concurrency=1).complete_iter(texts):
            arrived[position] = answer
    # the first to fail might have failed by itself, until the second did
    assert arrived.pop(5).kind == "no connection"
    assert arrived == {i: expected(texts[i]) for i in range(5)}


def test_answers_in_flight_arrive_before_the_error(server, enhancer, expected):
    both = threading.Barrier(2)
    threads_before = set(threading.enumerate())

    def asking():
        return [t for t in threading.enumerate() if t.name.startswith("skellagnn-ask") and t not in threads_before]

    def one_fails(body):
        both.wait(timeout=20)
        if body["messages"][0]["content"] == "bad":
            return 401
        deadline = time.monotonic() + 20
        while len(asking()) > 1 and time.monotonic() < deadline:  # until the other one has failed and stopped
            time.sleep(0.01)
        return None

    server.on_chat = one_fails
    arrived = []
    with pytest.raises(EnhancerError, match="Of 3 questions 1 were answered"):  # noqa: PT012
        for position, answer in enhancer(max_concurrency=2).complete_iter(["bad", "good", "never asked"]):
            arrived.append((position, answer))
    assert arrived == [(1, expected("good"))]
    assert "never asked" not in server.texts()


def test_a_question_that_fails_by_itself_is_left_and_counted(server, enhancer, expected):
    arrivals = threading.Semaphore(0)

    def fail_bad_later(body):
        if body["messages"][0]["content"] != "bad":
            arrivals.release()
            return None
        # two further questions came in meanwhile, so one of them was answered
        assert arrivals.acquire(timeout=20)
        assert arrivals.acquire(timeout=20)
        return 500

    server.on_chat = fail_bad_later
    texts = ["bad"] + [f"text {i}" for i in range(20)]
    with pytest.warns(AnswerWarning, match=r"1 of 21 questions were left unanswered by 'm' .*: 1 x HTTP 500"):
        answers = enhancer(max_concurrency=2).complete(texts)
    assert answers == [None] + [expected(text) for text in texts[1:]]
    assert server.texts().count("bad") == 3


def fail_bad(body):
    return 500 if "bad" in body["messages"][0]["content"] else None


@pytest.mark.parametrize("max_concurrency", [1, 2, 30])
@pytest.mark.parametrize("position", [0, 4, 8])
def test_a_question_that_fails_while_nothing_else_is_asked_is_left_too(
    server, enhancer, expected, max_concurrency, position
):
    server.on_chat = fail_bad
    model = enhancer(max_concurrency=max_concurrency)
    model.complete(["the server works"])
    texts = [f"text {i}" for i in range(8)]
    texts.insert(position, "bad")
    with pytest.warns(AnswerWarning, match="1 of 9 questions were left unanswered"):
        assert model.complete(texts) == [None if text == "bad" else expected(text) for text in texts]
    # a later fold, of which everything else is stored; another object, which was told nothing
    for _ in range(2):
        with pytest.warns(AnswerWarning, match="1 of 1 questions were left unanswered"):
            assert enhancer().complete(["bad"]) == [None]
    assert enhancer().complete(["text 9"]) == [expected("text 9")]


def test_questions_that_failed_while_others_succeeded_are_left_ever_after(server, enhancer):
    server.on_chat = fail_bad
    texts = ["good 1", "bad 1", "good 2", "bad 2", "good 3"]
    with pytest.warns(AnswerWarning, match="2 of 5 questions"):
        enhancer(max_concurrency=1).complete(texts)
    with pytest.warns(AnswerWarning, match="2 of 2 questions"):
        assert enhancer().complete(["bad 1", "bad 2"]) == [None, None]


def test_a_server_that_dies_between_two_calls_is_an_error(server, enhancer):
    enhancer().complete(["good 1", "good 2"])
    server.on_chat = lambda body: 500
    for _ in range(2):
        with pytest.raises(EnhancerError, match="Of 20 questions 0 were answered"):
            enhancer(max_retries=0).complete([f"text {i}" for i in range(20)])
    assert len(server.chats) < 2 + 2 * 20


def test_nobody_at_the_address_any_more_is_an_error_at_once(server, enhancer, expected):
    model = enhancer(max_retries=0)
    assert model.complete(["good"]) == [expected("good")]
    close_clients()
    server.shutdown()
    server.server_close()
    with pytest.raises(EnhancerError, match="ConnectError"):
        model.complete(["text"])


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": "content_filter", "message": "no"}),
        (400, {"code": "context_length_exceeded", "message": "long"}),
        (400, {"message": "This model's maximum context length is 8 tokens"}),
        (413, {"message": "Request too large"}),
    ],
)
def test_a_question_that_is_refused_for_its_own_sake_is_left_and_counted(server, enhancer, expected, status, error):
    server.on_chat = lambda body: (status, {}, {"error": error}) if "bad" in body["messages"][0]["content"] else None
    with pytest.warns(AnswerWarning, match="2 of 3 questions were left unanswered"):
        answers = enhancer().complete(["bad 1", "good", "bad 2"])
    assert answers == [None, expected("good"), None]
    assert len(server.chats) == 3


@pytest.fixture
def heeding_ctrl_c():
    """Python's own handler of Ctrl-C, also where the suite was started in the background, with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding_ctrl_c")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_waits_for_what_is_in_flight_and_a_second_one_for_nothing(server, enhancer, expected, times, caplog):
    def interrupt_at_the_fourth(body):
        if len(server.chats) == 4:
            time.sleep(0.3)  # by now the other thread waits for this answer
            for _ in range(times):
                _thread.interrupt_main()
                time.sleep(1.0)
            server.released.wait(30 if times == 2 else 0)

    server.on_chat = interrupt_at_the_fourth
    arrived = []
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        for position, answer in enhancer(max_concurrency=1).complete_iter([f"text {i}" for i in range(9)]):
            arrived.append((position, answer))
    assert arrived == [(i, expected(f"text {i}")) for i in range(4 if times == 1 else 3)]
    assert len(server.chats) == 4
    assert time.monotonic() - start < 20  # the fourth answer would have come after 30
    assert [record.name for record in caplog.records if "in flight" in record.getMessage()] == ["skellagnn"]


def test_whoever_takes_no_more_answers_pays_for_few_more(server, enhancer):
    arriving = enhancer(max_concurrency=2).complete_iter([f"text {i}" for i in range(100)])
    next(arriving)
    time.sleep(0.3)
    assert len(server.chats) <= 2 * 2
    arriving.close()
    time.sleep(0.1)
    assert len(server.chats) <= 1 + 2 * 2


def test_a_fault_of_the_package_itself_is_not_hidden(server, enhancer, monkeypatch):
    import skellagnn.llm.enhancers._chat as module

    monkeypatch.setattr(module, "read_reply", lambda *args: 1 / 0)
    with pytest.raises(EnhancerError, match="ZeroDivisionError"):
        enhancer().complete(["cats"])
    monkeypatch.setattr(module, "estimate_tokens", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        enhancer().complete(["cats"])


# --- the key ----------------------------------------------------------------------------------------------------


def test_the_key_is_nowhere_to_be_found(server, enhancer, key, caplog, monkeypatch):
    """Fail in every way, with a server that quotes the key, and search all that is left of it."""
    caplog.set_level("DEBUG")
    for name in ("openai", "httpx", "httpcore", "httpx2", "httpcore2", "skellagnn"):
        caplog.set_level("DEBUG", logger=name)
    quote = {"error": {"message": f"Incorrect API key: {key} (Authorization: Bearer {key})", "code": key}}
    faults = [401, 400, 404, 429, 500, "drop", "cut", "truncated", "slow", (200, {}, {"error": f"bad {key}"})]
    left = []
    model = enhancer(timeout=0.3, max_retries=1)
    for fault in faults:
        order = (fault, {}, quote) if isinstance(fault, int) else fault
        server.script = [order] * 2
        with pytest.raises(EnhancerError) as caught:
            model.complete(["cats"])
        error = caught.value
        assert (error.__cause__, error.__context__) == (None, None)
        left += ["".join(traceback.format_exception(error)) + repr(error)]
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        left += [str(list(frame.locals.values())) for frame in shown.stack if "skellagnn" in frame.filename]
    server.script = [(400, {}, {"error": {"message": f"too long for {key}", "code": "content_filter"}})]
    with pytest.warns(AnswerWarning) as caught:
        model.complete(["cats"])
    left += [str(warning.message) for warning in caught]
    batch = enhancer(batch=True)
    server.batch_lines = lambda lines: [{**line, "response": None, "error": {"message": key}} for line in lines]
    with pytest.warns(AnswerWarning) as caught:
        batch.complete(["cats"])
    left += [str(warning.message) for warning in caught]
    left += [repr(model), str(model.get_params()), model.name, repr(batch), str(vars(model))]
    left += [pickle.dumps(model, protocol).decode("latin-1") for protocol in range(6)]
    left += [record.getMessage() + str(vars(record)) for record in caplog.records]
    assert any("Bearer ***" in text for text in left)  # the server's words were quoted, without the key
    assert any("skellagnn" in record.name for record in caplog.records)
    assert any("openai" in record.name for record in caplog.records)
    assert not [text for text in left if key in text]


@pytest.mark.parametrize("before", [275, 280, 290])
def test_a_key_at_the_end_of_a_quote_is_not_there_in_part(server, enhancer, key, caplog, before):
    caplog.set_level("INFO", logger="skellagnn")
    text = "x" * before + key + "y" * 50
    faults = [(status, {}, {"error": {"message": text}}) for status in (200, 400, 500)]
    faults += [(200, {}, reply("", error={"message": text})), (200, {}, {"no": text[20:]})]
    faults += [(200, {}, json.dumps(text[20:]).encode())]
    left = []
    for fault in faults:
        server.script = [fault] * 2
        with pytest.raises(EnhancerError) as caught:
            enhancer(max_retries=1).complete(["cats"])
        left.append(str(caught.value))
    server.batch_lines = lambda lines: [{**line, "response": None, "error": {"message": text}} for line in lines]
    with pytest.warns(AnswerWarning) as warned:
        enhancer(batch=True).complete(["cats"])
    left += [str(warning.message) for warning in warned]
    server.batch_status = lambda batch: "failed"
    server.failure = text
    with pytest.raises(EnhancerError, match="xxxx") as caught:
        enhancer(batch=True).complete(["dogs"])
    left += [str(caught.value), caplog.text]
    assert all("xxxx" in text for text in left)
    assert not [text for text in left if key[:4] in text]


def test_a_key_in_hand_is_neither_shown_nor_pickled(key):
    secret = Secret(key)
    assert key not in repr(secret) + str(secret) + f"{secret}"
    assert secret.reveal() == key
    with pytest.raises(TypeError, match="a key is not pickled"):
        pickle.dumps(secret)


def test_a_missing_key_is_named_by_its_variable(server, enhancer, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(EnhancerError, match=r"'SKELLAGNN_TEST_KEY', which is not set\. Set SKELLAGNN_TEST_KEY"):
        enhancer().complete(["cats"])
    assert server.requests == []


def test_a_key_that_no_header_can_carry_is_not_shown(enhancer, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sk-abc\ndef")
    with pytest.raises(EnhancerError, match="has blanks, control or non-ASCII characters") as caught:
        enhancer().complete(["cats"])
    assert "sk-abc" not in str(caught.value)


def test_a_key_is_used_without_the_newline_of_its_file(server, enhancer, key, monkeypatch):
    monkeypatch.setenv(VARIABLE, f"{key}\n")
    enhancer().complete(["cats"])
    assert server.requests[0][3]["Authorization"] == f"Bearer {key}"


def test_a_changed_key_is_used_at_once(server, enhancer, monkeypatch):
    model = enhancer()
    model.complete(["cats"])
    monkeypatch.setenv(VARIABLE, "another-key")
    model.complete(["cats"])
    assert server.requests[1][3]["Authorization"] == "Bearer another-key"


def test_a_key_in_place_of_a_variable_is_refused_and_not_shown(key):
    with pytest.raises(
        InvalidParameterError, match="`api_key_env` must be the name of an environment variable"
    ) as caught:
        OpenAIEnhancer("m", api_key_env=key)
    assert key not in str(caught.value)


def test_servers_on_this_machine_need_no_key_and_get_none(server, enhancer, key, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    enhancer(api_key_env=None).complete(["cats"])
    assert key not in str(server.requests[0][3])


def test_openai_itself_needs_a_key():
    with pytest.raises(InvalidParameterError, match="`api_key_env` must name the environment variable with the key"):
        OpenAIEnhancer("m", api_key_env=None).complete(["cats"])


# --- name, address, parameters ----------------------------------------------------------------------------------


def test_the_name_tells_model_address_and_settings(monkeypatch):
    assert OpenAIEnhancer("m").name == "openai:m[temperature=0.0]"
    local = OpenAIEnhancer("m", base_url="http://localhost:8000/v1/", temperature=None, seed=3, max_tokens=9)
    assert local.name == "openai:m@http://localhost:8000/v1[max_tokens=9,seed=3]"
    long = OpenAIEnhancer("m", system_prompt="x" * 1000).name
    assert "system_prompt=sha256:" in long
    assert len(long) < 100
    monkeypatch.setenv("OPENAI_BASE_URL", "https://proxy.example/v1")
    assert OpenAIEnhancer("m").name == "openai:m@https://proxy.example/v1[temperature=0.0]"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("localhost:8000", "got 'localhost:8000'. Begin it with http"),
        ("ftp://host/v1", "got 'ftp://host/v1'"),
        (8000, "got 8000"),
        ("http://[", r"got 'http://\['"),
        ("http://host/v1/chat/completions", "Leave the endpoint off its end"),
    ],
)
def test_an_address_that_is_none_is_named(url, sentence):
    with pytest.raises(InvalidParameterError, match=f"`base_url` must be the address of .*{sentence}"):
        resolve_url(url)


@pytest.mark.parametrize("url", ["http://me:SECRET@host/v1", "http://host/v1?api_key=SECRET", "http://host/v1#SECRET"])
def test_an_address_with_a_secret_in_it_is_refused_and_not_shown(url):
    with pytest.raises(InvalidParameterError, match="got one with a user, password, query or fragment") as caught:
        OpenAIEnhancer("m", base_url=url).name  # noqa: B018
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"max_concurrency": 0}, "`max_concurrency` must be an int of at least 1, got 0"),
        ({"max_retries": -1}, "`max_retries` must be an int of at least 0, got -1"),
        ({"timeout": 0}, r"`timeout` must be a number of at least 0\.001, got 0"),
        ({"timeout": float("nan")}, "`timeout` must be a number .* got nan"),
        ({"requests_per_minute": 0}, r"`requests_per_minute` must be a number of at least 0\.001 or None, got 0"),
        ({"tokens_per_minute": "many"}, "`tokens_per_minute` must be a number .* got 'many'"),
        ({"temperature": -0.5}, r"`temperature` must be a number of at least 0 or None, got -0\.5"),
        ({"max_tokens": 0}, "`max_tokens` must be an int of at least 1 or None, got 0"),
        ({"system_prompt": ""}, "`system_prompt` must be a non-empty string or None, got ''"),
        ({"token_parameter": "max_length"}, "`token_parameter` must be 'max_tokens' or 'max_completion_tokens'"),
        ({"extra_body": {"stream": True}}, "`extra_body` must not hold 'stream', got True. Answers are stored whole"),
        ({"extra_body": {"n": 2}}, "`extra_body` must not hold 'n', got 2. One answer a prompt"),
        ({"extra_body": ["top_k"]}, "`extra_body` must be a dict with str keys or None"),
        ({"extra_body": {"x": object()}}, "not JSON serializable"),
        ({"batch": True, "batch_state": {}}, "`batch_state` must have the methods get_state and update_state"),
    ],
)
def test_a_wrong_parameter_is_named(server, enhancer, settings, sentence):
    error = EnhancerError if "JSON" in sentence else InvalidParameterError
    with pytest.raises(error, match=sentence):
        enhancer(**settings).complete(["cats"])
    assert server.requests == []


def test_a_missing_package_is_named_with_its_extra(enhancer, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'skellagnn\[openai\]'"):
        enhancer().complete(["cats"])


def test_nothing_is_asked_for_nothing(server, enhancer, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert enhancer().complete([]) == []
        assert list(enhancer(batch=True).complete_iter([])) == []
    assert server.requests == []


# --- faults by kind ---------------------------------------------------------------------------------------------

QUESTION_REFUSALS = [
    (400, {"message": "Content Exists Risk", "type": "invalid_request_error"}, "content refused"),
    (400, {"code": "data_inspection_failed", "message": "Input may be inappropriate."}, "content refused"),
    (403, {"message": "Your input was flagged", "metadata": {"reasons": ["violence"]}}, "content refused"),
    (400, {"message": "The decoder prompt is longer than the maximum model length of 8"}, "too long"),
    (429, {"message": "Request too large for m: input must be reduced"}, "too long"),
    (422, {"message": "words that nobody has heard"}, "HTTP 422"),
    (418, {"message": "words that nobody has heard"}, "HTTP 418"),
    (403, {"message": "words that nobody has heard"}, "HTTP 403"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "error", "kind"), QUESTION_REFUSALS)
@pytest.mark.parametrize("n_bad", [1, 4])
def test_one_question_refused_in_whatever_words_ends_nothing(server, enhancer, expected, status, error, kind, n_bad):
    server.on_chat = lambda body: (status, {}, {"error": error}) if "bad" in body["messages"][0]["content"] else None
    texts = [*(f"bad {i}" for i in range(n_bad)), "good"]
    for asked in (texts, texts[::-1], texts[:n_bad]):  # the last alone, as where all others are stored
        with pytest.warns(AnswerWarning, match=f"{n_bad} of {len(asked)} questions were left unanswered"):
            outcomes = dict(enhancer(max_concurrency=1, max_retries=1).complete_iter(asked))
        for position, text in enumerate(asked):
            assert outcomes[position] == expected(text) if text == "good" else outcomes[position].kind == kind


@pytest.mark.parametrize("body", [
    b"plain words", b"<html><body><p>plain words</p></body></html>", b'["plain words"]', b'{"detail": "plain words"}',
    b'{"error": "plain words"}', b'[{"error": {"code": 400, "message": "plain words"}}]',
])  # fmt: skip
def test_the_servers_own_words_are_quoted(server, enhancer, body):
    server.on_chat = lambda _: (400, {}, body)
    with pytest.raises(EnhancerError, match="HTTP 400: plain words"):
        enhancer().complete(["cats"])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            {"message": "on requests per day (RPD): Limit 9. Please try again in 2s"},
            "The allowance of a day is used up",
        ),
        (
            {"message": "You exceeded your current quota", "code": "insufficient_quota"},
            "The allowance of money is used",
        ),
    ],
)
def test_an_allowance_that_is_used_up_ends_at_once(server, enhancer, error, sentence):
    server.script = [(429, {}, {"error": error})] * 9
    with pytest.raises(EnhancerError, match=sentence):
        enhancer(max_retries=5).complete(["cats"])
    assert len(server.chats) == 1


def test_a_limit_a_minute_is_waited_for_beyond_the_retries_and_said_once(
    server, enhancer, expected, monkeypatch, caplog
):
    monkeypatch.setattr(_limits, "PATIENCE", 90.0)
    monkeypatch.setattr(_limits, "SAID_WAIT", 0.001)
    server.script = [(429, {"Retry-After": "0"})] * 9 + [(429, {}, {"error": {"message": "try again in 40ms"}})] * 2
    with caplog.at_level("WARNING", logger="skellagnn"):
        assert enhancer(max_retries=1).complete(["cats"]) == [expected("cats")]
    assert len(server.chats) == 12
    said = [record for record in caplog.records if "HTTP 429" in record.getMessage()]
    assert 1 <= len(said) <= 11


def test_nobody_at_the_address_is_found_out_soon(enhancer, monkeypatch):
    waits = []
    monkeypatch.setattr("skellagnn.llm.enhancers._service.backoff", lambda attempt: waits.append(attempt) or 0.0)
    with pytest.raises(EnhancerError, match=r"tried 2 times\) Is the server running, and is `base_url` its address"):
        enhancer(base_url="http://127.0.0.1:9/v1", max_retries=9).complete(["cats"])
    assert waits == [0]


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        (reply("", finish_reason="length", message={"content": "", "reasoning_content": "Hm"}), "thinking"),
        (
            {
                **reply(None, finish_reason="length"),
                "usage": {"completion_tokens_details": {"reasoning_tokens": 9}},
            },
            "thinking",
        ),
        (reply("", finish_reason="length"), "length"),
        (reply("cat", finish_reason="model_length"), "model_length"),
    ],
)  # fmt: skip
def test_thinking_that_took_all_tokens_is_called_so(server, enhancer, body, finish):
    server.script = [(200, {}, body)]
    assert enhancer().complete(["cats"])[0].finish_reason == finish


@pytest.mark.parametrize("finish", ["network_error", "abort", "insufficient_system_resource"])
def test_an_answer_that_broke_off_is_asked_for_again(server, enhancer, expected, finish):
    server.script = [(200, {}, reply("Not a", finish_reason=finish))]
    assert enhancer().complete(["cats"]) == [expected("cats")]


def test_a_model_that_is_still_loading_is_asked_again(server, enhancer, expected):
    server.script = [(200, {}, {**reply(""), "usage": {"prompt_tokens": 0, "completion_tokens": 0}})]
    assert enhancer().complete(["cats"]) == [expected("cats")]


def test_the_servers_name_of_the_model_is_kept(server, enhancer):
    server.script = [(200, {}, {**reply("cat"), "model": "m-2024-07-18"})]
    assert enhancer().complete(["cats"])[0].snapshot == "m-2024-07-18"


def test_a_prompt_that_the_server_cut_is_found_by_its_count(server, enhancer, ask):
    long, short = ask("cats and dogs " * 400), ask("cats")
    server.on_chat = lambda body: (200, {}, {**reply("cat"), "usage": {"prompt_tokens": min(
        200, len(body["messages"][0]["content"]) // 4), "completion_tokens": 1}})  # fmt: skip
    with pytest.warns(AnswerWarning, match="read 200 tokens or less of 1 of 2 prompts .* context_window=200"):
        enhancer().complete([long, short])
    with pytest.warns(AnswerWarning, match="1 of 2 prompts were longer than `context_window`"):
        enhancer(context_window=200).complete([long, short])
    sent = max(server.texts()[2:], key=len)
    assert 1.25 * len(sent) / 4 + 6 <= 200 < 1.25 * (len(sent) + 8) / 4 + 6
    assert sent.startswith("Keywords of this text: cats")
    assert sent.endswith(" Keywords:")
    with pytest.raises(EnhancerError, match="`context_window` must have room for instruction and answer, got 15"):
        enhancer(context_window=15).complete([long])


@pytest.mark.parametrize(
    ("texts", "counts", "found"),
    [
        (["x" * 8000], [900], [900]),
        (["x" * 8000], [1001], []),
        (["\u0431" * 22_000], [8000], []),  # Cyrillic: nearly three characters a token
        (["\u732b" * 8000], [1500], [1500]),
        (["x" * 8000] * 3, [1, 1, 7], []),  # of a cache nearly nothing is counted
        (["x" * 8000] * 3, [100, 300, 700], []),
        (["x" * n for n in (8000, 9000, 11_000, 15_000, 400)], [2048, 2048, 2048, 2048, 100], [2048] * 4),
        (["x" * n for n in (8000, 8100, 8200, 8050)], [2048] * 4, []),
        (["x" * 8000], [None], []),
        ([], [], []),
        ([f"{i:04} " + "word " * 2200 for i in range(6)], [2048] * 6, [2048] * 6),  # as long as each other
        ([f"{i:04} " + "word " * 1800 for i in range(6)], [2048] * 6, []),
        (["a" + " " * 4000 + "b"] * 6, [90] * 6, []),
    ],
)
def test_counts_of_cut_prompts(texts, counts, found):
    assert cut_counts(texts, counts) == found


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 30, "prompt_tokens_details": {"cached_tokens": 4000}}, 4030),
        ({"prompt_tokens": 4030, "prompt_tokens_details": {"cached_tokens": 4000}}, 4030),
        ({"prompt_tokens": "2048"}, 2048),
        ({"prompt_tokens": 5, "prompt_tokens_details": None}, 5),
    ],
)
def test_tokens_of_a_prompt_are_read(server, enhancer, usage, tokens):
    server.script = [(200, {}, {**reply("cat"), "usage": {**usage, "completion_tokens": 1}})]
    assert enhancer().complete(["cats"])[0].tokens_in == tokens


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "The request alone needs more tokens than the limit allows. Please reduce the prompt length."),
        (429, "单次请求的 token 数超过限制，请缩短输入"),
        (429, "Tokens per request limit exceeded: 9000 > 8000"),
        (429, "Rate limit reached for m on tokens per min. Limit: 10000 / min. Requested: 12,000."),
        (500, "the request exceeds the available context size, try increasing it"),
    ],
)
def test_what_can_never_pass_is_asked_once(server, enhancer, ask, expected, status, message):
    server.on_chat = lambda body: (
        (status, {}, {"error": {"message": message}}) if "dogs" in body["messages"][0]["content"] else None
    )
    with pytest.warns(AnswerWarning, match="1 of 2 questions were left unanswered"):
        answers = enhancer(max_retries=3).complete([ask("cats"), ask("dogs")])
    assert answers == [expected(ask("cats")), None]
    assert sum("dogs" in text for text in server.texts()) == 1


def test_a_limit_a_minute_that_leaves_room_for_the_question_is_waited_for():
    assert not concerns_question(429, "", "Rate limit reached: Limit 10000, Used 9000, Requested 2000. Try again in 6s")


@pytest.mark.parametrize(
    "url", ["http://me:SECRET@h/v1", "http://SECRET@h/v1", "http://h/v1?key=SECRET", "http://h/v1#SECRET"]
)
def test_an_address_with_a_secret_never_becomes_a_parameter(url):
    with pytest.raises(InvalidParameterError, match="not shown here") as caught:
        OpenAIEnhancer("m", base_url=url)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [{"api_key": "SECRET"}, {"extra": {"Authorization": "SECRET"}}, {"parts": [{"access_token": "SECRET"}]}]
)
def test_a_setting_with_a_secret_never_becomes_a_parameter(body):
    with pytest.raises(InvalidParameterError, match="`extra_body` must hold no secret") as caught:
        OpenAIEnhancer("m", extra_body=body)
    assert "SECRET" not in str(caught.value)
    # the object is half made, and a traceback with local variables shows it
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert "OpenAIEnhancer(" in "".join(lines)
    assert OpenAIEnhancer("m", extra_body={"stop_token_ids": [1], "num_ctx": 8192}).extra_body["num_ctx"] == 8192


@pytest.mark.parametrize("url", ["http://a..b/v1", f"http://{'a' * 70}.com/v1"])
def test_a_host_that_cannot_be_is_refused(url):
    with pytest.raises(InvalidParameterError, match="which no host can be called"):
        OpenAIEnhancer("m", base_url=url, api_key_env=None).check()


@pytest.mark.parametrize(("variable", "value"), [
    ("HTTPS_PROXY", "socks9://me:SECRET@host:1"),
    ("ALL_PROXY", "nonsense://me:SECRET@host"),
    ("SSL_CERT_FILE", "/no/where.pem"),
    ("HTTP_PROXY", "http://[::1"),
    ("HTTP_PROXY", "http://me:SECRET#x@host:1"),
])  # fmt: skip
def test_proxies_and_certificates_that_cannot_be_used_are_named(server, enhancer, monkeypatch, variable, value):
    close_clients()
    monkeypatch.setenv(variable, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(EnhancerError, match=variable) as caught:
        enhancer(max_retries=0).complete(["cats"])
    shown = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in shown


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_is_not_there_is_named_without_its_password(server, enhancer, monkeypatch, variable):
    close_clients()
    monkeypatch.setenv(variable, "http://me:SECRET@127.0.0.1:9/")
    monkeypatch.delenv("NO_PROXY")
    with pytest.raises(EnhancerError, match=r"Is the proxy 127\.0\.0\.1:9 running") as caught:
        enhancer(max_retries=0).complete(["cats"])
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://ho st/v1", "http://host/v1\nx", "http://host\t/v1", "http://host:99999/v1"])
def test_an_address_with_blanks_in_it_is_refused(url):
    with pytest.raises(InvalidParameterError, match="`base_url` must be the address"):
        resolve_url(url)


def test_blanks_around_an_address_are_left_off():
    assert resolve_url(" http://localhost:8000/v1/\n") == "http://localhost:8000/v1"


@pytest.mark.parametrize(
    "key", ["sk-abc", "sk_live_abc", "gsk_abcdefgh", "AIzaSyA1234", "hf_abcdef", "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"]
)
def test_a_key_in_place_of_a_variable_is_refused_wherever_it_is_set(key):  # fmt: skip
    enhancer = OpenAIEnhancer("m")
    for give in (
        lambda: OpenAIEnhancer("m", api_key_env=key),
        lambda: enhancer.set_params(api_key_env=key),
        lambda: setattr(enhancer, "api_key_env", key),
    ):
        with pytest.raises(InvalidParameterError, match="`api_key_env` must be the name") as caught:
            give()
        assert key not in str(caught.value) + repr(enhancer)
    assert enhancer.set_params(api_key_env="MY_OPENAI_KEY_2").api_key_env == "MY_OPENAI_KEY_2"
