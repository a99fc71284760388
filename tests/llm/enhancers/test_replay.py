"""Recorded answers: by node, by text, from files and folders, and what is wrong with them."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from skellagnn.enhancers import ReplayEnhancer
from skellagnn.exceptions import InvalidParameterError, MissingAnswerError
from skellagnn.prompts import Prompt, Question

KEYWORDS = Prompt("keywords", "Keywords of {text}")
TOPIC = Prompt("topic", "{text} is one of {class_names}")
RECORDS = [
    {"node": "a", "prompt": "keywords", "response": "cat"},
    {"id": 7, "prompt": "keywords", "response": "dog"},
    {"name": "a", "prompt": "topic", "response": "Pets"},
    {"text": "On mice", "prompt": "keywords", "response": "mouse"},
    {"node": None, "id": "b", "prompt": "keywords", "response": "bee"},
]


def about(text, *names, prompt=KEYWORDS):
    return Question(prompt, {"text": text, "class_names": "Pets, Cars"}, names)


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_answers_are_found_by_node_and_prompt():
    questions = [about("x", "7"), about("x", "a"), about("x", "a", prompt=TOPIC), about("x", "b")]
    assert ReplayEnhancer(RECORDS).complete(questions) == ["dog", "cat", "Pets", "bee"]


def test_answers_are_found_by_text_and_by_any_name_of_it():
    replay = ReplayEnhancer(RECORDS)
    assert replay.complete([about("On mice", "unknown")]) == ["mouse"]
    assert replay.complete([about("x", "unknown", "7", "a")]) == ["dog"]
    assert replay.complete([about("On mice", "a")]) == ["cat"]  # what names the node says more


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.jsonl.gz"])
def test_a_file_may_be_compressed(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(lines(RECORDS)) if name.endswith("gz") else lines(RECORDS) + b"\n  \n")
    for source in (path, str(path)):
        assert ReplayEnhancer(source).complete([about("x", "a")]) == ["cat"]
    assert ReplayEnhancer(path).name == ReplayEnhancer(RECORDS).name


@pytest.mark.parametrize("name", ["llm_answers.jsonl", "llm_answers.jsonl.gz"])
def test_a_folder_holds_the_answers(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(lines(RECORDS)) if name.endswith("gz") else lines(RECORDS))
    replay = ReplayEnhancer(tmp_path)
    assert replay.complete([about("x", "7")]) == ["dog"]
    assert replay.recorded_nodes == {"a", "7", "b"}
    assert replay.recorded_prompts == {"keywords", "topic"}


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(lines(RECORDS))
    before = ReplayEnhancer(path).name
    path.write_bytes(lines([{**RECORDS[0], "response": "lion"}, *RECORDS[1:]]))
    os.utime(path, ns=(1, 1))
    assert ReplayEnhancer(path).complete([about("x", "a")]) == ["lion"]
    assert ReplayEnhancer(path).name != before


def test_the_name_is_that_of_the_answers_in_any_order():
    assert ReplayEnhancer(RECORDS).name == ReplayEnhancer(RECORDS[::-1]).name
    assert ReplayEnhancer(RECORDS).name != ReplayEnhancer(RECORDS[1:]).name
    by_node, by_text = ({key: "a", "prompt": "p", "response": "r"} for key in ("node", "text"))
    assert ReplayEnhancer([by_node]).name != ReplayEnhancer([by_text]).name
    assert ReplayEnhancer(RECORDS, model_name="mine").name == "mine"


def test_a_record_with_a_text_follows_its_text_when_nodes_are_numbered_anew():
    records = [{"node": str(i), "text": f"text {i}", "prompt": "keywords", "response": f"answer {i}"} for i in range(4)]
    replay = ReplayEnhancer(records)

    # nodes 0 and 1 were left out, so that "text 2" stands on node 0
    assert replay.complete([about("text 2", "0"), about("text 3", "1")]) == ["answer 2", "answer 3"]
    assert replay.complete([about("text 0", "0"), about("text 3", "unknown")]) == ["answer 0", "answer 3"]
    assert replay.complete([about("text 1, revised", "1")]) == ["answer 1"]  # nothing is nearer
    assert len({ReplayEnhancer(some).name for some in (records, records[::-1])}) == 1


def test_a_text_with_several_answers_says_nothing_about_another_node():
    records = [{"node": name, "text": "same", "prompt": "keywords", "response": name * 3} for name in "ab"]
    for some in (records, records[::-1]):
        replay = ReplayEnhancer(some, on_missing="skip")
        assert replay.complete([about("same", "c"), about("same", "b")]) == [None, "bbb"]


def test_missing_answers_are_counted_and_named():
    questions = [about("x", str(i)) for i in range(6, 14)]
    with pytest.raises(MissingAnswerError, match="has no answer to 7 of 8 questions") as caught:
        ReplayEnhancer(RECORDS).complete(questions)
    message = str(caught.value)
    assert "'keywords' for node '6', 'keywords' for node '8'" in message
    assert ", ..." in message
    assert "covers 4 nodes and the prompts keywords, topic" in message
    assert "on_missing='skip'" in message


def test_missing_answers_can_be_skipped():
    questions = [about("x", "6"), about("x", "7"), "a plain string"]
    assert ReplayEnhancer(RECORDS, on_missing="skip").complete(questions) == [None, "dog", None]


def test_an_empty_recording_answers_nothing():
    with pytest.raises(MissingAnswerError, match=r"covers 0 nodes and the prompts \(none\)"):
        ReplayEnhancer([]).complete([about("x", "a")])


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"node": "a", "response": "x"}, "records with the strings `prompt` and `response`, got .* at record 1"),
        ({"node": "a", "prompt": "p", "response": 3}, "records with the strings `prompt` and `response`"),
        ({"prompt": "p", "response": "x"}, "records that name their node .* at record 1"),
        ({"node": None, "prompt": "p", "response": "x"}, "records that name their node"),
        ({"text": 5, "prompt": "p", "response": "x"}, "records that name their node"),
        ({"node": "a", "prompt": "keywords", "response": "x"}, "one answer a node and prompt, got a second, different"),
    ],
)
def test_a_malformed_record_is_named(record, sentence):
    with pytest.raises(InvalidParameterError, match=f"`source` of a ReplayEnhancer must hold {sentence}"):
        ReplayEnhancer([RECORDS[0], record]).complete([about("x", "a")])


def test_the_same_answer_twice_is_one():
    assert ReplayEnhancer([RECORDS[0], RECORDS[0]]).complete([about("x", "a")]) == ["cat"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{broken", "Expecting property name"),
        (b'["a"]', "list instead of a JSON object"),
        (b'{"node": "\xff"}', "can't decode byte"),
    ],
)
def test_a_malformed_line_is_named_by_its_number(tmp_path, line, reason):
    path = tmp_path / "answers.jsonl"
    path.write_bytes(lines(RECORDS[:2]) + line + b"\n")
    with pytest.raises(
        InvalidParameterError, match=f"must be JSON lines in UTF-8, got .*{reason}.* at line 3 of answers"
    ):
        ReplayEnhancer(path).complete([about("x", "a")])


def test_a_file_that_was_cut_short_is_named(tmp_path):
    path = tmp_path / "answers.jsonl.gz"
    path.write_bytes(gzip.compress(os.urandom(4000).hex().encode())[:-400])
    with pytest.raises(InvalidParameterError, match=r"at line 1 of answers\.jsonl\.gz\. Repair"):
        ReplayEnhancer(path).complete([about("x", "a")])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidParameterError, match="must be a JSON-lines file or a folder with llm_answers"):
        ReplayEnhancer(tmp_path / "nowhere.jsonl").name  # noqa: B018
    with pytest.raises(InvalidParameterError, match="where there is none"):
        ReplayEnhancer(tmp_path).complete([about("x", "a")])


@pytest.mark.parametrize("source", [None, 5, {"a": "b"}, ["a"]])
def test_a_source_that_is_none_is_named(source):
    with pytest.raises(InvalidParameterError, match="`source` of a ReplayEnhancer must be a path or a list of dicts"):
        ReplayEnhancer(source).complete([about("x", "a")])


def test_a_wrong_policy_is_named():
    with pytest.raises(
        InvalidParameterError, match="`on_missing` of a ReplayEnhancer must be 'raise' or 'skip', got 'no'"
    ):
        ReplayEnhancer(RECORDS, on_missing="no").complete([about("x", "a")])


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ([96, 1, None], [0.96, 0.01, None]),
        ([0.96, 1, 0], [0.96, 1.0, 0.0]),
        ([100, 0.5, 0], [1.0, 0.005, 0.0]),
        ([None, None, None], [None, None, None]),
    ],
)
def test_a_confidence_is_a_part_of_one_or_percent(said, read):
    records = [
        {"node": str(i), "prompt": "keywords", "response": "cat", "confidence": value} for i, value in enumerate(said)
    ]
    answers = ReplayEnhancer(records).complete([about("x", str(i)) for i in range(3)])
    assert [answer.confidence for answer in answers] == read
    bare = [{key: value for key, value in record.items() if key != "confidence"} for record in records]
    assert (ReplayEnhancer(records).name == ReplayEnhancer(bare).name) == (read == [None] * 3)


@pytest.mark.parametrize("confidence", [-1, 101, "96", True, float("nan")])
def test_a_confidence_that_is_none_is_found(confidence):
    record = {"node": "a", "prompt": "keywords", "response": "cat", "confidence": confidence}
    with pytest.raises(InvalidParameterError, match=r"each `confidence` from 0 to 1, .* at record 0"):
        _ = ReplayEnhancer([record]).name
