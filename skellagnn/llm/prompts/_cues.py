"""Words around a class name that say whether an answer chooses it, as patterns."""

from __future__ import annotations

import re

# Words that may stand between "first", "second", "answer" and the like and the name that they belong to.
FILL = (
    r"(?:(?:best |most )?(?:choice|option|pick|guess|place|position|rank|possibility|candidate|alternative|answer"
    r"|class|category|label|topic|suggestion|bet|match|fit|home)s?|would|could|might|may|must|should|be|is|are|was"
    r"|seems?|comes?|goes|to|as|with|for|by|in|of|i|i'd|i'll|we|say|choose|name|pick|put|take|go|the|a|an|my|our|this"
    r"|that|it|it's|its|text|perhaps|possibly|maybe|probably|likely|most|best|plausible|only|then|here|one|also"
    r"|definitely|clearly|certainly|still|very|number|wahl|choix|opci[oó]n|выбор|scelta|ist|w[äa]re|est|serait|es"
    r"|ser[ií]a|è|"
    r"therefore|thus|hence|so|called|named|und|and)"
)
# "**Neural** **Networks**"
BROKEN_EMPHASIS = re.compile(r"(?<=\w)(\*{1,2}|__)([ \t]+)\1(?=\w)")
SECOND = (
    r"(?:(?<!\bno )(?<!\bno clear )\b(?:(?:second(?:ly|ary)?|2nd|third|3rd|zweit\w*|deuxi[eè]me|segund[ao]|втор(?:ой"
    r"|ое|ым|ая)"
    r"|second[ao]|tweede|(?:choice|option|rank|top|no\.?|number)[\s_#]*[23])(?!-(?!best|choice)\w)"
    r"(?!\s(?:order|generation|world|language|half|hand|year|century|level|stage|layer|moment)s?\b)"
    r"|runner[\s-]?up|back[\s-]?up|fall[\s-]?back|failing (?:that|which|this)|alternative(?:ly)?|alternate|otherwise"
    r"|else|if not (?:that|this|so)?|next(?: best| likely)?|(?:an)?other (?:choice|option|candidate|possibility)"
    r"|plan b|less likely|followed by|sonst|sinon|si no|ansonsten)\b"
    r"|第二(?:选择|選択|候補|个)?|其次|备选|次に|次点|두\s?번째|차선)"
)
FIRST = (
    r"(?:\b(?:first|1st|primary|premier|primer[oa]?|prim[ao]|erste\w*|перв\w+|(?:choice|option|rank|top)[\s_#]*1)\b"
    r"(?!\s(?:glance|sight|look|thought|impression))|第一(?:选择|選択|候補)?|首选)"
)
LINK = rf"(?:[\W_]+{FILL}\b)*"


def _anchored(cue: str) -> re.Pattern[str]:
    return re.compile(rf"{cue}{LINK}[\W_]*\Z")


PRE_SECOND = _anchored(SECOND)
PRE_THEN = re.compile(rf"(?:\A|[,;.\n(\u2014-])\s*(?:and |or |und )?(?:then|dann|puis|luego){LINK}[\W_]*\Z")
NUMBER_1 = re.compile(r"(?:^|[\s(\[|#])(?:1|a|i)\s?[.):|\]][\s*_\"'`(\[]*\Z")
NUMBER_2 = re.compile(r"(?:^|[\s(\[|#])(?:[2-9]|\d\d)\s?[.):|\]][\s*_\"'`(\[]*\Z")
PRE_FINAL = re.compile(
    r"\b(?:final|corrected|overall)[\s_](?:\w+[\s_])?(?:answer|choice|verdict|decision|class|label)\b"
    rf"{LINK}[\W_]*\Z|(?:\A|[.!?\n])[\W_]*(?:so|therefore|thus|hence|in conclusion|in summary"
    rf"|overall)[\s,:]{LINK}[\W_]*\Z"
)
NOUN = (
    r"(?:answer|choice|prediction|predicted[\s_](?:class|label|category)|classification|verdict|conclusion|decision"
    r"|result|output|pick|winner|favou?rite|antwort|r[ée]ponse|respuesta|risposta|ответ|答案|回答|类别)"
)
PRE_HARD = re.compile(
    rf"(?:{FIRST}{LINK}[\W_]*\Z|\b{NOUN}(?:\s?[:=]|\s(?:is|would be|must be|ist|est|es)\b){LINK}[\W_]*\Z"
    rf"|\b(?:class|category|label|topic|subject|(?:most )?likely|most probable|best|main|klasse|kategorie|thema|classe"
    rf"|cat[ée]gorie|clase|categor[íi]a|sujet|tema)\s?[:=][\W_]*\Z|(?:答案|回答|类别|首选"
    rf"|最可能\w{{0,6}})(?:是|为|:)?[\W_]*\Z)"
)
PRE_SOFT = re.compile(
    r"\b(?:of (?:the|these|those) (?:two|three)|main (?:point|topic|theme|subject|focus|contribution) is|most likely"
    r"|most probabl[ey]|likeliest"
    r"|most plausibl[ey]|best (?:match|fit|guess|answer|option)"
    r"|i(?:'d|'ll| would| will| should)? (?:\w+ )?(?:choose|pick|select|go (?:with|for)|opt for|vote for|settle (?:on"
    r"|for)"
    r"|favou?r|prefer|conclude)|belongs (?:\w+ )?to|falls (?:\w+ )?(?:under|into)|classif(?:y|ied) \w* ?as|(?:class"
    r"|category|label|topic|subject) is)\b"
    rf"{LINK}[\W_]*\Z"
)
AFTER = (
    r"[\W_]*(?:(?:which|that|this|so|it|and|i|is|was|are|seems?|would|could|might|may|be|being|as|my|our|the|a|an"
    r"|comes?|ranks?|takes?|in|for|stands?|fits?|named|considered|looks?|follows|remains?)\W+)*(?:[\w'-]+\W+){0,3}?"
)
POST_SECOND = re.compile(
    rf"{AFTER}(?<!\bno )(?<!\bno clear )(?:second|2nd|zweit\w*|deuxi[eè]me|segund[ao]|втор\w+|secondary|secondly"
    rf"|third|3rd|runner[\s-]?up|back[\s-]?up"
    rf"|fall[\s-]?back|alternatives?"
    rf"|less likely"
    r"|next|(?:the|an?)?other (?:choice|option)|reserve|substitute|after (?:that|it))\b"
    r"(?!-(?!best|choice)\w)(?!\s(?:order|generation|world|language|half|hand)s?\b)"
)
POST_FIRST = re.compile(
    rf"{AFTER}(?:first(?!-\w)(?! (?:glance|sight|look|order))|1st|erste\w*|premier|primer[oa]?|перв\w+|primary choice"
    rf"|(?:most|more) (?:likely|probable"
    rf"|plausible"
    r"|fitting|appropriate|suitable)|likeliest|likelier|best|better|closest|closer|ahead|stronger|strongest|(?:my"
    r"|the) (?:choice|answer|pick)|i (?:would )?(?:choose|prefer|pick))\b"
)
# What ends the reach of a "not".
CLAUSE = re.compile(
    r"[;:.!?\n,(\u2014]|\s-\s|\b(?:but|however|although|though|yet|because|since|so|therefore|hence|instead"
    r"|rather(?! than)"
    r"|sondern|mais|sino|ma|mas|maar|lecz|utan|но|а|while|whereas|then)\b"
)
NO_DOUBT = re.compile(
    r"\b(?:without (?:\w+ )?(?:doubt|question|hesitation|reservation)|no (?:\w+ )?(?:doubt|question|hesitation)"
    r"|undoubtedly|doubtless|not surprisingly|not (?:only|just|merely|simply|least)|none other than"
    r"|nothing (?:\w+ )?(?:but|other than|except)|(?:cannot|can't|can not|couldn't|could not|hardly|hard"
    r"|difficult)\b[^.;,]{0,30}?\b(?:(?:anything|something|else|other|otherwise) )+(?:but|other than|than|except)"
    r"|if (?:it (?:is|were) )?not|none\b[^.;,]{0,40}? (?:except|but|besides|save|apart from|other than))\b(?: for)?"
)
NOT = re.compile(
    r"\b(?:not|never|unlike|cannot|neither|nor|hardly|i doubt|exclude[sd]?|excluding|rul(?:e|es|ed|ing) out|nicht"
    r"|kein\w*"
    r"|weder|ne|ni|pas|no (?:es|son|parece|pertenece|corresponde|se trata)|non(?=-\Z)|не"
    r"|niet|geen|não|inte|ikke|nie|není|non (?:è|sono|si tratta|appartiene|rientra|riguarda|parla)"
    r"|\w+n't)\b(?:[\W_]+\w+){0,8}?[\W_]*\Z|(?:不(?:是|属于|屬於|属|算|选|選|应是|應是|能是|符合)|并非|並非|而非|排除|除了)\W*\Z"
)
NOT_CLOSE = re.compile(
    r"\b(?:by no means|(?:nothing|little|not much) to do with|not so much"
    r"|(?:wrong|incorrect|misleading|a mistake) to (?:say|call it|choose|name|pick)|as opposed to|opposed to"
    r"|rather than|instead of|other than"
    r"|except(?: for)?|apart from|without|lack(?:s|ing)?|skip|forget|nothing [a-z ]{0,20}(?:suggests|points to"
    r"|indicates)|reject(?:s|ed|ing)?|dismiss(?:es|ed|ing)?"
    r"|discard(?:s|ed|ing)?|no (?:relation|connection|link|reference|mention|trace|hint|sign)s? (?:to|of|with)"
    r"|no(?!\n)|non|anti|far from|statt|plut[oô]t que|en lugar de"
    r"|in plaats van|em vez de|invece di)(?:\W+(?:the|a|an|any|class|category|for|it"
    r"|of))*[\s*_\"'`(\[]*\Z|\bnot\s?:\W*\Z"
    r"|\b(?:worst|least (?:likely|probable|plausible|fitting|suitable))\b(?:\W+(?:class|category|choice|one|is"
    r"|are|would|be"
    r"|the))*\W*\Z"
)
NOT_AFTER = re.compile(
    r"[ \t*_\"'`)\]]{0,4}(?:class |category )?(?:(?:is|was|can|could|does|do|did|would|should|may|might|seems?|looks?"
    r"|has|have|are|be|been|being|clearly|therefore|also|definitely|certainly) )*(?:not(?! only| just| merely| un\w+"
    r"| im\w+)"
    r"|\w+n't|cannot|(?:ruled|left) out|excluded|unlikely|wrong|incorrect|inapplicable|rejected|out of the question"
    r"|off(?=\s*[.,;])|least \w+"
    r"|out(?=\s*[.;,])|misleading|fails\b|fail to|does nothing|too (?:broad|narrow|general|specific|vague)"
    r"|less than likely)\b(?! be (?:excluded|ruled out|dismissed|discounted))|[ \t]*[-:=\u2014(]\s*(?:no"
    r"|nope|false|unlikely)\b(?=\s*(?:[.,;)\n]|\Z))|\s*,? is misleading\b|[^.;:\n]{0,40}\bbut (?:no"
    r"|it isn't)\s*(?:[.;\n]|\Z)"
    r"|\s*,? but (?:i )?(?:have )?(?:rejected|ruled|discarded|dismissed|excluded)\b|\W*\?\W*(?:(?:a"
    r"|answer):\W*)?(?:no|nope|not)\b"
    r"|(?:(?:では|じゃ)(?:な[くい]|ありません)"
    r"|不是|は違|[이가은는]? ?아[니닙님])"
)
RANKED = re.compile(
    r"\b(?:likely|likeliest|probable|plausible|best|top|first|two|2|my|ranked|fitting|suitable|chosen|selected"
    r"|predicted|relevant|matching)\b"
)
LISTED = (
    r"(?:classes|categories|labels|options|choices|candidates|topics|list)\b(?:\s(?:are|were|is|above|given|listed"
    r"|provided|here|below|includes?|including|namely|like|such as|you|gave|offered|in|the|your|question|prompt"
    r"|to choose from))*"
    r"[\W_]*\Z"
)
PLAIN_OPTIONS = re.compile(rf"\b{LISTED}")
WHETHER = re.compile(
    r"\bno (?:\w+ ){0,2}(?:class|category|label|option|topic)(?:\W+(?:among|of|in|from|the|given|list))*\W*\Z|"
    r"\b(?:whether|none of|neither of|(?:does not|doesn't|do not|don't|cannot|can't)\b[^.;]{0,20}\bany of|(?:say|tell"
    r"|decide|know|determine|sure|judge) if)\b(?:(?!\b(?:but|however|yet)\b)[^.;!?])*\Z"
)
UNDECIDED = re.compile(r"\b(?:between|either|torn|among(?:st)?)(?:\W+(?:the|a|class|classes|category|of))*\W*\Z")
REQUEST = re.compile(
    r"\b(?:please|kindly|could you|can you|would you)\b.{0,40}\b(?:provide|share|send|paste|supply|give|post|upload"
    r"|tell|specify|include|enter|clarify|confirm|let me know)\b|\b(?:i|we)(?:'ll|'d| will"
    r"| would)? need (?:\w+ ){0,3}(?:text"
    r"|abstract|article|content|document|information|context)\b|\bso (?:that )?(?:i|we) (?:can|could"
    r"|may) (?:then )?(?:say|tell|decide|classify|determine|judge|help|assign|choose)\b"
)
QUESTION = re.compile(r"\W*(?:is|are|does|do|which|what|would|should|could|can|shall|or)\b")
CONCESSION = re.compile(
    r"(?:\A|[.;,!?\n(]\s*|\bbut\s+|\band\s+)(?:although|though|even (?:if|though)|while|whilst|whereas|despite"
    r"|in spite of|at first|(?:you|one|i)(?:'d| (?:would|might|could))(?: have)? expect(?:ed)?|there(?:'s| is"
    r"| are) (?:a|some) (?:case|arguments?)"
    r" (?:to be made )?for|less(?= (?:of )?(?:an? )?\Z))\b[^.;,!?\n]*\Z|\b(?:at first (?:glance|sight)[\w ,']*"
    r"|(?:first|initially) (?:thought|"
    r"considered|looked|seems?)[\w ']*|superficially[\w ']*)\W*\Z"
)
MENTIONED = re.compile(r"\b(?:mention(?:s|ed|ing)?|cites?|refers? to|talks? (?:of|about))\W*\Z")
NONE = re.compile(
    r"\bnone (?:\w+ ){0,2}(?:of|fits?|appl|match|suit|seems?|is)|\A\W*none\b(?! other)|[:=]\W{0,8}n(?:one"
    r"|either)\b|\bn/a\b"
    r"|\bnot applicable\b|\b(?:isn't|is not|aren't|are not) an?y? (?:\w+ )?(?:class|category|label|option|topic)"
    r"|\b(?:no|not any|not one) (?:\w+ )?(?:suitable |fitting |matching )?(?:class|category|label"
    r"|option|topic)\w*\b|(?:\bnot|n't|\bcannot)\b[^.;]{0,40}\bany (?:of|class|categor|label)|\bneither (?:of|one"
    r"|class|category|fits?|applies)"
    r"|\bno(?:thing| match| fit)\b[^.;,]{0,20}\b(?:fits?|match|list|appl)|\A\W*neither\b|\boutside (?:of )?(?:all"
    r"|the) |\bout of scope\b|\bnot (?:in|on|part of|among) (?:the|this|your|my) (?:\w+ )?(?:list|options|classes)"
    r"|(?:\bnot"
    r"|n't) (?:listed|in the list)\b|\b(?:fits?|match(?:es)?) none\b|\A\W*no (?:\w+ )?(?:fit|match)\b"
    r"|\b(?:keine (?:davon|dieser"
    r"|der|von|passt)"
    r"|keine\w* (?:klasse|kategorie)|aucune?\b|ningun[oa]\b|nessun[oa]\b|nenhum\w*|geen van|ни один|ни одна|ни одному"
    r"|ни к одно\w+|ничего из|ничто из|ingen av|ingen af|żadn\w+|žádn\w+|hiçbiri)"
    r"|(?:以上|都)\w{0,3}(?:都)?不(?:是|属于|符合)|不(?:是|属于|符合)(?:以上|上述|任何|其中)"
    r"|没有合适|沒有合適|以上皆非|皆不|どれにも|どれも|いずれにも|いずれも|該当なし|どれでもない"
    r"|해당(?: 사항)? ?없|해당하는 \w+ ?없"
)
# one way to match each character, or a run of line ends would take exponential time
CONNECTOR = re.compile(
    r"(?:[\s*_\"'`\[\](){}|.\u2022>#,;/&、或\d-]"
    r"|\b(?:or|and|nor|und|oder|ou|et|y|o|noch|ni|zu|from|to)\b)*"
)
SAME_LIST = re.compile(
    r"(?:[\s*_\"'`\[\](){}|.\u2022>#\d,;/&\u2014-]|\b(?:and|or|und|oder|et|ou|y|e|o|и|или)\b|、|和|\b[a-h]\b(?=[.)]))*\Z"
)
OR = re.compile(r"\b(?:or|nor|noch|ni|from|and|und|oder|ou|et)\b|/|&|或")
# "weder um A noch um B": the second half of a negation
NOR = re.compile(r"\s*(?:noch|ni|né|nem|nor)\b(?: \w+){0,3}[\s*_\"'`]*")
CANNOT_TELL = re.compile(
    r"(?:\bcannot|n't|\bnot|\bunable to) (?:\w+ ){0,2}(?:tell|say|decide|determine|distinguish|know|judge|sure"
    r"|certain)\b"
)
OPENING = "*_`\"'([{<|#>\u2022~=+"
STANDS_WHERE_A_CHOICE_DOES = re.compile(
    r"(?:[:=>]|\b(?:is|be|as|say|choose|pick|select|guess|likely|probably|perhaps|maybe|possibly|definitely|clearly"
    r"|certainly|obviously|surely|then|else|class|category|label|topic|answer|choice|option|alternatively|second"
    r"|first|with|for|called|to|suggests?|it's|under|into|say|prefer|just|simply))(?:\s(?:the|a"
    r"|an))?[\s*_`\"'(\[{]*\Z"
)
# Before a choice that takes back the one before.
CORRECTION = re.compile(
    r"\b(?:wait|strike that|edit|(?<=[.!?\n] )actually|on (?:second thoughts?|(?:further )?reflection)"
    r"|scratch that|correction|i mean|i meant|make that"
    r"|(?:it|that|this) should (?:rather )?(?:be|have been)|rather|or rather|more (?:like|precisely)"
    r"|(?<=[?!.] )no(?=\s?[,:;\u2014]))\b"
    rf"{LINK}[\W_]*\Z"
)
_MARKS = (
    (re.compile(r"~~[^~\n]{1,80}~~|<(del|s|strike)>[^<>\n]{1,80}</\1>", re.IGNORECASE), " "),
    (re.compile(r"^([ \t>*\d.)-]*)(?:[\u274c\u2717\u2718\u2716\u2612]|\[ \])\s*(?=\w)", re.MULTILINE), r"\1not "),
    (re.compile(r"(?<![ \t])[ \t]*[\u274c\u2717\u2718\u2716]"), " - no"),
    (re.compile(r"[\u2705\u2713\u2714\u2611]|^([ \t>*-]*)\[[xX]\]", re.MULTILINE), r"\1"),
)


def marks_in_words(text: str) -> str:
    """Write a cross, or a box that is not ticked, as a "no"; take ticks away, and what is struck out."""
    for pattern, words in _MARKS:
        text = pattern.sub(words, text)
    return text


# Names that are also words which stand in every text count only where nothing else can be meant.
_OF_EVERY_TEXT = (
    "a i it us is in as or and at be by do he if me my no of on so to up we an am "
    "are all can for has his how its may not now one our out see the too two use was who why you any this that"
)
FUNCTION_WORDS = frozenset(_OF_EVERY_TEXT.split())
STANDS_ALONE_AFTER = re.compile(
    r"\s*\Z|\s*[,;:.!?()\]}/|>*\"'`\n\u2014-]|\s+\d|\s+(?:or|and|then|with|because|since|given|over|rather|first"
    r"|second)\b"
)
VERB_AFTER = re.compile(r"\s+(?:is|as|seems|would|fits|appears)\b")
# Around a name this much is looked at, so that reading takes linear time.
WINDOW = 160
