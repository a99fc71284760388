"""What rules a name out, or labels it with yes and no."""

from __future__ import annotations

import re

from skellagnn.llm.prompts._cues import NO_DOUBT

# -- what is ruled out -------------------------------------------------------------------------------------------------

_RULE_OUT = (
    r"(?:exclud\w+|eliminat\w+|rul(?:e|es|ed|ing) (?:\w+ )?out|discard\w*|dismiss\w*|reject\w*|disregard\w*"
    r"|discount(?:ed|ing)"
    r"|disqualif\w+|cross(?:ed|ing)? (?:off|out)|str(?:ike|uck|iking) (?:off|out)|(?:set|put|leav)(?:t?ing"
    r"|e)? aside|leav(?:e|ing) (?:out|aside)"
    r"|left out|drop(?:ped|ping)|omit\w*|remov(?:e|ed|ing)|ausschlie\w+|auszuschlie\w+|ausgeschlossen\w*"
    r"|schlie(?:ss|ß)en?"
    r"|verwerfe\w*|verworfen|gestrichen|streichen?|scheide[tn]? (?:\w+ )?aus|exclu(?!siv)(?:[starei]\w*)?"
    r"|écart\w+|élimin\w+|elimin[aoeé]\w*"
    r"|rejett?\w*|descart\w+|rechaz\w+|esclud\w+|esclus\w+|scart\w+|rejeit\w+|исключ\w+|отпада\w+|отбрас\w+|отброс\w+"
    r"|отверг\w+|uitgesloten|uitsluit\w*|wyklucz\w+|odrzuc\w+)"
)
_NEG = (
    r"(?:not|never|cannot|\w+n't|no reason|impossible|hard|difficult|nicht|kein\w*|nie|pas|ne|jamais|no|non|não"
    r"|не|нельзя"
    r"|niet|inte|ikke)"
)
END = r"[\s*_\"'`(\[{]*\Z"
_RULED_OUT_BEFORE = re.compile(
    rf"(?:\b|(?<=[dj]'))(?:{_RULE_OUT}(?:[:\s]+\w+){{0,3}}"
    r"|(?:wrong|incorrect|inaccurate|misleading|mistaken?|an error|absurd|unfair|a stretch|odd|strange|far-?fetched"
    r"|unreasonable|falsch|faux|incorrecto|неверно) (?:to|zu|de) \w+(?:\s+[\w']+){0,5}"
    r"|(?:statt|anstatt|anstelle von|au lieu d['e]|plutôt qu['e]|en vez de|en lugar de|invece d[i']|anziché|em vez de"
    r"|ao invés de|in plaats van|вместо|zamiast|ni|ни|neither|nor|unrelated to|irrelevant to|nothing to do with"
    r"|(?:nothing|little|not much|hardly anything) (?:(?!doubt|question)\w+ )?(?:about|on|concerning|in common with)"
    r"|unlike|(?:avoid|ignore|skip|forget)(?:ing|s)?|weder|noch|né|nem|ani)"
    rf"(?:\s+(?:the|a|an|of|class|category|label|der|die|das|la|le|el|de|label|calling|saying|it|this))*){END}"
    r"|(?:排除|剔除|去掉|去除|不选|不選|不考虑|不考慮|而不是|并非|既不是|也不是|而非)(?:了|掉)?[\s\"'*]*\Z"
)
_NOT_RULED_OUT = re.compile(
    rf"\b{_NEG}\b[^.;:!?\n,]{{0,40}}?\b(?:{_RULE_OUT}|den(?:y|ied|ying)|doubt(?:ed)?|disput\w+|argue against"
    rf"|overlook)\b"
    rf"(?:[\s']+\w+){{0,4}}{END}|不能排除\W*\Z|не\s+исключ\w+\W*\Z"
)
_AUX = (
    r"(?:(?:is|are|was|were|can|could|should|may|might|must|would|will|has|have|be|been|being|seems?|looks?"
    r"|feels?|sounds?"
    r"|therefore|thus|also|both|all|clearly|definitely|certainly|probably|however|quite|simply|just|too|rather"
    r"|then|i|we|you|man|sich|ich|wir|lässt|ist|sind"
    r"|wäre|kann|können|wird|werden|est|sont|peut|peuvent|être|es|son|está|queda|quedan|puede|pueden|ser|se|è"
    r"|sono|può|va|vanno|é"
    r"|são|pode|à|da|a)\s+)*"
)
_RULED_OUT_AFTER = re.compile(
    r"[\s*_]{0,4}\|[\s*_]{0,4}(?:no|nope|false|nein|non|нет)[\s*_]{0,4}\||[\s*_\"'`)\]]{1,4}(?:(?:class|category"
    r"|label)\s+)?(?:"
    rf"{_AUX}(?:{_RULE_OUT}\b|(?:off|out)(?=\s*(?:[.,;]|\Z))|impossible|implausible|improbable|inappropriate"
    rf"|unsuitable|irrelevant|unrelated|absent"
    r"|untenable|off (?:the mark|topic|target|base)|off-topic|no (?:match|fit|good|option|candidate|contender"
    r"|real|longer)"
    r"|nowhere|(?:an? )?(?:bad|poor|wrong) (?:\w+)|a mistake|an error|a non-?starter|falsch|unpassend|faux|fausse"
    r"|incorrect[oa]"
    r"|sbagliat[oa]|errad[oa]|неверно|out of (?:place|scope|the (?:question|running|picture)))"
    r"|(?:plays?|has|have|makes?|bears?|finds?|gets?|receives?) no\b|fails?\b|falls? (?:short|flat|away|out)"
    r"|misses the"
    r"|doesn't|don't|didn't|isn't|aren't|wasn't|weren't|won't|wouldn't|shouldn't|couldn't"
    r"|(?:passt|passen|ist|sind|wäre|trifft|treffen|stimmt|gehört|kommt|kommen|geht|gilt"
    r"|scheint)\s(?:\w+\s){0,3}?nicht\b"
    r"|(?:passt|passen|trifft|kommt) kaum|f[aä]llt (?:weg|raus|aus)|fallen (?:weg|raus|aus)|entf[aä]ll(?:t|en)\b"
    r"|(?:ne |n')\w+(?:\s\w+){0,2} (?:pas|guère|point)\b|no (?:es|son|encaja\w*|corresponde\w*|aplica\w*"
    r"|procede\w*|sirve\w*|cuadra\w*)\b"
    r"|non (?:è|sono|va|vanno|c'entra|corrisponde|si applica|rientra|calza)\b|não (?:é|são|se|serve|cabe"
    r"|corresponde|encaixa)\b"
    r"|(?:тут |здесь |точно |явно )?не (?:подход\w+|явля\w+|соответств\w+|годит\w+|относ\w+|то\b|вариант|при ч[её]м)"
    r"|(?:past|passen|is|klopt|hoort) (?:\w+ )?niet\b|valt af\b|vallen af\b|passar inte|passer ikke|nie pasuj\w+"
    r"|odpad\w+)"
    r"|\s*(?:可以|可|应该?|應該?|被|已|都|也|均|并|並|则|則|显然|明显|要|能)*(?:排除|剔除|不符合?|不合适|不合適"
    r"|不适合|不適合|不对|不對|不行"
    r"|不可能|不成立|无关|無關|错误|不是)"
    r"|(?:は|を|も|が|では|には|とは)*(?:除外|除い|除き|除く|違[いうっ]|当てはまら|該当し(?:ない|ませ)|合わな"
    r"|合いませ|適さ|適切で|ふさわしくな"
    r"|関係な|無関係|ではな|ではあり|じゃな|不適|考えにく)"
    r"|\s?(?:은|는|이|가|을|를|도|와|과|에는|에)?\s?(?:제외|배제|아니|아닌|아닙|맞지|해당하지|해당되지|적합하지"
    r"|관련이? ?없|무관)"
)
_KEPT = re.compile(
    rf"[^.;:!?\n]{{0,40}}?\b{_NEG}\s+(?:be\s+|to be\s+|\w+\s+)?{_RULE_OUT}|\s*(?:也|并|还)?不能排除"
    r"|[\s*_\"'`)]*(?:class )?(?:(?:is|are|was|would|does|seems) (?:be )?not|\w+n't) (?:be )?(?:far|bad|wrong"
    r"|only|just|merely|simply"
    r"|un(?:likely|suitable|fit\w*|reasonable|founded|related|thinkable)|im(?:possible|plausible|probable|proper))\b"
)
_TOO = re.compile(
    r"[\s*_\"'`)]*(?:,? ?(?:too|as well|likewise|also|auch|ebenso|ebenfalls|aussi|également|también|tampoco|anche"
    r"|neanche|também|ook|тоже|также)|也(?:是|一样)?|も)\b\s*(?=[.,;!\n]|\Z)"
)
_TOO_BEFORE = re.compile(
    r"[,;.]\s*(?:(?:and|und|et|y) )?(?:so (?:is|does|are|can)|likewise|as (?:is|does|are|can)|ebenso"
    r"|genauso|neither (?:is|does)|nor (?:is|does)|de même(?: que)?|igual(?:mente)?|также|同样)\s*[*_\"'`]*\Z"
)
# What is weak is conceded, and stays after what is not.
_WEAK_AFTER = re.compile(
    r"[\s*_\"'`)\]]{1,4}(?:\w+\s){0,3}?(?:(?:a|an|quite a|rather a) )?(?:bit of a |bit )?(?:\w+ )?(?:stretch"
    r"|far-?fetched|reach|long shot|tenuous"
    r"|marginal|questionable|doubtful|dubious|peripheral|incidental|secondary|tangential|weit hergeholt"
    r"|tiré par les cheveux"
    r"|(?:weak(?:er)?|worse|loose|thin) (?:fit|match|candidate|choice))\b|\s*(?:is|are) (?:only|merely|just) "
)
_ALL_BUT = re.compile(
    r"\b(?:everything|anything|all|every|each|any|no|none|nothing|alle[srn]?|tout(?:e?s)?|tous|todo?s?|todas"
    r"|tutt[oiea]|tudo|alles|все|всё"
    r"|ни одн\w+|nichts|kein\w*)\b[^.;,:!?\n]{0,40}\b(?:except(?:ing)?(?: for)?|but|other than|apart from"
    r"|aside from|besides|save(?: for)?|bar"
    r"|außer|ausser|bis auf|sauf|hormis|excepté|excepto|salvo|menos|tranne|eccetto|behalve|кроме|exceto)"
    rf"(?:\s+(?:the|a|class|category|for|der|die|das|le|la|el))*{END}|(?<![排剔])除了?[\s\"'*]*\Z"
)
_ALL_BUT_AFTER = re.compile(r"\s*(?:以外|之外|外|이외|를 제외한|을 제외한|제외하고)")
_RULING = re.compile(
    rf"\b(?:{_RULE_OUT}|wrong|incorrect|unlikely|impossible|fails?|fall(?:s|en)? (?:away|out)|(?:is|are) out"
    rf"|(?:do(?:es)?|is|are|can|could)(?:n't| not)"
    r"|cannot|can't|irrelevant|ungeeignet|falsch|nicht|faux|fausses?|ne \w+ pas|no (?:encajan?|sirven?|son)"
    r"|non (?:va|vanno|è|sono)|не подход\w+)"
    r"|排除|不符|不合|不对|不是|除外|違|当てはまら|제외|배제|아니|아닙|맞지"
)


def ruled_out_before(head: str) -> bool:
    """Whether words that stand before a name, in its clause, rule it out."""
    return bool(_RULED_OUT_BEFORE.search(head[-100:]))


def not_ruled_out_before(head: str) -> bool:
    """Whether words before a name say that it is not ruled out."""
    return bool(_NOT_RULED_OUT.search(head[-120:]))


def is_kept(tail: str) -> bool:
    """Whether a name is said not to be ruled out: "A cannot be excluded", "A is not far off"."""
    return bool(_KEPT.match(tail))


def ruled_out_after(tail: str) -> int:
    """Return how much of what follows a name rules it out; 0 if nothing does."""
    match = _RULED_OUT_AFTER.match(tail)
    return match.end() if match else 0


def too_before(gap: str) -> bool:
    """Whether a name goes the way of the one before it: "A is out, and so is B"."""
    return bool(_TOO_BEFORE.search(gap))


def too_after(tail: str) -> bool:
    """Whether a name is said to go the way of the one before it: "A is out, B too"."""
    return bool(_TOO.match(tail))


def weak_after(tail: str) -> bool:
    return bool(_WEAK_AFTER.match(tail))


def all_but(head: str, tail: str) -> bool | None:
    """Tell "all but this": True if the others are ruled out, False if they fit, None if it is not said."""
    head = NO_DOUBT.sub(" ", head)
    said = _ALL_BUT.search(head[-120:])
    if not said and not (_ALL_BUT_AFTER.match(tail)):
        return None
    sentence = re.split(r"[.;!?\n]", head)[-1] + re.split(r"[.;!?\n]", tail)[0]
    ruling = bool(_RULING.search(sentence))
    none = said and re.match(r"(?:no|none|nothing|nichts|kein|ни)", said.group())
    return (not ruling) if none else ruling


JOIN = re.compile(
    r"(?:[\s*_\"'`/,&()\[\]-]|\b(?:or|and|nor|as well as|und|oder|sowie|noch|weder|ou|et|ni|y|o|e|и|или|ни|либо"
    r"|en|of|och|og|classes|class|de|del|zu|to)\b"
    r"|[和与與及或跟、とやか]|以及|或者|还是|および|または|및|또는|이나|와\s|과\s|나\s)+"
)
_AND = re.compile(
    r"\b(?:or|and|nor|as well as|und|oder|sowie|noch|ou|et|ni|y|e|o|и|или|ни|либо|en|of|och|og)\b"
    r"|[&/和与與及或跟とやか]|以及|或者|还是|및|또는"
    r"|이나|와\s|과\s"
)
_ANY_OTHER = re.compile(
    r"[\s*_\"'`]*,?\s*(?:or|nor|and|oder|ou|o|или|и|ни)\s+(?:to |in )?(?:any|the other|another|one of|some|irgend"
    r"|eine[rn]? ander|autre|otra)"
)
_SINGULAR = re.compile(
    r"[\s*_\"'`)]*(?:is|isn't|was|wasn't|does|doesn't|has|hasn't|passt|ist|scheidet|est|es|è|é|fits|fails)\b"
)
_SUBJECT = re.compile(
    r"(?:[\s*_\"'`(\[-]|\b(?:the|a|both|either|neither|classes|class|categories|labels|that|think|thus|so|hence"
    r"|therefore|sowohl|les|los|las|die|also|options?|but|and)\b)*"
)


def is_and(gap: str) -> bool:
    return bool(_AND.search(gap))


def goes_on(tail: str) -> bool:
    """Whether a list of names ends in "or any other"."""
    return bool(_ANY_OTHER.match(tail))


def is_subject(head: str) -> bool:
    """Whether names open their clause, so that the verb after the last is said of each."""
    clause = re.split(r"[.;:!?\n,\u2014]|\b(?:because|since|but|and|while)\b", head)[-1]
    return bool(_SUBJECT.fullmatch(clause))


def is_singular(tail: str) -> bool:
    return bool(_SINGULAR.match(tail))


# -- labels, questions -------------------------------------------------------------------------------------------------

_LABEL_YES = re.compile(
    r"(?:\A|[\n.;|]\s*)[*_\s-]*(?:yes|yep|accepted|chosen|selected|ja|oui|sí|да|是|fits?|kept"
    r"|keep)[\s*_]*:[\s*_\"'`]*\Z"
)
_LABEL_NO = re.compile(
    r"(?:\A|[\n.;|]\s*)[*_\s-]*(?:no|nope|not|rejected|excluded|eliminated|discarded|dismissed|ruled out|wrong"
    r"|unlikely|nein|non|нет|否"
    r"|does not fit|doesn't fit|out)[\s*_]*:[\s*_\"'`]*\Z"
)
_LABELS = re.compile(
    r"(?:\A|[\n.;|]\s{0,3})[*_\s-]{0,6}(?:(?P<yes>yes|yep|accepted|chosen|selected|ja|oui|sí|да|是|fits?|kept|keep)"
    r"|no|nope|not|rejected|excluded|eliminated|discarded|dismissed|ruled out|wrong|unlikely|nein|non|нет|否"
    r"|does not fit|doesn't fit|out)[\s*_]{0,4}:"
)
_ANSWERED = re.compile(
    r"[\s*_\"'`)\]]*(?:[^.!?\n]{0,40}[^\s.!?])?\?[\s*_\"'`]*(?:(?:a|answer|antwort)\s?:\s*)?(?:hmm+,? |well,? "
    r"|i (?:think|guess|would say),? )?(?:"
    r"(?P<no>no\b|nope|nah|not\b(?! (?:\w+ )?(?:sure|certain))|hardly|unlikely|doubtful|never|rather not"
    r"|i (?:doubt|don't)|it (?:is not|isn't|doesn't)|nein|eher nicht|wohl nicht|kaum"
    r"|non\b|pas\b|нет|вряд|не\b|não|nee\b|不|否|いいえ|違|아니)"
    r"|(?P<yes>yes|yeah|yep|indeed|clearly|definitely|absolutely|correct|certainly|sure|exactly|of course"
    r"|probably|most likely|ja\b|jawohl|genau"
    r"|oui|sí|si\b|sì|да\b|sim\b|是|对|はい|네|예))"
)
_YES_AFTER = re.compile(
    r"[\s*_\"'`)\]|]{0,6}[:=|(\u2014-][\s*_|]{0,4}(?:yes|yep|selected|chosen|correct|ja|oui"
    r"|да)\b(?=[\s*_]*(?:[.,;:)|\n!\u2014-]|\Z))"
)


def label_before(gap: str) -> str:
    """Return "yes" or "no" if a label before a name says so."""
    return "yes" if _LABEL_YES.search(gap) else "no" if _LABEL_NO.search(gap) else ""


def is_labeled(text: str) -> bool:
    """Whether an answer sorts the names under "yes" and "no"."""
    return len({bool(match["yes"]) for match in _LABELS.finditer(text)}) == 2


def answer_behind(tail: str) -> str:
    """Return the "yes" or "no" that answers the question in which a name stands last."""
    match = _ANSWERED.match(tail)
    return "" if match is None else "no" if match["no"] else "yes"


def says_yes(tail: str) -> bool:
    return bool(_YES_AFTER.match(tail))
