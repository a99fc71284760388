"""How fast is the response store at a million rows, on SQLite and on PostgreSQL?

    python benchmarks/store.py [--rows 1000000] [--postgres URL]

Prints a table and then the same as one line of JSON. PostgreSQL is measured if its URL is given or the environment
variable SKELLAGNN_TEST_POSTGRES holds it (`bash .ci/postgres.sh` starts a server and prints one); in that database a
schema is created for the measurement and dropped again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from skellagnn.enhancers import Answer
from skellagnn.llm.store import QuestionKey, ResponseStore, ask_through

MODEL = "benchmark/model-7b@main;temperature=0;max_new_tokens=128"
PROMPTS = ("keywords:0123456789abcdef", "summary:fedcba9876543210")
BULK = 20_000  # rows in one call
BATCH = 32  # questions in one batch of an LLM


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="answers in the store (default: a million)")
    parser.add_argument("--folder", type=Path, default=None, help="where the SQLite file is put (default: temporary)")
    parser.add_argument("--postgres", default=os.environ.get("SKELLAGNN_TEST_POSTGRES"), help="URL of a database")
    arguments = parser.parse_args()

    results = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        results["sqlite"] = measure(ResponseStore(Path(folder) / "store.sqlite"), arguments.rows)
    if arguments.postgres:
        with schema(arguments.postgres) as url:
            results["postgresql"] = measure(ResponseStore(url), arguments.rows)
    else:
        print("PostgreSQL is left out: no URL is given.", file=sys.stderr)

    names = list(next(iter(results.values())))
    print(f"{f'rows: {arguments.rows:,}':<58}" + "".join(f"{database:>14}" for database in results))
    for name in names:
        print(f"{name:<58}" + "".join(f"{result[name]:>14,.0f}" for result in results.values()))
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    print(json.dumps({"benchmark": "store", "rows": arguments.rows, "machine": machine, "results": results}))


def measure(store: ResponseStore, n_rows: int) -> dict[str, float]:
    """Fill the store, then measure at its full size. All results are per second but where they say so."""
    rng = random.Random(0)
    result: dict[str, float] = {}

    def put_all() -> None:
        for start in range(0, n_rows, BULK):
            store.put_many(MODEL, {key(i): answer(i) for i in range(start, min(start + BULK, n_rows))})

    result["written, 20,000 rows a call [rows/s]"] = n_rows / seconds(put_all)

    order = rng.sample(range(n_rows), n_rows)

    def get_all() -> None:
        for start in range(0, n_rows, BULK):
            chunk = order[start : start + BULK]
            if len(store.get_many(MODEL, map(key, chunk))) != len(chunk):
                raise SystemExit("answers are missing")

    result["read in random order, 20,000 rows a call [rows/s]"] = n_rows / seconds(get_all)
    missing = [key(n_rows + i) for i in range(min(n_rows, 10 * BULK))]
    result["looked up in vain, 20,000 keys a call [keys/s]"] = len(missing) / seconds(
        lambda: get_in_bulk(store, missing)
    )

    n_small = 200
    small = [[key(n_rows + BATCH * i + j) for j in range(BATCH)] for i in range(n_small)]

    def put_small() -> None:
        for batch in small:
            store.claim(MODEL, batch, "owner")
            store.put_many(MODEL, {each: answer(0) for each in batch}, "owner")

    result["batches of 32 claimed and stored [batches/s]"] = n_small / seconds(put_small)
    result["rows so written [rows/s]"] = BATCH * result["batches of 32 claimed and stored [batches/s]"]
    result["batches of 32 read [batches/s]"] = n_small / seconds(
        lambda: [store.get_many(MODEL, each) for each in small]
    )

    start = n_rows + BATCH * n_small
    wanted = [key(start + i) for i in range(BATCH * n_small)]
    taken = seconds(lambda: ask_through(store, MODEL, wanted, lambda keys: [(each, answer(1)) for each in keys]))
    result["ask_through with an LLM that takes no time [questions/s]"] = len(wanted) / taken
    result["stats() [ms]"] = 1000 * seconds(store.stats)
    result["size on disk [MB]"] = size(store) / 1e6
    store.close()
    return result


def get_in_bulk(store: ResponseStore, keys: list[QuestionKey]) -> None:
    for start in range(0, len(keys), BULK):
        store.get_many(MODEL, keys[start : start + BULK])


def key(number: int) -> QuestionKey:
    return QuestionKey(PROMPTS[number % 2], hashlib.sha256(str(number).encode()).hexdigest())


def answer(number: int) -> Answer:
    """Return about as much text as a summary or a list of keywords has: 300 characters."""
    text = f"Answer {number}: " + "graph neural networks, language models, " * 7
    return Answer(text, finish_reason="stop", tokens_in=312, tokens_out=71, seconds=0.81)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def size(store: ResponseStore) -> float:
    path = Path(store.location)
    if path.is_file():
        return path.stat().st_size
    engine = sa.create_engine(store.url)
    with engine.connect() as connection:
        total = connection.execute(sa.text("SELECT pg_total_relation_size('skellagnn_answers')")).scalar_one()
    engine.dispose()
    return float(total)


@contextmanager
def schema(url: str) -> Iterator[str]:
    name = f"benchmark_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {name}"))
    try:
        inside = sa.make_url(url).update_query_dict({"options": f"-csearch_path={name}"})
        yield inside.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


if __name__ == "__main__":
    main()
