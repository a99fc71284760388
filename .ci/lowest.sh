#!/usr/bin/env bash
# Install the lowest dependencies that pyproject.toml allows into the active virtual environment and run a short selection
# of tests there, or those that are named: bash .ci/lowest.sh tests/graph
set -euo pipefail
cd "$(dirname "$0")/.."

python -m pip install --quiet --disable-pip-version-check -c constraints-lowest.txt \
  -e '.[openai,offline,plot,serve,transformers]' pytest hypothesis networkx pandas rich 'psycopg[binary]'

# What touches a dependency: sparse matrices, networks, scikit-learn's contract, encoders, the store, clients, the service.
selection=(
  tests/graph
  tests/gnn/test_backbones.py
  tests/gnn/test_sparse.py
  tests/gnn/test_training.py
  tests/encoders/test_sentence_bert.py
  tests/encoders/test_tfidf.py
  tests/llm/store/test_response_store.py
  tests/llm/enhancers/test_openai.py
  tests/llm/enhancers/test_transformers.py
  tests/test_selection.py
  tests/test_serving.py
  tests/test_supervision.py
)
# Old packages warn of what later ones no longer do: only the newest must be free of warnings.
python -m pytest --quiet -o filterwarnings=default "${@:-${selection[@]}}"
