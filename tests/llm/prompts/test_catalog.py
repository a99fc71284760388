"""The `prompts` parameter: names, "all", objects, and lists of these."""

from __future__ import annotations

import pytest

from skellagnn.exceptions import InvalidParameterError
from skellagnn.prompts import BUILTIN_PROMPTS, Prompt, PromptCatalog

KNOWN = tuple(BUILTIN_PROMPTS)
ALL = ("summary", "keywords", "background", "topic", "paraphrase", "neighbors")
MINE = Prompt("mine", "On {text}")


@pytest.mark.parametrize(
    ("prompts", "names"),
    [
        ("all", ALL),
        ("topic", ("topic",)),
        ("topic+keywords", ("topic", "keywords")),
        (" topic + keywords ", ("topic", "keywords")),
        (MINE, ("mine",)),
        ([MINE], ("mine",)),
        (("keywords", MINE, "topic"), ("keywords", "mine", "topic")),
        (["all"], ALL),
        (["all", MINE], (*ALL, "mine")),
        (["topic", "all"], ("topic", *(name for name in ALL if name != "topic"))),
        (["topic", "topic", MINE, MINE], ("topic", "mine")),
    ],
)
def test_prompts_keep_their_order_each_once(prompts, names):
    assert PromptCatalog.from_parameter(prompts).names == names


def test_a_catalog_is_a_catalog():
    catalog = PromptCatalog.from_parameter("topic+keywords")

    assert PromptCatalog.from_parameter(catalog) == catalog


def test_names_stand_for_the_built_in_prompts():
    assert list(PromptCatalog.from_parameter("all")) == [BUILTIN_PROMPTS[name] for name in ALL]
    assert PromptCatalog.from_parameter("contested")[0] is BUILTIN_PROMPTS["contested"]


def test_an_own_prompt_equal_to_a_built_in_one_is_that_one():
    twin = Prompt("topic", BUILTIN_PROMPTS["topic"].template, BUILTIN_PROMPTS["topic"].max_answer_tokens)

    assert PromptCatalog.from_parameter(["topic", twin]).names == ("topic",)


@pytest.mark.parametrize(
    "other", [Prompt("topic", "On {text}"), Prompt("topic", BUILTIN_PROMPTS["topic"].template, max_answer_tokens=1)]
)
def test_one_name_cannot_stand_for_two_prompts(other):
    with pytest.raises(
        InvalidParameterError, match=r"each name one prompt, got two different ones named 'topic'\. Rename"
    ):
        PromptCatalog.from_parameter(["topic", other])


@pytest.mark.parametrize(
    ("prompts", "wrong", "hint"),
    [
        ("topik", "topik", r"Did you mean 'topic'\?"),
        ("keywords+sumary", "sumary", r"Did you mean 'summary'\?"),
        (["keyword"], "keyword", r"Did you mean 'keywords'\?"),
        ("Topic", "Topic", r"Did you mean 'topic'\?"),
        ("", "", ""),
        ("topic+", "", ""),
        ("keywords,topic", "keywords,topic", r"Did you mean 'keywords'\?"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(prompts, wrong, hint):
    names = ", ".join(f"'{name}'" for name in KNOWN)
    with pytest.raises(
        InvalidParameterError, match=f"`prompts` must be one of {names} or 'all', or a Prompt, got '{wrong}'. ?{hint}$"
    ):
        PromptCatalog.from_parameter(prompts)


@pytest.mark.parametrize("prompts", [[], (), None, 3, True, {"topic"}, {"topic": MINE}, (name for name in ["topic"])])
def test_what_is_no_list_of_prompts_is_refused(prompts):
    with pytest.raises(
        InvalidParameterError, match=r"`prompts` must be 'all', .* or a non-empty list of these, got .*enhancer=None"
    ):
        PromptCatalog.from_parameter(prompts)


@pytest.mark.parametrize(("item", "kind"), [(3, "int"), (None, "NoneType"), (["topic"], "list")])
def test_what_a_list_holds_is_checked(item, kind):
    with pytest.raises(InvalidParameterError, match=f"`prompts` must hold names and Prompt objects, got {kind} "):
        PromptCatalog.from_parameter(["topic", item])


def test_class_names_are_needed_where_one_prompt_lists_them():
    assert PromptCatalog.from_parameter("keywords+topic").needs_class_names
    assert not PromptCatalog.from_parameter(["keywords", MINE]).needs_class_names


def test_it_is_a_sequence():
    catalog = PromptCatalog.from_parameter(["topic", MINE])

    assert len(catalog) == 2
    assert catalog[1] is MINE
    assert catalog[-1] is MINE
    assert catalog[:1] == (BUILTIN_PROMPTS["topic"],)
    assert MINE in catalog
    assert repr(catalog) == "PromptCatalog(topic, mine)"
