from __future__ import annotations

import pickle
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from skellagnn.encoders import SentenceBertEncoder
from skellagnn.encoders._encode import encode_texts
from skellagnn.encoders._weights import load_model
from skellagnn.exceptions import InvalidParameterError, LongTextWarning

LIMIT = 16
CONTENT = LIMIT - 2
SHORT = ["w1 w2 w3", "w3 w2 w1", "w7", "猫 w5", "w1 w2 w3 w4 w5 w6 w7 w8 w9", "unheard words"]


def words(start: int, n: int) -> str:
    return " ".join(f"w{(start + i) % 40}" for i in range(n))


@pytest.fixture
def encoder(tiny_model: Path) -> SentenceBertEncoder:
    return SentenceBertEncoder(str(tiny_model), device="cpu")


def test_short_texts_are_what_sentence_transformers_gives(encoder: SentenceBertEncoder, reference: Any) -> None:
    np.testing.assert_allclose(encoder.transform(SHORT), reference.encode(SHORT), atol=1e-6)


def test_rows_tell_texts_apart(encoder: SentenceBertEncoder) -> None:
    rows = encoder.transform(SHORT)
    cosines = rows @ rows.T - 2 * np.eye(len(SHORT))
    assert cosines.max() < 0.999
    assert rows.dtype == np.float32


def test_text_of_exactly_the_limit_is_one_window(encoder: SentenceBertEncoder, reference: Any) -> None:
    text = words(0, CONTENT)
    assert len(reference.tokenizer(text)["input_ids"]) == LIMIT
    np.testing.assert_allclose(encoder.transform([text]), reference.encode([text]), atol=1e-5)


def test_one_token_more_is_read_too(encoder: SentenceBertEncoder) -> None:
    text = words(0, CONTENT)
    rows = encoder.transform([text, text + " w30", text + " w31"])
    assert np.linalg.norm(rows[0] - rows[1]) > 1e-3
    assert np.linalg.norm(rows[1] - rows[2]) > 1e-3


def test_two_windows_are_the_weighted_mean_of_their_halves(encoder: SentenceBertEncoder, reference: Any) -> None:
    first, second = words(0, CONTENT), words(20, 5)
    halves = reference.encode([first, second])
    expected = (CONTENT * halves[0] + 5 * halves[1]) / (CONTENT + 5)
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(encoder.transform([first + " " + second])[0], expected, atol=1e-5)


def test_max_tokens_makes_windows_smaller(tiny_model: Path, reference: Any) -> None:
    encoder = SentenceBertEncoder(str(tiny_model), device="cpu", max_tokens=6)
    expected = reference.encode([words(0, 4), words(4, 4), words(8, 1)])
    expected = (4 * expected[0] + 4 * expected[1] + expected[2]) / 9
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(encoder.transform([words(0, 9)])[0], expected, atol=1e-5)


def test_no_token_is_lost_or_read_twice(encoder: SentenceBertEncoder, reference: Any, tiny_model: Path) -> None:
    # "abababab" is four tokens, so that windows end within words, where cutting characters would make other tokens
    texts = [" ".join(["abababab"] * 9) + " w3", words(3, 3 * CONTENT), words(5, 3 * CONTENT + 1)]
    model = load_model(str(tiny_model), None, "cpu").model
    seen: list[list[int]] = []
    hook = model.register_forward_pre_hook(
        lambda _, arguments: seen.extend(
            [i for i, m in zip(ids, mask, strict=True) if m]
            for ids, mask in zip(
                arguments[0]["input_ids"].tolist(), arguments[0]["attention_mask"].tolist(), strict=True
            )
        )
    )
    try:
        for text in texts:
            seen.clear()
            encoder.transform([text])
            tokens = reference.tokenizer(text, add_special_tokens=False)["input_ids"]
            cls, sep = reference.tokenizer.cls_token_id, reference.tokenizer.sep_token_id
            assert [i for window in seen for i in window[1:-1]] == tokens
            assert all((window[0], window[-1]) == (cls, sep) and len(window) <= LIMIT for window in seen)
            assert len(seen) == -(-len(tokens) // CONTENT)
    finally:
        hook.remove()


def test_long_and_short_texts_beside_each_other_do_not_mix(tiny_model: Path) -> None:
    texts = [words(i, n) for i, n in enumerate([1, 40, 3, 14, 15, 70, 2, 28])]
    alone = [SentenceBertEncoder(str(tiny_model), device="cpu").transform([text])[0] for text in texts]
    together = SentenceBertEncoder(str(tiny_model), device="cpu", batch_size=3).transform(texts)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_blocks_of_texts_are_put_together_in_order(
    encoder: SentenceBertEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [words(i, 1 + i % 20) for i in range(11)]
    whole = encoder.transform(texts)
    monkeypatch.setattr("skellagnn.encoders._sentence_bert._TEXTS_AT_ONCE", 3)
    np.testing.assert_allclose(encoder.transform(texts), whole, atol=1e-5)


def test_cut_reads_the_beginning_and_says_so(tiny_model: Path, reference: Any) -> None:
    texts = [words(0, 30), "w1 w2", words(7, CONTENT), words(9, CONTENT + 1)]
    encoder = SentenceBertEncoder(str(tiny_model), device="cpu", long_texts="cut")
    with pytest.warns(
        LongTextWarning, match="Texts longer than the 16 tokens that the encoder reads were cut"
    ) as caught:
        rows = encoder.transform(texts)
    assert len(caught) == 1
    np.testing.assert_allclose(rows, reference.encode(texts), atol=1e-5)
    np.testing.assert_allclose(rows[0], reference.encode([words(0, CONTENT)])[0], atol=1e-5)


def test_cut_is_silent_where_nothing_is_cut(tiny_model: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SentenceBertEncoder(str(tiny_model), device="cpu", long_texts="cut").transform([words(0, CONTENT)])


def test_cut_at_max_tokens(tiny_model: Path, reference: Any) -> None:
    encoder = SentenceBertEncoder(str(tiny_model), device="cpu", long_texts="cut", max_tokens=5)
    with pytest.warns(LongTextWarning, match="Texts longer than the 5 tokens"):
        rows = encoder.transform([words(0, 4), words(0, 3)])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)


def test_embeddings_have_unit_length(tmp_path: Path, build: Any) -> None:
    from sentence_transformers import SentenceTransformer

    folder = build(tmp_path / "plain", normalize=False)
    raw = SentenceTransformer(str(folder), device="cpu", local_files_only=True).encode(SHORT)
    unit = SentenceBertEncoder(str(folder), device="cpu").transform(SHORT)
    assert np.linalg.norm(raw, axis=1).min() > 1.5
    np.testing.assert_allclose(unit, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-5)


def test_order_and_repeats_change_nothing(encoder: SentenceBertEncoder) -> None:
    texts = [*SHORT, words(0, 33), words(1, 33)]
    rows = encode_texts(encoder, texts)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_array_equal(encode_texts(encoder, [texts[i] for i in order]), rows[order])
    np.testing.assert_array_equal(encode_texts(encoder, texts * 2), np.tile(rows, (2, 1)))
    np.testing.assert_array_equal(encode_texts(encoder, texts), rows)


def test_no_texts(encoder: SentenceBertEncoder) -> None:
    assert encoder.transform([]).shape == (0, 32)


def test_text_that_is_half_a_surrogate_pair(encoder: SentenceBertEncoder) -> None:
    np.testing.assert_array_equal(encoder.transform(["w1 \ud800 w2"]), encoder.transform(["w1 ? w2"]))


def test_threads_share_a_model(encoder: SentenceBertEncoder, switch_often: None) -> None:
    # windows of other widths: each call sets the truncation of the one tokenizer that they share
    encoders = [clone(encoder).set_params(max_tokens=width) for width in (4, 7, 11, 16)]
    texts = [[words(seed + i, 20 + (seed * i) % 30) for i in range(6)] for seed in range(4)]
    expected = [encoders[k].transform(texts[k]) for k in range(4)]
    results: dict[int, Any] = {}

    def work(k: int) -> None:
        results[k] = [encoders[k].transform(texts[k]) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        for rows in results[k]:
            np.testing.assert_allclose(rows, expected[k], atol=1e-6)


def test_loaded_model_has_the_parameters_of_a_name(reference: Any, encoder: SentenceBertEncoder) -> None:
    loaded = SentenceBertEncoder(reference, max_tokens=6, prompt="w9 ")
    named = clone(encoder).set_params(max_tokens=6, prompt="w9 ")
    texts = [*SHORT, words(0, 40)]
    np.testing.assert_allclose(loaded.transform(texts), named.transform(texts), atol=1e-6)
    for parameters in ({"device": "cpu"}, {"revision": "main"}):
        with pytest.raises(InvalidParameterError, match="for a loaded SentenceTransformer"):
            SentenceBertEncoder(reference, **parameters).transform(SHORT)


def test_name_of_a_loaded_model_is_that_of_what_it_holds(tiny_model: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    one, two = (SentenceTransformer(str(tiny_model), device="cpu", local_files_only=True) for _ in range(2))
    names = [SentenceBertEncoder(model).name for model in (one, two)]
    two.max_seq_length = 9
    names.append(SentenceBertEncoder(two).name)
    with torch.no_grad():
        next(two.parameters())[0, 0] += 1
    names.append(SentenceBertEncoder(two).name)
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_model_in_training_is_read_without_dropout(tiny_model: Path, reference: Any) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tiny_model), device="cpu", local_files_only=True).train()
    np.testing.assert_allclose(SentenceBertEncoder(model).transform(SHORT), reference.encode(SHORT), atol=1e-6)


def test_pickle_holds_no_weights(encoder: SentenceBertEncoder) -> None:
    rows = encoder.transform(SHORT)
    blob = pickle.dumps(encoder)
    assert len(blob) < 1000
    np.testing.assert_array_equal(pickle.loads(blob).transform(SHORT), rows)
    assert vars(encoder).keys() == encoder.get_params().keys()


def test_clone_and_set_params(encoder: SentenceBertEncoder) -> None:
    copy = clone(encoder).set_params(long_texts="cut")
    assert (copy.long_texts, encoder.long_texts, copy.model) == ("cut", "chunk", encoder.model)
    assert "SentenceBertEncoder" in copy._repr_html_()


PROMPT = "w9 w8 "


@pytest.fixture(scope="module", params=[True, False], ids=["prompt in the mean", "prompt not in the mean"])
def prompted(request: Any, tmp_path_factory: Any, build: Any) -> Any:
    """A model with prompts of its own, of which one is the default, and what sentence-transformers makes of it."""
    from sentence_transformers import SentenceTransformer

    folder = build(tmp_path_factory.mktemp("prompted") / "model", prompt=PROMPT, include_prompt=request.param)
    return str(folder), SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@pytest.mark.parametrize(
    ("given", "meant"), [(None, PROMPT), ("before", PROMPT), (PROMPT, PROMPT), ("", ""), ("w3 w3 w3 ", "w3 w3 w3 ")]
)
def test_prompts_are_those_of_sentence_transformers(prompted: Any, given: Any, meant: str) -> None:
    folder, own = prompted
    rows = SentenceBertEncoder(folder, device="cpu", prompt=given).transform(SHORT)
    np.testing.assert_allclose(rows, own.encode(SHORT, prompt=meant), atol=1e-5)
    assert np.abs(rows - own.encode(SHORT, prompt="w7 ")).max() > 1e-3  # the prompt matters


def test_each_window_of_a_long_text_has_the_prompt(prompted: Any) -> None:
    folder, own = prompted
    pieces = [words(0, 12), words(12, 12), words(24, 5)]  # 16 tokens, 2 of them special, 2 of the prompt
    expected = np.average(own.encode(pieces, prompt=PROMPT), axis=0, weights=[12, 12, 5])
    encoder = SentenceBertEncoder(folder, device="cpu")
    rows = encoder.transform([" ".join(pieces), pieces[0]])
    np.testing.assert_allclose(rows[0], expected / np.linalg.norm(expected), atol=1e-5)
    np.testing.assert_allclose(rows[1], own.encode(pieces[:1], prompt=PROMPT)[0], atol=1e-5)
    with pytest.warns(LongTextWarning, match="Texts longer than the 16 tokens"):
        cut = encoder.set_params(long_texts="cut").transform([" ".join(pieces), "w1"])
    np.testing.assert_allclose(cut[0], rows[1], atol=1e-5)


@pytest.mark.parametrize("kind", ["bytes", "pieces"])
@pytest.mark.parametrize("prompt", ["query: ", "classification: ", "Instruct: w3 w4\nQuery: ", ""])
def test_prompts_of_other_tokenizers(tmp_path: Path, build: Any, kind: str, prompt: str) -> None:
    from sentence_transformers import SentenceTransformer

    folder = build(tmp_path / kind, kind=kind)
    own = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    own.max_seq_length = 60
    texts = ["w1 w2", "w3", "w30 w1", "new word"]
    encoder = SentenceBertEncoder(own, prompt=prompt)
    np.testing.assert_allclose(encoder.transform(texts), own.encode(texts, prompt=prompt), atol=1e-5)
    long = words(0, 70)
    last = np.abs(np.diff(encoder.transform([long + " w3", long + " w4"]), axis=0)).max()
    assert last > 1e-4  # which sentence-transformers cuts away
    np.testing.assert_array_equal(*own.encode([long + " w3", long + " w4"], prompt=prompt))


def test_prompt_that_leaves_no_room(encoder: SentenceBertEncoder) -> None:
    with pytest.raises(InvalidParameterError, match="`prompt` must leave room for the text in the 16 tokens"):
        encoder.set_params(prompt=words(0, 14) + " ").transform(["w1"])


def test_model_without_a_limit_reads_any_length(tmp_path: Path, tiny_model: Path) -> None:
    import json

    from safetensors.numpy import save_file

    folder = tmp_path / "static"
    folder.mkdir()
    weights = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    save_file({"embedding.weight": weights}, str(folder / "model.safetensors"))
    (folder / "tokenizer.json").write_bytes((tiny_model / "tokenizer.json").read_bytes())
    module = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
    (folder / "modules.json").write_text(json.dumps([module]))
    encoder = SentenceBertEncoder(str(folder), device="cpu")
    with_prompt = clone(encoder).set_params(prompt="w9 ")
    np.testing.assert_allclose(with_prompt.transform(["w1"]), encoder.transform(["w9 w1"]), atol=1e-6)
    one, two = encoder.transform([words(0, 40), words(0, 40) + " w0"])
    assert np.linalg.norm(one - two) > 1e-3
    with pytest.raises(InvalidParameterError, match="`max_tokens` must be None"):
        clone(encoder).set_params(max_tokens=8).transform(["w1"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"long_texts": "drop"}, "`long_texts` must be 'chunk' .* got 'drop'"),
        ({"max_tokens": 17}, "`max_tokens` must be an integer from 3 to 16, the limit of .* got 17"),
        ({"max_tokens": 2}, "`max_tokens` must be an integer from 3 to 16"),
        ({"max_tokens": 5.5}, "`max_tokens` must be an int of at least 1, got 5.5"),
        ({"batch_size": 0}, "`batch_size` must be an int of at least 1, got 0"),
        ({"batch_size": None}, "`batch_size` must be an int of at least 1, got None"),
        ({"device": "abacus"}, "`device` must be 'auto' or a torch device such as .* got 'abacus'"),
        ({"model": 7}, "`model` must be 'minilm', .* got int"),
        ({"prompt": 7}, "`prompt` must be the text that is put before each text, got int"),
        ({"revision": "main"}, "`revision` must be None for .* got 'main'"),
    ],
)
def test_bad_parameters(encoder: SentenceBertEncoder, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        encoder.set_params(**parameters).transform(["w1"])


def test_rows_made_on_a_gpu_are_those_made_on_a_cpu(tiny_model: Path, gpu: str) -> None:
    texts = [words(0, 3), words(2, 30), ""]
    on_cpu, on_gpu = (SentenceBertEncoder(str(tiny_model), device=device).transform(texts) for device in ("cpu", gpu))

    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-4)


def test_device_that_is_not_there(encoder: SentenceBertEncoder) -> None:
    with pytest.raises(InvalidParameterError, match=r"`device` must be one that this machine has .* got 'cuda:99'"):
        encoder.set_params(device="cuda:99").transform(["w1"])


def test_name_says_what_changes_a_row(encoder: SentenceBertEncoder) -> None:
    names = {encoder.name}
    for parameters in ({"long_texts": "cut"}, {"max_tokens": 8}, {"prompt": "w1 "}):
        names.add(clone(encoder).set_params(**parameters).name)
    assert len(names) == 4
    assert clone(encoder).set_params(batch_size=3).name == encoder.name


def test_cutting_is_said_once_for_all_chunks(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skellagnn.encoders._distinct.CHUNK_TEXTS", 2)
    encoder = SentenceBertEncoder(str(tiny_model), device="cpu", long_texts="cut")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")  # what Python does unless it is told otherwise
        encode_texts(encoder, [words(0, 30), "w1", words(1, 31), words(2, 32), words(3, 33), words(4, 34), "w2"])
    assert [warning.category for warning in caught] == [LongTextWarning]
