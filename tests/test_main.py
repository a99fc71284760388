"""``python -m skellagnn``, on small folders."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

from skellagnn import __main__ as cli
from skellagnn.__main__ import main
from skellagnn.datasets import make_text_graph, save_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    data = make_text_graph(n_nodes=90, n_classes=3, informativeness=0.6, answer_accuracy=1.0, random_state=0)
    save_folder(data.graph, path, target=data.target, target_names=data.target_names)
    with gzip.open(path / "llm_answers.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in data.answers)
    return path


def run(folder, *arguments):
    return main(["--data", str(folder), "--encoder", "tfidf", "--splits", "2", *arguments])


def test_json_report_has_every_figure(folder, capsys):
    assert run(folder, "--json") == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    report = json.loads(out)
    assert (report["n_nodes"], report["n_labeled"], report["n_classes"], report["n_questions"]) == (90, 90, 3, 27)
    assert list(report["accuracy"]) == [
        "logistic regression",
        "plain GNN",
        "same training, no LLM",
        "E-LLaGNN, 10% asked",
    ]
    for arm in report["accuracy"].values():
        assert len(arm["scores"]) == 2
        assert 1 / 3 < arm["mean"] <= 1
    assert report["accuracy"]["E-LLaGNN, 10% asked"]["answers"] == 27
    assert report["search"]["best_params"]["augmentation_ratio"] in (0.05, 0.1)
    assert report["pickle_bytes"] > 1000


def test_text_report_reads_from_graph_to_pickle(folder, capsys):
    # two encoders beside each other, which learn once for all arms
    assert run(folder, "--backbone", "gcn", "--encoder", "tfidf+tfidf") == 0
    out = capsys.readouterr().out
    assert "90 texts to 178 columns" in out
    places = [
        out.index(word)
        for word in ("Graph ", "Encoding ", "Plan ", "Accuracy ", "Search ", "Pickle ", "Picture ", "Done in")
    ]
    assert places == sorted(places)
    assert "predictions of 90 nodes equal those made here" in out


def test_it_ends_with_a_picture_and_a_page(folder, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert run(folder, "--report", str(page)) == 0
    captured = capsys.readouterr()
    out = captured.out
    assert f"Report     {page}" in out
    bars = [line for line in out.partition("Picture ")[2].splitlines() if "|" in line]
    assert [line.strip().split(" |")[0].strip() for line in bars] == [
        "logistic regression",
        "plain GNN",
        "same training, no LLM",
        "E-LLaGNN, 10% asked",
    ]
    assert all(0 < line.count("#") <= 40 for line in bars)
    html = page.read_text(encoding="utf-8")
    assert "Mistakes of the model" in html
    assert "Nodes that were asked about" in html
    assert f"--report {page}" in html
    assert "9 fits" in out  # what is waited for
    assert "fitting" in captured.err
    assert "encode" in captured.err


@pytest.mark.parametrize(("labels", "headings"), [("0", False), ("1", False), ("3", True)])
def test_a_page_beside_json_and_of_few_labels(folder, tmp_path, capsys, labels, headings):
    page = tmp_path / "page.html"
    assert run(folder, "--labels", labels, "--splits", "1", "--report", str(page), "--json") == 0
    captured = capsys.readouterr()
    json.loads(captured.out)
    html = page.read_text(encoding="utf-8")
    assert ("<h2>Search</h2>" in html) == headings
    assert "unseen nodes are predicted wrong" in html


def test_without_labels_it_learns_from_answers(folder, capsys):
    assert run(folder, "--labels", "0", "--splits", "1", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report["accuracy"]) == ["E-LLaGNN, 10% asked"]
    assert report["accuracy"]["E-LLaGNN, 10% asked"]["mean"] > 0.5  # three classes
    assert "search" not in report


def test_neither_labels_nor_answers_are_nothing_to_learn_from(tmp_path, capsys):
    data = make_text_graph(n_nodes=60, random_state=0)
    save_folder(data.graph, tmp_path, target=data.target, target_names=data.target_names)
    assert run(tmp_path, "--labels", "0") == 2
    assert "`--labels` must be at least 1 for a folder without recorded answers, got 0" in capsys.readouterr().err


def test_folder_without_answers_runs_the_arms_without_llm(folder, tmp_path, capsys):
    data = make_text_graph(n_nodes=60, random_state=0)
    save_folder(data.graph, tmp_path, target=data.target, target_names=data.target_names)
    assert run(tmp_path) == 0
    out = capsys.readouterr().out
    assert "no recorded answers in this folder" in out
    assert "E-LLaGNN" not in out
    assert "E-LLaGNN, 10% asked" not in out


@pytest.mark.parametrize(("labeled", "n_classes"), [(0, 0), (3, 2), (60, 1)])
def test_folder_without_enough_labels_is_refused(tmp_path, capsys, labeled, n_classes):
    data = make_text_graph(n_nodes=60, random_state=0)
    target = np.full(60, -1)
    target[:labeled] = np.arange(labeled) % max(n_classes, 1)
    save_folder(data.graph, tmp_path, target=target, target_names=data.target_names)

    assert run(tmp_path) == 2

    error = capsys.readouterr().err
    assert error.startswith("error: `--data` must be a folder with two classes of at least 4 labeled nodes each, got ")
    assert f"got {labeled} labeled of 60 nodes in {n_classes} classes" in error


def test_one_split_has_no_spread(tmp_path, capsys):
    data = make_text_graph(n_nodes=60, random_state=0)
    save_folder(data.graph, tmp_path, target=data.target, target_names=data.target_names)

    def no_number(name):
        raise AssertionError(f"{name} is no JSON")

    assert run(tmp_path, "--json", "--splits", "1") == 0
    report = json.loads(capsys.readouterr().out, parse_constant=no_number)
    assert [arm["std"] for arm in report["accuracy"].values()] == [None, None, None]
    assert run(tmp_path, "--splits", "1") == 0
    out = capsys.readouterr().out
    assert [word for word in ("nan", "+-", "(se") if word in out] == []
    mean = report["accuracy"]["same training, no LLM"]["mean"]
    assert f"same training, no LLM    {mean:.3f}\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backbone", "sagee"], "Did you mean 'sage'"),
        (["--encoder", "tfdif"], "Did you mean 'tfidf'"),
        (["--labels", "-1"], "`--labels` must be an int of at least 0, got -1"),
        (["--report", "no-such-folder/page.html"], "`--report` must be the name of a file in a folder"),
        (["--splits", "0"], "`--splits` must be an int of at least 1"),
        (["--data", "no-such-folder"], "`path` must be a folder"),
        (["--seed", "-1"], "`--seed` must be an int of at least 0, got -1"),
        (["--seed", "4294967296"], "`--seed` must be an int of at most 4294967295, got 4294967296"),
    ],
)
def test_mistakes_are_one_line_on_standard_error(folder, capsys, arguments, message):
    assert main(["--data", str(folder), "--encoder", "tfidf", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_help_names_every_option():
    shown = subprocess.run(
        [sys.executable, "-m", "skellagnn", "--help"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    for option in (
        "--data",
        "--encoder",
        "--backbone",
        "--seed",
        "--json",
        "--splits",
        "--labels",
        "--max-tokens",
        "--report",
    ):
        assert option in shown


def test_the_default_encoder_reads_the_first_tokens_and_all_words():
    default = cli._parser().parse_args([]).encoder

    assert default == "minilm+tfidf"
    union = cli._encoder(default, 7)
    parts = [repr(part) for _, part in union.transformer_list]
    assert parts == ["SentenceBertEncoder(long_texts='cut', max_tokens=7)", "TfidfEncoder()"]
    assert repr(cli._encoder("minilm", 0)) == "SentenceBertEncoder()"
