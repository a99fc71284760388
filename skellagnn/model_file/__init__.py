"""Fitted models as files that a stranger may open: plain arrays and JSON in a folder, and a card to read.

Pickle, joblib and ``torch.save`` can run what they read; skops names each type to trust, but knows no tensors. ONNX has
no place for sparse edges of any number. What is here is the layout of the Hugging Face hub: ``config.json``,
``model.safetensors`` and ``README.md``.
"""

from skellagnn.model_file._folder import read_model, write_model

__all__ = ["read_model", "write_model"]
