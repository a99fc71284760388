"""Which classes an answer names, first choice first."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skellagnn.llm.prompts._names import normal_form
from skellagnn.prompts import Choices, parse_choices, read_choices
from tests.llm.prompts.answer_forms import ANSWERS, FORMS, NAME_LISTS, PAPERS

CORA = ["Case_Based", "Genetic_Algorithms", "Neural_Networks", "Probabilistic_Methods", "Rule_Learning", "Theory"]


def named(answer, class_names=CORA):
    return [class_names[choice] for choice in parse_choices(answer, class_names)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Most likely Neural Networks; failing that, Theory.", ["Neural_Networks", "Theory"]),
        ("Theory, perhaps Neural Networks. It is about theory.", ["Theory", "Neural_Networks"]),
        ("1. **Genetic Algorithms**\n2. *Theory*", ["Genetic_Algorithms", "Theory"]),
        ('First choice: `Rule_Learning` / second choice: "Case-Based"', ["Rule_Learning", "Case_Based"]),
        ("Neural\nNetworks", ["Neural_Networks"]),
        ("Neural  - Networks", ["Neural_Networks"]),
        ("__Theory__ and _Rule Learning_", ["Theory", "Rule_Learning"]),
        ("(Theory)", ["Theory"]),
        ("Theory/Rule Learning", ["Theory", "Rule_Learning"]),
        ("NeuralNetworks", ["Neural_Networks"]),
        ("It is about learning in networks.", []),
        ("Theoryish Theorys aTheory Theory2 my_Theory Theory_x", []),
        ("", []),
        ("???", []),
    ],
)
def test_names_are_found_in_the_order_in_which_they_first_stand(answer, expected):
    assert named(answer) == expected


def test_no_class_names_no_choices():
    assert parse_choices("Theory", []) == []


def test_indices_follow_the_list():
    assert parse_choices("Theory, then Case Based", CORA) == [5, 0]
    assert parse_choices("Theory, then Case Based", CORA[::-1]) == [0, 5]


# -- forms of answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "expected"), FORMS)
def test_every_form_of_answer_is_read_for_every_list_of_names(form, expected):
    wrong = []
    for names in NAME_LISTS:
        for first, second in ((0, 1), (1, 0)):
            a, b = names[first].replace("_", " "), names[second].replace("_", " ")
            listed = ", ".join(name.replace("_", " ") for name in names)
            cases = {"al": a.lower(), "au": a.upper(), "bl": b.lower(), "bu": b.upper()}
            answer = form.format(a=a, b=b, all=listed, **cases)
            choices = read_choices(answer, names)
            wanted = Choices([[first, second][place] for place in expected or []], expected is None)
            if (choices.classes[:2], choices.none or not wanted.none) != (wanted.classes, True):
                wrong.append((answer, choices))
    assert wrong == []


@pytest.mark.parametrize(("answer", "names", "expected"), ANSWERS)
def test_single_answers(answer, names, expected):
    choices = read_choices(answer, names)

    assert choices.classes[:2] == (expected or [])
    assert choices.none or expected is not None


def test_none_of_these_is_told_from_an_unread_answer():
    assert read_choices("None of these.", PAPERS) == Choices([], none=True)
    assert read_choices("Sociology.", PAPERS) == Choices([], none=False)
    assert read_choices("Theory", PAPERS) == Choices([2], none=False)
    assert read_choices("None of these", ["None of these", "Theory"]) == Choices([0], none=False)  # a name


# -- laws --------------------------------------------------------------------------------------------------------

WORDS_FOR_NAMES = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"]


@given(st.sampled_from(FORMS), st.permutations(WORDS_FOR_NAMES), st.permutations(range(4)))
def test_reading_follows_names_and_places(form, words, places):
    template, expected = form
    names = words[:4]
    cases = {"al": names[0].lower(), "au": names[0].upper(), "bl": names[1].lower(), "bu": names[1].upper()}
    answer = template.format(a=names[0], b=names[1], all=", ".join(names), **cases)
    moved = [names[place] for place in places]

    read = [moved[choice] for choice in parse_choices(answer, moved)]

    assert read[:2] == [names[place] for place in expected or []]


@given(st.text())
def test_the_normal_form_is_its_own(text):
    once = normal_form(text)

    assert normal_form(once) == once


@given(
    st.lists(st.sampled_from([*PAPERS, "not", "second choice:", "none of", ",", ".", "\n", "1.", "{", '"', "(", "or"]))
)
def test_choices_are_names_each_once(parts):
    choices = read_choices(" ".join(parts), PAPERS)

    assert len(set(choices.classes)) == len(choices.classes)
    assert set(choices.classes) <= {place for place, name in enumerate(PAPERS) if name in parts}
    assert not (choices.none and choices.classes)


# -- case --------------------------------------------------------------------------------------------------------


def test_an_ordinary_word_in_running_text_is_no_choice_beside_one():
    assert named("neural networks or THEORY") == ["Neural_Networks", "Theory"]
    assert named("In theory a case for Neural Networks") == ["Neural_Networks"]


def test_an_acronym_is_no_ordinary_word():
    names = ["IT", "HR", "Sales", "Support"]

    assert named("it is about sales", names) == ["Sales"]
    assert named("It is hard to say", names) == []
    assert named("IT, or else HR", names) == ["IT", "HR"]


def test_long_names_in_capitals_are_words():
    assert named("about sports", ["SPORTS", "NEWS"]) == ["SPORTS"]
    assert named("about news", ["SPORTS", "NEWS"]) == []  # four capitals: might be an acronym


# -- names within names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("numpy.linalg", ["numpy.linalg"]),
        ("numpy. It could be numpy.linalg, too.", ["numpy", "numpy.linalg"]),
        ("scipy.linalg or numpy", ["numpy"]),
        ("numpy.random", []),
        ("my.numpy", []),
        ("numpy's", ["numpy"]),
        ("numpy.Random", ["numpy"]),
        ("NUMPY.linalg", ["numpy.linalg"]),
        ("NUMPY.random", []),  # also ignoring case
        ("NUMPY.2", []),
        ("numpy._core", []),
    ],
)
def test_of_dotted_names_the_longest_at_a_place_counts(answer, expected):
    assert named(answer, ["numpy", "numpy.linalg"]) == expected


def test_a_capital_after_a_dot_may_belong_to_a_name():
    assert named("ASP.NET", ["ASP", "ASP.net"]) == ["ASP.net"]
    assert named("Node.JS", ["Node", "Node.js"]) == ["Node.js"]


def test_decimals_are_no_classes():
    assert named("I would give it 4.5", list("12345")) == []
    assert named("My confidence is 0.7; class 5", ["5", "7"]) == ["5"]
    assert named("1.5", ["5"]) == []
    assert named("1. 5", ["5"]) == ["5"]


def test_of_names_that_share_their_beginning_the_longest_counts():
    names = ["Learning", "Rule_Learning", "Rule Learning Theory"]

    assert named("Rule learning theory", names) == ["Rule Learning Theory"]
    assert named("Rule Learning; Learning", names) == ["Rule_Learning", "Learning"]


@pytest.mark.parametrize(
    "answer", ["scipy.linalg", "v2.linalg", "py312.linalg", "my_linalg", r"my\_linalg", r"linalg\_x"]
)
def test_a_part_of_a_dotted_or_underscored_word_is_no_name(answer):
    assert named(answer, ["linalg", "other"]) == []


# -- what stands around a name, and between its words ------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (r"**Neural\_Networks**, second choice: Theory.", ["Neural_Networks", "Theory"]),
        (r"Case\-Based or \_Theory\_", ["Case_Based", "Theory"]),
        ("1.Theory\n2. Rule Learning", ["Theory", "Rule_Learning"]),
        ("1.Theory\n12.Rule Learning", ["Theory", "Rule_Learning"]),
        ("Theory.Second choice: Rule Learning", ["Theory", "Rule_Learning"]),
        ("THEORY.Second choice: rule learning", ["Theory", "Rule_Learning"]),
        ("Most likely:...Theory; else Rule Learning", ["Theory", "Rule_Learning"]),
    ],
)
def test_the_first_choice_is_not_missed_where_the_second_is_read(answer, expected):
    assert named(answer) == expected


@pytest.mark.parametrize("hyphen", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
def test_typographic_hyphens_are_hyphens(hyphen):
    assert named(f"Case{hyphen}Based; second choice: Theory") == ["Case_Based", "Theory"]
    assert named("Case-Based", [f"Case{hyphen}Based", "Theory"]) == [f"Case{hyphen}Based"]
    assert named(f"I choose {hyphen} here", [hyphen, "+"]) == [hyphen]


def test_a_name_may_be_given_as_markdown_escapes_it():
    assert named("Neural Networks", [r"Neural\_Networks", "Theory"]) == [r"Neural\_Networks"]


def test_capitals_of_other_scripts_begin_a_sentence_too():
    assert named("Камни.Второй выбор: кошки", ["Камни", "кошки"]) == ["Камни", "кошки"]
    assert named("Камни.второй", ["Камни", "кошки"]) == []


# -- odd names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["C++", "C#", ".NET", "a.b*", "Q&A (general)", "R&D|x", "50%", "$x^2$", "[misc]", "back\\slash"]
)
def test_what_means_something_in_a_pattern_is_read_literally(name):
    assert parse_choices(f"I would say {name} here.", ["Other", name]) == [1]
    assert parse_choices("I would say aXb here.", ["Other", name]) == []


def test_blanks_hyphens_and_underscores_around_a_name_do_not_matter():
    assert named("about cats", [" cats ", "_dogs-"]) == [" cats "]
    assert named("about dogs", [" cats ", "_dogs-"]) == ["_dogs-"]


def test_a_name_of_nothing_but_a_hyphen_is_no_blank():
    assert parse_choices("two  blanks,  nothing else", ["-", "+"]) == []
    assert parse_choices("I choose - here", ["-", "+"]) == [0]


@pytest.mark.parametrize(
    ("answer", "names", "expected"),
    [
        ("Это про Кошки, или же камни", ["камни", "кошки"], ["кошки", "камни"]),
        ("Скорее КОШКИ", ["камни", "кошки"], ["кошки"]),
        ("камнями", ["камни", "кошки"], []),
        ("这是神经网络的论文,也可能是图论。", ["图论", "神经网络"], ["神经网络", "图论"]),
        ("これは機械学習です", ["統計", "機械学習"], ["機械学習"]),
        ("这篇是Theory的", ["Theory", "Rules"], ["Theory"]),
        ("เป็นเรื่องแมวครับ", ["แมว", "หมา"], ["แมว"]),
        ("é un'opera di Café", ["Caf", "Café"], ["Café"]),
    ],
)
def test_other_scripts(answer, names, expected):
    assert named(answer, names) == expected


def test_a_hundred_and_fifty_classes():
    names = [f"class {i}" for i in range(150)]

    assert named("class 149, class 14 or class 1", names) == ["class 149", "class 14", "class 1"]


@pytest.mark.parametrize("filling", ["a-", " ", "\n", "[ ] ", "(", "no ", "~~", "<del>", "Theory: 5%\n"])
def test_long_answers_are_read_in_one_pass(filling):
    # quadratic reading would take minutes
    answer = "a" + filling * (200_000 // len(filling)) + "\n\nAnswer: Theory"

    assert named(answer) == ["Theory"]


@pytest.mark.parametrize("filling", ["\n", " \n", "|\n", "- ", ",\n"])
def test_a_gap_between_two_names_is_read_in_one_pass(filling):
    # in more ways than one, a gap of lines took a time that doubles with each
    answer = "Theory" + filling * (150 // len(filling)) + "x Rule Learning"

    assert named(answer) == ["Theory", "Rule_Learning"]


@pytest.mark.parametrize("name", CORA)
def test_every_name_is_found_in_every_spelling(name):
    for blank in (" ", "_", "-"):
        for spell in (str, str.upper, str.lower, str.title):
            assert named(f"I think: {spell(re.sub('_', blank, name))}.") == [name]


@pytest.mark.parametrize("name", ["::/", "://", "/", "...", "?/!"])
def test_a_name_of_punctuation_alone_is_no_other_text(name):
    assert read_choices("0", [name]).classes == []
    assert read_choices("", [name, "pets"]).classes == []
    assert read_choices("pets", [name, "pets"]).classes == [1]
