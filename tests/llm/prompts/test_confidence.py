"""How sure an answer says it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skellagnn.prompts import parse_confidence


@pytest.mark.parametrize(
    ("answer", "confidence"),
    [
        ("85 %", 0.85),
        ("85%", 0.85),
        ("0.85", 0.85),
        ("confidence: high", None),
        ("85/100", 0.85),
        ("80-90%", 0.85),
        ("80–90 %", 0.85),
        ("80 to 90 percent", 0.85),
        ("between 80 and 90 %", 0.85),
        ("0.8-0.9", 0.85),
        ("about 85 percent", 0.85),
        ("Confidence: 85", 0.85),
        ("Confidence: 0.85", 0.85),
        ("0,85", 0.85),
        ("85,5 %", 0.855),
        ("8/10", 0.8),
        ("8 out of 10", 0.8),
        (".85", 0.85),
        ("100%", 1),
        ("150%", None),
        ("Confidence: 1", 1),
        ("1%", 0.01),
        ("0%", 0),
        ("Theory; second choice: Rule; confidence: 72 %", 0.72),
        ("Theory (70 %), second choice: Rule (20 %)", 0.7),
        ("Theory; Rule; 72%", 0.72),
        ("Theory. Second choice: Rule (20 %).", None),
        ('{"class":"Theory","confidence":0.85}', 0.85),
        ('{"confidence": "85%"}', 0.85),
        ("I am 90% sure", 0.9),
        ("I'm not 100% sure, about 70 %", 0.7),
        ("Confidence: high (85%)", 0.85),
        ("８５％", 0.85),
        ("85 Prozent", 0.85),
        ("置信度:85%", 0.85),
        ("", None),
        ("Theory", None),
        ("It cites 3 papers of 1994", None),
        ("Published in 2001; 7 sections", None),
        ("**Confidence:** 85%", 0.85),
        ("85", 0.85),
        ("confidence = .9", 0.9),
        ("90% confidence", 0.9),
        ("Confidence level: 9/10", 0.9),
        (">90%", 0.9),
        ("90+ %", 0.9),
        ("~75%", 0.75),
        ("ca. 75 %", 0.75),
        ("85 per cent", 0.85),
        ("My confidence is 0.7; class 5", 0.7),
        ("Theory, 0.9", 0.9),
        ("Version 2.0 of it", None),
        ("confidence: medium", None),
        ("-5%", None),
        ("Confidence: 85.", 0.85),
        ("85 ٪", 0.85),
        ("confidence: 85-90", 0.875),
        ("probability of 0.65", 0.65),
        ("likelihood 65 percent", 0.65),
        ("none of these", None),
        ("class 3", None),
        ("Confidence (in percent): 85", 0.85),
        ("Confidence: 85 out of 100", 0.85),
        ("70%-80%", 0.75),
        ("sure: 99.5%", 0.995),
    ],
)
def test_the_number_that_tells_the_confidence(answer, confidence):
    assert parse_confidence(answer) == (None if confidence is None else pytest.approx(confidence))


@given(
    st.integers(2, 100),
    st.sampled_from(["{} %", "{}%", "{} percent", "confidence: {}", "{}/100", "A; second choice: B; confidence: {} %"]),
)
def test_every_percentage_in_every_form(percent, form):
    assert parse_confidence(form.format(percent)) == pytest.approx(percent / 100)


@given(st.text(max_size=60))
def test_a_confidence_is_a_share(text):
    confidence = parse_confidence(text)

    assert confidence is None or 0 <= confidence <= 1
