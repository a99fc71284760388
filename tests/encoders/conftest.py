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


def build_model(folder: Path, *, seed: int = 0, normalize: bool = True, prompt: str | None = None) -> Path:
    """Save a random BERT with mean pooling, as ``SentenceTransformer.save`` would."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "ab", "##ab", "猫"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=LIMIT)
    tokenizer.save_pretrained(str(folder))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(vocabulary),
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
        "1_Pooling/config.json": {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True},
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
