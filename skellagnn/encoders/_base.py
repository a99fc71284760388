"""The contract of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Encoder(Protocol):
    """Something that turns texts into vectors.

    A class with this one method is an encoder; nothing is inherited or registered. Two more members are used where
    an object has them:

    * ``fit(texts)``, which returns the encoder, for one that learns from the texts of a graph. What it learns goes into
      attributes that end in an underscore, as in scikit-learn.
    * ``name``, a string that identifies model, revision and every setting that changes a row. Rows kept by ``memory=``
      are kept under it; without a name they are kept under a digest of the pickled object.

    Derive it from :class:`sklearn.base.BaseEstimator` to search over its parameters (``encoder__n_components``) and to
    be cloned without copying what it has loaded.

    Examples
    --------
    >>> import numpy as np
    >>> from skellagnn.encoders import Encoder, encode_texts
    >>> class Lengths:
    ...     def encode(self, texts):
    ...         return np.array([[len(text), text.count(" ")] for text in texts])
    >>> isinstance(Lengths(), Encoder)
    True
    >>> encode_texts(Lengths(), ["a cat", "", "a cat"])
    array([[5., 1.],
           [0., 0.],
           [5., 1.]], dtype=float32)
    """

    def encode(self, texts: Sequence[str]) -> Any:
        """Encode texts.

        Parameters
        ----------
        texts : sequence of str of length n_texts
            What the package passes are distinct texts, none of them blank, at most 2048 at a time and of like length.

        Returns
        -------
        rows : array-like of shape (n_texts, n_features)
            Finite numbers; row i belongs to text i and depends on no other text.
        """
        ...
