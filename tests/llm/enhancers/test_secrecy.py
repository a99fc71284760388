"""The key's value, looked for wherever a fit leaves something behind."""

import logging
import pickle
import traceback

import pytest

from skellagnn import ELLaGNNClassifier, OpenAIEnhancer, ResponseStore
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import EnhancerError


def test_the_key_is_nowhere_after_a_fit_that_failed_and_one_that_did_not(server, key, tmp_path, caplog):
    data = make_text_graph(n_nodes=40, n_classes=2, random_state=0)
    enhancer = OpenAIEnhancer("m", base_url=server.url, api_key_env="SKELLAGNN_TEST_KEY", max_retries=0)
    clf = ELLaGNNClassifier(
        enhancer,
        augmentation_ratio=4,
        prompts="keywords",
        encoder="tfidf",
        hidden_channels=4,
        max_iter=2,
        store=ResponseStore(tmp_path / "answers.sqlite"),
    )
    left = []
    with caplog.at_level(logging.DEBUG):
        server.script = [401]
        with pytest.raises(EnhancerError) as caught:
            clf.fit(data.graph, data.target)
        left.append("".join(traceback.format_exception(caught.value)))
        server.script = []
        clf.fit(data.graph, data.target)
    assert clf.llm_usage_.total.questions == 4
    # the server did get the key, so there was something to leak
    assert any(key in str(headers) for _, _, _, headers, _ in server.requests)
    clf.store.close()
    left += [repr(clf), repr(enhancer), repr(clf.llm_usage_), repr(clf.plan(data.graph, data.target)), caplog.text]
    left += [pickle.dumps(clf).decode("latin-1"), pickle.dumps(enhancer).decode("latin-1")]
    clf.store.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "answers.sqlite" for path in files)
    left += [path.read_bytes().decode("latin-1") for path in files]
    assert not [text[:200] for text in left if key in text]
