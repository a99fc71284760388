"""Class names by a schema and their probabilities: servers that answer as the known ones do, each on loopback."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from skellagnn.enhancers import Answer, OpenAIEnhancer
from skellagnn.llm.asking import build_questions
from skellagnn.prompts import BUILTIN_PROMPTS, PromptCatalog, Question

NAMES = ("Neural Networks", "Theory", "Case Based")
TOPIC = BUILTIN_PROMPTS["topic"]


def topic(text):
    return Question(TOPIC, {"text": text, "class_names": ", ".join(NAMES)}, ("n",), NAMES)


@pytest.fixture
def enhancer(server):
    def make(**settings):
        return OpenAIEnhancer("m", **{"base_url": server.url, "api_key_env": None, "max_retries": 1, **settings})

    return make


def said(content, tokens=None, finish="stop"):
    listed = None if tokens is None else {"content": [{"token": token, "logprob": p} for token, p in tokens]}
    message = {"role": "assistant", "content": content}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": listed}]}


STRUCTURED = '{"first_choice": "Theory", "second_choice": "Case Based", "reason": "It proves bounds."}'
TOKENS = [('{"', -0.1), ("first", 0), ("_choice", 0), ('": "', 0), ("The", -0.5), ("ory", -0.25), ('", "', 0)]
TEXT = "Theory; second choice: Case Based. It proves bounds."


def openai(body):
    assert body["response_format"]["json_schema"]["strict"] is True
    return said(STRUCTURED, [*TOKENS, (STRUCTURED[25:], -3.0)] if body.get("logprobs") else None)


def vllm(body):
    return openai(body)


def ollama(body):
    return said(STRUCTURED)  # takes the schema, says nothing of probabilities


def gemini(body):
    if "logprobs" in body:
        error = {"code": 400, "message": "Logprobs is not enabled for models/m", "status": "INVALID_ARGUMENT"}
        return 400, {}, [{"error": error}]
    return said(STRUCTURED)


def mistral(body):
    if "logprobs" in body:
        return 422, {}, {"detail": [{"type": "extra_forbidden", "loc": ["body", "logprobs"], "msg": "not permitted"}]}
    return said(STRUCTURED)


def deepseek(body):
    if "response_format" in body:
        return 400, {}, {"error": {"message": "This response_format type is unavailable now"}}
    return said(TEXT, [("Theory", -0.75), (TEXT[6:], -4.0)] if body.get("logprobs") else None)


def old(body):  # in words that are not known
    return (400, {}, {"error": "bad request"}) if {"response_format", "logprobs"} & body.keys() else said(TEXT)


def deaf(body):  # takes no notice of what it does not know
    return said(TEXT)


BARE = math.exp(-0.75)


@pytest.mark.parametrize(
    ("answers", "confidence", "tries", "kept"),
    [
        (openai, BARE, 1, {"response_format", "logprobs"}),
        (vllm, BARE, 1, {"response_format", "logprobs"}),
        (ollama, None, 1, {"response_format", "logprobs"}),
        (gemini, None, 2, {"response_format"}),
        (mistral, None, 2, {"response_format"}),
        (deepseek, BARE, 2, {"logprobs"}),
        (old, None, 2, set()),
        (deaf, None, 1, {"logprobs"}),
    ],
)
def test_a_server_gives_what_it_can_and_is_tried_once(server, enhancer, answers, confidence, tries, kept):
    def on_chat(body):
        answer = answers(body)
        return answer if isinstance(answer, tuple) else (200, {}, answer)

    server.on_chat = on_chat
    (answer,) = enhancer().complete([topic("a")])
    assert answer == TEXT
    assert answer.confidence == (None if confidence is None else pytest.approx(confidence))
    assert answer.is_complete
    assert len(server.chats) == tries
    more = enhancer(max_concurrency=4).complete([topic(f"text {i}") for i in range(6)])
    assert more == [TEXT] * 6
    assert len(server.chats) == tries + 6  # what it refused is not tried again, by no object of this process
    assert {"response_format", "logprobs"} & server.chats[-1].keys() == kept


def test_the_schema_lists_the_names_of_the_prompt(server, enhancer):
    server.on_chat = lambda body: (200, {}, said(STRUCTURED))
    enhancer().complete([topic("a")])
    schema = server.chats[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["first_choice"] == {"type": "string", "enum": list(NAMES)}
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False


def test_other_questions_are_asked_as_ever(server, enhancer, ask):
    enhancer().complete([ask("cats"), "plain", Question(TOPIC, {"text": "a", "class_names": "A"}, (), ("A",))])
    enhancer(structured=False).complete([topic("a")])
    assert not any({"response_format", "logprobs"} & body.keys() for body in server.chats)
    assert enhancer(structured=False).name.endswith("[structured=false,temperature=0.0]")


def test_what_the_user_sets_is_left_alone(server, enhancer):
    server.on_chat = lambda body: (200, {}, said("Theory"))
    enhancer(extra_body={"response_format": {"type": "text"}}).complete([topic("a")])
    assert server.chats[0]["response_format"] == {"type": "text"}


def test_a_refused_question_does_not_cost_the_schema(server, enhancer):
    def on_chat(body):
        if "bad" in body["messages"][0]["content"]:
            return 400, {}, {"error": "hm"}
        return 200, {}, said(STRUCTURED)

    server.on_chat = on_chat
    with pytest.warns(match="1 of 2 questions"):
        assert enhancer(max_concurrency=1).complete([topic("bad"), topic("good")]) == [None, TEXT]
    assert "response_format" in server.chats[-1]


@pytest.mark.parametrize(
    ("content", "finish", "text", "complete"),
    [
        (STRUCTURED, "stop", TEXT, True),
        (f"```json\n{STRUCTURED}\n```", "stop", TEXT, True),
        (STRUCTURED.replace("Case Based", "Theory"), "stop", "Theory. It proves bounds.", True),
        ('{"first_choice": "Theory", "second_choice": "Case Based", "reason": "It pr', "length",
         "Theory; second choice: Case Based.", True),
        ('{"first_choice": "Theory", "second_ch', "length", "Theory.", False),
        ('{"first_choice": "Magic", "second_choice": "Theory", "reason": ""}', "stop",
         '{"first_choice": "Magic", "second_choice": "Theory", "reason": ""}', True),
        ("[" * 5000, "stop", "[" * 5000, True),
    ],
)  # fmt: skip
def test_an_answer_in_the_asked_form_reads_as_any_other(server, enhancer, content, finish, text, complete):
    server.on_chat = lambda body: (200, {}, said(content, finish=finish))
    (answer,) = enhancer().complete([topic("a")])
    assert (answer, answer.is_complete) == (text, complete)
    assert isinstance(answer, Answer)


@pytest.mark.parametrize(
    ("tokens", "confidence"),
    [
        ([("The", -1.0), ("ory", -0.5), ("; second", -9.0)], math.exp(-1.5)),
        ([("**", -2.0), ("Theory", -0.5), ("** is", -9.0)], math.exp(-0.5)),
        ([(" neural", -0.5), (" networks", 0.0), (".", -1.0)], math.exp(-0.5)),
        ([("Theory", 0.0)], 1.0),
        ([("I", -1.0), (" think", -1.0), (" Theory", -1.0)], None),
        ([("Theory", float("nan"))], None),
        ([("Theory", 3.0)], None),
        ([], None),
        (None, None),
        ([(None, "x")], None),
    ],
)
def test_a_confidence_is_the_probability_of_the_first_name(server, enhancer, tokens, confidence):
    text = "".join(str(token) for token, _ in tokens or [("Theory", 0)])
    data = json.dumps(said(text, tokens)).encode()
    server.on_chat = lambda body: (200, {}, data)
    (answer,) = enhancer().complete([topic("a")])
    assert answer.confidence == (None if confidence is None else pytest.approx(confidence))


@pytest.mark.parametrize(
    ("answers", "kept"),
    [(openai, {"response_format", "logprobs"}), (gemini, {"response_format"}), (deaf, {"logprobs"})],
)
def test_a_batch_job_asks_for_what_one_question_got(server, enhancer, answers, kept):
    def on_chat(body):
        answer = answers(body)
        return answer if isinstance(answer, tuple) else (200, {}, answer)

    server.on_chat = on_chat
    server.batch_lines = lambda lines: [
        {**line, "response": {"status_code": 200, "body": said(STRUCTURED)}} for line in lines
    ]
    batcher = enhancer(batch=True, batch_poll=0.0)
    n_tries = 2 if answers is gemini else 1

    assert batcher.complete([topic(f"text {i}") for i in range(4)] + [topic("text 0")]) == [TEXT] * 5
    assert len(server.chats) == n_tries
    bodies = [json.loads(line)["body"] for line in server.files["file-0"].splitlines()]
    assert len(bodies) == 3  # the first was asked by itself
    assert all({"response_format", "logprobs"} & body.keys() == kept for body in bodies)
    batcher.complete([topic("another")])
    assert len(server.chats) == n_tries


def test_questions_know_their_choices():
    from skellagnn import TextGraph

    graph = TextGraph.from_edges([(0, 1)], texts=["a", "b"], n_nodes=2)
    catalog = PromptCatalog.from_parameter(["topic", "keywords"])
    questions = build_questions(graph, np.array([0]), catalog, ["Neural_Networks", "Theory, old"]).questions
    assert [question.choices for question in questions] == [("Neural Networks", "Theory, old"), ()]
