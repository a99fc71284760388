"""Bad answers: what an LLM says when it does not answer, and answers that could not be read."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence

from skellagnn.llm.prompts import Question, read_choices

__all__ = ["BAD_ANSWERS", "diagnose", "find_repeated", "unread_warning"]

# What can be wrong with an answer, in the order in which it is looked for.
BAD_ANSWERS = {
    "thinking": "the token limit ended it while it was thinking: raise `max_tokens`, or turn thinking off",
    "empty": "nothing but white space",
    "wordless": "no word in any script",
    "hollow": "only an opening such as 'Here is the summary:', or a word for nothing",
    "cut": "ended by the token limit or a content filter",
    "refusal": "the LLM declines to answer, or asks for the text",
    "echo": "repeats the instruction",
    "no_class": "names none of the classes that it was to choose from",
    "repeated": "the same words for many different texts",
}

# What follows is looked for in the opening of an answer alone: a text about refusals may well contain such words
# further on. "We" opens abstracts, so that it refuses only what an assistant is asked for.
_CANNOT = (
    r"(?:cannot|can't|can not|can neither|couldn't|could not|won't|will not|wouldn't|(?:am|was) (?:\w+ )?(?:unable"
    r"|afraid|sorry)|i'm (?:\w+ )?(?:unable|afraid|sorry)|unable to|not (?:\w+ )?(?:able|allowed|permitted"
    r"|comfortable|equipped|programmed|in a position)|(?:don't|do not) (?:feel comfortable|have|see|possess)|have no"
    r"|decline|refuse|not going to|choose not to|must pass|pass on (?:this|that)|must"
    r" (?:\w+ )?(?:decline|refuse)|(?:rather|prefer) not|(?:did not|didn't|have not|haven't) (?:receive|been|get|see"
    r"|find)"
    r"|see no|apologi[sz]e|regret|(?:was|were|wasn't) (?:not )?given|need (?:the|more|a|some|you to|additional"
    r"|further)\b|just an ai|only an ai)"
)
_SERVICE = (
    r"(?:help|assist|comply|answer|provide|process|respond|complete|fulfil\w*|summari[sz]e|classify|discuss"
    r"|do (?:this|that|so)"
    r"|accommodate|generate|determine (?:this|that|it))"
)
_TEXT = r"(?:text|abstract|article|document|passage|content|input|paper|paragraph|message|attachment|file|title)s?"
_GIVEN = (
    r"(?:provided|given|included|supplied|found|attached|available|present|there|received|shared|specified|submitted"
    r"|entered)"
)
_REFUSAL = re.compile(
    r"\A\W*(?:[^:\"\u201c]{0,45}?[\s,(])??(?:"
    rf"i(?:'m|'d|'ll|'ve)?\b[^.!?:]{{0,25}}?\b{_CANNOT}|i(?:'m| am) (?:\w+ )?(?:sorry|afraid|unable)\b|(?:we"
    rf"|we're)\b[^.!?:]{{0,20}}?\b(?:sorry|{_CANNOT}[^.!?:]{{0,15}}\b{_SERVICE})\b|(?:something|anything|what|a topic"
    rf"|a request) (?:that )?(?:i|we)(?:'m| am)? (?:can|could|able|comfortable|allowed)\b"
    r"|my (?:guidelines|polic\w+|programming|training data|instructions|rules|safety)\b[^.!?:]{0,40}\b(?:allow|permit"
    r"|prevent|prohibit|forbid|restrict|require|do not|don't|cannot|can't)"
    r"|(?:this|that|it)(?:'s| is) (?:outside|beyond) (?:of )?(?:my (?:capabilit|abilit|scope|knowledge|guidelines"
    r"|training)|what i\b)"
    rf"|(?:what|which) {_TEXT} (?:would you like|do you want|should i|shall i)\b|(?:where|what) is (?:the"
    rf"|your) {_TEXT}\?"
    rf"|(?:would you mind|(?:please|just|kindly)) (?:sharing|pasting|sending|send|share|paste"
    rf"|provide)\b[^.!?]{{0,20}}\b{_TEXT}"
    r"|(?:this|that|it) (?:violates|goes against) (?:my|our)\b|you (?:didn't|did not|haven't|have not)\b[^.!?]{0,15}"
    r"\b(?:paste|provide|send|share|attach|include)d? anything\b"
    rf"|(?:no|not any|n't any|without (?:the|any|an)) (?:\w+ )?{_TEXT} (?:\w+ ){{0,2}}?(?:{_GIVEN}\b"
    rf"|to (?:summari[sz]e|analy[sz]e"
    r"|classify|work|process|evaluate|rewrite|paraphrase))"
    rf"|(?:there (?:is|was|are|were|seems? to be)|i (?:see|find|found|received)) no (?:\w+ )?{_TEXT}|there (?:isn't"
    rf"|wasn't|doesn't seem to be|does not (?:seem|appear) to be|is not|was not) any (?:\w+ )?{_TEXT}|(?:the|your"
    rf"|this) (?:\w+ )?{_TEXT} (?:(?:field|box) )?(?:(?:seems?|appears?) to be|is|was"
    rf"|were) (?:not (?:\w+ )?{_GIVEN}|missing|empty|blank"
    r"|incomplete|cut off|unreadable)\b"
    rf"|you (?:have |has |had |did |seem to have |may have )?(?:not|n't|haven't|didn't"
    rf"|forg[eo]t\w*)\b[^.!?]{{0,30}}\b{_TEXT}"
    r"|(?:please|kindly|could you|can you|would you)(?: please| kindly)? (?:provide|share|send|paste|supply|upload"
    r"|include|enter|give|clarify|specify|post|attach)\b"
    rf"|(?:this|that|the|your) (?:request|content|question|prompt|{_TEXT})[\w ]{{0,30}} (?:violates|goes against"
    rf"|may violate|(?:cannot|can't|could not) be (?:processed|answered|{_SERVICE})|is (?:inappropriate|against (?:my"
    rf"|our|the)))"
    r")",
    re.IGNORECASE,
)
_REFUSAL_AT_ONCE = re.compile(
    r"\W*(?:sorry\b[,.!]? (?:but )?(?:i|we|no|there)\b|(?:the )?request (?:denied|refused|blocked|rejected)(?!:)"
    r"|(?:the |your )?(?:content|request|prompt|message|input) (?:was |has been )?(?:blocked|filtered|flagged|removed"
    r"|exists risk)(?= (?:due|by|because|as|for|from)\b|\W*\Z)"
    rf"|(?:there (?:is|was) )?nothing to {_SERVICE}\W*\Z|there's no (?:\w+ )?{_TEXT}(?: here| yet)?\W*\Z"
    rf"|(?:missing|empty|blank) {_TEXT}\W*\Z"
    rf"|{_TEXT} (?:is )?(?:missing|empty|blank)\W*\Z|(?:insufficient|not enough|too little) (?:information|context|data"
    rf"|details?|{_TEXT})(?: (?:{_GIVEN}|(?:to|for) (?:me to )?{_SERVICE})\b.{{0,40}})?\W*\Z"
    rf"|(?:not able|unable|cannot|can't)(?: to)? {_SERVICE}\b|(?:not|no) (?:\w+ )?{_TEXT} {_GIVEN}\b"
    r"|(?:i )?(?:must )?(?:respectfully|politely) (?:decline|refuse)"
    r"|as an? (?:\w+ )?(?:ai|a\.i\.|artificial intelligence|language model|llm|chatbot"
    r"|assistant)\b[^.!?]{0,60}?\b(?:i|i'm|my|me)\b)",
    re.IGNORECASE,
)
# The text is missing, in a short answer in another tongue: a word for text, one for no, one for given.
_MISSING = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"text|testo|tekst|teksti|văn bản|teks|पाठ|metin|eingabe"
        r"|entrée|entrada|текст|输入|入力|입력|文本|文章|テキスト|텍스트|النص|טקסט|पाठ",
        r"\b(?:kein\w*|nicht|no|ning\w+|aucun\w*|pas|nessun\w*|non|nenhum\w*|não|geen|niet|не|нет|brak|ingen|inget)\b"
        r"|没有|未|ません|없|않|لم|לא|नहीं",
        r"\bvor\b|zusammenzufassen|à résumer|para resumir"
        r"|da riassumere|vorhanden|angegeben|erhalten"
        r"|bereitgestellt|gegeben|übermittelt|proporcion|facilit|recib|fourni|reçu|fornit"
        r"|fornecid|verstrekt"
        r"|opgegeven|предост|указан|получ|poda|提供|给出|提供され|제공|تقديم|दिया",
    )
)
# ... or a word for text, and one for missing or empty at the end.
_EMPTY = (
    _MISSING[0],
    re.compile(
        r"(?:\b(?:fehlt|leer|vide|manque|manquant|vac[ií]o|falta|vazio|vuoto|mancante|leeg|ontbreekt|пуст\w*|отсутствует"
        r"|pusty|brak|tom|boş|tyhjä|puuttuu)|为空|是空的|空白|缺失|空です|ありません|없습니다|비어 ?있\w+)\W*\Z",
        re.IGNORECASE,
    ),
)
# ... or no more than that there is no text, or a request for it.
_NO_TEXT_IN_TONGUES = re.compile(
    r"\A\W*(?:\w+ ){0,3}(?:kein\w*|geen|brak|нет|ingen|inget|intet|aucun|nessun|alcun|ningún|nenhum|tidak ada"
    r"|không có|لا يوجد) (?:text|tekst|testo|texte|texto|текст|văn bản|teks|نص)\w*(?: \w+)?\W*\Z"
    r"|\A\W*(?:没有|未提供|无)(?:任何)?(?:文本|文章|内容)\w{0,6}\W*\Z"
    r"|\bmetin (?:yok|sağlanmadı)|(?:テキスト|文章)が(?:見当たり|あり)ません"
    r"|ไม่มีข้อความ|النص فارغ|\A\W*text chybí|\bnie podano tekstu|\A\W*falta el texto|내용이 없"
    r"|\A\W*(?:文本|内容)(?:为空|缺失)",
    re.IGNORECASE,
)
_NO_TEXT_AT_ALL = 45
_REQUEST_IN_TONGUES = re.compile(
    r"\W*(?:bitte|k[öo]nn(?:en|test)|veuillez|pourriez|pouvez|peux-tu|puoi|potr(?:esti|ebbe)|pued[eo]s?|podr[íi]as?|pode(?:ria)?\b"
    r"|kunt u|kun je|kan du|proszę|czy możesz|можете|lütfen|vui lòng|silakan|mohon|कृपया|请|請|กรุณา|من فضلك|يرجى)",
    re.IGNORECASE,
)
_SHORT = 100
_OTHER_TONGUES = re.compile(
    r"\W*(?:(?:es tut mir leid|tut mir leid|leider (?:kann|ist|habe|darf|wurde)|ich (?:kann|darf"
    r"|habe) (?:\w+ ){0,4}(?:nicht|kein\w*)|als (?:ki|künstliche|sprachmodell)\b|entschuldigung|bitte (?:geben"
    r"|stellen|senden|fügen|teilen)"
    r"|ich bin (?:\w+ )?nicht in der lage|(?:dazu|dies\w*|das|dabei|hierbei|hierzu) (?:\w+ )?"
    r"(?:kann|darf) ich (?:\w+ ){0,4}(?:nicht|nichts|kein\w*)|merci de (?:fournir|me|partager|coller)"
    r"|je ne suis pas en mesure"
    r"|je suis désolée?|désolée?\b|je ne (?:peux|suis|dispose|vois)|en tant qu(?:e |')(?:ia|modèle|intelligence"
    r"|assistant)|veuillez (?:fournir|me|coller)|je regrette"
    r"|no tengo acceso|você não (?:forneceu|enviou)"
    r"|malheureusement,? je|lo siento|lo lamento|no puedo\b|no me es posible"
    r"|como (?:modelo|una? ia|ia|asistente)\b|por favor,? (?:proporcion|comp?art|env|forne|col[ae]|pega|peg[au]"
    r"|inclu|insert|introdu)\w*|per favore,? (?:forn|invi"
    r"|incoll|condivid|inser)\w*|пожалуйста,? (?:предостав|пришл"
    r"|отправ|укаж|встав)\w*|proszę (?:podać|o|wkle\w+|prze\w+)"
    r"|(?:geef|stuur|plak|deel) (?:de|uw|je) tekst|en voi|anteeksi|valitettavasti|îmi pare rău|nu pot|λυπάμαι|δεν μπορώ"
    r"|συγγνώμη|yardımcı olam\w+|sorry, (?:daar|maar|dat)|desafortunadamente,? no"
    r"|lamentablemente|mi dispiace|non posso\b|non sono in grado|in quanto (?:ia|modello)|come (?:modello|ia"
    r"|intelligenza artificiale)\b|purtroppo non|desculpe|sinto muito|lamento\b|não posso|não consigo|infelizmente"
    r"|como (?:um )?modelo de linguagem|het spijt me|sorry, ik|helaas kan|ik kan (?:\w+ ){0,3}niet|als (?:ai"
    r"|taalmodel)\b|jag kan (?:\w+ ){0,2}inte|tyvärr|jeg kan (?:\w+ ){0,2}ikke|beklager|desværre|przykro mi"
    r"|przepraszam|niestety|nie mogę|jako model językowy|jako (?:ai|umělá)|nemůžu|omlouvám se|bohužel|nemohu|sajnálom"
    r"|nem tudok|к сожалению|извините|простите|я не (?:могу|имею|вижу)"
    r"|как (?:ии|языковая модель|искусственный)"
    r"|на жаль|перепрошую|üzgünüm|maalesef|maaf\b|saya tidak (?:bisa|dapat)|xin lỗi|rất tiếc|tôi không thể)\b"
    r"|(?:非常)?(?:很)?(?:抱歉|对不起|對不起)|(?:我|作为(?:一个)?(?:ai|人工智能|语言模型|語言模型))(?:无法|不能|無法|拒绝|[^。]{0,12}(?:无法|不能|無法))|(?:请|請)(?:先)?(?:提供|输入|輸入|发送|粘贴)"
    r"|无法(?:处理|完成|满足|协助)(?:该|此|您|这|你)|(?:テキスト|文章|本文)を(?:提供|入力|送|貼|お)"
    r"|(?:텍스트|본문|글)[를을] (?:제공|입력|보내|공유)|(?:도와드릴|도울|답변드릴|답변할|답할|요약할) 수 ?없"
    r"|无法(?:回答|提供)|很遗憾|申し訳|ごめんなさい|すみません"
    r"|残念ですが|言語モデルとして|죄송|미안|안타깝게도|유감스럽"
    r"|저는 [^.]{0,20}수 없|عذرا|آسف|أعتذر|لا أستطيع"
    r"|لا يمكنني|מצטער|אני לא יכול|मैं .{0,40}नहीं कर सकत|मुझे खेद|क्षमा करें"
    r"|माफ़? कर|ขอโทษ|ขออภัย)",
    re.IGNORECASE,
)
_NO_TEXT = re.compile(
    rf"\b(?:no|without (?:the|any)) (?:\w+ )?{_TEXT} (?:\w+ )?(?:provided|given|supplied|included)\b"
    r"|\bplease (?:provide|share|send)\b",
    re.IGNORECASE,
)
# "Sure, here is the summary:" and nothing behind it; what programs print for nothing.
_OPENING_ALONE = re.compile(
    r"\W*(?:(?:sure|certainly|of course|okay|ok|absolutely|yes|great|no problem|understood|got it|alright|gladly"
    r"|(?:i'd be |i'm |i am )?(?:happy|glad) to (?:help|assist)|i can help with that|i will"
    r"|i'll)\b[\w ']{0,40}[,.!:]*\s*)*"
    r"(?:(?:here(?:'s| is| are| you go| it is| we go)|below (?:is|are)|this is|the following (?:is|are)"
    r"|let me|i(?:'ll| will| have|'ve))\b[^.:!\n]{0,90}[:.!\u2026]*|(?:the )?(?:summary|answer|keywords|keyword list"
    r"|background|topic|rewritten(?: text)?|response|output"
    r"|result|text)\s*:)?\W*",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"\W*(?:hello|hi|thank|thanks|sure|certainly|of course|happy|glad|i'd be (?:happy|glad)|sorry|apologies"
    r"|my apologies"
    r"|i'm sorry|i understand|unfortunately|note|ok)\b",
    re.IGNORECASE,
)
_ITS_NAME = re.compile(
    r"\b(?:summar|answer|keyword|text|version|response|list|background|topic|request|help)", re.IGNORECASE
)
_YES = re.compile(
    r"\W*(?:yes|ok|okay|great|absolutely|alright|certainly)\W*", re.IGNORECASE
)  # may answer a prompt of one's own
_STARTS_SO = re.compile(
    r"\W*(?:sure|certainly|of course|ok|okay|absolutely|yes|great|no problem|understood|got it|alright|gladly|here"
    r"|below|the following|(?:i'd be |i'm |i am )?(?:happy|glad) to (?:help|assist)"
    r"|(?:the )?(?:summary|answer|keywords|keyword list|background|topic|rewritten|response|output|result"
    r"|text)\s*:)",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"\W*(?:null|none|nil|nan|n/?a|undefined|empty|no (?:answer|response|output|content|data|summary|keywords)"
    r"(?: (?:is|was|were|are))?(?: (?:available|provided|found|given|possible|returned|generated))?|error\W*\d*"
    r"|(?:let me|i(?:'ll| will| am going to|'m going to))(?: now)? (?:summari[sz]e|read|analy[sz]e|rewrite|list"
    r"|extract)"
    r"[^.!:\n]{0,60}"
    r"|\[(?:insert |your |the )?(?:\w+ ){0,2}(?:summary|answer|keywords?|text|topic|background)(?: (?:goes )?here)?\]"
    r"|\{\s*\"\w+\"\s*:\s*(?:\"\s*\"|null|\[\s*\]|\"(?:none|null|n/a)\")\s*\}"
    r"|(?:voici|voilà|hier (?:ist|sind|is)|aquí (?:está|tienes?"
    r"|va)|aqui está|ecco|вот|以下是|下面是|以下は|다음은)[^.:\n]{0,60}[:\uff1a\u2026]"
    r"|(?:an? )?(?:unknown |unexpected )?error (?:has )?occurred"
    r"|something went wrong(?:[,.]? (?:please )?try again(?: later)?)?"
    r"|(?:failed|unable) to (?:generate|process)(?: \w+){0,3}|generation failed|service unavailable|rate limit exceeded"
    r"|not possible|bad gateway|(?:internal )?server error|todo|tbd|string|\[?object object\]?|<(?:no|empty) \w+>)\W*",
    re.IGNORECASE,
)
# An instruction of fewer characters may appear in an answer by chance.
_SHORTEST_ECHO = 30


def diagnose(question: Question, answer: str, class_names: Sequence[str] | None = None) -> str | None:
    """Say what is wrong with an answer.

    Parameters
    ----------
    question : Question
    answer : str or Answer
        An :class:`~skellagnn.enhancers.Answer` also says whether something ended it before its end.
    class_names : sequence of str, default=None
        What a class-naming prompt lists.

    Returns
    -------
    reason : str or None
        A key of ``BAD_ANSWERS``, None for an answer that can be used. Where a prompt names classes, "none of these" is
        such an answer: see :func:`~skellagnn.prompts.read_choices`.

    Examples
    --------
    >>> from skellagnn.prompts import BUILTIN_PROMPTS, Question
    >>> question = Question(BUILTIN_PROMPTS["keywords"], {"text": "On cats"})
    >>> diagnose(question, "I'm sorry, but I cannot help with that."), diagnose(question, "cats, pets")
    ('refusal', None)
    """
    text = answer.strip()
    if not text:
        return "thinking" if getattr(answer, "finish_reason", None) == "thinking" else "empty"
    if getattr(answer, "finish_reason", None) == "refusal":  # the server says so
        return "refusal"
    names_classes = question.prompt.names_classes
    choices = read_choices(text, class_names or ()) if names_classes else None
    chooses = choices is not None and (bool(choices.classes) or choices.none)
    if not chooses and not _has_word(text):  # a class may be called "B" or "7"
        return "wordless"
    # half a sentence may name the class that it is about to rule out
    if not getattr(answer, "is_complete", True):
        return "cut"
    if _repeats_instruction(question, text):
        return "echo"
    plain = text.replace("\u2019", "'")
    if chooses and not (choices is not None and choices.none and _NO_TEXT.search(plain)):
        return None  # "I cannot be certain, but A is the most likely" chooses
    if _NOTHING.fullmatch(plain) or _is_opening_alone(plain):
        return "hollow"
    if _refuses(plain):
        return "refusal"
    return "no_class" if names_classes else None


def _refuses(text: str) -> bool:
    if _OTHER_TONGUES.match(text) or _REFUSAL_AT_ONCE.match(text):
        return True
    sentences = re.split(r"(?<=[.!?\n])\s+", text[:600], maxsplit=2)
    # a greeting or an apology may stand before it
    if any(_REFUSAL.match(sentence) or _REFUSAL_AT_ONCE.match(sentence) for sentence in sentences[:1]):
        return True
    if (
        len(sentences) > 1
        and (len(sentences[0]) < 15 or _GREETING.match(sentences[0]))
        and _REFUSAL.match(sentences[1])
    ):
        return True
    if len(text) <= _NO_TEXT_AT_ALL and _NO_TEXT_IN_TONGUES.search(text):
        return True
    if len(text) <= _SHORT and _REQUEST_IN_TONGUES.match(text) and _MISSING[0].search(text):
        return True
    return len(text) <= _SHORT and any(all(words.search(text) for words in signs) for signs in (_MISSING, _EMPTY))


def _is_opening_alone(text: str) -> bool:
    if not _STARTS_SO.match(text) or not _OPENING_ALONE.fullmatch(text) or _YES.fullmatch(text):
        return False
    return text.rstrip("*_ \n")[-1:] in ":\u2026" or bool(_ITS_NAME.search(text)) or len(text) < 16


def _has_word(text: str) -> bool:
    """Whether two letters stand together, vowel signs and accents included, or one of a script without capitals."""
    run = 0
    for character in text:
        category = unicodedata.category(character)
        run = run + 1 if category[0] in "LM" else 0
        if run >= 2 or category == "Lo":
            return True
    return False


def _repeats_instruction(question: Question, answer: str) -> bool:
    """Whether a literal part of the template stands in the answer, up to white space and case."""
    literals = (literal for literal, *_ in string.Formatter().parse(question.prompt.template))
    normalized = " ".join(answer.split()).casefold()
    return any(
        len(instruction) >= _SHORTEST_ECHO and instruction in normalized
        for instruction in (" ".join(literal.split()).casefold() for literal in literals)
    )


# -- all answers to one prompt -----------------------------------------------------------------------------------------

# So many different texts do not get the same words by chance.
MANY_TEXTS = 5
# Beyond this share of unread answers, what was read comes from a biased remainder.
MOST_UNREAD = 0.2
# Fewer answers say nothing of the class names.
FEW = 2
_SHOWN = 100  # characters of an example


def find_repeated(questions: Sequence[Question], answers: Sequence[str | None]) -> list[int]:
    """Find answers that say the same to many different texts, which no language hides.

    Parameters
    ----------
    questions : sequence of Question
        Different questions of one prompt or of several.
    answers : sequence of str or None, of the same length

    Returns
    -------
    positions : list of int
        Of the answers to prompts that name no classes whose words, up to case and white space, are those of at least
        ``MANY_TEXTS`` answers to the same prompt. Answers that choose a class may well be equal.

    Examples
    --------
    >>> from skellagnn.prompts import BUILTIN_PROMPTS, Question
    >>> questions = [Question(BUILTIN_PROMPTS["summary"], {"text": f"text {i}"}) for i in range(6)]
    >>> find_repeated(questions, ["Ei voi auttaa.", "On cats."] + ["Ei voi auttaa."] * 4)
    [0, 2, 3, 4, 5]
    """
    places: dict[tuple[str, str], list[int]] = {}
    for position, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        if answer is not None and not question.prompt.names_classes:
            said = " ".join(re.findall(r"\w+", answer.casefold()))
            places.setdefault((question.prompt.key, said), []).append(position)
    return sorted(
        position
        for same in places.values()
        if len({questions[position].digest for position in same}) >= MANY_TEXTS
        for position in same
    )


def unread_warning(
    questions: Sequence[Question], answers: Sequence[str | None], class_names: Sequence[str]
) -> str | None:
    """Return what to say where many answers to class-naming prompts name no class.

    Parameters
    ----------
    questions : sequence of Question
    answers : sequence of str or None, of the same length
        As they came; None, and answers to prompts that name no classes, do not count.
    class_names : sequence of str

    Returns
    -------
    warning : str or None
        With two of the unread answers; None where their share is at most ``MOST_UNREAD``, or a single one was given.

    Examples
    --------
    >>> from skellagnn.prompts import BUILTIN_PROMPTS, Question
    >>> questions = [Question(BUILTIN_PROMPTS["topic"], {"text": t, "class_names": "IR, DB"}) for t in "abc"]
    >>> unread_warning(questions, ["Information retrieval.", "DB", "None of these."], ["IR", "DB"])
    "1 of 3 answers name none of the classes 'IR', 'DB', for instance 'Information retrieval.'. The others ..."
    """
    given = [
        answer
        for question, answer in zip(questions, answers, strict=True)
        if answer is not None and question.prompt.names_classes
    ]
    unread = [" ".join(answer.split()) for answer in given if read_choices(answer, class_names) == ([], False)]
    if len(given) < FEW or len(unread) <= MOST_UNREAD * len(given):
        return None
    examples = list(dict.fromkeys(filter(None, unread)))[:2]  # two different ones say more
    shown = " and ".join(repr(said if len(said) <= _SHOWN else f"{said[:_SHOWN]}...") for said in examples)
    names = ", ".join(map(repr, class_names[:12])) + (", ..." if len(class_names) > 12 else "")
    return (
        f"{len(unread)} of {len(given)} answers name none of the classes {names}, for instance {shown}. The others are "
        "a biased remainder and are trusted less. Pass class_names=[...] with the names as the LLM writes them, in the "
        "order of the classes."
    )
