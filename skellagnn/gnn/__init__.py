"""Graph neural networks: backbones, sparse products, neighbor sampling, training and inference. Knows no LLM.

What the rooms above call:

- ``backbones.build_backbone(name, ...)`` makes a network, inside ``_torch_state.seeded(seed, device)``;
- ``_training.train(network, adjacency, features, supervision, validation, settings, seed=, ...)`` fits it and returns a
  ``History``; ``_trainer.Trainer`` holds its numbers, seed, device and processes;
- ``_targets.Supervision(labeled, soft, soft_weight, regularizers)`` is all that it learns from, with all weights; no
  recipe has a regularizer, ``_losses.Consistency(weight)`` is there to be tried;
- ``_early_stopping.ValidationGraph`` decides the epoch that is kept, or None;
- ``_steps.TrainingSettings`` holds the numbers of the loop;
- ``_distributed.ProcessGroup.joined(wanted)`` is the processes that share the work, ``ALONE`` a single one;
- ``_inference.predict_logits(network, adjacency, raw, device, targets=)`` predicts.
"""
