"""The built-in prompts in other languages, word by word what the English ones ask.

A text is summarized best in its own language, and a small model answers in the language that it was asked in. What is
said of changes in the English catalog holds here, too: stored answers are kept under a digest of the template.
"""

from __future__ import annotations

from skellagnn.base.resolve import resolve
from skellagnn.llm.prompts._builtin import BUILTIN_PROMPTS
from skellagnn.llm.prompts._catalog import PromptCatalog
from skellagnn.llm.prompts._prompt import Prompt

__all__ = ["LANGUAGES", "prompts_in"]

_GERMAN = {
    "summary": "Fasse den folgenden Text in zwei Sätzen zusammen, für jemanden, der solche Texte nach Themen ordnet. "
    "Behalte, was das Thema verrät, und lass den Rest weg.\n\nText:\n{text}\n\nZusammenfassung:",
    "keywords": "Nenne fünf bis acht Stichwörter oder kurze Wendungen, durch Kommas getrennt, die sagen, wovon der "
    "folgende Text handelt: sein Problem, seine Methode, sein Gebiet.\n\nText:\n{text}\n\nStichwörter:",
    "background": "Gib in zwei Sätzen das Hintergrundwissen an, das der folgende Text voraussetzt: wozu sein Gegenstand "
    "dient, woher er kommt, womit er verwandt ist. Wiederhole den Text nicht.\n\nText:\n{text}\n\nHintergrund:",
    "topic": "Zu welcher dieser Klassen gehört der folgende Text: {class_names}?\n\nText:\n{text}\n\n"
    "Welche Klasse ist die wahrscheinlichste, und welche wäre deine zweite Wahl? Nenne die erste Wahl zuerst, schreibe "
    "beide wie in der Liste, und begründe in einem kurzen Satz. Wenn keine Klasse passt, antworte: keine davon.",
    "topic_confidence": "Zu welcher dieser Klassen gehört der folgende Text: {class_names}?\n\nText:\n{text}\n\n"
    "Antworte in einer Zeile und schreibe Klassen wie in der Liste: deine erste Wahl; deine zweite Wahl; und in Prozent, "
    "wie wahrscheinlich die erste Wahl stimmt. Sei ehrlich: von den Antworten mit 70 % sollen sieben von zehn stimmen. "
    "Wenn keine Klasse passt, antworte: keine davon.\n\n"
    "Form: ERSTE WAHL; zweite Wahl: ZWEITE WAHL; Sicherheit: ZAHL %",
    "contested": "Es ist schwer zu sagen, zu welcher von einigen Klassen der folgende Text gehört.\n\nText:\n{text}\n\n"
    "Titel von Texten, mit denen er verknüpft ist:\n{neighbor_titles}\n\nDie Klassen, um die es geht:\n{candidates}\n\n"
    "Wäge sie gegeneinander ab. Antworte dann in einer Zeile und schreibe Klassen wie in der Liste: deine erste Wahl; "
    "deine zweite Wahl; und in Prozent, wie wahrscheinlich die erste Wahl stimmt. Wenn keine Klasse passt, antworte: "
    "keine davon.\n\nForm: ERSTE WAHL; zweite Wahl: ZWEITE WAHL; Sicherheit: ZAHL %",
    "paraphrase": "Schreibe den folgenden Text in einfachen Worten neu, in höchstens fünf Sätzen, ohne Fachsprache, "
    "Abkürzungen oder Namen. Behalte seine Bedeutung.\n\nText:\n{text}\n\nNeu geschrieben:",
    "neighbors": "Ein Text ist mit anderen Texten verknüpft.\n\nText:\n{text}\n\nTitel der Texte, mit denen er verknüpft "
    "ist:\n{neighbor_titles}\n\nSage in zwei Sätzen, was der Text und die verknüpften gemeinsam haben, und welches Thema "
    "das für den Text nahelegt.",
}

_FRENCH = {
    "summary": "Résume le texte suivant en deux phrases pour quelqu'un qui classe de tels textes par sujet. Garde ce qui "
    "révèle son sujet, laisse le reste.\n\nTexte :\n{text}\n\nRésumé :",
    "keywords": "Donne cinq à huit mots-clés ou expressions courtes, séparés par des virgules, qui disent de quoi parle "
    "le texte suivant : son problème, sa méthode, son domaine.\n\nTexte :\n{text}\n\nMots-clés :",
    "background": "En deux phrases, donne les connaissances que le texte suivant suppose acquises : à quoi sert son "
    "sujet, d'où il vient, à quoi il est lié. Ne répète pas le texte.\n\nTexte :\n{text}\n\nContexte :",
    "topic": "À laquelle de ces classes appartient le texte suivant : {class_names} ?\n\nTexte :\n{text}\n\n"
    "Quelle classe est la plus probable, et laquelle serait ton deuxième choix ? Nomme d'abord le premier choix, écris "
    "les deux comme dans la liste, et donne ta raison en une courte phrase. Si aucune classe ne convient, réponds : "
    "aucune de celles-ci.",
    "topic_confidence": "À laquelle de ces classes appartient le texte suivant : {class_names} ?\n\nTexte :\n{text}\n\n"
    "Réponds en une ligne, et écris les classes comme dans la liste : ton premier choix ; ton deuxième choix ; et en "
    "pour cent, la probabilité que le premier choix soit juste. Sois honnête : des réponses qui disent 70 %, sept sur "
    "dix doivent être justes. Si aucune classe ne convient, réponds : aucune de celles-ci.\n\n"
    "Forme : PREMIER CHOIX ; deuxième choix : DEUXIÈME CHOIX ; confiance : NOMBRE %",
    "contested": "Il est difficile de dire à laquelle de quelques classes appartient le texte suivant.\n\nTexte :\n"
    "{text}\n\nTitres de textes auxquels il est lié :\n{neighbor_titles}\n\nLes classes en question :\n{candidates}\n\n"
    "Compare-les. Puis réponds en une ligne, et écris les classes comme dans la liste : ton premier choix ; ton deuxième "
    "choix ; et en pour cent, la probabilité que le premier choix soit juste. Si aucune classe ne convient, réponds : "
    "aucune de celles-ci.\n\nForme : PREMIER CHOIX ; deuxième choix : DEUXIÈME CHOIX ; confiance : NOMBRE %",
    "paraphrase": "Réécris le texte suivant en mots simples, en cinq phrases au plus, sans jargon, abréviations ni noms "
    "propres. Garde son sens.\n\nTexte :\n{text}\n\nRéécrit :",
    "neighbors": "Un texte est lié à d'autres textes.\n\nTexte :\n{text}\n\nTitres des textes auxquels il est lié :\n"
    "{neighbor_titles}\n\nEn deux phrases, dis ce que le texte et ceux auxquels il est lié ont en commun, et quel sujet "
    "cela suggère pour le texte.",
}

_SPANISH = {
    "summary": "Resume el siguiente texto en dos frases para quien ordena textos así por tema. Conserva lo que revela su "
    "tema y omite el resto.\n\nTexto:\n{text}\n\nResumen:",
    "keywords": "Enumera de cinco a ocho palabras clave o expresiones breves, separadas por comas, que digan de qué trata "
    "el siguiente texto: su problema, su método, su campo.\n\nTexto:\n{text}\n\nPalabras clave:",
    "background": "En dos frases, da los conocimientos que el siguiente texto da por sabidos: para qué sirve su objeto, "
    "de dónde viene, con qué se relaciona. No repitas el texto.\n\nTexto:\n{text}\n\nContexto:",
    "topic": "¿A cuál de estas clases pertenece el siguiente texto: {class_names}?\n\nTexto:\n{text}\n\n"
    "¿Qué clase es la más probable y cuál sería tu segunda opción? Nombra primero la primera opción, escribe ambas como "
    "en la lista y da tu razón en una frase breve. Si ninguna clase encaja, responde: ninguna de estas.",
    "topic_confidence": "¿A cuál de estas clases pertenece el siguiente texto: {class_names}?\n\nTexto:\n{text}\n\n"
    "Responde en una línea y escribe las clases como en la lista: tu primera opción; tu segunda opción; y en porcentaje, "
    "la probabilidad de que la primera opción sea correcta. Sé sincero: de las respuestas que dicen 70 %, siete de cada "
    "diez deben ser correctas. Si ninguna clase encaja, responde: ninguna de estas.\n\n"
    "Forma: PRIMERA OPCIÓN; segunda opción: SEGUNDA OPCIÓN; confianza: NÚMERO %",
    "contested": "Es difícil decir a cuál de unas pocas clases pertenece el siguiente texto.\n\nTexto:\n{text}\n\n"
    "Títulos de textos con los que está enlazado:\n{neighbor_titles}\n\nLas clases en cuestión:\n{candidates}\n\n"
    "Compáralas entre sí. Luego responde en una línea y escribe las clases como en la lista: tu primera opción; tu "
    "segunda opción; y en porcentaje, la probabilidad de que la primera opción sea correcta. Si ninguna clase encaja, "
    "responde: ninguna de estas.\n\nForma: PRIMERA OPCIÓN; segunda opción: SEGUNDA OPCIÓN; confianza: NÚMERO %",
    "paraphrase": "Reescribe el siguiente texto con palabras sencillas, en cinco frases como máximo, sin jerga, "
    "abreviaturas ni nombres. Conserva su sentido.\n\nTexto:\n{text}\n\nReescrito:",
    "neighbors": "Un texto está enlazado con otros textos.\n\nTexto:\n{text}\n\nTítulos de los textos con los que está "
    "enlazado:\n{neighbor_titles}\n\nEn dos frases, di qué tienen en común el texto y los enlazados, y qué tema sugiere "
    "eso para el texto.",
}

_CHINESE = {
    "summary": "请用两句话概括下面的文本，供按主题整理此类文本的读者使用。保留能说明其主题的内容，省略其余部分。\n\n"
    "文本：\n{text}\n\n概括：",
    "keywords": "请列出五到八个关键词或短语，用逗号分隔，说明下面的文本讲的是什么：它的问题、方法和领域。\n\n"
    "文本：\n{text}\n\n关键词：",
    "background": "请用两句话给出下面的文本默认读者已知的背景知识：其对象有何用途，从何而来，与什么有关。不要重复原文。\n\n"
    "文本：\n{text}\n\n背景：",
    "topic": "下面的文本属于以下哪一个类别：{class_names}？\n\n文本：\n{text}\n\n"
    "哪个类别最有可能，你的第二选择是哪一个？请先写第一选择，两个类别都按列表中的写法书写，并用一句短话说明理由。"
    "如果没有合适的类别，请回答：以上都不是。",
    "topic_confidence": "下面的文本属于以下哪一个类别：{class_names}？\n\n文本：\n{text}\n\n"
    "请用一行回答，类别按列表中的写法书写：你的第一选择；你的第二选择；以及第一选择正确的可能性（百分数）。"
    "请如实回答：在写着 70% 的回答中，十个应有七个是对的。如果没有合适的类别，请回答：以上都不是。\n\n"
    "格式：第一选择；第二选择：类别；置信度：数字%",
    "contested": "很难说下面的文本属于几个类别中的哪一个。\n\n文本：\n{text}\n\n与它相连的文本的标题：\n{neighbor_titles}\n\n"
    "需要考虑的类别：\n{candidates}\n\n请权衡这些类别，然后用一行回答，类别按列表中的写法书写：你的第一选择；你的第二选择；"
    "以及第一选择正确的可能性（百分数）。如果没有合适的类别，请回答：以上都不是。\n\n"
    "格式：第一选择；第二选择：类别；置信度：数字%",
    "paraphrase": "请用浅显的语言改写下面的文本，最多五句话，不用术语、缩写或人名。保持原意。\n\n文本：\n{text}\n\n改写：",
    "neighbors": "一篇文本与其他文本相连。\n\n文本：\n{text}\n\n与它相连的文本的标题：\n{neighbor_titles}\n\n"
    "请用两句话说明这篇文本与相连的文本有什么共同之处，以及这说明该文本属于什么主题。",
}

LANGUAGES: dict[str, dict[str, Prompt]] = {
    "en": BUILTIN_PROMPTS,
    # other languages take more tokens to say as much
    **{
        language: {
            name: Prompt(name, template, max_answer_tokens=3 * BUILTIN_PROMPTS[name].max_answer_tokens // 2)
            for name, template in templates.items()
        }
        for language, templates in {"de": _GERMAN, "fr": _FRENCH, "es": _SPANISH, "zh": _CHINESE}.items()
    },
}


def prompts_in(language: str, prompts: str = "all") -> list[Prompt]:
    """Return built-in prompts in the language of the texts, for the parameter ``prompts`` of an estimator.

    Parameters
    ----------
    language : {"en", "de", "fr", "es", "zh"}
    prompts : str, default="all"
        Names of built-in prompts, separated by ``+``; ``"all"`` is the diverse catalog of six.

    Returns
    -------
    prompts : list of Prompt
        Under the names of the English ones. Answers are stored apart from those to the English ones.

    Raises
    ------
    InvalidParameterError
        If the language or a name is unknown.

    Notes
    -----
    Answers are read in any language, whichever the prompt is in.

    Examples
    --------
    >>> from skellagnn.prompts import prompts_in
    >>> [prompt.name for prompt in prompts_in("de", "keywords+topic")]
    ['keywords', 'topic']
    """
    translated = resolve(
        language if isinstance(language, str) else repr(language),
        LANGUAGES,
        parameter="language",
        or_else="or prompts of your own",
    )
    return [translated[name] for name in PromptCatalog.from_parameter(prompts).names]
