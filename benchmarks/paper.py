"""The claims of the E-LLaGNN paper, and those of this package, put to the test: ten splits, paired differences.

    python benchmarks/paper.py DATA FOLDER [--quick] [--workers 2] [--experiment NAME ...] [--plan]
    python benchmarks/paper.py report FOLDER [--figure]

DATA holds the folders ``cora`` and ``wikispeedia``, each as ``skellagnn.datasets.load_folder`` reads it; one that is
missing is left out. Only these two will do, since the experiments need their splits and answers: for a folder of yours
there is ``python -m skellagnn --data FOLDER``. Beside the graph and its labels each of the two holds

* ``splits.json.gz`` with ``fewshot_20perclass_seedN`` and ``random_60_20_20_seedN``, N from 0 to 9, and for Cora
  ``planetoid_public``, each with the parts ``train``, ``val`` and ``test``;
* ``llm_answers.jsonl.gz``, the answers of the strong LLM, and ``llm_answers_plan.json``, which lists the nodes asked
  about, under ``pagerank_top`` and ``random``;
* for Cora the answers of other LLMs: ``llm_tape_gpt35_ranked_pred``, ``llm_zeroshot_glbench``,
  ``llm_concise_id_llama31_8b`` and ``llm_short_summary_6w``, all ``.jsonl.gz``.

FOLDER is a folder of yours, outside the source tree. Every finished fit is a line of ``results.jsonl`` in it, beside
``memory``, which keeps encoded texts. What is in the file is not run again: after an interruption start the same
command anew. A fit that several experiments need is run once. Every arm predicts without LLM, with the estimator's
defaults but for what its name says; the validation nodes of a split decide the epoch.

With ``--quick``: three seeds, a few arms of each experiment, Cora alone unless the memory holds Wikispeedia's encoded
texts already (five minutes of encoding); it starts no fit after nine minutes. All experiments come to their first seed
before any comes to its second, so that what was run when time is up can be read.

``report`` writes Markdown into FOLDER/report: ``summary.md`` and a page of each experiment that has results; with
``--figure`` also ``gradients.svg``, the norms of the gradients, which needs matplotlib.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from paper_parts.experiments import EXPERIMENTS, PLACES, Scale, make_tables
from paper_parts.figure import draw_gradients
from paper_parts.records import (
    Fit,
    Table,
    append,
    distinct_fits,
    mend,
    read_lines,
    results_of,
    users_of_fits,
)
from paper_parts.report import FIGURE, gradient_series, write_pages

RESULTS = "results.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    return report(arguments[1:]) if arguments[:1] == ["report"] else run(arguments)


def run(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where results are kept")
    parser.add_argument("--quick", action="store_true", help="three seeds and a few arms of each experiment")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each (default: 2)")
    parser.add_argument("--seeds", type=int, help="of headline experiments; default: 10, 3 with --quick")
    parser.add_argument("--experiment", nargs="+", choices=list(EXPERIMENTS), default=list(EXPERIMENTS))
    parser.add_argument("--dataset", nargs="+", choices=list(PLACES), help="default: all that DATA holds")
    parser.add_argument("--memory", type=Path, help="keeps encoded texts; default: FOLDER/memory")
    parser.add_argument("--minutes", type=float, help="start no fit after that time; default: 9 with --quick")
    parser.add_argument("--plan", action="store_true", help="only say how many fits there are to do")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    minutes = options.minutes or (9 if options.quick else float("inf"))
    results = options.folder / RESULTS
    memory = options.memory or options.folder / "memory"

    from paper_parts.fitting import Place, default_parameters, is_encoded, load_data  # torch, after the help

    place = Place(options.data.resolve(), memory.resolve())
    data = options.dataset or [name for name in PLACES if (place.data / name).is_dir()]
    if not data:
        parser.error(f"{options.data} holds none of the folders {', '.join(PLACES)}")
    if options.quick and options.dataset is None:
        data = [name for name in data if name == "cora" or is_encoded(place, name)]
    scale = Scale(options.seeds or (3 if options.quick else 10), options.quick, tuple(data))
    tables = make_tables(options.experiment, scale)
    defaults = default_parameters()
    done = results_of(read_lines(results))
    fits = distinct_fits(tables, defaults)
    print_plan(tables, defaults, done)
    in_order = sorted(fits.items(), key=lambda item: item[1].seed)
    waiting = {key: fit for key, fit in in_order if key not in done}
    if options.plan:
        return 0
    place.memory.mkdir(parents=True, exist_ok=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(fit.data for fit in waiting.values()):
        if not is_encoded(place, name):
            print(f"encoding the texts of {PLACES[name]} ...", flush=True)
        load_data(place, name)
    mend(results)
    for table in tables:
        append(results, table.to_line(defaults))
    users = users_of_fits(tables, defaults)
    n_done, failed = run_fits(place, waiting, users, results, options.workers, started + 60 * minutes)
    if n_done < len(waiting):
        print(f"time is up, {len(waiting) - n_done} fits are to come; the same command goes on")
    if failed:
        print(f"{failed} fits failed; their lines in {results} say why. The same command tries them again.")
    return 1 if failed else 0


def print_plan(tables: Sequence[Table], defaults: Mapping[str, Any], done: Mapping[str, Any]) -> None:
    """Print the number of fits by experiment; one that an experiment above needs, too, counts there."""
    print(f"{'experiment':12s} {'arms':>5s} {'fits':>5s} {'of its own':>10s} {'to do':>6s}")
    seen: set[str] = set()
    for name in dict.fromkeys(table.experiment for table in tables):
        own = [table for table in tables if table.experiment == name]
        keys = set(distinct_fits(own, defaults))
        new = keys - seen
        seen |= keys
        n_arms = sum(len(table.arms) for table in own)
        print(f"{name:12s} {n_arms:5d} {len(keys):5d} {len(new):10d} {len(new - done.keys()):6d}")
    print(f"{'all':12s} {'':5s} {len(seen):5d} {len(seen):10d} {len(seen - done.keys()):6d}", flush=True)


def run_fits(
    place: Any,
    fits: Mapping[str, Fit],
    users: Mapping[str, list[list[str]]],
    results: Path,
    n_workers: int,
    deadline: float,
) -> tuple[int, int]:
    """Run fits and append their records as they come; return how many were run and how many of these failed."""
    from joblib import Parallel, delayed, parallel_config
    from paper_parts.fitting import run_fit, versions

    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers when they start
    about = versions()
    started, number, failed = time.perf_counter(), 0, 0

    def jobs() -> Iterator[Any]:
        for key, fit in fits.items():
            if time.perf_counter() > deadline:
                return
            yield delayed(run_fit)(place, key, fit)

    with parallel_config(backend="loky", inner_max_num_threads=1):
        # a few jobs in advance only: those that are dispatched are run even when time is up
        records = Parallel(n_jobs=n_workers, return_as="generator_unordered", pre_dispatch="n_jobs", batch_size=1)(
            jobs()
        )
        for number, record in enumerate(records, start=1):
            append(results, {**record, "used_by": users[record["key"]], "versions": about, "workers": n_workers})
            failed += "error" in record
            seconds = time.perf_counter() - started
            left = seconds / number * (len(fits) - number)
            outcome = record["error"] if "error" in record else _score(record)
            experiment, title, arm = users[record["key"]][0]
            print(
                f"{number}/{len(fits)}, {left / 60:.0f} min left: {experiment}, {title}, {arm}, seed {record['seed']}: "
                f"{outcome}",
                flush=True,
            )
    return number, failed


def _score(record: Mapping[str, Any]) -> str:
    return f"{record['accuracy']:.2f} %, {record['seconds']:.1f} s" if "accuracy" in record else "done"


def report(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="paper.py report", description="Make Markdown pages out of results.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=f"holds {RESULTS}; FOLDER/report gets the pages")
    parser.add_argument("--figure", action="store_true", help="draw the norms of the gradients; needs matplotlib")
    options = parser.parse_args(arguments)
    results, pages = options.folder / RESULTS, options.folder / "report"
    if not results.is_file():
        parser.error(f"there is no file {results}; run `paper.py DATA {options.folder}` first")
    lines = read_lines(results)
    write_pages(lines, pages)
    if options.figure:
        series = gradient_series(lines)
        if not series:
            parser.error(f"{results} holds no norms of gradients; run --experiment gradients first")
        draw_gradients(series, pages / FIGURE)
    print(f"the report is {pages / 'summary.md'} and the pages beside it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
