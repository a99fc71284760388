"""Prompts in other languages, and answers in them."""

from __future__ import annotations

import string

import pytest

from skellagnn import CallableEnhancer, ELLaGNNClassifier
from skellagnn.datasets import make_text_graph
from skellagnn.exceptions import InvalidParameterError
from skellagnn.llm.answers import diagnose
from skellagnn.llm.prompts._languages import LANGUAGES
from skellagnn.prompts import BUILTIN_PROMPTS, Question, parse_confidence, prompts_in, read_choices

TRANSLATED = [language for language in LANGUAGES if language != "en"]

NAMES = {
    "de": ["Neuronale Netze", "Theorie", "Regellernen"],
    "fr": ["Réseaux de neurones", "Théorie", "Apprentissage de règles"],
    "es": ["Redes neuronales", "Teoría", "Aprendizaje de reglas"],
    "zh": ["神经网络", "理论", "规则学习"],
}

# answer, classes that it chooses, confidence; no classes: it says that none fits
ANSWERS = {
    "de": [
        ("Neuronale Netze; zweite Wahl: Theorie; Sicherheit: 85 %", [0, 1], 0.85),
        ("Erste Wahl: Theorie. Zweite Wahl: Regellernen. Der Text beweist Schranken.", [1, 2], None),
        ("Klasse: Theorie", [1], None),
        ("Im Text geht es um Theorie. Kategorie: Regellernen (Sicherheit 70 Prozent)", [2, 1], 0.7),
        ("Der Text gehört am ehesten zur Klasse Theorie, als zweite Wahl Neuronale Netze.", [1, 0], None),
        ("Am wahrscheinlichsten ist Regellernen, danach Theorie.", [2, 1], None),
        ("Zweite Wahl: Theorie; erste Wahl: Neuronale Netze", [0, 1], None),
        ("Nicht Theorie, sondern Regellernen.", [2], None),
        ("Die Antwort lautet: Theorie. Zu 90 % sicher.", [1], 0.9),
        ("Neuronale Netze, sonst Theorie. Ich bin mir zu etwa 60 % sicher.", [0, 1], 0.6),
        ("Ich würde Theorie wählen; Regellernen wäre meine zweite Wahl. Gewissheit: 0,8", [1, 2], 0.8),
        ("Keine davon.", [], None),
    ],
    "fr": [
        ("Théorie ; deuxième choix : Réseaux de neurones ; confiance : 85 %", [1, 0], 0.85),
        ("Premier choix : Réseaux de neurones. Deuxième choix : Théorie. Il décrit un réseau.", [0, 1], None),
        ("Catégorie\u00a0: Théorie", [1], None),
        ("Le texte traite de Théorie. Classe : Apprentissage de règles (certitude : 70 pour cent)", [2, 1], 0.7),
        ("Le texte appartient à la classe Théorie ; le second choix serait Réseaux de neurones.", [1, 0], None),
        ("La plus probable est Apprentissage de règles, sinon Théorie.", [2, 1], None),
        ("Ce n'est pas Théorie, mais Réseaux de neurones.", [0], None),
        ("La réponse est Théorie, sûr à 90\u202f%.", [1], 0.9),
        ("Deuxième choix : Théorie ; premier choix : Réseaux de neurones", [0, 1], None),
        ("Je choisis Théorie. En second lieu, Réseaux de neurones. Certitude : 0,8", [1, 0], 0.8),
        ("Aucune de celles-ci.", [], None),
    ],
    "es": [
        ("Teoría; segunda opción: Redes neuronales; confianza: 85 %", [1, 0], 0.85),
        ("Primera opción: Redes neuronales. Segunda opción: Teoría. Describe una red.", [0, 1], None),
        ("Categoría: Teoría", [1], None),
        ("El texto trata de Teoría. Clase: Aprendizaje de reglas (certeza: 70 por ciento)", [2, 1], 0.7),
        ("El texto pertenece a la clase Teoría; la segunda opción sería Redes neuronales.", [1, 0], None),
        ("La más probable es Aprendizaje de reglas, si no, Teoría.", [2, 1], None),
        ("No es Teoría, sino Redes neuronales.", [0], None),
        ("La respuesta es Teoría, con una seguridad del 90 %.", [1], 0.9),
        ("Segunda opción: Teoría; primera opción: Redes neuronales", [0, 1], None),
        ("Elijo Teoría. En segundo lugar, Redes neuronales. Confianza: 0,8", [1, 0], 0.8),
        ("Ninguna de estas.", [], None),
        ("Ninguna clase encaja.", [], None),
    ],
    "zh": [
        ("理论；第二选择：神经网络；置信度：85%", [1, 0], 0.85),
        ("第一选择：神经网络。第二选择：理论。该文描述了一个网络。", [0, 1], None),
        ("类别：理论", [1], None),
        ("类别：规则学习（置信度 ７０％）", [2], 0.7),
        ("该文本最可能属于理论，其次是神经网络。", [1, 0], None),
        ("最有可能的类别是规则学习，第二选择为理论，把握约为80%。", [2, 1], 0.8),
        ("不是理论，而是神经网络。", [0], None),
        ("第二选择：理论；第一选择：神经网络", [0, 1], None),
        ("首选：理论；备选：规则学习；可信度：百分之90", [1, 2], 0.9),
        ("答案：规则学习（可能性：0.75）", [2], 0.75),
        ("以上都不是。", [], None),
        ("没有合适的类别。", [], None),
    ],
}


@pytest.mark.parametrize(
    ("language", "answer", "classes", "confidence"),
    [(language, *row) for language, rows in ANSWERS.items() for row in rows],
)
def test_answers_are_read_in_their_language(language, answer, classes, confidence):
    found = read_choices(answer, NAMES[language])

    assert found.classes == classes
    assert found.none is (classes == [])
    assert parse_confidence(answer) == confidence
    (prompt,) = prompts_in(language, "topic")
    question = Question(prompt, {"text": "x" * 50, "class_names": ", ".join(NAMES[language])})
    assert diagnose(question, answer, NAMES[language]) is None


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_form_that_a_prompt_shows_is_read(language):
    (prompt,) = prompts_in(language, "topic_confidence")
    form = prompt.template.splitlines()[-1].partition("：" if language == "zh" else ":")[2].strip()
    first, middle, confidence = (part.strip() for part in form.replace("；", ";").split(";"))
    assert first
    label, colon, _ = middle.replace("：", ":").partition(":")
    number = confidence.split()[0].rstrip("：:") if language != "zh" else "置信度"
    answer = f"{NAMES[language][2]}; {label.strip()}{colon} {NAMES[language][0]}; {number}: 85 %"

    assert read_choices(answer, NAMES[language]).classes == [2, 0]
    assert parse_confidence(answer) == 0.85


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_prompt_is_there_with_the_same_fields_and_other_words(language):
    assert set(LANGUAGES[language]) == set(BUILTIN_PROMPTS)
    for name, prompt in LANGUAGES[language].items():
        english = BUILTIN_PROMPTS[name]
        order = [field for _, field, *_ in string.Formatter().parse(prompt.template) if field]
        assert order == [field for _, field, *_ in string.Formatter().parse(english.template) if field]
        assert prompt.name == name
        assert prompt.key != english.key  # its answers are no answers to the English one
        assert prompt.names_classes == english.names_classes
        assert prompt.max_answer_tokens > english.max_answer_tokens


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_template_repeated_is_an_echo_and_what_it_offers_is_none(language):
    (prompt,) = prompts_in(language, "topic")
    offer = prompt.template.rstrip(".。").replace("：", ":").rpartition(":")[2].strip()

    assert read_choices(offer, NAMES[language]) == ([], True)
    question = Question(prompt, {"text": "x" * 50, "class_names": ", ".join(NAMES[language])})
    assert diagnose(question, prompt.template, NAMES[language]) == "echo"


def test_english_is_the_catalog_itself_and_names_are_those_of_the_parameter():
    assert prompts_in("en", "topic") == [BUILTIN_PROMPTS["topic"]]
    assert [prompt.name for prompt in prompts_in("fr")] == [prompt.name for prompt in prompts_in("en", "all")]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nl",), "`language` must be one of 'en', 'de', 'fr', 'es', 'zh' or prompts of your own, got 'nl'"),
        ((None,), "`language` must be one of"),
        ((["de"],), "`language` must be one of"),
        (("de", "topik"), "`prompts` must be one of .* Did you mean 'topic'"),
    ],
)
def test_what_is_unknown_is_said(arguments, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        prompts_in(*arguments)


def test_a_fit_asks_and_learns_in_the_language():
    data = make_text_graph(n_nodes=60, n_classes=3, random_state=0)
    asked = []

    def ask(prompt):
        asked.append(prompt)
        return "理论；第二选择：神经网络；置信度：85%"

    clf = ELLaGNNClassifier(
        CallableEnhancer(ask, model_name="zh"),
        augmentation_ratio=5,
        prompts=prompts_in("zh", "topic_confidence"),
        class_names=NAMES["zh"],
        encoder="tfidf",
        max_iter=3,
        store=None,
        random_state=0,
    ).fit(data.graph, data.target)

    assert len(asked) == 5
    assert all("下面的文本属于以下哪一个类别：神经网络, 理论, 规则学习？" in prompt for prompt in asked)
    assert [(answer.classes, answer.confidence) for answer in clf.answers_] == [(("理论", "神经网络"), 0.85)] * 5
    assert not clf.llm_usage_.total.bad
