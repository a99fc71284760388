"""What an LLM says when it does not answer."""

from __future__ import annotations

import pytest

from skellagnn.enhancers import Answer
from skellagnn.llm.answers import BAD_ANSWERS, diagnose, find_repeated, unread_warning
from skellagnn.prompts import BUILTIN_PROMPTS, Prompt, Question

NAMES = ["Neural_Networks", "Theory", "B", "7"]
SUMMARY = Question(BUILTIN_PROMPTS["summary"], {"text": "On cats and how they sleep."})
TOPIC = Question(BUILTIN_PROMPTS["topic"], {"text": "On cats.", "class_names": "Neural Networks, Theory, B, 7"})


@pytest.mark.parametrize("answer", ["", " ", "\n\t\u3000\n"])
def test_white_space_is_empty(answer):
    assert diagnose(SUMMARY, answer) == "empty"
    assert diagnose(TOPIC, answer, NAMES) == "empty"


@pytest.mark.parametrize(
    "answer", ["...", "?!", "42", "1. 2. 3.", "-----", "a", "x y z", "_ _", "\U0001f408", "$x^2 + y$"]
)
def test_signs_and_numbers_are_wordless(answer):
    assert diagnose(SUMMARY, answer) == "wordless"


@pytest.mark.parametrize("answer", ["It", "кот", "猫", "ねこ", "고", "बिल्ली", "แมว", "קט", "قطة", "e\u0301", "42 cats"])
def test_a_word_of_any_script_is_a_word(answer):
    assert diagnose(SUMMARY, answer) is None


@pytest.mark.parametrize(
    "finish_reason",
    [
        "length",
        "content_filter",
        "model_length",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "sensitive",
        "abort",
        "unheard of",
    ],
)
def test_an_answer_that_was_ended_in_the_middle_is_cut(finish_reason):
    assert diagnose(SUMMARY, Answer("Cats sleep and", finish_reason=finish_reason)) == "cut"
    assert diagnose(TOPIC, Answer("It is not Theory but", finish_reason=finish_reason), NAMES) == "cut"
    assert diagnose(SUMMARY, Answer("", finish_reason=finish_reason)) == "empty"


def test_an_answer_that_came_to_its_end_is_not_cut():
    for finish_reason in (None, "stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "complete"):
        assert diagnose(SUMMARY, Answer("Cats sleep.", finish_reason=finish_reason)) is None


def test_thinking_that_took_all_tokens_is_called_so():
    assert diagnose(SUMMARY, Answer("", finish_reason="thinking")) == "thinking"


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I cannot help with that.",
        "I\u2019m very sorry, I can't.",
        "  Sorry, I do not know this text.",
        "I cannot summarize this.",
        "I won't answer that.",
        "As an AI language model, I have no opinion.",
        "As a large language model I do not browse.",
        "Unfortunately, I cannot read the text.",
        "I don't have access to the document.",
        '"I am unable to comply."',
        "We are not able to answer.",
        "I must respectfully decline.",
        "I must decline to answer this question.",
        "I respectfully decline to summarize this.",
        "I would rather not say.",
        "No text was provided.",
        "No text provided.",
        "There is no text to summarize.",
        "There was no abstract given.",
        "The text is missing.",
        "Your text seems to be empty.",
        "It seems that you have not provided the text.",
        "It looks like you forgot to include the article.",
        "You haven't provided any text.",
        "I don't see any text.",
        "Please provide the text that you want summarized.",
        "Could you please share the abstract?",
        "I need the text to do so.",
        "Hello! I'm sorry, but I can't assist with this request.",
        "I apologize, but I'm not able to do that.",
        "Thank you for your question. I cannot comment on it.",
        "Unable to comply.",
        "Request denied.",
        "I'm going to have to decline this one.",
        "I'm not comfortable answering that.",
        "That is not something I can help with.",
        "I do not feel comfortable with this request.",
        "Sorry, I can't do that.",
        "I was unable to find any text.",
        "You didn't include the text.",
        "It looks like no text was included.",
        "There doesn't seem to be any text.",
        "I notice that the text is missing.",
        "Apologies, I can't.",
        "My guidelines don't allow me to answer.",
        "I'm just an AI and cannot judge that.",
        "Ich habe keinen Text erhalten.",
        "No se proporcionó ningún texto.",
        "Aucun texte n'a été fourni.",
        "Текст не предоставлен.",
        "没有提供文本。",
        "テキストが提供されていません。",
        "Nessun testo fornito.",
        "Kein Text vorhanden.",
        "Es wurde kein Text angegeben.",
        "Como modelo de lenguaje, no puedo.",
        "Jako AI nemohu odpovědět.",
        "मैं इसमें सहायता नहीं कर सकता।",
        "I can't help with that request.",
        "The provided text is empty.",
        "Happy to help! Please paste the text.",
        "I need more information.",
        "I must refuse.",
        "I refuse to answer.",
        "I'm sorry, Dave.",
        "This content violates our policy.",
        "Unfortunately, I am not allowed to discuss it.",
        "As an AI assistant, I have no view.",
        "As a language model, I cannot read files.",
        "Es tut mir leid, dabei kann ich nicht helfen.",
        "Leider kann ich das nicht beantworten.",
        "Ich kann diese Anfrage nicht bearbeiten.",
        "Je suis désolé, mais je ne peux pas aider.",
        "Je ne peux pas répondre.",
        "Lo siento, no puedo ayudar con eso.",
        "Mi dispiace, non posso aiutarti.",
        "Desculpe, não posso ajudar.",
        "К сожалению, я не могу помочь.",
        "Извините, я не могу ответить.",
        "很抱歉,我无法回答这个问题。",
        "对不起,我不能提供帮助。",
        "作为一个语言模型,我无法回答。",
        "申し訳ありませんが、お答えできません。",
        "죄송합니다. 답변할 수 없습니다.",
        "عذرا، لا أستطيع المساعدة",
        "Het spijt me, dat kan ik niet.",
        "Przykro mi, nie mogę pomóc.",
    ],
)
def test_an_answer_that_opens_with_a_refusal(answer):
    assert diagnose(SUMMARY, answer) == "refusal"


@pytest.mark.parametrize(
    "answer",
    [
        "The text says: I'm sorry, but I cannot help with that.",
        "A study of why people say sorry.",
        "Sorry states of cats in cities.",
        "As an airline, the company flies.",
        "I think it is about cats.",
        "Icannot is a product name.",
        "Unfortunately, cats sleep a lot.",
        "As a large language model paper, this work studies how models refuse.",
        "As an AI system for chess, the program plays well.",
        "As a language model for proteins, it learns sequences.",
        "No text classification method is compared.",
        "The text is about missing cats.",
        "Please and thank you: a study of manners.",
        "Null results in psychology.",
        "None of the cats sleeps.",
        "Here is a cat that sleeps all day.",
        "Sure, cats sleep. So do dogs.",
        "Refusal behavior of assistants is measured.",
        "Ich-Erzähler in Romanen der Romantik.",
        "Error correction with codes.",
        "The authors refuse the null hypothesis.",
        "No text is complete without a reader; the essay argues so.",
        "I, Robot is a collection of stories.",
        "As an AI paper, it studies search.",
        "Sorry is a board game.",
        "Unable seamen in the navy of 1800.",
        "Please Please Me is the first album.",
        "As a language model pretrained on code, CodeBERT embeds programs.",
        "Apologies in politics: a corpus study.",
        "We cannot observe dark matter directly; this paper bounds it.",
        "I am Legend is a novel.",
        "Null pointers in C.",
        "Here, cats are studied in the wild.",
        "Certainly one of the largest lakes, it borders three states.",
        "Unfortunately, the method fails on graphs with heterophily, which the text explains.",
        "The text was not written by Homer alone.",
        "We can't stop here: sequels in film.",
        "Yes, Prime Minister is a sitcom.",
        "Summary: The paper studies cats.",
        "Sure-fire methods for proof search.",
        "The request queue of a server is modeled.",
        "Content filtering in networks is compared.",
        "Error analysis of parsers.",
        "No keywords were used in the search engine described, which relies on embeddings.",
        "Without the text alignment step, translation fails, as the paper shows.",
    ],
)
def test_words_of_refusal_in_a_text_about_them(answer):
    assert diagnose(SUMMARY, answer) is None


def test_the_instruction_repeated_is_an_echo():
    assert diagnose(SUMMARY, str(SUMMARY)) == "echo"
    assert diagnose(TOPIC, str(TOPIC), NAMES) == "echo"  # although it names all the classes
    shouted = "SURE! " + "\n".join(str(SUMMARY).upper().split())
    assert diagnose(SUMMARY, shouted) == "echo"


def test_the_text_repeated_is_no_echo():
    assert diagnose(SUMMARY, SUMMARY.values["text"]) is None
    assert diagnose(SUMMARY, "Summary: On cats.") is None  # a short literal of the template


def test_a_short_instruction_may_appear_by_chance():
    question = Question(Prompt("short", "Topic of this: {text}"), {"text": "x"})

    assert diagnose(question, "The topic of this: cats.") is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Theory, or else neural networks.", None),
        ("B", None),
        ("7", None),
        ("I would say 7.", None),
        ("Sociology.", "no_class"),
        ("42", "wordless"),
        ("I'm sorry, I cannot tell Theory from Neural Networks.", "refusal"),
        ("I cannot determine it, but Theory is the most likely; then neural networks.", None),
        ("Please provide the text so that I can say whether it is Theory or Neural Networks.", "refusal"),
        ("No text was provided, so none of the classes can be chosen.", "refusal"),
        ("None of these.", None),
        ("It does not belong to any of the classes.", None),
        ("Sociology; second choice: Theory.", "no_class"),
        ("null", "hollow"),
    ],
)
def test_a_class_naming_answer_names_a_class(answer, reason):
    assert diagnose(TOPIC, answer, NAMES) == reason


def test_other_prompts_need_not_name_a_class():
    assert diagnose(SUMMARY, "Sociology.", NAMES) is None


def test_without_class_names_nothing_names_one():
    assert diagnose(TOPIC, "Theory.") == "no_class"


def test_every_reason_is_described():
    reasons = {"thinking", "empty", "wordless", "hollow", "cut", "refusal", "echo", "no_class", "repeated"}
    assert set(BAD_ANSWERS) == reasons
    assert all(BAD_ANSWERS.values())


@pytest.mark.parametrize(
    "answer",
    [
        "null",
        "None",
        '"nan"',
        "undefined",
        "[object Object]",
        "Here you go:",
        "Sure thing! Here's a summary:",
        "Certainly! Here are five keywords:",
        "Below is a concise two-sentence summary of the text:",
        "I'd be happy to help!",
        "Of course!",
        "nil",
        "NULL",
        "None.",
        "No summary available.",
        "Error: 500",
        "<no response>",
        "Sure, here is the summary:",
        "Sure! Here's a two-sentence summary of the text:",
        "Certainly. Below is the summary.",
        "Of course! Here are the keywords:",
        "Here is the summary:\n\n",
        "Summary:",
        "**Summary:**",
        "Sure!",
        "Okay, let me summarize the text.",
    ],
)
def test_an_opening_with_nothing_behind_it_is_hollow(answer):
    assert diagnose(SUMMARY, answer) == "hollow"


@pytest.mark.parametrize(
    "answer", ["Here is the summary: cats sleep.", "Sure, here it is:\nCats sleep.", "Summary: Cats."]
)
def test_an_opening_with_an_answer_behind_it_is_fine(answer):
    assert diagnose(SUMMARY, answer) is None


# -- all answers to one prompt -----------------------------------------------------------------------------------


def questions(n, prompt="summary"):
    values = {"class_names": "IR, DB, HCI"}
    return [Question(BUILTIN_PROMPTS[prompt], {**values, "text": f"text {i}"}) for i in range(n)]


def test_the_same_words_for_many_texts_are_found_in_any_language():
    answers = ["Ei onnistu.", "On cats.", "ei  onnistu", None, "Ei onnistu!", "EI ONNISTU.", "Ei onnistu.", "On dogs."]

    assert find_repeated(questions(8), answers) == [0, 2, 4, 5, 6]
    assert find_repeated(questions(8)[:6], answers[:6]) == []  # four texts may be alike


def test_equal_choices_of_a_class_are_no_sign():
    assert find_repeated(questions(9, "topic"), ["DB"] * 9) == []


def test_answers_of_different_prompts_are_not_the_same():
    asked = questions(4) + questions(4, "keywords")

    assert find_repeated(asked, ["cats"] * 8) == []


def test_one_warning_shows_answers_names_and_the_cure():
    long = "Databases. " * 20
    answers = ["Information\nretrieval", "IR", "None of these", None, long, "Information retrieval", "DB; second: IR"]

    assert unread_warning(questions(7, "topic"), answers, ["IR", "DB", "HCI"]) == (
        f"3 of 6 answers name none of the classes 'IR', 'DB', 'HCI', for instance 'Information retrieval' and "
        f"'{long[:100]}...'. The others are a biased remainder and are trusted less. Pass class_names=[...] with the "
        "names as the LLM writes them, in the order of the classes."
    )


def test_few_unread_answers_are_not_told_of():
    assert unread_warning(questions(3), ["x", "y", "z"], ["IR", "DB"]) is None  # that prompt names no classes
    assert unread_warning(questions(5, "topic"), ["x", *["IR"] * 4], ["IR"]) is None
    assert unread_warning(questions(4, "topic"), ["x", *["IR"] * 3], ["IR"]) is not None
    assert unread_warning(questions(1, "topic"), ["x"], ["IR"]) is None  # says nothing of the names
    assert ", ..., for" in (unread_warning(questions(2, "topic"), ["x", "y"], [f"c{i}" for i in range(13)]) or "")


@pytest.mark.parametrize(
    "answer",
    [
        "I'm afraid I can't do that.",
        "I’m not going to help with this.",
        "I am not able to fulfil this request.",
        "I must pass on this one.",
        "That's outside my capabilities.",
        "This is beyond what I can do.",
        "My apologies, but I'm unable to provide a summary.",
        "Regrettably, I can't assist.",
        "I have to decline.",
        "I'd rather not answer.",
        "I'd prefer not to engage with this content.",
        "I choose not to answer.",
        "This request violates our usage policies.",
        "Your request was flagged.",
        "Content removed due to policy.",
        "I can’t engage with that topic.",
        "I can't discuss that.",
        "I won't be able to help here.",
        "You have not provided any text to summarize.",
        "It appears the text was cut off.",
        "It appears there is no text.",
        "The text field is empty.",
        "I see that the text is blank.",
        "What text would you like me to summarize?",
        "Which text should I summarize?",
        "Can you send the article?",
        "Please paste the abstract here.",
        "Kindly supply the text.",
        "Where is the text?",
        "The input is empty; please provide the text.",
        "Nothing to summarize.",
        "There is nothing to summarize.",
        "No content to summarize.",
        "Text missing.",
        "Missing text.",
        "Empty input.",
        "As a responsible AI, I can't.",
        "Being an AI, I can't judge this.",
        "As an AI, I can't access external files.",
        "I'm an AI and can't read attachments.",
        "I do not have enough information to summarize.",
        "Insufficient information to answer.",
        "Not enough information.",
        "Insufficient context.",
        "Ich bin nicht in der Lage, diese Frage zu beantworten.",
        "Dazu kann ich nichts sagen.",
        "Diese Anfrage kann ich leider nicht beantworten.",
        "Bitte stellen Sie den Text bereit.",
        "Der Text fehlt.",
        "Es liegt kein Text vor.",
        "Je ne suis pas en mesure de répondre.",
        "Merci de fournir le texte.",
        "Le texte est vide.",
        "Il n'y a pas de texte à résumer.",
        "Désolé, je ne peux pas vous aider.",
        "No puedo ayudarte con eso.",
        "Por favor, proporciona el texto.",
        "El texto está vacío.",
        "No hay texto para resumir.",
        "Lo siento, pero no puedo.",
        "抱歉，我不能协助处理该请求。",
        "请提供需要概括的文本。",
        "文本为空。",
        "您没有提供文本。",
        "我无法回答这个问题。",
        "无法处理该请求。",
        "申し訳ございませんが、お手伝いできません。",
        "テキストを提供してください。",
        "텍스트를 제공해 주세요.",
        "도와드릴 수 없습니다.",
        "Я не могу помочь с этим.",
        "Пожалуйста, предоставьте текст.",
        "Текст отсутствует.",
        "Non sono in grado di aiutarti.",
        "Per favore, fornisci il testo.",
        "Não posso ajudar com isso.",
        "Por favor, forneça o texto.",
        "Sorry, daar kan ik niet mee helpen.",
        "Nie mogę na to odpowiedzieć.",
        "Yardımcı olamıyorum, üzgünüm.",
        "Jag kan tyvärr inte hjälpa till.",
        "En voi auttaa tässä.",
        "I cannot provide that.",
        "I'm unable to see the abstract you mention.",
        "Sorry, this isn't something I can do.",
        "I do not have the ability to open links.",
        "I don't have any text to work with.",
        "I haven't been given a text.",
        "There's no text here.",
        "No abstract to summarize.",
        "It looks like your message is empty.",
        "The message appears to be empty.",
        "You didn't paste anything.",
        "You forgot to attach the file.",
        "Please share the passage you'd like me to work on.",
        "Could you provide more context?",
        "Can you paste the text again?",
        "Would you mind sharing the text?",
        "I'd be happy to help, but I need the text.",
        "Sure! Please provide the text.",
        "Of course. What is the text?",
        "Happy to summarize — just send me the text!",
        "As an AI developed by X, I cannot do this.",
        "As a helpful assistant, I can't engage in this.",
        "I'm not permitted to discuss this.",
        "This topic is not something I can talk about.",
        "I can't comply with this request.",
        "This violates my guidelines.",
        "That goes against my guidelines.",
        "I cannot in good conscience summarize this.",
        "I will not produce this.",
        "Not possible.",
        "Cannot process.",
        "Unable to process the request.",
        "Unable to summarize: no text.",
        "Failed to generate.",
        "Generation failed.",
        "An error occurred.",
        "Something went wrong. Please try again.",
        "Service unavailable.",
        "Rate limit exceeded.",
        "Ich kann diesen Text leider nicht zusammenfassen.",
        "Leider wurde kein Text übermittelt.",
        "Es tut mir leid, ich habe den Text nicht.",
        "Bitte gib mir den Text.",
        "Bitte den Text einfügen.",
        "Der Text ist leer.",
        "Mir liegt kein Text vor.",
        "Je regrette, je ne peux pas.",
        "Aucun texte à résumer.",
        "Veuillez coller le texte.",
        "Pourriez-vous fournir le texte ?",
        "Pouvez-vous m'envoyer le texte ?",
        "¿Podrías compartir el texto?",
        "No has proporcionado ningún texto.",
        "Falta el texto.",
        "No tengo acceso al texto.",
        "Non ho ricevuto alcun testo.",
        "Il testo è vuoto.",
        "Puoi fornire il testo?",
        "O texto está vazio.",
        "Você não forneceu o texto.",
        "Geen tekst gevonden.",
        "De tekst ontbreekt.",
        "Ik heb geen tekst ontvangen.",
        "Brak tekstu.",
        "Nie podano tekstu.",
        "Text chybí.",
        "Ingen text angavs.",
        "Metin yok.",
        "Metin sağlanmadı.",
        "Вы не предоставили текст.",
        "Нет текста.",
        "Я не вижу текста.",
        "没有文本可供概括。",
        "内容为空，无法概括。",
        "对不起，没有看到文本。",
        "文章がありません。",
        "テキストが見当たりません。",
        "텍스트가 없습니다.",
        "텍스트가 비어 있습니다.",
        "لا يوجد نص.",
        "النص فارغ.",
        "कृपया पाठ प्रदान करें।",
        "Vui lòng cung cấp văn bản.",
        "Tidak ada teks.",
        "Silakan berikan teksnya.",
        "ไม่มีข้อความ",
        "Sure! Here's the summary:",
        "Here is a two-sentence summary of the text:",
        "Summary:",
        "**Summary:**",
        "null",
        "None",
        "N/A",
        "undefined",
        "[]",
        "{}",
        '""',
        "...",
        "<empty>",
        "[No summary]",
        "(empty)",
        "No summary available.",
        "Certainly! Below is the summary you asked for:",
        "[Summary]",
        "TODO",
        "Error 500",
        "Internal Server Error",
        '{"summary": ""}',
        '{"summary": null}',
        "Let me summarize this for you.",
        "I will now summarize the text.",
        "Voici le résumé :",
        "Hier ist die Zusammenfassung:",
        "Aquí está el resumen:",
        "以下是概括：",
        "[insert summary here]",
        "Keywords:",
    ],
)
def test_refusals_and_hollow_answers_in_other_words_and_tongues(answer):
    assert diagnose(SUMMARY, answer) in ("refusal", "hollow", "wordless")


@pytest.mark.parametrize(
    "answer",
    [
        "The paper cannot be reproduced, say the authors, who offer a benchmark.",
        "Apology acceptance in robots is studied.",
        "Missing text restoration with transformers.",
        "Empty sets and their topology.",
        "Nothing to Envy is a book on North Korea.",
        "I, Claudius: a novel on Rome.",
        "No free lunch theorems are proved.",
        "The input is a graph; the output its labels.",
        "Please is a word that children learn late.",
        "Error bars are computed.",
        "None-existence of solutions is shown.",
        "Text is encoded by a transformer.",
        "Sorry business: grief in communities.",
        "As an AI model zoo, the hub hosts weights.",
        "Not enough information is leaked to break the cipher.",
        "Insufficient data hampers training; the work augments it.",
        "Die Arbeit kann nicht ohne Daten auskommen; sie nutzt Katzen.",
        "Je suis Charlie est un slogan analysé ici.",
        "We decline in noun phrases: Latin grammar.",
        "I am the Walrus by the Beatles.",
        "Request denied: access control in hospitals.",
        "Flagged content moderation is learned.",
        "This request-response protocol is verified.",
        "Where is the text in images? A detector.",
        "Unable to walk, robots crawl.",
        "Content moderation removes posts due to policy, which the study measures.",
        "What text do readers prefer? A survey.",
        "Which text features matter is analyzed.",
        "Policy gradient methods.",
        "My Policy Is My Reward: RL",
        "Here be dragons: maps of old.",
        "OK Computer is an album.",
        " Der Text handelt von Katzen.",
        "文本分类方法综述。",
        "テキスト分類の研究。",
        "Not possible worlds but situations are the subject.",
        "An error occurred in the proof of 1931, which the paper mends.",
        "Service availability is modeled.",
        "Rate limits in APIs are studied.",
        "Something went wrong in Fukushima: a report.",
        "Cats cannot see red.",
        "You didn't kill them: a song.",
        "This topic model is not something new; it extends LDA.",
        "There's no text in this class? A study of reading.",
        "Text mining, no labels needed.",
        "Kein Text handelt von mehr Katzen als dieser; er ist leer an Hunden.",
        "Il testo parla di gatti.",
        "El texto trata de gatos.",
        "Le texte parle de chats.",
        "文本讨论猫。",
        "このテキストは猫についてです。",
        "이 텍스트는 고양이에 관한 것입니다.",
        "Текст о кошках.",
        "Bitte melde dich: ein Spiel.",
        "O texto fala de gatos vazios de medo.",
        "Falta de agua en Chile.",
        "Brak snu u dzieci.",
        "The file system is described.",
        "Input-output analysis of economies.",
        "Empty promises in politics.",
        "Nothing to summarize here beats the original, says the critic.",
        "Let me in: doors in literature.",
        "I will now pronounce you: wedding rites.",
        "Here is where we meet: a novel.",
        "Outside my window: a film.",
        "It is beyond my pay grade, says the bureaucrat in the novel.",
        "What text mining can do for law.",
        "Missing data in trials.",
        "My policy network outperforms search.",
        "Hier ist der Hund begraben: Redewendungen.",
        "Voici Paris : guide.",
        "Insufficient funds: poverty traps.",
        "Blank verse in Milton.",
        "Prompt injection was blocked by the defense in most cases.",
        "Removed content was archived.",
    ],
)
def test_texts_that_open_as_refusals_do(answer):
    assert diagnose(SUMMARY, answer) is None


def test_what_a_server_calls_a_refusal_is_one_whatever_it_says():
    assert diagnose(SUMMARY, Answer("no", finish_reason="refusal")) == "refusal"
    assert diagnose(TOPIC, Answer("Theory", finish_reason="refusal"), NAMES) == "refusal"
