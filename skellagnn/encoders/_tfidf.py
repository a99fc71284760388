"""TF-IDF with a truncated singular value decomposition, for every script."""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skellagnn.base.numbers import check_seed
from skellagnn.encoders._contract import as_texts
from skellagnn.exceptions import InvalidParameterError

# Scripts written without blanks between words: Thai, Lao, Myanmar, Khmer; kana; Han with its extensions.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)

# An encoder that was read may look for n-grams of so many words or characters, or as many as its longest term has.
_LONGEST_GRAM = 64


class TfidfEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode texts by their words: TF-IDF, reduced by a truncated singular value decomposition.

    Needs no model and no network, and learns from the texts that it is fitted on: latent semantic analysis.

    Parameters
    ----------
    n_components : int, default=256
        Numbers for each text. Fewer where the texts do not allow so many: see ``n_components_``.
    analyzer : {"word", "char", "char_wb"}, default="word"
        What counts as a term. ``"word"``: words of any script, single letters and digits included, with their combining
        marks (scikit-learn's own pattern drops single letters and breaks words at the vowel signs of Indic scripts);
        runs of a script written without blanks (Chinese, Japanese, Thai, Lao, Khmer, Burmese) become overlapping pairs
        of characters. ``"char"`` and ``"char_wb"`` (within words): character n-grams as in
        :class:`~sklearn.feature_extraction.text.TfidfVectorizer`, for misspelled or very short texts; give them
        an ``ngram_range`` such as (2, 4).
    ngram_range : tuple of (int, int), default=(1, 1)
        Shortest and longest sequence of words (or characters) that is a term.
    min_df : int or float, default=1
        Leave out terms in fewer texts (a count, or a fraction as float).
    max_features : int or None, default=50_000
        Keep only so many terms, the most frequent ones.
    lowercase : bool, default=True
        Whether "Graph" and "graph" are one term.
    random_state : int, RandomState or None, default=0
        Seed of the randomized decomposition.

    Attributes
    ----------
    n_components_ : int
        Width of the embeddings: ``min(n_components, n_terms - 1, n_texts - 1)``, at least 1, where n_texts counts texts
        that are not blank.
    vectorizer_ : TfidfVectorizer
        Fitted, with ``sublinear_tf``.
    components_ : ndarray of float16 of shape (``n_components_``, n_terms)

    Notes
    -----
    Embeddings have unit length; a text without a known term has a zero vector. The pickle holds the vocabulary and
    ``components_``, 2 bytes for each of ``n_components_ * n_terms`` numbers; ``min_df=2`` makes it much smaller.

    Examples
    --------
    >>> from skellagnn.encoders import TfidfEncoder
    >>> texts = ["cats sleep", "cats and dogs sleep", "graphs have edges", "edges join nodes of graphs"]
    >>> encoder = TfidfEncoder(n_components=2).fit(texts)
    >>> embeddings = encoder.transform(["do cats sleep", "edges of graphs", "the cats"])
    >>> bool(embeddings[0] @ embeddings[2] > 0.9 > 0.1 > embeddings[0] @ embeddings[1])
    True
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        analyzer: str = "word",
        ngram_range: tuple[int, int] = (1, 1),
        min_df: int | float = 1,
        max_features: int | None = 50_000,
        lowercase: bool = True,
        random_state: Any = 0,
    ) -> None:
        self.n_components = n_components
        self.analyzer = analyzer
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.max_features = max_features
        self.lowercase = lowercase
        self.random_state = random_state

    def fit(self, texts: Sequence[str], y: Any = None) -> TfidfEncoder:
        """Learn the terms, their weights and the decomposition. Blank texts are left out.

        Parameters
        ----------
        texts : sequence of str of length n_texts
        y : None
            Ignored; labels are never looked at.

        Returns
        -------
        self : TfidfEncoder

        Raises
        ------
        InvalidParameterError
            If a parameter has a value that it cannot have, or no term is left.
        """
        from sklearn.utils.extmath import randomized_svd

        n_components = self.n_components
        if isinstance(n_components, bool) or not isinstance(n_components, (int, np.integer)) or n_components < 1:
            raise InvalidParameterError(
                f"`n_components` must be a positive integer, got {n_components!r}. The default is 256."
            )
        check_seed("random_state", self.random_state)
        if self.analyzer not in ("word", "char", "char_wb"):
            raise InvalidParameterError(f"`analyzer` must be 'word', 'char' or 'char_wb', got {self.analyzer!r}.")
        said = [text for text in as_texts(texts) if text.strip()]
        vectorizer = self._vectorizer()
        try:
            weights = vectorizer.fit_transform(said)  # (n_said, n_terms)
        except ValueError as error:  # no term, or a parameter of the vectorizer; its message says which
            raise InvalidParameterError(
                f"`texts` of TfidfEncoder must have at least one term that passes its parameters, got {len(said)} "
                f"texts that are not blank ({error}). Check `min_df`={self.min_df!r}, "
                f"`max_features`={self.max_features!r}, `ngram_range`={self.ngram_range!r} and the texts."
            ) from error
        self.n_components_ = max(1, min(int(n_components), weights.shape[1] - 1, weights.shape[0] - 1))
        # not TruncatedSVD: it also computes explained variances, which divides by zero where all texts are alike
        _, _, components = randomized_svd(weights, self.n_components_, random_state=self.random_state)
        self.vectorizer_ = vectorizer
        self.components_ = np.ascontiguousarray(components, dtype=np.float16)
        return self

    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        words = self.analyzer == "word"
        return TfidfVectorizer(
            analyzer=self.analyzer,
            tokenizer=tokenize if words else None,
            token_pattern=None if words else r"(?u)\b\w\w+\b",  # the default: other values draw a warning
            ngram_range=self.ngram_range,
            min_df=self.min_df,
            max_features=self.max_features,
            lowercase=self.lowercase,
            sublinear_tf=True,
            dtype=np.float32,
        )

    @property
    def learned(self) -> tuple[list[str], NDArray[Any], NDArray[np.float16]]:
        """Return terms in the order of their columns, their weights, and the decomposition."""
        check_is_fitted(self)
        vocabulary = self.vectorizer_.vocabulary_
        return sorted(vocabulary, key=vocabulary.__getitem__), self.vectorizer_.idf_, self.components_

    @classmethod
    def from_learned(
        cls, parameters: Mapping[str, Any], terms: list[str], idf: NDArray[Any], components: NDArray[Any]
    ) -> TfidfEncoder:
        """Return an encoder that learned this: see :attr:`learned`.

        Raises
        ------
        InvalidParameterError
            If nothing of the kind can have been learned with these parameters.
        """
        encoder = cls(**parameters)
        # an n-gram has n characters at least: longer ones than all terms would be looked for in vain, without bound
        longest = max(_LONGEST_GRAM, *map(len, terms)) if terms else 0
        shortest_gram, longest_gram = encoder.ngram_range
        fits = (
            encoder.analyzer in ("word", "char", "char_wb")
            and 1 <= shortest_gram <= longest_gram <= longest
            and len(set(terms)) == len(terms)
            and (idf.dtype.kind, idf.shape) == ("f", (len(terms),))
            and components.dtype == np.float16
            and components.ndim == 2
            and components.shape[1] == len(terms)
            and components.shape[0] > 0
            and bool(np.isfinite(idf).all() and np.isfinite(components).all())
        )
        if not fits:
            raise InvalidParameterError(
                f"`encoder` must be TF-IDF over different terms with finite weights, got {len(terms)} terms (n-grams "
                f"of {shortest_gram!r:.20} to {longest_gram!r:.20}), {idf.shape} weights of {idf.dtype} and "
                f"{components.shape} components of {components.dtype} that are not."
            )
        encoder.vectorizer_ = encoder._vectorizer()
        encoder.vectorizer_.vocabulary_ = {term: column for column, term in enumerate(terms)}
        encoder.vectorizer_.idf_ = idf
        encoder.n_components_ = len(components)
        encoder.components_ = components
        return encoder

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts with what was learned.

        Parameters
        ----------
        texts : sequence of str of length n_texts

        Returns
        -------
        embeddings : ndarray of float32 of shape (n_texts, ``n_components_``)
            Of unit length, or zero for a text without a known term.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        """
        check_is_fitted(self)
        texts = as_texts(texts)
        if len(texts) == 0:
            return np.empty((0, self.n_components_), dtype=np.float32)
        weights = self.vectorizer_.transform(texts)  # (n_texts, n_terms)
        said = np.unique(weights.indices)  # a few texts need a few of the components' columns
        vectors = np.asarray(weights[:, said] @ np.ascontiguousarray(self.components_[:, said].T, dtype=np.float32))
        unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit

    @property
    def name(self) -> str:
        """Identify the parameters that matter and what was learned."""
        check_is_fitted(self)
        digest = hashlib.sha256(repr((self.analyzer, self.ngram_range, self.lowercase)).encode())
        for term, column in sorted(self.vectorizer_.vocabulary_.items()):
            digest.update(f"{term}\0{column}\0".encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(self.vectorizer_.idf_).tobytes())
        digest.update(self.components_.tobytes())
        return f"tfidf:{self.n_components_}@{digest.hexdigest()[:32]}"


def tokenize(text: str) -> list[str]:
    """Split a text into words, and runs of scripts written without blanks into overlapping pairs of characters."""
    words: list[str] = []
    for run, word in _pattern().findall(unicodedata.normalize("NFKC", text)):
        if word:
            words.append(word)
        elif len(run) == 1:
            words.append(run)
        else:
            words.extend(run[i : i + 2] for i in range(len(run) - 1))
    return words


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return where the words of a text begin and end; a run of a script written without blanks is cut in pairs."""
    spans: list[tuple[int, int]] = []
    for match in _pattern().finditer(text):
        start, end = match.span()
        step = 2 if match[1] else end - start
        spans.extend((first, min(first + step, end)) for first in range(start, end, step))
    return spans


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    # `\w` matches no combining marks, so that it alone would break words of Indic scripts at their vowel signs
    marks = [
        chr(code) for code in range(0x300, sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me")
    ]
    letter = rf"[\w\u200c\u200d{''.join(marks)}]"  # with the two invisible joiners that some scripts write inside words
    return re.compile(rf"((?:(?=[{_UNSPACED}]){letter})+)|((?:(?![{_UNSPACED}]){letter})+)")
