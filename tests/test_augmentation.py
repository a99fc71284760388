"""One step of fit alone: an LLM is asked about some nodes, and its answers become views, choices and a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skellagnn import Budget, ELLaGNNClassifier, TextGraph
from skellagnn.augmentation import AnsweredQuestion, Augmenter
from skellagnn.base.vectors import unit_vectors
from skellagnn.encoders import TfidfEncoder
from skellagnn.enhancers import CallableEnhancer, OpenAIEnhancer, ReplayEnhancer, TransformersEnhancer
from skellagnn.exceptions import AnswerWarning, EnhancerError, GraphError, InvalidParameterError
from skellagnn.gnn._targets import LabeledNodes
from skellagnn.llm.store import QuestionKey, ResponseStore
from skellagnn.prompts import Prompt, Question
from skellagnn.selection import Selector
from skellagnn.supervision import Evidence
from skellagnn.validation import check_class_names

TEXTS = ["cats purr", "dogs bark", "rocks are hard", "sand is soft", "cats purr"]
GRAPH = TextGraph.from_edges([(0, 1), (2, 3)], texts=TEXTS, node_names=["a", "b", "c", "d", "e"])
ENCODER = TfidfEncoder().fit(TEXTS)
EMBEDDINGS = unit_vectors(np.asarray(ENCODER.transform(TEXTS), dtype=np.float32))
SAY = Prompt("say", "Say {text}")
CLASS = Prompt("class", "{text}? {class_names}")
NAMES = check_class_names(["animals", "stones"], np.array([0, 1]))
ASKED = np.array([2, 0, 3, 4])
EVIDENCE = Evidence(LabeledNodes(*np.empty((3, 0), dtype=np.int64)), 2, EMBEDDINGS, GRAPH.adjacency)

# What the LLM says to each prompt about each text.
REPLIES = {
    "Say cats purr": "cats and cats",
    "Say rocks are hard": "rocks",
    "Say sand is soft": None,
    "cats purr?": "animals; confidence: 90 %",
    "rocks are hard?": "none of these",
    "sand is soft?": "Stones, or else animals",
}


def reply(prompt):
    return REPLIES[prompt.partition("?")[0] + ("?" if "?" in prompt else "")]


def augmenter(function=reply, prompts=(SAY, CLASS), names=NAMES, **options):
    enhancer = None if function is None else CallableEnhancer(function, model_name="mine")
    return Augmenter(enhancer, list(prompts), names, **{"store": None, **options})


def choosing(nodes):
    """Make a selector that chooses these nodes."""
    scores = np.full(GRAPH.n_nodes, -np.inf)
    scores[nodes] = -np.arange(len(nodes))
    return Selector(lambda *_: scores, len(nodes))


def augment(nodes=ASKED, **options):
    return augmenter(**options).augment(GRAPH, EMBEDDINGS, ENCODER, choosing(nodes), EVIDENCE)


@pytest.fixture
def augmented():
    with pytest.warns(AnswerWarning, match="1 not answered"):
        return augment()


def test_answers_become_views_of_the_nodes_that_were_asked_about(augmented):
    features = augmented.features

    assert features.raw is EMBEDDINGS
    np.testing.assert_array_equal(features.active, ASKED)
    # "none of these" has no word that the encoder knows, and is nothing to show
    assert features.answered.tolist() == [[True, False], [True, False], [False, False], [True, False]]
    for row, word in ((0, "rocks"), (1, "cats"), (3, "cats")):
        expected = unit_vectors(np.asarray(ENCODER.transform([REPLIES[f"Say {TEXTS[ASKED[row]]}"]]), dtype=np.float32))[
            0
        ]
        np.testing.assert_allclose(features.views[row, 0], expected, atol=1e-6)
        assert features.views[row, 0].argmax() == ENCODER.transform([word])[0].argmax()


def test_class_naming_prompts_alone_give_choices_and_confidences(augmented):
    answers = augmented.answers

    np.testing.assert_array_equal(answers.nodes, ASKED)
    assert [table.tolist() for table in answers.choices] == [[[-2, -1], [0, -1], [1, 0], [0, -1]]]
    np.testing.assert_array_equal(answers.confidences, [[np.nan, 0.9, np.nan, 0.9]])
    assert answers.weight == 1.0


def test_everything_that_was_said_is_a_table(augmented):
    assert augmented.said[:4] == (
        AnsweredQuestion(2, "c", "say", "rocks", (), None),
        AnsweredQuestion(0, "a", "say", "cats and cats", (), None),
        AnsweredQuestion(3, "d", "say", None, (), None),
        AnsweredQuestion(4, "e", "say", "cats and cats", (), None),
    )
    assert augmented.said[4:] == (
        AnsweredQuestion(2, "c", "class", "none of these", (), None),
        AnsweredQuestion(0, "a", "class", "animals; confidence: 90 %", ("animals",), 0.9),
        AnsweredQuestion(3, "d", "class", "Stones, or else animals", ("stones", "animals"), None),
        AnsweredQuestion(4, "e", "class", "animals; confidence: 90 %", ("animals",), 0.9),
    )
    assert all(type(row.answer) is str for row in augmented.said if row.answer is not None)
    table = pd.DataFrame(augmented.said)
    assert table.columns.tolist() == ["node", "name", "prompt", "answer", "classes", "confidence"]
    assert table.groupby("prompt").size().to_dict() == {"say": 4, "class": 4}


def test_equal_texts_are_asked_about_once(augmented):
    total = augmented.usage.total

    assert (total.questions, total.asked, total.failed) == (6, 6, 1)
    assert augmented.usage.model == "mine"


def test_names_stand_for_the_classes_of_the_fit():
    swapped = check_class_names({"x": "stones", "y": "animals"}, np.array(["x", "y"]))
    more = check_class_names(["animals", "plants", "stones"], np.array([0, 1, 2]))
    found = [augment(prompts=[CLASS], names=names).answers.choices[0] for names in (swapped, more)]

    assert [table.tolist() for table in found] == [
        [[-2, -1], [1, -1], [0, 1], [1, -1]],
        [[-2, -1], [0, -1], [2, 0], [0, -1]],
    ]


def test_several_prompts_may_name_classes():
    answers = augment(prompts=[CLASS, Prompt("again", "{text}? {class_names}!")]).answers

    assert len(answers.choices) == len(answers.confidences) == 2
    np.testing.assert_array_equal(answers.choices[0], answers.choices[1])


@pytest.mark.parametrize("options", [{"function": None}, {"nodes": []}])
def test_nobody_to_ask_or_to_ask_about_leaves_the_features_alone(options):
    found = augment(**options)

    assert found.features.raw is EMBEDDINGS
    assert (found.features.active.tolist(), found.features.views.shape) == ([], (0, 0, EMBEDDINGS.shape[1]))
    assert (found.answers.choices, found.said, found.usage.total.questions) == ((), (), 0)


def test_without_names_of_classes_answers_are_views_alone():
    found = augment(nodes=[0, 2], prompts=[SAY], names=None)

    assert (found.answers.choices, found.answers.confidences) == ((), ())
    assert found.features.answered.all()


def test_what_a_budget_left_unasked_says_nothing_against_the_llm():
    with pytest.warns(AnswerWarning, match="2 not asked, since the budget was spent"):
        found = augment(prompts=[CLASS], budget=Budget(max_calls=1))

    assert found.answers.choices[0].tolist() == [[-2, -1]] * 4
    assert [row.answer for row in found.said] == ["none of these", None, None, None]


def test_what_names_no_class_does():
    with pytest.warns(AnswerWarning) as caught:
        found = augment(function=lambda prompt: "fungi (90 %)", prompts=[CLASS])

    assert found.answers.choices[0].tolist() == [[-1, -1]] * 4
    assert {(row.answer, row.classes, row.confidence) for row in found.said} == {(None, (), None)}
    assert "3 of 3 answers name none of the classes 'animals', 'stones'" in str(caught[0].message)
    with pytest.raises(EnhancerError, match="3 of 3 answers of 'mine' cannot be used"):
        augment(function=lambda prompt: "fungi (90 %)", prompts=[CLASS], on_bad_answer="raise")


def test_a_bad_answer_is_asked_for_again_where_that_is_wanted():
    asked = []

    def second_thought(prompt):
        asked.append(str(prompt))
        return "stones" if asked.count(str(prompt)) == 2 else "fungi"

    found = augment(function=second_thought, prompts=[CLASS], on_bad_answer="retry")

    assert found.answers.choices[0].tolist() == [[1, -1]] * 4
    assert found.usage.total.second_tries == 3


def test_a_store_answers_the_second_time(tmp_path):
    first = augment(prompts=[CLASS], store=tmp_path / "answers.sqlite")
    found = augment(function=lambda prompt: pytest.fail(prompt), prompts=[CLASS], store=tmp_path / "answers.sqlite")

    assert found.said == first.said
    assert (found.usage.total.found, found.usage.total.asked) == (3, 0)


def test_thinking_of_any_back_end_is_no_answer(tmp_path):
    thought = {"cats purr": "<think>stones, or</think>animals", "rocks are hard": "<think>animals? no, sto"}
    options = {"prompts": [CLASS], "store": tmp_path / "answers.sqlite"}
    for ask in (lambda prompt: thought[prompt.partition("?")[0]], lambda prompt: pytest.fail(prompt)):
        with pytest.warns(AnswerWarning, match=r"1 thinking \(the token limit"):
            found = augment(nodes=[0, 2], function=ask, **options)

        assert [answer.classes for answer in found.said] == [("animals",), ()]


def test_the_plan_is_what_is_asked_then():
    asking = augmenter(prompts=[CLASS, SAY])
    planned = asking.plan(GRAPH, ASKED)
    with pytest.warns(AnswerWarning, match="1 not answered"):
        usage = asking.augment(GRAPH, EMBEDDINGS, ENCODER, choosing(ASKED), EVIDENCE).usage

    assert len(planned.questions) == usage.total.asked == 6


# -- what is wrong shows before anything is paid -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"prompts": "nope"}, "`prompts` must be one of .* got 'nope'"),
        ({"prompts": []}, "`prompts` must be 'all', a prompt name, .* non-empty list"),
        ({"store": 3}, r"`store` must be 'auto', a ResponseStore, .* got int \(3\)"),
        ({"budget": 5}, r"`budget` must be None or a skellagnn.Budget, got 5\. Write Budget"),
        ({"budget": {"max_calls": 5}}, "`budget` must be None or a skellagnn.Budget, got {'max_calls': 5}"),
        ({"on_bad_answer": "skip"}, "`on_bad_answer` must be 'raw', 'retry' or 'raise', got 'skip'"),
        ({"on_bad_answer": None}, "`on_bad_answer` must be 'raw', 'retry' or 'raise', got None"),
        ({"enhancer": 3}, "`enhancer` must be .* got"),
    ],
)
@pytest.mark.parametrize("enhancer", [None, CallableEnhancer(reply, model_name="mine")])
def test_arguments_are_checked_with_and_without_an_enhancer(enhancer, wrong, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        Augmenter(**{"enhancer": enhancer, "prompts": "topic", "names": None, "store": None, **wrong})


def test_a_store_is_not_created_before_it_is_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("SKELLAGNN_HOME", str(tmp_path / "home"))
    for store in ("auto", tmp_path / "answers.sqlite", str(tmp_path / "more.sqlite")):
        augmenter(store=store).check(GRAPH, ENCODER)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("graph", "encoder", "options", "error", "sentence"),
    [
        (GRAPH, None, {}, InvalidParameterError, "`encoder` must be given where there is an enhancer"),
        (GRAPH, ENCODER, {"names": None}, InvalidParameterError, "class_names"),
        (TextGraph(GRAPH.adjacency, features=EMBEDDINGS), ENCODER, {}, GraphError, "texts"),
    ],
)
def test_nothing_is_asked_where_answers_would_be_of_no_use(graph, encoder, options, error, sentence):
    asked = []
    asking = augmenter(function=asked.append, **options)

    with pytest.raises(error, match=sentence):
        asking.check(graph, encoder)
    assert asked == []


class Keyless(CallableEnhancer):
    """Has no key: what is stored is all that it has to say."""

    def check(self):
        raise EnhancerError("no key")


@pytest.mark.parametrize(
    ("n_nodes", "stored", "options", "fails"),
    [
        (2, None, {}, True),  # no store
        (2, [], {}, True),
        (2, [0, 2], {}, False),  # these may be chosen
        (3, [0, 2], {}, False),  # the last node has the text of the first
        (4, [0, 2], {}, True),
        (1, [0], {"prompts": [SAY, CLASS]}, True),  # an answer to one of two prompts
        (0, [], {}, False),
        (2, [], {"budget": Budget(max_calls=0)}, False),
    ],
)
def test_what_an_enhancer_lacks_shows_unless_the_store_may_have_all(n_nodes, stored, options, fails, tmp_path):
    store = None if stored is None else ResponseStore(tmp_path / "answers.sqlite")
    enhancer = Keyless(reply, model_name="mine")
    for node in stored or []:
        question = Question(SAY, {"text": TEXTS[node]})
        store.put_many(enhancer.name, {QuestionKey.of(question): "said"})
    asking = Augmenter(enhancer, **{"prompts": [SAY], "names": NAMES, "store": store, **options})

    if fails:
        with pytest.raises(EnhancerError, match="no key"):
            asking.check_enhancer(GRAPH, Selector("random", n_nodes))
    else:
        asking.check_enhancer(GRAPH, Selector("random", n_nodes))
    if store is not None:
        store.close()


@pytest.mark.parametrize(
    ("enhancer", "sentence"),
    [
        (OpenAIEnhancer("m", api_key_env="SKELLAGNN_TEST_NOT_SET"), "`api_key_env` must name an environment variable"),
        (OpenAIEnhancer("m", base_url="http://127.0.0.1:9/v1", api_key_env=None), "Is the server running"),
        (OpenAIEnhancer("m", base_url="http://nobody.invalid/v1", api_key_env=None), "can be reached"),
        (OpenAIEnhancer("m", api_key_env=None), "`api_key_env` must name the environment variable"),
        (OpenAIEnhancer("m", max_tokens=0), "`max_tokens`"),
        (TransformersEnhancer("./nowhere"), "`model` must be a name or an existing folder"),
        (TransformersEnhancer("nobody/nothing"), "`model` must name a causal or sequence-to-sequence model"),
        (ReplayEnhancer("nowhere.jsonl"), "`source` of a ReplayEnhancer must be a JSON-lines file"),
        (CallableEnhancer(lambda prompt: prompt), "`model_name` of a CallableEnhancer must be given"),
    ],
)
def test_a_fit_says_what_is_missing_before_it_encodes(enhancer, sentence, monkeypatch):
    monkeypatch.setattr("skellagnn.classifier.raw_features", lambda *_, **__: pytest.fail("encoded"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    clf = ELLaGNNClassifier(enhancer, prompts=[SAY], encoder=ENCODER, augmentation_ratio=2, store=None)

    with pytest.raises((EnhancerError, InvalidParameterError), match=sentence):
        clf.fit(GRAPH, [0, 0, 1, 1, 0])


def test_more_rounds_than_nodes_are_one_for_each_node():
    many = augmenter(budget=Budget(n_rounds=10**30))
    assert many.round_sizes(Selector("margin", 1), 3) == [1, 1, 1]
    assert augmenter(budget=Budget(4, n_rounds=10**30)).round_sizes(Selector("margin", 1), 9) == [1, 1, 7]


def test_a_fit_that_asks_nothing_needs_no_enhancer_that_can_be_asked(monkeypatch):
    enhancer = Keyless(reply, model_name="mine")
    settings = {"prompts": [SAY], "encoder": ENCODER, "store": None, "max_iter": 1, "teacher": None}

    clf = ELLaGNNClassifier(enhancer, augmentation_ratio=0, **settings).fit(GRAPH, [0, 0, 1, 1, 0])

    assert clf.llm_usage_.total.questions == 0


def test_without_an_enhancer_nothing_is_missing():
    assert augmenter(function=None, names=None).check(GRAPH, None) is None


def test_an_encoder_of_another_space_is_refused_before_anything_is_paid():
    graph = TextGraph(GRAPH.adjacency, texts=TEXTS, features=-EMBEDDINGS)
    asked = []

    with pytest.raises(InvalidParameterError, match="`encoder` must be the one that the graph's features came from"):
        augmenter(function=asked.append).augment(graph, -EMBEDDINGS, ENCODER, choosing(ASKED), EVIDENCE)
    assert asked == []


def test_an_error_of_the_llm_is_passed_on():
    def fails(prompt):
        raise EnhancerError("the server is down")

    with pytest.raises(EnhancerError, match="the server is down"):
        augment(function=fails)
