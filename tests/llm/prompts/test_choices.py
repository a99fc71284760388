"""Which classes an answer names, first choice first."""

# ruff: noqa: E501

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skellagnn.exceptions import InvalidParameterError
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


@pytest.mark.parametrize(
    "filling", ["a-", " ", "\n", "[ ] ", "(", "no ", "~~", "<del>", "Theory: 5%\n", "{", "Theory but ", "❌ Theory "]
)
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


# -- clauses, signs and refusals ----------------------------------------------------------------------------------

LIST_1 = [
    "Case_Based",
    "Genetic_Algorithms",
    "Neural_Networks",
    "Probabilistic_Methods",
    "Reinforcement_Learning",
    "Rule_Learning",
    "Theory",
]
LIST_CORA = [name.replace("_", " ") for name in LIST_1]
LIST_2 = ["体育", "政治", "经济", "文化"]
LIST_3 = ["Sport", "Politik", "Wirtschaft", "Kultur"]
LIST_4 = ["Sport", "Politique", "Économie", "Culture"]
LIST_5 = ["Deportes", "Política", "Economía", "Cultura"]
LIST_6 = ["Спорт", "Политика", "Экономика", "Культура"]
LIST_7 = ["スポーツ", "政治", "経済", "文化"]
LIST_8 = ["positive", "negative", "neutral"]
LIST_9 = ["스포츠", "정치", "경제", "문화"]
LIST_10 = ["Agents", "ML", "IR", "DB", "HCI", "AI"]
LIST_11 = ["Theory", "Neural_Networks", "Sports"]
LIST_12 = ["Databases", "Operating Systems", "Computer Vision", "Cryptography", "Robotics"]
LIST_13 = ["Gesundheit", "Technik", "Recht", "Musik"]
LIST_14 = ["Santé", "Technologie", "Droit", "Musique"]
LIST_15 = ["AI", "Databases", "Networks"]
LIST_16 = ["医学", "科技", "法律", "音乐"]
LIST_17 = ["Travel", "Food_and_Drink", "Personal Finance", "Parenting", "Gardening", "Home_Repair"]
LIST_18 = ["AI", "Security", "Theory", "Systems"]
LIST_19 = ["Astronomy", "Chemistry", "Ethics", "Number_Theory", "Pop Music", "Urban Planning"]
LIST_20 = ["AI", "OS", "Graphics"]

# By kind: an answer, the names, and all classes read from it; None stands for "none of these".
KINDS: dict[str, list[tuple[str, list[str], list[int] | None]]] = {
    "conditions": [
        ("If it isn't Neural_Networks, it's Theory.", LIST_1, [2, 6]),
        ("Should Neural_Networks be wrong, Theory.", LIST_1, [2, 6]),
        ("如果不是经济，就是政治。", LIST_2, [2, 1]),
        (
            "This text most closely aligns with the class of Case Based reasoning. If that were not available, I would pick Rule Learning.",
            LIST_1,
            [0, 5],
        ),
        ("If this is not Databases, then it is Cryptography.", LIST_12, [0, 3]),
        ("Were Databases excluded, Cryptography.", LIST_12, [0, 3]),
        ("I'd file it under Robotics. If that is off the table, Computer Vision.", LIST_12, [4, 2]),
        ("Wenn es nicht Technik ist, dann Recht.", LIST_13, [1, 2]),
        ("If Gardening is not correct, Home Repair.", LIST_17, [4, 5]),
        ("In case it isn't Travel, I would say Parenting.", LIST_17, [0, 3]),
        ("Unless it is Travel, it must be Parenting.", LIST_17, [0, 3]),
        ("Travel. If I am wrong about that, Parenting.", LIST_17, [0, 3]),
        ("If Chemistry doesn't work, Ethics.", LIST_19, [1, 2]),
        ("Assuming it is not Astronomy, it would be Chemistry.", LIST_19, [0, 1]),
        ("My first pick is Ethics. If that were rejected, I'd take Urban Planning.", LIST_19, [2, 5]),
        ("Sollte es nicht Politik sein, dann Kultur.", LIST_3, [1, 3]),
    ],
    "ruled_out": [
        ("Eliminating Theory and Rule Learning, we are left with Genetic Algorithms.", LIST_1, [1]),
        (
            "Genetic_Algorithms can be eliminated. Rule_Learning can be eliminated. The remaining candidate, Neural_Networks, is the answer.",
            LIST_1,
            [2],
        ),
        ("Theory and Rule Learning don't fit. Case Based does.", LIST_1, [0]),
        ("It'd be wrong to call this Theory. Neural_Networks.", LIST_1, [2]),
        ("Theory is a stretch. Genetic Algorithms is right.", LIST_1, [1, 6]),
        ("Yes: Neural_Networks. No: Theory, Rule_Learning.", LIST_1, [2]),
        (
            "The text is about cooking and has nothing to do with Neural Networks, Theory or any other class.",
            LIST_1,
            [],
        ),
        ("Ich würde Kultur ausschließen. Es ist Politik.", LIST_3, [1]),
        ("Sport scheidet aus. Politik.", LIST_3, [1]),
        ("Sport passt nicht. Politik passt.", LIST_3, [1]),
        ("Sport ist es nicht; Politik.", LIST_3, [1]),
        ("Der Text gehört zu keiner der Klassen Sport, Politik, Wirtschaft, Kultur.", LIST_3, None),
        ("Sport est à exclure. Culture.", LIST_4, [3]),
        ("J'exclus Sport. Culture.", LIST_4, [3]),
        ("Au lieu de Sport, je choisis Culture.", LIST_4, [3]),
        ("Descarto Deportes. Cultura.", LIST_5, [3]),
        ("排除体育和文化，剩下政治。", LIST_2, [1]),
        ("Ни Спорт, ни Культура, а Политика.", LIST_6, [1]),
        ("Вместо Спорт выбираю Культура.", LIST_6, [3]),
        ("Ruling out Databases and Robotics leaves Cryptography.", LIST_12, [3]),
        ("Databases and Robotics can be discarded. Computer Vision is what remains.", LIST_12, [2]),
        ("Neither Databases nor Robotics applies. Cryptography does.", LIST_12, [3]),
        ("Databases, Robotics and Cryptography do not match; Computer Vision does.", LIST_12, [2]),
        ("I have eliminated Travel and Parenting, so Gardening.", LIST_17, [4]),
        ("Travel was dismissed; Parenting was dismissed. Gardening stays.", LIST_17, [4]),
        ("Travel, Parenting and Gardening are all off. Home Repair.", LIST_17, [5]),
        ("Travel isn't it. Neither is Parenting. Gardening.", LIST_17, [4]),
        ("Chemistry and Ethics are eliminated. Astronomy.", LIST_19, [0]),
        ("Having excluded Chemistry and Ethics, I am left with Astronomy.", LIST_19, [0]),
        ("Chemistry does not belong here; Astronomy does.", LIST_19, [0]),
        ("I reject Chemistry. I accept Astronomy.", LIST_19, [0]),
    ],
    "all_but": [
        ("Everything except Theory can be excluded.", LIST_1, [6]),
        ("All classes but Theory can be ruled out.", LIST_1, [6]),
        ("All options except Robotics can be discarded.", LIST_12, [4]),
        ("Everything but Robotics is ruled out.", LIST_12, [4]),
        ("I can exclude all classes other than Robotics.", LIST_12, [4]),
        ("Robotics cannot be ruled out, but Cryptography is the answer.", LIST_12, [3, 4]),
        ("Every class apart from Gardening is excluded.", LIST_17, [4]),
        ("Everything other than Gardening can be dismissed.", LIST_17, [4]),
        ("All of them except Gardening are wrong.", LIST_17, [4]),
        ("I would rule out everything but Gardening.", LIST_17, [4]),
        ("All the classes but Ethics are out.", LIST_19, [2]),
        ("You can cross out everything except Ethics.", LIST_19, [2]),
        ("Nothing except Ethics fits.", LIST_19, [2]),
        ("Ethics cannot be dismissed.", LIST_19, [2]),
    ],
    "concessions": [
        ("It may look like Theory, but it's Neural_Networks.", LIST_1, [2, 6]),
        ("Theory plays a role, but the paper is really Neural_Networks.", LIST_1, [2, 6]),
        ("It is less Theory than Neural_Networks", LIST_1, [2, 6]),
        ("Theory is possible (20%), but Neural_Networks (80%) is my answer.", LIST_1, [2, 6]),
        ("Obwohl Sport erwähnt wird, ist es Politik.", LIST_3, [1, 0]),
        ("Zunächst dachte ich an Sport, aber es ist Politik.", LIST_3, [1, 0]),
        ("Bien que le texte mentionne la politique, il s'agit d'économie.", LIST_4, [2, 1]),
        ("Más que Deportes, es Cultura.", LIST_5, [3, 0]),
        ("虽然提到了政治，但主要是经济。", LIST_2, [2, 1]),
        ("可能是政治或经济，更可能是经济。", LIST_2, [2, 1]),
        ("政治よりも経済", LIST_7, [2, 1]),
        ("It could seem like Databases, but the paper is about Cryptography.", LIST_12, [3, 0]),
        ("Databases get mentioned, yet this is Cryptography at heart.", LIST_12, [3, 0]),
        ("At first it looks like Robotics; however, it is Computer Vision.", LIST_12, [2, 4]),
        ("Despite the references to Robotics, the right class is Computer Vision.", LIST_12, [2, 4]),
        ("It might appear to be Travel, but really it's Gardening.", LIST_17, [4, 0]),
        ("Travel features in the story, but the focus is Gardening.", LIST_17, [4, 0]),
        ("Travel is a possibility, yet Gardening is the stronger one.", LIST_17, [4, 0]),
        ("Though Travel is touched on, I classify this as Gardening.", LIST_17, [4, 0]),
        ("It seems to be Chemistry, but it is in fact Ethics.", LIST_19, [2, 1]),
        ("While it could pass for Chemistry, it is Ethics.", LIST_19, [2, 1]),
        ("Chemistry is mentioned in passing, but this is Ethics.", LIST_19, [2, 1]),
        ("On the surface it is Chemistry; at its core it's Ethics.", LIST_19, [2, 1]),
    ],
    "reasons_first": [
        ("The text applies Neural_Networks to Reinforcement_Learning.\n\n**Reinforcement_Learning**", LIST_1, [4, 2]),
        (
            "The text applies Neural_Networks to Reinforcement_Learning.\n\nReinforcement_Learning; second choice: Neural_Networks",
            LIST_1,
            [4, 2],
        ),
        ("The text is a bound on Neural_Networks, so I'd say Theory.", LIST_1, [6, 2]),
        (
            "Neural_Networks – the text is about MLPs. Theory – the text proves a bound. I choose Theory.",
            LIST_1,
            [6, 2],
        ),
        ("In theory, this is about neural networks.", LIST_1, [2]),
        ("I am positive that the review is negative.", LIST_8, [1]),
        ("This paper uses Computer Vision for grasping in Robotics.\n\nRobotics", LIST_12, [4, 2]),
        ("The authors speed up Databases with Operating Systems tricks.\n\n**Operating Systems**\n", LIST_12, [1, 0]),
        ("The authors speed up Databases with Operating Systems tricks.\n\nAnswer: Operating Systems", LIST_12, [1, 0]),
        (
            "The authors attack Databases with Cryptography tools.\n\nCryptography (second choice: Databases)",
            LIST_12,
            [3, 0],
        ),
        ("The author reviews Travel gadgets for Parenting.\n\n**Parenting**", LIST_17, [3, 0]),
        ("The piece mixes Travel and Gardening.\n\nGardening", LIST_17, [4, 0]),
        ("The piece mixes Travel and Gardening.\n\n### Gardening", LIST_17, [4, 0]),
        ("The piece mixes Travel and Gardening.\n\nGardening\nSecond choice: Travel", LIST_17, [4, 0]),
        ("The article compares Chemistry and Ethics of labs.\n\nFinal: Ethics", LIST_19, [2, 1]),
        ("A study of Chemistry classrooms and Ethics.\n\n`Ethics`", LIST_19, [2, 1]),
        ("A study of Chemistry classrooms and Ethics.\n\nEthics.", LIST_19, [2, 1]),
        ("It surveys Chemistry before it turns to Ethics.\n\n**Ethics** (second choice: Chemistry)", LIST_19, [2, 1]),
    ],
    "taken_back": [
        ("Neural Networks. Wait, actually Theory.", LIST_1, [6]),
        ("Neural Networks... hmm, let me reconsider. Theory.", LIST_1, [6]),
        ("Databases. Hold on, it is Cryptography.", LIST_12, [3]),
        ("Databases... no, sorry: Cryptography.", LIST_12, [3]),
        ("My answer is Databases. On reflection, Cryptography.", LIST_12, [3]),
        ("Recht. Halt, doch eher Musik.", LIST_13, [3]),
        ("Travel. Actually no, Gardening.", LIST_17, [4]),
        ("Travel... let me think again. Gardening.", LIST_17, [4]),
        ("Travel. Scratch that: Gardening.", LIST_17, [4]),
        ("I'd say Travel. Hmm, wait. Gardening.", LIST_17, [4]),
        ("Chemistry. Sorry, I meant Astronomy.", LIST_19, [0]),
        ("Chemistry. On second thought, Astronomy.", LIST_19, [0]),
        ("Chemistry - no wait - Astronomy.", LIST_19, [0]),
        ("Politik. Nein, eher Kultur.", LIST_3, [3]),
    ],
    "compared": [
        ("The text could belong to Theory or Neural Networks, but the latter is the better fit.", LIST_1, [2, 6]),
        ("Theory is second only to Genetic Algorithms.", LIST_1, [1, 6]),
        ("Theory comes right after Genetic Algorithms.", LIST_1, [1, 6]),
        ("Second to Genetic Algorithms comes Theory.", LIST_1, [1, 6]),
        ("Theory would come second, after Genetic Algorithms.", LIST_1, [1, 6]),
        ("Apart from Theory, which is second, the best is Genetic Algorithms.", LIST_1, [1, 6]),
        ("Both Databases and Cryptography fit, but I prefer the latter.", LIST_12, [3, 0]),
        ("Between Databases and Cryptography, the former fits better.", LIST_12, [0, 3]),
        ("Databases ranks just behind Cryptography.", LIST_12, [3, 0]),
        ("Databases is the second best after Cryptography.", LIST_12, [3, 0]),
        ("It is either Travel or Gardening; the latter is more likely.", LIST_17, [4, 0]),
        ("Travel and Gardening both fit, the former better.", LIST_17, [0, 4]),
        ("Travel or Gardening? I lean towards the latter.", LIST_17, [4, 0]),
        ("Travel is the runner-up to Gardening.", LIST_17, [4, 0]),
        ("Chemistry and Astronomy are both close; I pick the former.", LIST_19, [1, 0]),
        ("Of Chemistry and Astronomy, the latter wins.", LIST_19, [0, 1]),
        ("Chemistry follows right behind Astronomy.", LIST_19, [0, 1]),
        ("Chemistry ranks below Astronomy.", LIST_19, [0, 1]),
    ],
    "signs_and_scores": [
        ("Case_Based ❌ Genetic_Algorithms ❌ Neural_Networks ✅ Theory ❌", LIST_1, [2]),
        ("☐ Theory ☑ Neural_Networks", LIST_1, [2]),
        ("Case_Based [ ]\nGenetic_Algorithms [ ]\nNeural_Networks [x]\nTheory [ ]", LIST_1, [2]),
        ("Case_Based\nGenetic_Algorithms\nNeural_Networks ←\nTheory", LIST_1, [2, 0, 1, 6]),
        ("Is it Theory? Not really. Is it Neural Networks? Yes, clearly.", LIST_1, [2]),
        ("Theory=0, Neural_Networks=1", LIST_1, [2]),
        (
            "Case_Based: 0\nGenetic_Algorithms: 0\nNeural_Networks: 1\nProbabilistic_Methods: 0\nReinforcement_Learning: 0\nRule_Learning: 0\nTheory: 0",
            LIST_1,
            [2],
        ),
        ("20% Theory, 80% Neural_Networks", LIST_1, [2, 6]),
        ("Theory: 2 stars, Neural_Networks: 5 stars", LIST_1, [2, 6]),
        ("Theory ★★☆☆☆ Neural_Networks ★★★★★", LIST_1, [2, 6]),
        ("Theory: weak match\nNeural_Networks: strong match", LIST_1, [2, 6]),
        ("(a) Theory: weak. (b) Neural_Networks: strong.", LIST_1, [2, 6]),
        ("🥈 Theory\n🥇 Reinforcement Learning", LIST_1, [4, 6]),
        ("| Second choice | First choice |\n|---|---|\n| Theory | Neural_Networks |", LIST_1, [2, 6]),
        ('{"Neural_Networks": "high", "Theory": "low"}', LIST_1, [2, 6]),
        ('{"Theory": "low", "Neural_Networks": "high"}', LIST_1, [2, 6]),
        ("2순위: 경제, 1순위: 문화", LIST_9, [3, 2]),
        ("✗ Databases\n✓ Robotics\n✗ Cryptography", LIST_12, [4]),
        ("Databases ✖️ | Robotics ✔️ | Cryptography ✖️", LIST_12, [4]),
        ("- [ ] Databases\n- [x] Robotics\n- [ ] Cryptography", LIST_12, [4]),
        ("Databases (no), Robotics (yes), Cryptography (no)", LIST_12, [4]),
        ("Travel: ✗, Gardening: ✓, Parenting: ✗", LIST_17, [4]),
        ("☑ Gardening ☐ Travel ☐ Parenting", LIST_17, [4]),
        ("[ ] Travel [x] Gardening [ ] Parenting", LIST_17, [4]),
        ("| Class | Fits |\n|---|---|\n| Travel | no |\n| Gardening | yes |", LIST_17, [4]),
        ("❌ Chemistry ❌ Ethics ✅ Astronomy", LIST_19, [0]),
        ("Chemistry ✗\nAstronomy ✓\nEthics ✗", LIST_19, [0]),
        ("(x) Astronomy ( ) Chemistry ( ) Ethics", LIST_19, [0, 1, 2]),
        ("[x] Astronomy\n[ ] Chemistry", LIST_19, [0]),
    ],
    "refusals": [
        (
            "I'm sorry, but I can't classify the text without seeing it. The classes are Neural_Networks, Theory and others.",
            LIST_1,
            [],
        ),
        ("Could you provide the text? Then I can choose among Neural Networks, Theory, and the others.", LIST_1, []),
        (
            "I am not able to determine the class. It could be any of Case Based, Genetic Algorithms, Neural Networks, Probabilistic Methods, Reinforcement Learning, Rule Learning, Theory.",
            LIST_1,
            [],
        ),
        ("Bitte senden Sie den Text, damit ich sagen kann, ob er zu Sport oder Politik gehört.", LIST_3, []),
        ("请提供文本，以便我判断它属于体育还是文化。", LIST_2, []),
        ("As an AI assistant, I cannot classify this.", LIST_10, []),
        (
            "I cannot determine the topic without the abstract. Possible classes are Databases, Robotics and more.",
            LIST_12,
            [],
        ),
        ("Please share the document, then I will pick one of Databases, Robotics or Cryptography.", LIST_12, []),
        ("There isn't enough information to classify this; it might be Databases or Robotics.", LIST_12, []),
        ("Veuillez fournir le texte afin que je puisse choisir entre Santé et Droit.", LIST_14, []),
        ("Sorry, I am unable to assign a class without the text. Choices: Travel, Gardening.", LIST_17, []),
        ("To choose between Travel, Gardening and Parenting I need the article.", LIST_17, []),
        ("Can you paste the text? Then I'll tell you whether it's Travel or Gardening.", LIST_17, []),
        ("The text seems to be missing, so I can't decide between Travel and Gardening.", LIST_17, []),
        ("I can't see any text. Please paste it and I'll choose among Chemistry, Ethics and Astronomy.", LIST_19, []),
        ("No text was provided. The available classes are: Chemistry, Ethics, Astronomy.", LIST_19, []),
        ("I would need the full abstract to decide between Chemistry and Astronomy.", LIST_19, []),
        ("Without more context, I can't say whether this is Chemistry or Astronomy.", LIST_19, []),
    ],
    "self_and_lists": [
        ("As an AI, I choose ML; second choice: IR.", LIST_10, [1, 2]),
        ("As an AI language model, I would classify this as DB, second choice IR.", LIST_10, [3, 2]),
        ("經濟；第二選擇：政治", LIST_2, []),
        (
            "Let me go through the classes. Case Based: no cases are retrieved. Genetic Algorithms: no evolution. Neural Networks: the model is a multilayer perceptron, so this fits. Final answer: Neural Networks.",
            LIST_1,
            [2],
        ),
        ("Being an AI model, I would pick Databases; second choice: Networks.", LIST_15, [1, 2]),
        ("I'm just an AI, but I'd say Networks.", LIST_15, [2]),
        ("科技。第二選擇：音乐", LIST_16, [1, 3]),
        (
            "Going through them. Databases: no queries. Robotics: no robots. Cryptography: ciphers, so yes. Answer: Cryptography",
            LIST_12,
            [3],
        ),
        ("As an AI assistant, I'd go for Security, then Theory.", LIST_18, [1, 2]),
        ("Speaking as an AI, Theory.", LIST_18, [2]),
        ("AI", LIST_18, [0]),
        ("This is an AI paper. Second choice: Theory.", LIST_18, [0, 2]),
        ("As a large AI model I would choose Graphics, second choice OS.", LIST_20, [2, 1]),
        ("體育；第二選擇：文化", LIST_2, []),
        ("首選：文化；次選：政治", LIST_2, [3, 1]),
        (
            "Checking all. Chemistry: nothing chemical. Ethics: not discussed. Astronomy: planets. The answer is Astronomy.",
            LIST_19,
            [0],
        ),
    ],
    "none": [
        ("none_of_these", LIST_1, None),
        ("Other.", LIST_1, None),
        ("The text is unrelated to all of the classes.", LIST_1, None),
        ("Unrelated to the given classes.", LIST_1, None),
        ("Keine.", LIST_1, None),
        ("Nichts davon.", LIST_1, None),
        ("无", LIST_1, None),
        ("どれでもありません。", LIST_1, None),
        ("該当するクラスはありません。", LIST_1, None),
        ("없음", LIST_1, None),
        ("None of the experiments use networks, so Theory.", LIST_11, [0]),
        ("Although none of these fits perfectly, Theory is closest.", LIST_11, [0]),
        ("Others", LIST_12, None),
        ("Miscellaneous.", LIST_12, None),
        ("none of the above", LIST_12, None),
        ("None_of_the_classes", LIST_12, None),
        ("none of these classes", LIST_17, None),
        ("NONE_OF_THE_ABOVE", LIST_17, None),
        ("Something else.", LIST_17, None),
        ("Not listed.", LIST_17, None),
        ("None of them.", LIST_19, None),
        ("none-of-these", LIST_19, None),
        ("It's unrelated to all the given classes.", LIST_19, None),
        ("Doesn't match any class.", LIST_19, None),
    ],
    "other_forms": [
        ("Cats can be ruled out, as can Dogs. The answer is Fish.", ["Cats", "Dogs", "Birds", "Fish"], [3]),
        (
            "抱歉,您没有提供文本,我无法判断属于机器学习还是数据库。",
            ["机器学习", "数据库", "计算机视觉", "人机交互"],
            [],
        ),
        (
            "Lo siento, no puedo determinar si se trata de Economía o de Bases de datos sin el texto.",
            ["Aprendizaje automático", "Bases de datos", "Visión por computador", "Economía"],
            [],
        ),
        ("It could be pets or stones; there is no way to tell.", ["pets", "stones"], []),
        (
            "Zur Auswahl stehen Maschinelles Lernen, Datenbanken, Künstliche Intelligenz, Theorie und Bildverarbeitung.\nAntwort: Datenbanken",
            ["Maschinelles Lernen", "Datenbanken", "Künstliche Intelligenz", "Theorie", "Bildverarbeitung"],
            [1],
        ),
        ("A) Cats\nB) Dogs\nC) Birds\nD) Fish\n\nThe correct answer is D.", ["Cats", "Dogs", "Birds", "Fish"], [3]),
        ("Options:\n1. positive\n2. negative\n3. neutral\n\nAnswer: 2", ["positive", "negative", "neutral"], [1]),
        (
            "Neural Networks are used, but the focus is a bound.\n\n\\boxed{Theory}",
            LIST_CORA,
            [6, 2],
        ),
        (
            "Reinforcment Learning",
            LIST_CORA,
            [4],
        ),
        (
            "Probabilstic Methods",
            LIST_CORA,
            [3],
        ),
        (
            "Kuenstliche Intelligenz",
            ["Maschinelles Lernen", "Datenbanken", "Künstliche Intelligenz", "Theorie", "Bildverarbeitung"],
            [2],
        ),
        ("Mens Clothing", ["Men's Clothing", "Women's Clothing", "Kids' Clothing", "Shoes"], [0]),
        ("inşaat", ["Internet", "İnşaat", "Spor"], [1]),
        ("arxiv cs.CL", ["arxiv cs lg", "arxiv cs cl", "arxiv cs cv"], [1]),
        (
            "Second best class? Theory. Best class? Neural Networks.",
            LIST_CORA,
            [2, 6],
        ),
        ("<s> stones </s>", ["pets", "stones"], [1]),
        (
            "The best class is cs.LG and the second best cl",
            ["cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.DB", "cs.SE", "stat.ML"],
            [3],
        ),
        ("Reinforcment Learning; second choice: Theory.", LIST_1, [4, 6]),
        ("It is about robbotics.", LIST_12, [4]),
        ("The Rulle Lerning is not meant.", LIST_1, []),
        (
            "1. Robotics\n2. Databases\n3. Cryptography\n\nReason: 3 experiments with 2 arms, in sections 2 and 3.",
            LIST_12,
            [4, 0, 3],
        ),
        ("1. Robotics\n2. Databases\n3. Cryptography\n\nThe answer is 3, then 1.", LIST_12, [3, 4]),
        (
            "Theory is my second choice, after Rule Learning.",
            LIST_CORA,
            [5, 6],
        ),
        (
            "| Class | Rank |\n|---|---|\n| Theory | 2 |\n| Rule Learning | 1 |",
            LIST_CORA,
            [5, 6],
        ),
        (
            "Case Based, Genetic Algorithms, Neural Networks, Probabilistic Methods, Reinforcement Learning, Rule Learning, Theory",
            LIST_CORA,
            [],
        ),
        (
            "(A) Case Based (B) Genetic Algorithms (C) Neural Networks (D) Probabilistic Methods (E) Reinforcement Learning (F) Rule Learning (G) Theory\n\nThe answer is (E).",
            LIST_CORA,
            [4],
        ),
        (
            "1. Case Based\n2. Genetic Algorithms\n3. Neural Networks\n4. Probabilistic Methods\n5. Reinforcement Learning\n6. Rule Learning\n7. Theory\n\nBest: 4\nSecond best: 3",
            LIST_CORA,
            [3, 2],
        ),
        (
            "Categories:\n1) World\n2) Sports\n3) Business\n4) Sci/Tech\n\nBest class: 4, second best class: 3",
            ["World", "Sports", "Business", "Sci/Tech"],
            [3, 2],
        ),
        (
            "A) Billing\nB) Login\nC) Shipping\nD) Refunds\nE) Technical Support\nF) Other\n\nMy answer: D, then A.",
            ["Billing", "Login", "Shipping", "Refunds", "Technical Support", "Other"],
            [3, 0],
        ),
        ("Colour Theory", ["Color Theory", "Typography", "Illustration"], [0]),
    ],
}


@pytest.mark.parametrize(
    ("answer", "names", "named"),
    [
        (None, ["pets"], "answer"),
        (b"pets", ["pets"], "answer"),
        ("pets", "pets", "class_names"),
        ("pets", {"pets"}, "class_names"),
        ("pets", {0: "pets"}, "class_names"),
        ("pets", np.array("pets"), "class_names"),
        ("pets", ["pets", 5], "class_names"),
        ("pets", None, "class_names"),
    ],
)
def test_what_is_no_answer_or_no_list_of_names_is_refused(answer, names, named):
    for read in (read_choices, parse_choices):
        with pytest.raises(InvalidParameterError, match=f"`{named}` must be a"):
            read(answer, names)


def test_names_may_stand_in_an_array():
    assert parse_choices("pets", np.array(["stones", "pets"])) == [1]


@pytest.mark.parametrize(
    ("answer", "names", "expected"),
    [pytest.param(*row, id=f"{kind}-{place}") for kind, rows in KINDS.items() for place, row in enumerate(rows)],
)
def test_what_clauses_and_signs_say_is_read(answer, names, expected):
    choices = read_choices(answer, names)

    assert choices.classes == (expected or [])
    assert choices.none or expected is not None
