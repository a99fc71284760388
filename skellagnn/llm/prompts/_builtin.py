"""The built-in prompts; their translations stand in ``_languages``.

Stores and recorded answers are keyed by a digest of each template and its answer limit: changing so much as a comma
here makes every stored answer to that prompt unreachable, and is a breaking entry in the changelog. The wording is
ours; the paper (arXiv 2407.14996) names the idea of a diverse catalog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skellagnn.llm.prompts._prompt import Prompt

SUMMARY = Prompt(
    "summary",
    "Summarize the following text in two sentences for a reader who sorts such texts by topic. "
    "Keep what tells its topic, leave out the rest.\n\nText:\n{text}\n\nSummary:",
)

KEYWORDS = Prompt(
    "keywords",
    "List five to eight keywords or short phrases, separated by commas, that tell what the following text is about: "
    "its problem, its method, its field.\n\nText:\n{text}\n\nKeywords:",
    max_answer_tokens=64,
)

BACKGROUND = Prompt(
    "background",
    "In two sentences, give the background knowledge that the following text takes for granted: what its subject is "
    "used for, where it comes from, what it is related to. Do not repeat the text.\n\nText:\n{text}\n\nBackground:",
)

TOPIC = Prompt(
    "topic",
    "Which one of these classes does the following text belong to: {class_names}?\n\nText:\n{text}\n\n"
    "Which class is the most likely one, and which would be your second choice? Name the first choice first, spell "
    "both as in the list, and give your reason in one short sentence. If no class fits, answer: none of these.",
    max_answer_tokens=96,
)

TOPIC_CONFIDENCE = Prompt(
    "topic_confidence",
    "Which one of these classes does the following text belong to: {class_names}?\n\nText:\n{text}\n\n"
    "Answer in one line, and spell classes as in the list: your first choice; your second choice; and in percent how "
    "likely your first choice is right. Be honest: of the answers that say 70 %, seven in ten should be right. "
    "If no class fits, answer: none of these.\n\n"
    "Form: FIRST CHOICE; second choice: SECOND CHOICE; confidence: NUMBER %",
    max_answer_tokens=64,
)

CONTESTED = Prompt(
    "contested",
    "It is hard to say which of a few classes the following text belongs to.\n\nText:\n{text}\n\n"
    "Titles of texts that it is linked to:\n{neighbor_titles}\n\nThe classes in question:\n{candidates}\n\n"
    "Weigh them against each other. Then answer in one line, and spell classes as in the list: your first choice; your "
    "second choice; and in percent how likely your first choice is right. If no class fits, answer: none of these.\n\n"
    "Form: FIRST CHOICE; second choice: SECOND CHOICE; confidence: NUMBER %",
    max_answer_tokens=64,
)

PARAPHRASE = Prompt(
    "paraphrase",
    "Rewrite the following text in plain words, in at most five sentences, without jargon, abbreviations or names. "
    "Keep its meaning.\n\nText:\n{text}\n\nRewritten:",
    max_answer_tokens=192,
)

NEIGHBORS = Prompt(
    "neighbors",
    "A text is linked to other texts.\n\nText:\n{text}\n\nTitles of the texts that it is linked to:\n"
    "{neighbor_titles}\n\nIn two sentences, say what the text and the linked ones have in common, and what topic that "
    "suggests for the text.",
)

# A diverse catalog, as in the paper: what "all" means.
DIVERSE = (SUMMARY, KEYWORDS, BACKGROUND, TOPIC, PARAPHRASE, NEIGHBORS)

BUILTIN_PROMPTS: dict[str, Prompt] = {prompt.name: prompt for prompt in (*DIVERSE, TOPIC_CONFIDENCE, CONTESTED)}


def list_candidates(names: Sequence[str], descriptions: Mapping[str, str] | None = None) -> str:
    """Write classes as the field ``{candidates}`` shows them: one a line, each with its description where given.

    Parameters
    ----------
    names : sequence of str
        Names of the classes in question.
    descriptions : mapping of str to str, default=None
        What a class is about, in one line, by name.

    Returns
    -------
    lines : str

    Examples
    --------
    >>> print(list_candidates(["Theory", "Rule_Learning"], {"Theory": "proofs and bounds"}))
    - Theory: proofs and bounds
    - Rule Learning
    """
    descriptions = descriptions or {}
    return "\n".join(
        f"- {name.replace('_', ' ')}" + (f": {' '.join(descriptions[name].split())}" if descriptions.get(name) else "")
        for name in names
    )
