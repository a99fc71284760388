"""Graph neural networks: backbones, sparse products, neighbor sampling, training and inference. Knows no LLM."""
