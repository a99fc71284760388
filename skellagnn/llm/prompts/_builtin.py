"""The built-in prompts. Texts only.

Stores and recorded answers are keyed by a digest of each template and its answer limit: changing so much as a comma
here makes every stored answer to that prompt unreachable, and is a breaking entry in the changelog. The wording is
ours; the paper (arXiv 2407.14996) names the idea of a diverse catalog.
"""

from __future__ import annotations

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
    "The following text belongs to exactly one of these classes: {class_names}.\n\nText:\n{text}\n\n"
    "Which class is the most likely one, and which would be your second choice? Name the first choice first, spell "
    "both as in the list, and give your reason in one short sentence.",
    max_answer_tokens=96,
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

BUILTIN_PROMPTS: dict[str, Prompt] = {
    prompt.name: prompt for prompt in (SUMMARY, KEYWORDS, BACKGROUND, TOPIC, PARAPHRASE, NEIGHBORS)
}
