"""What a class-naming answer is worth, by hand and at the limits."""

from __future__ import annotations

import numpy as np
import pytest

from skellagnn.gnn._targets import SoftLabels
from skellagnn.supervision import (
    Reference,
    answer_targets,
    class_evidence,
    estimate_channel,
    estimate_trust,
    soft_targets,
)

NONE = -1


def first_choices(*named):
    return np.array([[choice, NONE] for choice in named])


def answers_of(labels, answer, n_choices=2):
    """One table of choices: the LLM says ``answer(label)`` about each node."""
    table = np.full((len(labels), n_choices), NONE)
    for row, label in enumerate(labels):
        said = answer(label)
        table[row, : len(said)] = said
    return table


# -- the channel -------------------------------------------------------------------------------------------------


def test_without_labels_the_channel_is_the_prior():
    channel = estimate_channel(np.array([0, 1, 2, NONE]), np.full(4, -1), 3)

    # 0.8 on the diagonal, the rest shared by the two other classes and "none"
    third = 0.2 / 3
    np.testing.assert_allclose(channel, np.full((3, 4), third) + (0.8 - third) * np.eye(3, 4))


def test_checked_answers_are_counted_on_top_of_five_prior_ones():
    choices = np.array([0, 0, 1, NONE, 1, 1])
    labels = np.array([0, 0, 0, 0, -1, 1])

    channel = estimate_channel(choices, labels, 2)

    # class 0: prior 4, 0.5, 0.5 plus 2, 1, 1 answers; class 1: prior 0.5, 4, 0.5 plus 0, 1, 0
    np.testing.assert_allclose(channel, np.array([[6, 1.5, 1.5], [0.5, 5, 0.5]]) / [[9], [6]])


def test_the_prior_is_a_parameter():
    channel = estimate_channel(np.array([1]), np.array([0]), 2, diagonal=0.5, prior_strength=4)

    np.testing.assert_allclose(channel, np.array([[2, 2, 1], [1, 2, 1]]) / [[5], [4]])


def test_rows_are_distributions_over_classes_and_none():
    rng = np.random.default_rng(0)
    channel = estimate_channel(rng.integers(-1, 5, 200), rng.integers(-1, 5, 200), 5)

    assert channel.shape == (5, 6)
    np.testing.assert_allclose(channel.sum(axis=1), 1)
    assert channel.min() > 0


def test_many_labels_outweigh_the_prior():
    rng = np.random.default_rng(1)
    truth = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]])
    labels = rng.integers(2, size=40_000)
    choices = np.array([0, 1, NONE])[(rng.random(40_000)[:, None] > truth[labels].cumsum(axis=1)).sum(axis=1)]

    np.testing.assert_allclose(estimate_channel(choices, labels, 2), truth, atol=0.01)


# -- evidence ----------------------------------------------------------------------------------------------------


def test_evidence_of_one_choice_by_hand():
    evidence = class_evidence([first_choices(1)], np.array([-1]), 3)

    log_ratio = np.log(0.8 / (0.2 / 3))  # for the class named, against each other one
    np.testing.assert_allclose(evidence, [[-log_ratio / 3, 2 * log_ratio / 3, -log_ratio / 3]])


def test_a_second_choice_counts_half_and_is_trusted_less():
    both = class_evidence([np.array([[1, 2]])], np.array([-1]), 3)
    first = class_evidence([first_choices(1)], np.array([-1]), 3)

    log_ratio = np.log(0.4 / (0.6 / 3))
    np.testing.assert_allclose(both - first, [[-log_ratio / 6, -log_ratio / 6, log_ratio / 3]])
    assert both[0].argsort().tolist() == [0, 2, 1]


def test_a_third_choice_does_not_count():
    two = class_evidence([np.array([[1, 2]])], np.array([-1]), 3)
    three = class_evidence([np.array([[1, 2, 0]])], np.array([-1]), 3)

    np.testing.assert_array_equal(two, three)


def test_one_column_of_choices_will_do():
    np.testing.assert_array_equal(
        class_evidence([np.array([[1], [NONE]])], np.array([-1, -1]), 3),
        class_evidence([first_choices(1, NONE)], np.array([-1, -1]), 3),
    )


def test_answers_of_several_prompts_add_up():
    labels = np.full(3, -1)
    one, other = first_choices(0, 1, NONE), first_choices(0, 2, 2)

    total = class_evidence([one, other], labels, 3)

    np.testing.assert_allclose(total, class_evidence([one], labels, 3) + class_evidence([other], labels, 3))


def test_a_node_without_any_choice_has_no_evidence():
    evidence = class_evidence([first_choices(0, NONE, 1)], np.array([0, 1, -1]), 2)

    assert evidence[1].tolist() == [0, 0]
    assert np.abs(evidence[[0, 2]]).min() > 0.5


def test_no_prompts_no_evidence():
    np.testing.assert_array_equal(class_evidence([], np.array([0, -1]), 3), np.zeros((2, 3)))


def test_a_second_choice_is_checked_only_where_the_first_was_wrong():
    # first choice right: the second one cannot be right, and that says nothing against it
    right = np.array([[0, 1]] * 50 + [[NONE, NONE]])
    labels = np.array([0] * 50 + [-1])
    asked = np.array([[0, 1]])

    with_labels = class_evidence([np.concatenate([right, asked])], np.append(labels, -1), 3)[-1]
    first_only = class_evidence([np.concatenate([right[:, :1], asked[:, :1]])], np.append(labels, -1), 3)[-1]

    np.testing.assert_allclose(with_labels - first_only, [-np.log(2) / 6, np.log(2) / 3, -np.log(2) / 6])


def test_no_single_choice_moves_a_class_by_more_than_four_nats():
    labels = np.repeat(np.arange(2), 10_000)
    table = first_choices(*labels)

    evidence = class_evidence([table], labels, 2)

    assert np.abs(evidence).max() == 4.0
    assert np.abs(class_evidence([table] * 3, labels, 2)).max() == 12.0


@pytest.mark.parametrize("seed", range(3))
def test_renaming_the_classes_renames_the_evidence(seed):
    rng = np.random.default_rng(seed)
    table, labels, order = rng.integers(-1, 4, size=(60, 2)), rng.integers(-1, 4, size=60), rng.permutation(4)

    def rename(classes):
        return np.where(classes < 0, -1, order[classes])

    renamed = class_evidence([rename(table)], rename(labels), 4)

    np.testing.assert_allclose(renamed[:, order], class_evidence([table], labels, 4))


# -- kinds of LLM ------------------------------------------------------------------------------------------------

LABELS = np.repeat(np.arange(3), 40)
KNOWN = np.where(np.arange(120) % 2 == 0, LABELS, -1)


def targets_of(table, labels=KNOWN):
    return soft_targets(class_evidence([table], labels, 3))


def test_a_perfect_llm_is_believed_from_the_first_answer_and_more_once_labels_agree():
    table = answers_of(LABELS, lambda label: [label])

    unchecked, checked = targets_of(table, np.full(120, -1)), targets_of(table)

    np.testing.assert_allclose(unchecked[np.arange(120), LABELS], 0.8 / (0.8 + 2 * 0.2 / 3), rtol=1e-6)
    assert checked[np.arange(120), LABELS].min() > 0.95


def test_an_llm_that_always_names_one_class_is_believed_until_labels_show_it():
    table = answers_of(LABELS, lambda label: [1])

    unchecked, checked = targets_of(table, np.full(120, -1)), targets_of(table)

    assert unchecked[:, 1].min() > 0.8
    np.testing.assert_allclose(checked, 1 / 3, atol=0.05)
    assert np.abs(class_evidence([table], KNOWN, 3)).max() < 0.15


def test_two_swapped_classes_are_unswapped_given_enough_labels():
    swap = {0: 1, 1: 0, 2: 2}
    table = answers_of(LABELS, lambda label: [swap[label]])

    unchecked, checked = targets_of(table, np.full(120, -1)), targets_of(table)

    assert (unchecked.argmax(axis=1) == [swap[label] for label in LABELS]).all()
    assert (checked.argmax(axis=1) == LABELS).all()


def test_a_guessing_llm_moves_little():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 400)
    table = np.column_stack([rng.integers(3, size=1200), np.full(1200, NONE)])

    np.testing.assert_allclose(targets_of(table, labels), 1 / 3, atol=0.06)


def test_more_agreeing_labels_more_trust():
    trust = []
    for n_known in (0, 3, 9, 30, 120):
        labels = np.where(np.arange(120) % 120 < n_known, LABELS[np.random.default_rng(0).permutation(120)], -1)
        table = answers_of(np.where(labels >= 0, labels, 2), lambda label: [label])
        trust.append(estimate_channel(table[:, 0], labels, 3).diagonal().min())

    assert trust[0] == pytest.approx(0.8)
    assert trust == sorted(trust)
    assert trust[-1] > 0.95


# -- soft targets ------------------------------------------------------------------------------------------------


def test_soft_targets_are_a_softmax_of_the_evidence():
    targets = soft_targets(np.log([[1.0, 3.0], [5.0, 5.0]]))

    np.testing.assert_allclose(targets, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)
    assert targets.dtype == np.float32


@pytest.mark.parametrize(("power", "expected"), [(0.0, [0.5, 0.5]), (0.5, [0.75, 0.25]), (1.0, [0.9, 0.1])])
def test_a_prior_enters_with_its_power(power, expected):
    targets = soft_targets(np.zeros((1, 2)), np.array([[0.9, 0.1]]), prior_power=power)

    np.testing.assert_allclose(targets, [expected], rtol=1e-6)


def test_certain_priors_and_huge_evidence_stay_finite():
    evidence = np.array([[1000.0, 0.0], [-1000.0, -1001.0]])
    kept = evidence.copy()

    targets = soft_targets(evidence, np.array([[0.0, 1.0], [1.0, 0.0]]))

    assert np.isfinite(targets).all()
    np.testing.assert_allclose(targets.sum(axis=1), 1)
    assert targets[0, 0] == pytest.approx(1)
    np.testing.assert_array_equal(evidence, kept)


# -- targets of nodes --------------------------------------------------------------------------------------------


def ints(*values):
    return np.array(values, dtype=np.int64)


def test_labeled_nodes_and_nodes_without_a_choice_get_no_target():
    active = ints(9, 4, 7, 2, 5)
    table = first_choices(0, 1, NONE, 1, 0)

    found = answer_targets(active, [table], ints(7, 4, 100), ints(0, 1, 0), 2)

    assert found.nodes.tolist() == [9, 2, 5]
    assert found.targets.argmax(axis=1).tolist() == [0, 1, 0]
    assert found.weights.tolist() == [1, 1, 1]
    assert (found.targets.dtype, found.weights.dtype, found.nodes.dtype) == (np.float32, np.float32, np.int64)
    np.testing.assert_allclose(found.targets.sum(axis=1), 1, rtol=1e-6)


def test_labels_of_active_nodes_check_the_answers():
    active, table = np.arange(60), first_choices(*[0, 1] * 30)
    labeled, others = np.arange(40), np.arange(100, 140)
    wrong = 1 - np.arange(40) % 2

    checked = answer_targets(active, [table], labeled, wrong, 2)
    unchecked = answer_targets(active, [table], others, wrong, 2)

    # the labels say that both answers mean the other class; labels of nodes that were not asked say nothing
    assert checked.targets.argmax(axis=1).tolist() == [1, 0] * 10
    assert unchecked.targets.argmax(axis=1).tolist() == [0, 1] * 30


@pytest.mark.parametrize(("n_labeled", "expected"), [(0, 1), (1, 1), (3, 1), (4, 0.75), (12, 0.25)])
def test_share_beside_labels(n_labeled, expected):
    three = SoftLabels(np.arange(3), np.full((3, 2), 0.5, np.float32), np.ones(3, np.float32))

    assert three.share(n_labeled) == expected


def test_a_second_choice_alone_is_a_choice():
    found = answer_targets(ints(3, 4), [np.array([[NONE, 1], [NONE, NONE]])], ints(0), ints(0), 2)

    assert found.nodes.tolist() == [3]
    assert found.targets[0, 1] > 0.5


def test_a_choice_of_any_prompt_is_enough():
    tables = [first_choices(NONE, 0, NONE), first_choices(1, NONE, NONE)]

    found = answer_targets(ints(3, 4, 5), tables, ints(0), ints(0), 2)

    assert found.nodes.tolist() == [3, 4]
    assert found.targets.argmax(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("active", "tables", "labeled"),
    [
        (ints(1, 2), [], ints(5)),
        (ints(1, 2), [first_choices(NONE, NONE)], ints(5)),
        (ints(), [np.empty((0, 2), dtype=np.int64)], ints(5)),
        (ints(), [], ints()),
    ],
)
def test_nothing_to_learn_from_is_none(active, tables, labeled):
    assert answer_targets(active, tables, labeled, np.zeros(len(labeled), dtype=np.int64), 2) is None


@pytest.mark.parametrize(("right", "trusted"), [(True, True), (False, False)])
def test_answers_about_labeled_nodes_alone_tell_the_trust(right, trusted):
    nodes = np.arange(40)
    labels = nodes % 2
    table = first_choices(*(labels if right else 1 - labels))
    reference = Reference(np.full((40, 2), 0.5), 90, 100)

    found = answer_targets(nodes, [table], nodes, labels, 2, reference)

    if trusted:
        assert found.trust > 0.9
        assert (found.targets.shape, len(found.nodes), found.share(40)) == ((0, 2), 0, 0)
    else:
        assert found is None


def test_without_any_label_the_prior_holds():
    found = answer_targets(ints(1, 2), [first_choices(0, 1)], ints(), ints(), 2)

    np.testing.assert_allclose(found.targets, [[8 / 9, 1 / 9], [1 / 9, 8 / 9]], rtol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_renumbering_the_nodes_renumbers_the_targets(seed):
    rng = np.random.default_rng(seed)
    order, number = rng.permutation(50), np.empty(50, dtype=np.int64)
    number[order] = np.arange(50)
    active, labeled = rng.permutation(50)[:20], rng.permutation(50)[:15]
    tables, labels = [rng.integers(-1, 3, size=(20, 2)) for _ in range(2)], rng.integers(3, size=15)
    shuffle, reorder = rng.permutation(20), rng.permutation(15)

    before = answer_targets(active, tables, labeled, labels, 3)
    after = answer_targets(
        number[active][shuffle], [table[shuffle] for table in tables], number[labeled][reorder], labels[reorder], 3
    )

    by_node = dict(zip(after.nodes.tolist(), after.targets, strict=True))
    assert sorted(by_node) == sorted(number[before.nodes].tolist())
    for node, target in zip(before.nodes.tolist(), before.targets, strict=True):
        np.testing.assert_allclose(by_node[number[node]], target, rtol=1e-6)


# -- beside a model ----------------------------------------------------------------------------------------------

NO_LABELS = ints()
N = 3000
TRUE = np.arange(N) % 3


def model(accuracy, seed=0):
    """Calibrated predictions: right with the probability that they say."""
    rng = np.random.default_rng(seed)
    guess = np.where(rng.random(N) < accuracy, TRUE, (TRUE + rng.integers(1, 3, N)) % 3)
    return np.where(np.eye(3)[guess] == 1, accuracy, (1 - accuracy) / 2)


def llm(accuracy, seed=1):
    rng = np.random.default_rng(seed)
    return first_choices(*np.where(rng.random(N) < accuracy, TRUE, (TRUE + rng.integers(1, 3, N)) % 3))


def beside(table, predicted, labeled=NO_LABELS, n_checked=1000):
    tables = table if isinstance(table, list) else [table]
    n_right = n_checked * (predicted.argmax(axis=1) == TRUE).mean()
    reference = Reference(predicted, n_right, n_checked)
    return answer_targets(np.arange(N), tables, labeled, TRUE[labeled], 3, reference)


def trust_in(named, predicted, n_right, n_checked, labels=None, n_classes=2):
    labels = np.full(len(named), -1) if labels is None else labels
    return estimate_trust(first_choices(*named), labels, np.asarray(predicted), n_classes, n_right, n_checked)


def test_trust_by_hand():
    # six of ten agree with a model that is right with 0.9, as good as surely
    accuracy, trust = trust_in([0] * 6 + [1] * 4, [0] * 10, 9e6, 1e7)

    shared, independent = 0.6 * 0.9 + 0.4 * 0.1, (0.6 - 0.1) / (0.9 - 0.1)
    n_compared = 10 * 0.8**2
    expected = (5 * 0.8 + n_compared * (shared + independent) / 2) / (5 + n_compared)
    assert accuracy == pytest.approx(expected, abs=0.005)
    assert trust == pytest.approx(((expected - 0.5) / 0.4) ** 5, abs=0.02)


def test_labels_count_as_they_are():
    # three checked answers, two of them right; nothing is compared with the model
    accuracy, _ = trust_in([0, 1, 0], [1, 1, 1], 90, 100, labels=ints(0, 1, 1))

    assert accuracy == pytest.approx((5 * 0.8 + 2) / 8)


@pytest.mark.parametrize("said", [[0] * 50, [1] * 50, [0, 1] * 25, [NONE] * 50])
def test_a_model_that_nobody_checked_or_that_guesses_is_no_reason_for_distrust(said):
    unchecked = trust_in(said, [0] * 50, 0, 0)
    guessing = trust_in(said, [0] * 50, 5e5, 1e6)

    assert unchecked[1] > 0.5
    assert guessing == (pytest.approx(0.8, abs=0.01), pytest.approx(1.0, abs=0.01))


def test_the_better_the_model_is_known_the_less_a_stranger_to_it_is_trusted():
    named, predicted = [0, 1] * 50, [0] * 100

    trust = [trust_in(named, predicted, 0.9 * n, n)[1] for n in (0, 5, 20, 100, 1000)]

    assert trust == sorted(trust, reverse=True)
    assert trust[0] > 0.5
    assert trust[-1] < 0.05


def test_expected_accuracy_lies_between_shared_and_independent_errors():
    predicted, table = model(0.8), llm(0.9)
    n_right = 1000 * (predicted.argmax(axis=1) == TRUE).mean()

    accuracy, _ = estimate_trust(table, np.full(N, -1), predicted.argmax(axis=1), 3, n_right, 1000)

    shared = 0.8 * 0.74 + 0.1 * 0.26
    assert shared < accuracy < 0.9


def test_trust_grows_with_the_llm():
    trust = [beside(llm(accuracy), model(0.8)).trust for accuracy in (0.65, 0.8, 0.95)]

    assert trust == sorted(trust)
    assert trust[0] < 0.5
    assert trust[-1] > 0.5


def test_random_constant_and_good_answers_beside_a_model():
    predicted = model(0.7)
    right = (predicted.argmax(axis=1) == TRUE).mean()

    random, constant, good = (beside(table, predicted) for table in (llm(1 / 3), first_choices(*[1] * N), llm(0.95)))

    assert random is None
    assert constant is None
    assert (good.targets.argmax(axis=1) == TRUE).mean() > right + 0.05


@pytest.mark.parametrize(("ratio", "used"), [(0.49, False), (0.51, True)])
def test_an_llm_not_half_as_good_as_the_model_is_left_out(monkeypatch, ratio, used):
    monkeypatch.setattr("skellagnn.supervision.estimate_trust", lambda *arguments: (0.8, ratio**5))

    assert (beside(llm(0.8), model(0.8)) is not None) == used


def test_weights_are_certainty_and_agreement_makes_certain():
    predicted, table = model(0.8), llm(0.85)
    found = beside(table, predicted)
    agree = predicted.argmax(axis=1) == table[:, 0]

    entropy = -(found.targets * np.log(found.targets)).sum(axis=1)
    np.testing.assert_allclose(found.weights, 1 - entropy / np.log(3), rtol=1e-5)
    assert found.weights[agree].min() > found.weights[~agree].max()


def test_one_prompt_asked_twice_counts_less_than_twice():
    predicted, table = model(0.8), llm(0.85)
    power = 1 - beside(table, predicted).trust / 2

    def evidence(found):
        logit = np.log(found.targets) - power * np.log(predicted)
        return logit - logit.mean(axis=1, keepdims=True)

    once, twice = evidence(beside(table, predicted)), evidence(beside([table, table], predicted))

    np.testing.assert_allclose(twice, np.sqrt(2) * once, rtol=1e-3, atol=1e-3)


def test_a_prompt_that_knows_nothing_does_not_drown_one_that_does():
    predicted, good, noise = model(0.7), llm(0.95), llm(1 / 3, seed=3)

    together, alone = beside([good, noise], predicted), beside(good, predicted)

    assert together.trust == alone.trust
    assert (together.targets.argmax(axis=1) == TRUE).mean() > (predicted.argmax(axis=1) == TRUE).mean() + 0.03
    # it counts as a prompt, and says nothing, whatever it names
    other = beside([good, llm(1 / 3, seed=4)], predicted)
    np.testing.assert_array_equal(together.targets, other.targets)


def test_labels_of_active_nodes_raise_or_lower_the_trust():
    predicted, named = model(0.8), llm(0.8)[:, 0]
    right, wrong = np.flatnonzero(named == TRUE)[::8], np.flatnonzero(named != TRUE)[::2]

    better, worse = beside(llm(0.8), predicted, right), beside(llm(0.8), predicted, wrong)

    assert worse.trust < beside(llm(0.8), predicted).trust < better.trust
    assert np.intersect1d(better.nodes, right).size == 0


def test_a_single_class_is_no_division_by_zero():
    # there is nothing that an answer could say
    assert (
        answer_targets(ints(0, 1), [first_choices(0, 0)], ints(), ints(), 1, Reference(np.ones((2, 1)), 3, 3)) is None
    )
