"""benchmarks/paper.py: which fits are run, what an interruption leaves, what the tables say. Two epochs are trained."""

import gzip
import importlib
import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import HashingVectorizer

from skellagnn import ELLaGNNClassifier
from skellagnn.datasets import make_text_graph, save_folder
from skellagnn.distillation import PropagationTeacher
from skellagnn.encoders import _features
from skellagnn.encoders._resolve import ENCODERS
from skellagnn.prompts import parse_choices

ROOT = Path(__file__).parents[1]


@pytest.fixture
def part(monkeypatch):
    """Import a module of the benchmark by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return lambda name: importlib.import_module(f"paper_parts.{name}")


# -- statistics -------------------------------------------------------------------------------------------------


def test_paired_difference_is_taken_seed_by_seed(part):
    difference = part("statistics").paired_difference({0: 81.0, 1: 90.0, 2: 83.0, 7: 0.0}, {2: 82.0, 1: 88.0, 0: 78.0})

    # 3, 2, 1: standard deviation 1, three pairs
    assert difference.mean == pytest.approx(2.0)
    assert difference.error == pytest.approx(1 / math.sqrt(3))
    assert difference.n_pairs == 3


def test_one_pair_has_no_standard_error_and_none_no_difference(part):
    statistics = part("statistics")

    assert math.isnan(statistics.paired_difference({0: 1.0}, {0: 0.5}).error)
    assert statistics.paired_difference({0: 1.0}, {1: 0.5}) is None


# -- which fits -------------------------------------------------------------------------------------------------


def keys_of(part, *params, **changes):
    defaults = ELLaGNNClassifier().get_params()
    fit = {"data": "cora", "split": "20 a class", "seed": 0, "kind": "transductive", **changes}
    return [part("records").Fit(**fit, params=some).key(defaults) for some in params]


def test_a_parameter_at_its_default_is_the_same_fit(part):
    ratio = ELLaGNNClassifier().augmentation_ratio
    first, second, other = keys_of(
        part,
        {"enhancer": "strong"},
        {"enhancer": "strong", "augmentation_ratio": ratio},
        {"enhancer": "strong", "augmentation_ratio": ratio / 2},
    )

    assert first == second
    assert first != other


def test_what_only_an_enhancer_reads_does_not_tell_fits_without_one_apart(part):
    without, asking, plain = keys_of(
        part, {"enhancer": None}, {"enhancer": None, "augmentation_ratio": 0.5}, {"enhancer": None, "teacher": None}
    )

    assert without == asking
    assert without != plain


@pytest.mark.parametrize("change", [{"seed": 1}, {"data": "other"}, {"split": "public"}, {"kind": "inductive"}])
def test_seed_data_split_and_kind_tell_fits_apart(part, change):
    assert keys_of(part, {}) != keys_of(part, {}, **change)


def test_a_changed_default_is_another_fit(part):
    fit = part("records").Fit("cora", "public", 0, "transductive", {})

    assert fit.key({"dropout": 0.1}) != fit.key({"dropout": 0.2})
    assert fit.key({"dropout": 0.1, "memory": "a"}) == fit.key({"dropout": 0.1, "memory": "b"})


def test_fits_that_tables_share_are_run_once(part):
    records = part("records")
    shared = {"enhancer": "strong"}
    tables = [
        records.Table("one", "One", "cora", "public", (records.Arm("a", shared), records.Arm("b", {})), 3),
        records.Table("two", "Two", "cora", "public", (records.Arm("c", shared, n_seeds=2),), 3),
    ]
    defaults = ELLaGNNClassifier().get_params()

    fits = records.distinct_fits(tables, defaults)
    users = records.users_of_fits(tables, defaults)

    assert len(fits) == 6
    assert sorted(len(user) for user in users.values()) == [1, 1, 1, 1, 2, 2]
    first = next(iter(fits))
    assert users[first] == [["one", "One", "a"], ["two", "Two", "c"]]


def test_arms_are_compared_with_arms_that_are_there(part):
    records = part("records")

    with pytest.raises(ValueError, match="not there: \\['nobody'\\]"):
        records.Table("one", "One", "cora", "public", (records.Arm("a", {}, {"difference": "nobody"}),), 3)
    with pytest.raises(ValueError, match="the same name"):
        records.Table("one", "One", "cora", "public", (records.Arm("a", {}), records.Arm("a", {})), 3)


@pytest.mark.parametrize("quick", [False, True])
def test_every_experiment_can_be_made(part, quick):
    experiments, fitting = part("experiments"), part("fitting")
    known = set(ELLaGNNClassifier(teacher=PropagationTeacher()).get_params())
    tables = experiments.make_tables(list(experiments.EXPERIMENTS), experiments.Scale(10, quick))

    assert {table.experiment for table in tables} == set(experiments.EXPERIMENTS)
    assert len({(table.experiment, table.title) for table in tables}) == len(tables)
    for table in tables:
        assert table.split in fitting.SPLITS
        for arm in table.arms:
            assert set(arm.params) <= known
            assert arm.kind in fitting.KINDS
            # whoever asks is compared with the same training without answers
            asks = arm.params.get("enhancer") is not None and arm.kind != "edges"
            assert not asks or experiments.WITHOUT in arm.versus, (table.title, arm.name)


def test_an_arm_and_its_own_training_without_answers_differ_in_the_asking_alone(part):
    experiments, records = part("experiments"), part("records")
    for table in experiments.make_tables(list(experiments.EXPERIMENTS), experiments.Scale()):
        arms = {arm.name: arm for arm in table.arms}
        for arm in table.arms:
            if arm.params.get("enhancer") is None or experiments.WITHOUT not in arm.versus:
                continue
            other = arms[arm.versus[experiments.WITHOUT]]
            asked, plain = ({**one.params, "enhancer": None} for one in (arm, other))
            fits = [records.Fit(table.data, table.split, 0, arm.kind, params) for params in (asked, plain)]
            assert fits[0].arguments() == fits[1].arguments(), (table.title, arm.name)
            assert other.kind == arm.kind


def test_an_arm_and_its_random_rival_have_the_same_budget(part):
    experiments = part("experiments")
    found = 0
    for table in experiments.make_tables(list(experiments.EXPERIMENTS), experiments.Scale()):
        arms = {arm.name: arm.params for arm in table.arms}
        for arm in table.arms:
            if experiments.CHANCE in arm.versus:
                rival = arms[arm.versus[experiments.CHANCE]]
                chosen = {name for name in arm.params if name != "selection"}
                assert {name: rival[name] for name in chosen} == {name: arm.params[name] for name in chosen}
                assert rival["selection"] in ("uniform", "random", "recorded at random")
                found += 1
    assert found > 50


# -- the results file -------------------------------------------------------------------------------------------


def test_a_line_cut_off_by_a_kill_is_dropped_and_run_again(part, tmp_path):
    records = part("records")
    path = tmp_path / "results.jsonl"
    whole = json.dumps({"key": "a", "accuracy": 80.0}) + "\n"
    path.write_text(whole + '{"key": "b", "accur')

    assert set(records.results_of(records.read_lines(path))) == {"a"}
    records.mend(path)
    records.append(path, {"key": "c", "accuracy": 81.0})

    assert path.read_text() == whole + '{"key": "c", "accuracy": 81.0}\n'


def test_a_whole_last_line_without_its_end_is_kept(part, tmp_path):
    records = part("records")
    path = tmp_path / "results.jsonl"
    path.write_text('{"key": "a"}\n{"key": "b"}')

    records.mend(path)
    records.append(path, {"key": "c"})

    assert [line["key"] for line in records.read_lines(path)] == ["a", "b", "c"]


def test_a_damaged_line_in_the_middle_is_an_error(part, tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text('{"key": "a"}\n{"key": "b", \n{"key": "c"}\n')

    with pytest.raises(ValueError, match="line 2 of"):
        part("records").read_lines(path)


def test_no_file_is_no_results(part, tmp_path):
    records = part("records")
    path = tmp_path / "results.jsonl"
    records.mend(path)

    assert records.read_lines(path) == []
    assert not path.exists()


def test_a_fit_that_failed_is_not_finished(part):
    lines = [{"key": "a", "error": "ValueError: no"}, {"key": "b", "error": "no"}, {"key": "b", "accuracy": 1.0}]

    assert set(part("records").results_of(lines)) == {"b"}


def test_the_latest_run_decides_what_a_table_holds(part):
    old, new, other = (
        {"table": {"experiment": name, "title": "T", "arms": arms}}
        for name, arms in [("x", [1]), ("x", [2]), ("y", [])]
    )

    assert part("records").tables_of([old, other, new]) == [new["table"], other["table"]]


# -- tables -----------------------------------------------------------------------------------------------------


def made_up_lines(accuracies, *, versus, experiment="splits", **more):
    """Return the lines of a file with one table: name of an arm -> accuracy by seed, None for a fit to come."""
    lines = [
        {
            "table": {
                "experiment": experiment,
                "title": "Made up",
                "data": "cora",
                "split": "public",
                "arms": [
                    {
                        "name": name,
                        "kind": "transductive",
                        "versus": versus.get(name, {}),
                        "keys": {str(seed): f"{name}-{seed}" for seed in range(len(scores))},
                    }
                    for name, scores in accuracies.items()
                ],
            }
        }
    ]
    for name, scores in accuracies.items():
        for seed, accuracy in enumerate(scores):
            if accuracy is not None:
                record = {"key": f"{name}-{seed}", "accuracy": accuracy, "accuracy_not_asked": accuracy - 1}
                lines.append({**record, **more.get(name, {})})
    return lines


def cells_of(text, arm):
    row = next(line for line in text.splitlines() if line.startswith(f"| {arm} |"))
    return [cell.strip() for cell in row.strip("|").split("|")]


ASKED = {"questions": 200, "tokens_in": 4000, "tokens_out": 800, "cpu_seconds": 6.0, "n_iter": 200}
FREE = {"questions": 0, "tokens_in": 0, "tokens_out": 0, "cpu_seconds": 2.0, "n_iter": 100}


def test_accuracy_table_in_full(part):
    lines = made_up_lines(
        {"plain": [80.0, 82.0], "a": [83.0, 83.0, None], "b | c": [84.0]},
        versus={"a": {"difference": "plain", "chance": "b | c"}},
        a=ASKED,
    )
    text = part("report").render_tables(lines)["splits"]

    assert text.splitlines() == [
        "**Made up**",
        "",
        "| arm | accuracy | std | not asked | difference | chance | seeds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| plain | 81.00 | 1.41 |  |  |  | 2 |",
        "| a | 83.00 | 0.00 | 82.00 | +2.00 ± 1.00 | -1.00 (n=1) | 2 |",
        "| b \\| c | 84.00 |  |  |  |  | 1 |",
    ]


def test_an_arm_without_results_keeps_its_row_and_a_table_without_any_is_left_out(part):
    report = part("report")

    some = report.render_tables(made_up_lines({"a": [80.0], "b": [None]}, versus={"b": {"difference": "a"}}))
    assert cells_of(some["splits"], "b")[-1] == "0"
    none = report.render_tables(made_up_lines({"a": [None]}, versus={}))
    assert "splits" not in none
    assert cells_of(report.render_verdict(made_up_lines({"a": [None]}, versus={}))["The run"], "fits")[1] == "0 of 1"


def test_cost_table_says_what_100_questions_gained(part):
    report = part("report")
    lines = made_up_lines(
        {"plain": [80.0, 80.0], "recipe": [82.0, 84.0]},
        versus={"recipe": {report.WITHOUT: "plain"}},
        experiment="ratio",
        plain=FREE,
        recipe=ASKED,
    )
    text = report.render_tables(lines)["cost"]

    assert cells_of(text, "recipe")[1:] == ["200", "4000", "800", "200", "6.0", "3.0", "1.5", "+3.00 ± 1.00", "+1.500"]
    assert cells_of(text, "plain")[1:] == ["0", "0", "0", "100", "2.0", "1.0", "1.0", "", ""]


def test_verdict_takes_each_gain_against_its_own_base(part):
    lines = made_up_lines(
        {
            "plain": [80.0, 80.0],
            "same training, no answers": [82.0, 84.0],
            "recipe, 10 %": [83.0, 85.0],
            "the paper, 10 %": [81.0, 79.0],
            "gcn: plain": [70.0],  # neither without a recipe ...
        },
        versus={},
        experiment="defaults",
    )
    twice = [*lines, {"table": {**lines[0]["table"], "title": "Another"}}]  # ... nor the same fits again

    rows = part("report").render_verdict(twice)["The estimator as it comes"].splitlines()[2:]

    assert rows == ["| Made up | 80.00 | 84.00 | +3.00 ± 1.00 | +1.00 ± 0.00 | +0.00 ± 1.00 |"]


def test_llms_stand_side_by_side_where_they_were_asked(part):
    right = {"answers_right": 75.0}
    lines = []
    for place, others in {"Cora": {"weak": [81.0]}, "Wikispeedia": {}}.items():
        more = made_up_lines(
            {"same training, no answers": [80.0], "strong": [82.0], **others},
            versus={},
            experiment="defaults",
            strong=right,
            weak=right,
        )
        more[0]["table"]["title"] = f"{place}, weak and strong LLMs"
        lines += more

    rows = part("report").render_verdict(lines)["LLMs good and bad"].splitlines()[2:]

    assert rows == ["| strong | 75 | +2.00 | 75 | +2.00 |", "| weak | 75 | +1.00 |  |  |"]


def test_views_table_compares_with_and_without_views(part):
    views = {"accuracy_views": 85.0, "accuracy_asked": 70.0, "accuracy_asked_views": 90.0}
    lines = made_up_lines({"plain": [80.0], "recipe": [82.0]}, versus={}, experiment="inference", recipe=views)
    text = part("report").render_tables(lines)["views"]

    assert cells_of(text, "recipe") == ["recipe", "82.00", "85.00", "+3.00", "70.00", "90.00", "+20.00"]
    assert "plain" not in text


def test_failed_fits_are_counted_until_they_succeed(part):
    lines = made_up_lines({"a": [80.0, None]}, versus={})
    failed = {"key": "a-1", "error": "ValueError: no"}
    report = part("report")

    assert cells_of(report.run_facts([*lines, failed]), "fits that failed")[1] == "1"
    assert cells_of(report.run_facts([*lines, failed, {"key": "a-1", "accuracy": 1.0}]), "fits that failed")[1] == "0"


def test_gradients_are_averaged_over_seeds_and_cut_to_the_shortest(part):
    lines = made_up_lines({"deep: plain": [80.0, 82.0]}, versus={}, experiment="gradients")
    lines[0]["table"]["arms"][0]["kind"] = "gradients"
    lines[1]["gradients"] = [[1.0, 1.0, 9.0], [4.0, 4.0, 9.0]]
    lines[2]["gradients"] = [[3.0, 5.0], [4.0, 6.0]]
    report = part("report")

    assert report.gradient_series(lines) == {"deep: plain": [[2.0, 3.0], [4.0, 5.0]]}
    assert cells_of(report.render_tables(lines)["gradients"], "deep: plain")[-1] == "2"


def test_norms_put_the_weights_of_a_layer_together(part):
    squares = {"layers.0.lin_l.weight": [9.0, 0.0], "layers.0.lin_r.weight": [16.0, 4.0], "layers.1.weight": [1.0, 1.0]}

    assert part("fitting").gradient_norms(squares) == [[5.0, 2.0], [1.0, 1.0]]


def test_recorder_writes_a_norm_for_each_layer_and_backward_pass(part):
    import torch

    from skellagnn.gnn._sparse import edges_for
    from skellagnn.graph import TextGraph

    network = part("fitting").GradientRecorder("gcn")(4, 8, 3, 3, 0.0)
    edges = edges_for(network, TextGraph.from_edges([(0, 1)]).adjacency)
    for _ in range(2):
        network(torch.ones(2, 4), edges).sum().backward()

    norms = part("fitting").gradient_norms(network.squared_gradients)
    assert np.shape(norms) == (3, 2)
    # the sum of the rows of the last layer: its gradient does not vanish
    assert norms[-1][0] > 0


def test_long_lines_are_thinned_to_means(part):
    thin = part("figure").thin

    assert thin([1.0, 2.0]) == ([1, 2], [1.0, 2.0])
    epochs, means = thin([float(epoch) for epoch in range(1, 201)])
    assert epochs == means == [2.5 + 4 * i for i in range(50)]
    assert thin([]) == ([], [])


# -- answers and selections -------------------------------------------------------------------------------------

CLASSES = ["Theory", "Neural_Networks", "Rule_Learning"]


def test_made_answers_are_read_as_they_are_meant(part):
    recordings = part("recordings")
    nodes = [str(node) for node in range(60)]
    random = [parse_choices(line["response"], CLASSES) for line in recordings.random_answers(nodes, CLASSES)]
    constant = [parse_choices(line["response"], CLASSES) for line in recordings.constant_answers(nodes, CLASSES[1])]

    assert {len(set(choices)) for choices in random} == {2}
    assert {choices[0] for choices in random} == {0, 1, 2}
    assert constant == [[1]] * 60


def test_the_llm_that_is_always_right_names_the_class_of_each_node_that_has_one(part, tmp_path):
    target = np.array([2, -1, 0])
    lines = part("recordings").make_recording("right", tmp_path, ["a", "b", "c"], target, CLASSES)

    assert {line["id"]: parse_choices(line["response"], CLASSES) for line in lines} == {"a": [2], "b": [], "c": [0]}


def test_the_unerring_llm_is_the_strong_one_where_it_is_right(part, tmp_path):
    said = {"a": "Rule Learning", "b": "Theory", "c": "Rule Learning; failing that, Theory", "d": "a riddle"}
    lines = [{"id": node, "prompt": "topic", "response": text} for node, text in said.items()]
    lines.append({"id": "c", "prompt": "keywords", "response": "rules"})
    with gzip.open(tmp_path / "llm_answers.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    kept = part("recordings").make_recording("unerring", tmp_path, list(said), np.array([2, -1, 0, 1]), CLASSES)

    assert [(line["id"], line["prompt"]) for line in kept] == [("a", "topic"), ("c", "keywords")]


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("Neural Networks; failing that, Theory.", "Theory; failing that, Neural_Networks."),
        ("neural-networks, not Rule Learning", "Theory, not Rule Learning"),
        ("Theoryless", "Theoryless"),
    ],
)
def test_two_classes_are_swapped_in_every_spelling(part, text, swapped):
    assert part("recordings").swap_classes(text, "Theory", "Neural_Networks") == swapped


@pytest.fixture
def tiny_cora(part, tmp_path, monkeypatch):
    """A folder of 60 nodes under the name of Cora, with answers, on which "minilm" counts words in two columns."""
    data = make_text_graph(n_nodes=60, random_state=0)
    folder = tmp_path / "cora"
    save_folder(data.graph, folder, target=data.target, target_names=data.target_names)
    split = {"train": list(range(20)), "val": list(range(20, 40)), "test": list(range(40, 60))}
    with gzip.open(folder / "splits.json.gz", "wt") as file:
        json.dump({"planetoid_public": split}, file)
    monkeypatch.setitem(ENCODERS, "minilm", lambda: HashingVectorizer(n_features=2))
    monkeypatch.setattr(_features, "_LEARNED", {})  # nor may the name stand for it later
    place = part("fitting").Place(tmp_path, tmp_path / "memory")
    (place.memory / "recordings").mkdir(parents=True)
    with (place.memory / "recordings" / "cora-strong.jsonl").open("w") as file:
        file.writelines(json.dumps(record) + "\n" for record in data.answers)
    return place


def test_without_a_name_the_encoder_is_that_of_the_paper(part, tiny_cora):
    fitting, records = part("fitting"), part("records")
    plain, words = (
        records.Fit("cora", "public", 0, "transductive", {**params, "max_iter": 2})
        for params in ({}, {"encoder": "tfidf"})
    )

    assert fitting.default_parameters()["encoder"] == "minilm"
    assert fitting.default_parameters()["backbone"] == ELLaGNNClassifier().backbone
    assert fitting.estimator_of(tiny_cora, plain).encoder == "minilm"
    assert fitting.estimator_of(tiny_cora, words).encoder == "tfidf"
    clf, _ = fitting._train(tiny_cora, plain)
    assert clf.n_features_in_ == 2
    assert fitting.is_encoded(tiny_cora, "cora")


def test_given_texts_the_estimator_chooses_the_encoder(part, tiny_cora):
    fitting, records, experiments = part("fitting"), part("records"), part("experiments")
    asked = {**ASKS, "max_iter": 2}

    widths, found = {}, {}
    for name, params in {"auto": experiments.AS_IT_COMES, "minilm": {"encoder": "minilm"}}.items():
        fit = records.Fit("cora", "public", 0, "texts", {**asked, **params})
        clf, found[name] = fitting._train(tiny_cora, fit, texts=True)
        widths[name] = clf.n_features_in_

    assert widths == {"auto": 2 + 59, "minilm": 2}
    assert found["auto"]["questions"] == 12
    assert found["auto"]["answers_right"] > 50
    assert found["auto"]["accuracy_views"] is not None
    keys = {kind: records.Fit("cora", "public", 0, kind, {"encoder": "auto"}) for kind in ("texts", "transductive")}
    assert len({fit.key({}) for fit in keys.values()}) == 2


ASKS = {"enhancer": "strong", "prompts": "keywords+topic"}


@pytest.mark.parametrize(
    ("kind", "params", "found"),
    [
        ("transductive", {"teacher__n_rounds": 0}, "accuracy_not_asked"),
        ("inductive", {"selection": "recorded"}, "accuracy"),
        ("gradients", {"teacher": None, "answer_weight": 0.0}, "gradients"),
        ("edges", {"selection": "pagerank", "n_neighbors": 3}, "homophily_asked_enhanced"),
    ],
)
def test_every_kind_of_fit_runs(part, tiny_cora, kind, params, found):
    import torch

    threads = torch.get_num_threads()
    fit = part("records").Fit("cora", "public", 0, kind, {**ASKS, "max_iter": 2, **params})
    record = part("fitting").run_fit(tiny_cora, "key", fit)
    torch.set_num_threads(threads)

    assert "error" not in record, record["traceback"]
    assert np.all(np.isfinite(record[found]))


def test_an_answer_that_no_class_fits_is_no_wrong_answer_and_no_error(part, tiny_cora):
    fitting, records = part("fitting"), part("records")
    path = tiny_cora.memory / "recordings" / "cora-strong.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["prompt"] == "topic":
            line["response"] = "None of these."
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    _, record = fitting._train(tiny_cora, records.Fit("cora", "public", 0, "transductive", {**ASKS, "max_iter": 2}))

    assert record["answers_right"] is None
    assert record["trust"] is None


def test_uniform_sample_takes_all_nodes_with_the_same_chance(part):
    from skellagnn.graph import TextGraph
    from skellagnn.selection import select_active_nodes

    graph = TextGraph.from_edges([(0, 1)], n_nodes=100)
    top, others = range(10), range(10, 55)
    sample = part("fitting").UniformSample(frozenset(map(str, top)), frozenset(map(str, others)))
    features = np.empty((100, 0), dtype=np.float32)
    drawn = [select_active_nodes(graph, features, sample, 30, seed=seed) for seed in range(200)]

    assert all(len(set(nodes)) == 30 and max(nodes) < 55 for nodes in map(np.ndarray.tolist, drawn))
    from_top = np.mean([np.mean(nodes < 10) for nodes in drawn])
    assert from_top == pytest.approx(0.1, abs=0.02)
    smaller = select_active_nodes(graph, features, sample, 12, seed=3)
    assert smaller.tolist() == drawn[3][:12].tolist()


def test_among_recorded_nodes_the_most_central_come_first(part):
    from skellagnn.graph import TextGraph
    from skellagnn.selection import select_active_nodes

    star = TextGraph.from_edges([(0, node) for node in range(1, 6)] + [(4, 5)], n_nodes=6)
    features = np.empty((6, 0), dtype=np.float32)
    among = part("fitting").AmongRecorded

    chosen = select_active_nodes(star, features, among(frozenset({"1", "2", "4"})), 2)
    assert chosen.tolist() == [4, 1]
    drawn = {
        tuple(select_active_nodes(star, features, among(frozenset({"1", "4"}), at_random=True), 1, seed=seed))
        for seed in range(20)
    }
    assert drawn == {(1,), (4,)}


# -- the command ------------------------------------------------------------------------------------------------


def command(part):
    part("records")  # puts the folder on the path
    specification = importlib.util.spec_from_file_location("benchmark_paper", ROOT / "benchmarks" / "paper.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_report_writes_a_summary_and_a_page_of_each_experiment(part, tmp_path, capsys):
    main = command(part).main
    with pytest.raises(SystemExit):
        main(["report", str(tmp_path)])
    assert "there is no file" in capsys.readouterr().err
    for line in made_up_lines({"a": [80.0, 81.0]}, versus={}):
        part("records").append(tmp_path / "results.jsonl", line)

    assert main(["report", str(tmp_path)]) == 0
    report = tmp_path / "report"
    assert {page.name for page in report.iterdir()} == {"summary.md", "splits.md"}
    assert "| fits | 2 of 2 |" in (report / "summary.md").read_text(encoding="utf-8")
    page = (report / "splits.md").read_text(encoding="utf-8")
    assert page.startswith("# Splits\n\n20 labels a class")
    assert "**Made up**\n\n| arm |" in page
    assert "| a | 80.50 | 0.71 |" in page
    with pytest.raises(SystemExit):
        main(["report", str(tmp_path), "--figure"])
    assert "holds no norms of gradients" in capsys.readouterr().err


def test_a_run_goes_on_where_it_ended(part, tiny_cora, tmp_path, monkeypatch, capsys):
    experiments, records = part("experiments"), part("records")
    arms = [records.Arm("plain", {"enhancer": None, "max_iter": 2})]
    arms.append(records.Arm("asks", {**ASKS, "selection": "random", "max_iter": 2}, {"difference": "plain"}))
    table = records.Table("parts", "One table", "cora", "public", tuple(arms), 1)
    monkeypatch.setitem(experiments.EXPERIMENTS, "parts", lambda scale: [table])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the command sets it for its workers
    folder = tmp_path / "mine"
    arguments = [str(tiny_cora.data), str(folder), "--workers", "1", "--experiment", "parts"]
    arguments += ["--memory", str(tiny_cora.memory)]
    main = command(part).main

    assert main(arguments) == 0
    lines = records.read_lines(folder / "results.jsonl")
    assert len(records.results_of(lines)) == 2
    assert main(arguments) == 0
    assert len(records.read_lines(folder / "results.jsonl")) == len(lines) + 1  # the table again, and no fit
    assert main(["report", str(folder)]) == 0
    cells = cells_of((folder / "report" / "parts.md").read_text(encoding="utf-8"), "asks")
    assert cells[-1] == "1"
    assert all(cells[i] for i in (1, 3, 4))
    capsys.readouterr()


def test_plan_counts_what_is_done(part, capsys):
    records = part("records")
    table = records.Table("one", "One", "cora", "public", (records.Arm("a", {}), records.Arm("b", {"dropout": 0.1})), 3)
    same = records.Table("two", "Two", "cora", "public", (records.Arm("c", {}),), 2)
    defaults = ELLaGNNClassifier().get_params()
    done = next(iter(records.distinct_fits([table], defaults)))

    command(part).print_plan([table, same], defaults, {done: {}})

    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [["one", "2", "6", "6", "5"], ["two", "1", "2", "0", "0"], ["all", "6", "6", "5"]]
