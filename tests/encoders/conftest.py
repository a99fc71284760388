"""A sentence-transformers model of a few kilobytes, in the file layout of the real ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

LIMIT = 16  # tokens that the tiny model reads, two special ones included
WORDS = [f"w{i}" for i in range(40)]


def build_tokenizer(kind: str) -> Any:
    """Return a tokenizer that treats the blank after a prompt as those of large models do."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    before, after, unknown, padding = "<s>", "</s>", "<unk>", "<pad>"
    special = [padding, before, after, unknown]
    trainer: Any
    if kind == "bytes":  # as of GPT-2 and Qwen: a blank begins the next token
        tokenizer = Tokenizer(models.BPE(unk_token=unknown))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special)
    else:  # as of XLM-RoBERTa: a blank is a character of its own
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token=unknown, show_progress=False)
    tokenizer.train_from_iterator([" ".join(WORDS), "query: passage: classification"] * 3, trainer)
    template = [(token, tokenizer.token_to_id(token)) for token in (before, after)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{before} $A {after}", special_tokens=template)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=before,
        eos_token=after,
        unk_token=unknown,
        pad_token=padding,
        padding_side="left" if kind == "bytes" else "right",
        model_max_length=LIMIT,
    )


def build_model(
    folder: Path,
    *,
    seed: int = 0,
    normalize: bool = True,
    prompt: str | None = None,
    include_prompt: bool = True,
    kind: str = "words",
) -> Path:
    """Save a random BERT with mean pooling, as ``SentenceTransformer.save`` would."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    if kind == "words":
        vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "ab", "##ab", "猫"]
        (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
        tokenizer: Any = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=LIMIT)
    else:
        tokenizer = build_tokenizer(kind)
    tokenizer.save_pretrained(str(folder))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=48,
            max_position_embeddings=64,
            initializer_range=0.5,
        )
        BertModel(config).save_pretrained(str(folder))
    module = "sentence_transformers.models."
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": module + "Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": module + "Pooling"},
    ]
    if normalize:
        modules.append({"idx": 2, "name": "2", "path": "2_Normalize", "type": module + "Normalize"})
    files: dict[str, Any] = {
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": LIMIT, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": 32,
            "pooling_mode_mean_tokens": True,
            "include_prompt": include_prompt,
        },
        "config_sentence_transformers.json": {
            "prompts": {} if prompt is None else {"before": prompt},
            "default_prompt_name": None if prompt is None else "before",
        },
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    if not (folder / "special_tokens_map.json").exists():
        (folder / "special_tokens_map.json").write_text("{}")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def build() -> Any:
    return build_model


@pytest.fixture(scope="session")
def reference(tiny_model: Path) -> Any:
    """The tiny model as sentence-transformers itself loads it."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(tiny_model), device="cpu", local_files_only=True)


@pytest.fixture
def fresh_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded yet, as in a new process."""
    from skellagnn.encoders import _weights

    monkeypatch.setattr(_weights, "_LOADED", {})


@pytest.fixture
def switch_often() -> Iterator[None]:
    """Let threads take turns a thousand times as often, so that races show."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(interval)


class CountingEncoder:
    """Lengths and vowels of texts; remembers what it was asked."""

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: Any) -> Any:
        self.asked.extend(texts)
        return np.array([[len(text), sum(text.count(vowel) for vowel in "aeiou"), 1.5] for text in texts])


@pytest.fixture
def counting() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def counting_class() -> type[CountingEncoder]:
    return CountingEncoder
