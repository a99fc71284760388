"""What clauses of an answer say of the names in them: conditions, concessions, conclusions, and what is no answer."""

from __future__ import annotations

import re

from skellagnn.llm.prompts._cues import LINK
from skellagnn.llm.prompts._rulings import END

# -- conditions, concessions, conclusions ------------------------------------------------------------------------------

_IF_WORDS = (
    r"(?:if|should|unless|were|in case|assuming|supposing|wenn|falls"
    r"|sollten?|wäre|si|s'il|se|als|jika|если|om|hvis)\b"
)
_IF_OPENS = rf"(?:\A|[.;:!?\n(]\s*){_IF_WORDS}"
_IF = rf"(?:\A|[.;,:!?\n(\u2014]\s*|\b(?:but|and|or|und|oder|et|ou|pero|y|но|а)\s+){_IF_WORDS}"
_NEGATIVE = (
    r"(?:not|\w+n't|never|unless|un(?:available|suitable|acceptable|fit)|wrong|incorrect|false|invalid|missing"
    r"|absent|excluded|ruled out|rejected"
    r"|nicht|kein\w*|falsch|pas|n'\w+|fausse?|no|incorrect[oa]|fals[oa]|non|não|niet|не|неверно|нет)"
)
_IF_NOT_BEFORE = re.compile(
    rf"(?:{_IF_OPENS})(?=[^.;!?\n,]*\b{_NEGATIVE}\b)(?!\s+(?:i'm|i am|we're|we are) not)[^.;!?\n,]*\Z"
    r"|(?:如果|若|要是|假如|倘若)(?:它|这|答案|类别|文本)?(?:不是|不属于|并非|非)[\s\"']*\Z"
)
_IF_BEFORE = re.compile(rf"(?:{_IF_OPENS})[^.;!?\n,]*\Z")
_NEGATIVE_AFTER = re.compile(
    r"[^.;!?\n,]{0,30}?\b(?:not|\w+n't|wrong|incorrect|false|excluded|ruled out|rejected|unavailable|unsuitable"
    r"|nicht|falsch|ausscheide\w*"
    r"|pas|exclue?|fausse?|no|incorrect[oa]|descartad[oa]|sbagliat[oa]|неверно|не)\b[^.;!?\n]{0,30}?(?:,|\bthen\b"
    r"|\bdann\b)"
    r"|\s*(?:でなければ|ではなければ|じゃなければ|でないなら|でないとすれば|がだめなら)|\s?(?:이|가)? ?(?:아니면"
    r"|아니라면|아닐 경우|아닌 경우)"
)
# "If that is wrong, ...": what comes then is second
_IF_FAILS = re.compile(
    rf"(?:{_IF})(?! (?:i'm|i am|we're|i was) (?:not )?(?:wrong|mistaken))(?! none"
    rf"| no )(?=[^.;!?\n,]*\b(?:{_NEGATIVE}|another|a second|one more|an alternative)\b)"
    r"[^.;!?\n,]{1,80}(?:,|\bthen\b|\bdann\b)[^.;!?\n]{0,60}\Z|(?:如果|若|要是)[^。.;!?\n,]{0,10}(?:不|没"
    r"|错)[^。.;!?\n,]{0,12},[^。.;!?\n]{0,12}\Z"
)
_BUT = re.compile(
    r"\b(?:but|yet|however|nevertheless|nonetheless|aber|doch|jedoch|dennoch|allerdings|trotzdem|sondern|mais"
    r"|cependant|toutefois|pourtant|pero"
    r"|sino|sin embargo|ma|però|tuttavia|mas|porém|contudo|maar|echter|men|ale|но|однако|все же|всё же)\b|但是?"
    r"|不过|不過|然而|可是|却"
    r"|(?:です|ます|だ|る|い|た)?が,|けど|けれど|ものの|しかし|하지만|그러나|지만|으나"
)
_HEDGE = re.compile(
    r"\b(?:may|might|could|can|possibl[ey]|plausible|conceivabl[ey]|tempting|seems?|seemed|appears?|appeared"
    r"|looks?|looked|sounds?|touch\w*|mention\w*"
    r"|plays? an?|role|elements?|aspects?|hints? of|traces? of|shades of|some|related|relevant|relates?"
    r"|involve\w*|appl(?:y|ies|ied)|employ\w*|refer\w*|first"
    r"|initially|thought|considered|uses?|used|draws|cit(?:es|ed)|background|tools?|discuss\w*|contender"
    r"|candidate|close|come[s]? to mind|argu\w+"
    r"|overlap\w*|contains?|borrows?|features?|not without|one reading|sure|true|granted|admittedly|of course"
    r"|könnten?|kann|möglich\w*|scheint|wirkt|klingt|erwähn\w*|zwar|zunächst|anfangs|erst|dachte|berührt|spielt"
    r"|kommt|vorkomm\w*|streift"
    r"|pourrait|peut|possible|semble|mention\w*|évoqu\w*|parle|certes|d'abord|aborde|touche|rôle|parece|podría"
    r"|puede|posible|mencion\w*|habla|toca|papel"
    r"|sembra|potrebbe|può|possibile|menzion\w*|pode(?:ria)?|possível|parece|lijkt|kan|zou|mogelijk|genoemd|wel"
    r"|может|можно|возможн\w*|кажет\w*|похож\w*|упомина\w*|сначала|казал\w*|конечно|хотя)\b"
    r"|可能|也许|提到|提及|涉及|看似|看起来|虽|雖|尽管|儘管|固然|似乎|像|一些|かもしれ|可能性|言及|触れ|見え|思え"
    r"|使|用い|関[係連わ]|수 있|수도|언급|보이|관련|같"
)
_HEDGED_CHOICE = re.compile(
    r"\b(?:second|2nd|third|3rd|could|might|may|possibl[ey]|also|too|as well|behind|distant|nearly|almost"
    r"|equal\w*|reserve|as likely|far|nominal\w*|alternative\w*|less|close|plausible|conceivable|secondary"
    r"|otherwise|runner|backup|minor"
    r"|some|related|touch\w*|mention\w*|elements?|uses?|near|not far|possibility|worth|role|aspects?|contender"
    r"|overlap\w*|auch|könnte|möglich\w*|zweit\w*"
    r"|aussi|également|pourrait|deuxi[eè]me|también|podría|segund\w+|anche|potrebbe|também|poderia|ook|kan|zou"
    r"|второй|также|тоже|может|возможн\w*)\b"
    r"|也|其次|(?<![更最])可能(?!性)|かも|도 "
)
_CONCEDES = re.compile(
    r"(?:\A|[.;,:!?\n(]\s*|\b(?:but|and|und|et|y)\s+)(?:although|though|even (?:if|though)|while|whilst|whereas"
    r"|despite|in spite of|notwithstanding|granted|admittedly"
    r"|obwohl|obgleich|obschon|wenngleich|auch wenn|selbst wenn|trotz|während|zunächst|anfangs|bien qu[e']"
    r"|quoiqu[e']|même si|malgré|en dépit|certes"
    r"|on the surface|at a glance|superficially|on paper|vordergründig|en apparence|en apariencia|d'abord"
    r"|au début|au premier abord|aunque|a pesar de|pese a|si bien|al principio|en un principio|sebbene|benché"
    r"|anche se|nonostante|malgrado"
    r"|embora|apesar d|ainda que|a princípio|hoewel|ondanks|al wordt|хотя|несмотря на|сначала|поначалу|пусть"
    r"|även om|selv om|chociaż|mimo)"
    r"[^.;,!?\n]*\Z|(?:虽然|雖然|虽|尽管|儘管|即使|固然|起初|一开始|最初|확실히|비록|처음에는?|確かに"
    r"|最初は)[^.;,!?\n]*\Z"
)
_CONCEDED_AFTER = re.compile(
    r"[^.;,!?\n\u3001]{0,14}?(?:(?:です|ます|だ|る|い|た)が(?=[,\u3001])|ものの|けれど|けど|にもかかわらず"
    r"|とはいえ|지만|으나|는데도?|에도 불구하고)"
    r"|\s*(?:よりも?|と(?:いう)?より)(?:は|むしろ)?(?!低|弱)|(?:이?라기)?보다는?(?!\s?(?:낮|약))"
)
_LESS = re.compile(
    r"\b(?:less (?:of )?(?:an? )?(?:about )?|not (?:so|as) much (?:an? )?(?:about )?|more than(?: just"
    r"| merely)? (?:an? )?|beyond (?:just |mere )?|weniger (?:um |als )?(?:eine? )?|mehr als (?:um )?"
    r"|moins (?:de |d'|que )?|plus que (?:de )?|menos (?:de )?|más que (?:de )?|más bien que |meno |più che "
    r"|mais (?:do )?que |menos |meer dan |minder "
    rf"|не столько |больше,? чем ){END}|(?:比起|相比于?|相较于?|与其说是?|與其說是?)[\s\"']*\Z"
)
_THAN = re.compile(
    r"[^.;!?\n]{0,20}?(?:\bthan\b|\bals\b|\bque\b|\bche\b|\bdo que\b|\bdan\b|\bas\b|\bсколько\b|\bчем\b|\bwie\b|,"
    r"|不如|更)"
)
_CHOOSING = (
    r"(?:(?:i|we)(?:'d| would| will|'ll| must| shall)?(?: \w+ly| thus| therefore| rather| still| now"
    r"| finally)? (?:say|choose|pick|go (?:with|for)|select|conclude(?: that)?"
    r"|classify \w+(?: \w+)? (?:as|under)|label \w+(?: \w+)?|call (?:it|this)|put (?:it|this)(?: \w+)? (?:under"
    r"|in|into)|assign (?:it|this)(?: \w+)? to|settle (?:on|for)|opt for|vote for|decide (?:on|for)"
    r"|lean (?:towards?|to)|favou?r|prefer)"
    r"|(?:this|that|which) (?:leaves|makes it|points to|suggests)|(?:we are |we're |i am |i'm |that "
    r"|which )left with|what remains is|remaining (?:candidate|class|option|one) is|(?:leaving|leaves) (?:us with"
    r"|only|just)"
    r"|ich (?:wähle|sage|nehme|entscheide mich für|tippe auf|würde sagen)|(?:daher|deshalb|also|somit|folglich"
    r"|es bleibt|bleibt)(?: ist es| wähle ich| nur)?"
    r"|je (?:choisis|dirais|retiens|penche pour|classe \w+ dans|opte pour)|(?:donc|il reste|reste)"
    r"|il s'agit (?:plutôt |surtout |vraiment )?(?:de |d'|du )?"
    r"|(?:elijo|escojo|diría|opto por|me quedo con|queda|por (?:lo )?tanto)|(?:scelgo|direi|quindi|resta)"
    r"|(?:escolho|diria|portanto|resta)|ik kies|dus"
    r"|(?:выбираю|я бы сказал|поэтому|значит|следовательно|остаётся|остается|скорее)"
    r"|more (?:likely|probably|plausibly|precisely|specifically|exactly|accurately)(?! than)|better (?:still|yet)"
    r"|rather|eher|vielmehr|hauptsächlich|vor allem|plutôt|surtout|más bien|sobre todo|piuttosto"
    r"|(?:really|mainly|primarily|essentially|fundamentally|actually|ultimately|at (?:its )?(?:heart"
    r"|core)) (?:an? )?(?:about )?"
    r"|the (?:\w+ )?(?:best|closest|right|correct|proper|appropriate|fitting|suitable)(?: \w+)? (?:is|would be"
    r"|remains))"
)
_CONCLUDES = re.compile(
    rf"(?:\A|[\s.;,:!?\n(\u2014]){_CHOOSING}{LINK}[\s*_\"'`:,(]*\Z"
    r"|(?:\A|[\n.;!?])[\s*_#]*(?:final|verdict|result|conclusion|classification|decision|label|fazit|ergebnis"
    r"|conclusión|итог|结论|結論|결론)[\s*_]*:[\s*_\"'`(]*\Z"
    rf"|[,;.:!?\n\u2014]\s*(?:so|hence|thus|therefore|consequently|accordingly|ergo)(?: that"
    rf"| then)?\b[\s,:]*{LINK}[\s*_\"'`:(]*\Z"
    r"|(?:(?:所以|因此|因而|故|应该?|應該?|更|最|主要|其实|其實|实际上|还是|剩下|(?<![次二三备備])[选選][择擇]?"
    r"|归为|归类为|而是|就是)(?:可能|合适|符合|接近|偏向|倾向|像|适合)?(?:的?(?:还|類別|类别)?是|于|选择?|選擇?"
    r"|属于|为|的是|的)?)[\s:\"'*]*\Z"
    r"|(?:むしろ|したがって|よって|結局|やはり|主に|따라서|그러므로|오히려|결국|주로|더)[\s,\"'*]*\Z"
)
_RECONSIDERS = re.compile(
    r"(?:\A|[\s.!?\n;,(\u2014。、…-])(?:wait|actually,? no|no,? actually|hold on|hang on|let me (?:re\w+"
    r"|think again|correct|change|take that)|on (?:second thoughts?|reflection|further reflection)|scratch that"
    r"|strike that"
    r"|correction|sorry|oops|apologies|my mistake|i(?:'ve| have)? (?:was wrong|changed? my mind|take (?:that"
    r"|it) back|misread|stand corrected|meant)|changing my mind|thinking again"
    r"|moment|halt|quatsch|korrektur|nein,|ich meine|besser gesagt|pardon|non,|je me corrige|en fait|plutôt"
    r"|perdón|espera|corrijo|mejor dicho|corrección|anzi|scusa"
    r"|стоп|нет,|точнее|вернее|поправка|不对|不對|等等|等一下|更正|いや|訂正|やっぱり|아니,|다시 생각"
    r"|정정)(?![a-zа-я])[^\n]{0,120}\Z"
)
_BEHIND = re.compile(
    r"[\s*_\"'`)]*(?:class )?(?:,? ?(?:which )?(?:is|comes|came|ranks|ranked|follows|stands|sits|lies|would be"
    r"|would come|would rank|seems|fits|goes|placed?|takes?)?\s*(?:in )?(?:an? |the )?(?:very |only |just |right "
    r"|close |clear |distant |a close )*"
    r"(?:(?:my |our )?second(?: place| choice| option| pick| guess| best)?(?: only)?,? (?:to|after|behind)"
    r"|second best (?:to|after)|runner-?up to|(?:right |just "
    r"|directly |immediately |closely |only |shortly )?(?:after|behind|below)"
    r"|less (?:\w+ )?than|weaker (?:\w+ )?than|worse (?:\w+ )?than|not as \w+ as|inferior to|(?:beaten|outranked"
    r"|outweighed|surpassed|topped|preceded|outdone) by|trails(?: behind)?|follows(?: after)?"
    r"|subordinate to|yields to|gives way to|loses (?:out )?to)"
    r"|\s*(?:kommt|folgt|liegt|steht|landet)\s(?:direkt |gleich |kurz |knapp |erst |dicht )*(?:nach|hinter)"
    r"|\s*(?:vient|arrive|passe|se place)\s(?:juste |tout )?(?:après|derrière)"
    r"|\s*(?:viene|va|queda|sigue)\s(?:justo |inmediatamente |subito )?(?:después de|detrás de|tras|a|dopo)"
    r"|\s*(?:ид[её]т|следует|стоит)?\s?(?:сразу )?(?:после|за|уступает)"
    r"|\s*(?:仅次于|僅次於|次于|排在|不如|比不上))(?:\s+(?:the|a|an|only|class|category))*[\s*_\"'`(]*\Z"
)
_BEHIND_VERBLESS = re.compile(r"[\s*_\"'`)]*(?:after|behind|below)\b")
_SECOND_TO = re.compile(
    r"\b(?:second|next|runner-?up)(?: only)? (?:to|after|behind)(?:\s+(?:the|class))*[\s*_\"'`(]*\Z"
)
_COMES = re.compile(
    r"[\s*_\"'`)]*,?\s*(?:(?:there )?(?:comes?|is|ranks?|follows?|i(?:'d| would)? (?:put|place|rank|list"
    r"|name))\s*)?(?:the |class )*[\s*_\"'`(]*\Z"
)
_FORMER = (
    r"(?:the (?P<f>former|first (?:one|of (?:the|these|those) two))|the (?:latter|second (?:one|of (?:the|these"
    r"|those) two))"
    r"|(?:der|die|das )?(?P<g>erster)e[srnm]?|(?:der|die|das )?letzter?e[srnm]?|(?:el|la) (?P<h>primer[oa]"
    r"|anterior)|(?:el|la|est[ea]) últim[oa]|(?:le|la) (?P<j>premi(?:er|ère))|(?:ce|cette|le|la) derni(?:er|ère)"
    r"|(?P<k>перв(?:ое|ый|ая))|последн(?:ее|ий|яя)|(?P<l>前者)|后者|後者|(?P<m>전자)|후자)"
)
_REFERS = re.compile(
    rf"(?P<before>[^.;!?\n]{{0,60}}?)(?<!\w){_FORMER}(?![\w-](?<![^\x00-\u024f]))(?P<after>[^.;!?\n]{{0,60}})"
)
_PREFERS = re.compile(
    r"\b(?:better|best|closer|closest|more|most|stronger|strongest|likelier|choose|pick|select|prefer|favou?r"
    r"|go (?:with|for)|opt|say|fits?|wins?|right|correct|dominates?|prevails?|answer|choice|decide|lean|first"
    r"|main|seems|is|it's|it is|better"
    r"|besser|eher|mehr|passt|wähle|zutreffend\w*|wahrscheinlich\w*|meilleure?|mieux|plus|convient|choisis|mejor"
    r"|más|encaja|elijo|лучше|больше|скорее|подходит|вероятн\w*)\b|更|合适|符合|选|より|近い|適|더|가깝|맞"
)
_DISPREFERS = re.compile(
    r"\b(?:less|weaker|worse|second|only|merely|not|\w+n't|neither|unlikely|minor|weniger|nicht|moins|pas|menos"
    r"|no|не|менее|rather than|than|over|instead of|wrong|out|alternative|backup)\b|不|次|ない|덜"
)
_OVER = re.compile(r"\b(?:over|than|instead of|rather than)\W*\Z")


_ASSERTS = re.compile(
    r"\b(?:it's|it is|it was|is|belongs|really|actually|mainly|mostly|primarily|essentially|ultimately|overall"
    r"|more|better|best|answer|choice|pick|choose|wins"
    r"|ist|es|eher|hauptsächlich|est|c'est|il s'agit|plutôt|más bien|è|é|это|скорее)\b|是|主要|더"
)


def asserts(before: str, after: str) -> bool:
    """Whether the words around a name after a "but" claim it, more than "but A"."""
    return bool(_ASSERTS.search(before) or _ASSERTS.match(after.strip()))


def if_not(head: str, tail: str) -> bool:
    """Whether a name stands in a clause "if it is not this": what follows it is what comes next."""
    return bool(
        _IF_NOT_BEFORE.search(head)
        or (_IF_BEFORE.search(head) and _NEGATIVE_AFTER.match(tail))
        or re.match(
            r"\s*(?:でなければ|ではなければ|じゃなければ|でないなら|でないとすれば)|\s?(?:이|가)? ?(?:아니면"
            r"|아니라면|아닐 경우)",
            tail,
        )
    )


def if_that_fails(gap: str) -> bool:
    """Whether a condition between two names says that the first of them does not hold."""
    return bool(_IF_FAILS.search(gap))


def turns(gap: str) -> re.Match[str] | None:
    """Return the last "but" of what stands between two names."""
    matches = list(_BUT.finditer(gap))
    return matches[-1] if matches else None


def is_hedged(clause: str) -> bool:
    return bool(_HEDGE.search(clause))


def is_hedged_choice(clause: str) -> bool:
    return bool(_HEDGED_CHOICE.search(clause))


def is_conceded(head: str, tail: str) -> bool:
    """Whether a name stands in a clause that concedes: "although ...", "less this than that"."""
    return bool(
        _CONCEDES.search(head)
        or _CONCEDED_AFTER.match(tail)
        or (_LESS.search(head) and (_THAN.match(tail) or not tail.strip()))
    )


def concludes(gap: str) -> bool:
    """Whether words before a name draw a conclusion: "so I'd say"."""
    clause = re.split(r"[.;!?\n]", gap)[-1] if gap.strip()[-1:] not in (":", "\n") else gap
    return bool(_CONCLUDES.search(gap[-140:])) and not _HEDGED_CHOICE.search(clause.split(",")[-1])


def reconsiders(gap: str) -> bool:
    """Whether what was said before is taken back between two names."""
    return bool(_RECONSIDERS.search(gap[-160:]))


def is_behind(gap: str, *, opens: bool) -> bool:
    """Whether the name before a gap ranks behind the one after it."""
    if _BEHIND_VERBLESS.match(gap):
        return False
    return bool(_BEHIND.fullmatch(gap)) or (opens and bool(_COMES.fullmatch(gap)))


def stands_second_to(head: str) -> bool:
    """Whether "second to" stands before a name: it is the first, and the other one second."""
    return bool(_SECOND_TO.search(head[-60:]))


def references(text: str) -> list[tuple[int, bool, bool]]:
    """Return where "the former" and "the latter" stand, whether the former is meant, and whether as the choice."""
    found = []
    for match in _REFERS.finditer(text):
        former = any(match[key] for key in "fghjklm")
        before, after = match["before"], match["after"]
        before = re.split(r"[,:。、]", before)[-1]
        alone = not before.strip() and not after.strip(" です。")
        chosen = not (_OVER.search(before) or _DISPREFERS.search(after.split(",")[0]))
        if chosen and not alone and not (_PREFERS.search(after) or _PREFERS.search(before)):
            continue
        found.append((match.start() + len(match["before"]), former, chosen))
    return found


# -- what is no answer -------------------------------------------------------------------------------------------------

_REFUSES = re.compile(
    r"(?:\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|impossible to|not possible to"
    r"|no way (?:to|of)|no telling|difficult to|hard to|not in a position to|insufficient"
    r"|(?:not|\w*n't)(?: have)? enough|lacks? enough)\b[^.;!?\n]{0,40}?\b(?:classify|determine|decide|choose"
    r"|assign|identify|judge|categori[sz]e|label|assess|answer|tell|say|pick|information|context|text)\b"
    r"|\bno (?:text|abstract|article|content|document|description|input)\b[^.;!?\n]{0,20}\b(?:was|is|were|given"
    r"|provided|included|attached)|\b(?:text|abstract|article) (?:is|was|seems to be) (?:missing|empty|not)"
    r"|\b(?:kann|können)\b[^.;!?\n]{0,50}\bnicht (?:\w+ ){0,2}(?:bestimmen|zuordnen|klassifizieren|sagen"
    r"|entscheiden|beurteilen)|\bne (?:peux|puis|pouvons) (?:\w+ )?pas"
    r"|\b(?:undecidable|anyone's guess|a coin (?:toss|flip)|no telling|there(?:'s| is) no way (?:to|of) \w+)\b"
    r"|\bno (?:puedo|podemos|es posible)|\bnon (?:posso|è possibile)|\bnão (?:posso|consigo|é possível)"
    r"|\bkan\b[^.;!?\n]{0,30}\bniet\b|\bне (?:могу|можем)|невозможно"
    r"|(?:无法|無法|不能|没法)[^.;!?\n]{0,12}?(?:判断|判斷|分类|分類|确定|確定|归类)|(?:判断|分類|決定|特定"
    r"|分類する)[^.;!?\n]{0,8}(?:できま?せ?ん?|できな|不可能)|(?:판단|분류|결정)[^.;!?\n]{0,8}(?:수 없|어렵|못))"
)
_REQUESTS = re.compile(
    r"\b(?:please|kindly|(?:could|can|would|will) you|i(?:'d| would)? need|we need|i(?:'ll| will) need"
    r"|if you (?:could |can )?)\b[^.!?\n]{0,60}?\b(?:provide|share|send|paste|supply|post|upload|include|attach"
    r"|enter|submit|give me"
    r"|(?:the|its|your|more|some|full|actual)(?: \w+)? (?:text|abstract|article|content|document|information"
    r"|context|details|description|passage))\b"
    r"|\b(?:bitte|veuillez|pourriez|pouvez|merci de|könn(?:t|en)|könnten|würden|por favor|podr[ií]as?|puedes?"
    r"|prego|per favore|potr\w+|poderia|alstublieft|graag|пожалуйста|не могли бы|můžete|proszę)\b[^.!?\n]{0,60}?"
    r"\b(?:send\w*|schick\w*|teil\w*|geb\w*|gib|nenn\w*|füg\w*|stell\w*|zeig\w*|übermittel\w*|lade\w*|fourni\w*"
    r"|envoy\w*|partag\w*|transmet\w*|donn\w*|coll\w*|indiqu\w*|proporcion\w*|env[ií]\w*|compart\w*|facilit\w*"
    r"|da(?:r|rme|me)|pega\w*|forni\w*|invi\w*"
    r"|condivi\w*|forne\w*|stuur\w*|geef\w*|пришл\w*|предостав\w*|отправ\w*|приве\w*|дайте|укаж\w*|podaj|prześlij)\b"
    r"|(?:请|請|麻烦|烦请)[^.!?\n]{0,10}?(?:提供|发送|发给|發送|给出|贴|粘贴|分享|输入|補充|补充|上传)|(?:提供"
    r"|送信|送って|共有|貼り付け|入力|教えて|提示)[^.!?\n]{0,6}(?:ください|下さい|お願い|いただ)"
    r"|(?:제공|보내|공유|입력|알려|첨부|붙여)[^.!?\n]{0,6}(?:주세요|주시|주십시오|바랍니다|주면)"
)
_OFFERS = re.compile(
    r"\b(?:could|may|might|can) (?:well |also )?(?:be|belong to|fall (?:in|under|into)|fit)\b[^.;!?\n]{0,20}\Z"
    r"|\b(?:any|either|one|some) (?:of|among|from)\b[^.;!?\n]{0,30}\Z"
    r"|\b(?:choose|pick|select|decide|choosing|distinguish|selecting|tell) (?:\w+ )?(?:among|between|from"
    r"|one of)\b[^.;!?\n]{0,30}\Z|\b(?:classes|categories|labels|options|choices|candidates|list|klassen"
    r"|kategorien|clases|categorías|catégories|классы|категории)\b[^.;!?\n]{0,40}\Z"
    r"|\b(?:such as|like|e\.g\.|for example|whether|if|ob|si|ли|est-ce)\b[^.;!?\n]{0,40}\Z"
    r"|(?:判断|判斷|确定|確定|分辨|知道|说|說)[^.;!?\n]{0,8}(?:属于|屬於|是|归为)?\W*\Z|还是\W*\Z"
)
_TURNS_TO_ANSWER = re.compile(
    r"\b(?:but|however|still|nevertheless|best guess|my guess|guess|closest|most likely|probably|lean"
    r"|if (?:i )?(?:had|have|must|forced|pressed)|i(?:'d| would) (?:say|choose|pick|go)|answer|aber|mais|pero|ma"
    r"|mas|maar|но|tippe)\b|但|不过|しかし|が,|하지만|지만"
)
_SELF = re.compile(
    r"(?:(?:\A|[.!?\n;,(]\s*|\b(?:but|and)\s+)(?:speaking )?(?:as|being|since i am|since i'm|because i am"
    r"|because i'm|als|en tant qu[e'] ?|como|come|как)(?: an?| eine?| une?| un[ao]?)? ?|\bi(?:'m| am) (?:just "
    r"|only |merely |but )?(?:an? )|作为(?:一个|一名)?|作為(?:一個)?|\bich bin (?:eine? )|je suis (?:une? )"
    r"|soy (?:una? ))"
    r"(?:(?!second|first|third|2nd|1st|back|fall|alternative|choice|option|runner|next"
    r"|last)\w+(?:-\w+)? ){0,2}[\s*_\"'`]*\Z"
)
_SELF_AFTER = re.compile(
    r"[\s*_\"'`)-]*(?:\w+[ -]){0,2}?(?:model|assistant|chatbot|system|agent|bot|classifier|tool|program|based"
    r"|trained|modell|assistent|modèle|modelo|modello|модель)\b|\s*,|\s*(?:助手|模型|语言模型|,我)|\s+(?:and|so"
    r"|,)? ?(?:i )?(?:cannot|can't|do not|don't)\b"
)
_ADVERBIAL = re.compile(
    r"(?:\A|[.!?;:\n(\u2014]\s*|, (?:but |and )?|\b(?:but|and|that)\s+)(?:at least |even |only )?(?:in|at|of|on"
    r"|as|by|for|to|with)(?: my| our| the| all)? [*_\"'`]*\Z"
)
_PREDICATE = re.compile(
    r"\b(?:i(?:'m| am)|we(?:'re| are))(?: \w+ly| quite| pretty| very| rather| fairly| almost| feeling)? [*_\"'`]*\Z"
)
_VERB_BEFORE = re.compile(r"\b(?:i|we)(?: would| do| really| must)? [*_\"'`]*\Z")
_IDIOM_AFTER = re.compile(r"\s*(?:that|it|this|about)\b|\s*[:,]\s*(?:it|this|that|the)\b")
_OTHER_WORDS = (
    r"other|others|none|miscellaneous|misc|unknown|something else|no match|no class|no fit|nothing|not listed"
    r"|not in (?:the )?list|not among them|n/?a|neither"
    r"|keine[rs]?|nichts davon|sonstiges?|andere[sr]?|aucune?|aucune? (?:des deux|de ces \w+|d'entre elles"
    r"|d'elles)|rien|autres?|ningun[oa]|ninguna de (?:ellas|las anteriores|estas)|nada|otr[oa]s?|nessun[oa]"
    r"|altr[oi]|nenhum(?:a)?|outr[oa]s?|geen|anders|overig"
    r"|нет|ни один(?: из них)?|ни одна|ничего|другое|иное|никакой|inget?|ingen|annat|żaden|żadna|inne|无|無|没有"
    r"|沒有|都不是|其他|其它|無し|なし|ない|その他|該当なし|없음|없습니다|기타|없다|해당 없음"
)
_OTHER = re.compile(
    rf"\W*(?:(?:the )?(?:final )?(?:answer|class|category|label|antwort|réponse|respuesta|ответ|答案|类别|クラス"
    rf"|정답|답)\s?(?:[:=]|is|ist|est|es|是|は|은|는)\s*)?\W*(?:{_OTHER_WORDS})\W*(?:[.(,;\n].{{0,200}})?"
)
_NONE = re.compile(
    r"\b(?:unrelated|irrelevant|not related|foreign|has no (?:relation|connection|link)|nothing to do) (?:to"
    r"|with) (?:all|any|each|every|either|these|those|both|the (?:\w+ )?(?:class|categor|label|option|topic"
    r"|choice|list)|your (?:class|categor|list))"
    r"|\bnone of (?:the|these|those|them|your)\b|\bnichts (?:davon|passt|trifft)\b|\brien ne (?:convient"
    r"|correspond)|\bnada encaja|\bkeine[rsmn]? (?:davon|der|dieser|von|passt|klasse|kategorie)|\b(?:passt"
    r"|gehört) (?:zu|in) (?:nichts|keine)"
    r"|\bno (?:encaja|pertenece|corresponde|se ajusta) (?:en|a|con) ningun|\bn'appartient à aucune"
    r"|\bnon (?:appartiene|rientra)[^.;]{0,20}\bnessun|ни к одной|ни одна из|ничего из"
    r"|どれでもな|どれでもあり|どのクラス(?:に|で)?も|いずれでも|当てはまるものは?(?:な|あり)|該当する(?:もの"
    r"|クラス|カテゴリー?|分類|選択肢)(?:は|が)(?:な|あり)|没有(?:一个|任何)|沒有(?:一個|任何)|无一|都不(?:是"
    r"|属于|符合|合适|适合)|与(?:所有|任何|以上|这些)[^.;]{0,8}无关|不属于(?:任何|其中|以上)"
    r"|아무것도|어느 것도|어디에도|해당(?:하|되)는[^.;]{0,12}없|해당 ?(?:사항)? ?없|\bingen af\b|\bgeen (?:van"
    r"|enkele)\b"
)
_NONE_OF_NAMES = re.compile(
    r"\b(?:none|neither|keine[rsmn]?|aucune?|ningun[oa]|nessun[oa]|nenhum[ao]?|geen|żadn\w+"
    r"|ни (?:к )?одн\w+)\b(?:\W+(?:of|the|these|given|listed|classes|categories|labels|der|dieser|von|den|klassen"
    r"|kategorien|genannten|gegebenen|des|de|ces|las|los|les|catégories|clases|classi|classe|categorías|delle|dei"
    r"|das|dos|из|классов|категорий|van|klasse|class|category|se|en)"
    r"\b)*[\s*_\"'`:(\[]*\Z|(?:不属于|不是|不符合)(?:以下|上述|任何)[^.;,!?\n]{0,6}\Z"
)


def refuses(text: str) -> re.Match[str] | None:
    """Return where an answer says that it cannot choose."""
    return _REFUSES.search(text)


_NONE_CLAUSE = re.compile(
    r"(?:\A|\W)(?:none|neither|nothing|no \w+|although|though|while|even if|even though)\b[^,]*\b(?:fits?|is|are"
    r"|match\w*|appl\w+|seems?|uses?|used?|deals?|mentions?|has|have|was"
    r"|were|works?|suits?)\b[^,]*,|,\s*(?=(?:so|hence|thus|therefore|it's|it is)\b)"
)
_ONLY_REASONED = re.compile(
    r"[\s*_\"'`)]{0,4}[:\u2014-][\s*_]{0,4}(?:there (?:is|are) )?(?:no|not|none|nothing|without|never|\w+n't"
    r"|nicht|kein\w*|pas|aucun\w*|ningún?\w*|нет|не|没有|无|不)\b"
)


def after_none_clause(sentence: str) -> str:
    """Return a sentence without a clause at its start that is about no class at all, or about all."""
    parts = _NONE_CLAUSE.split(sentence)
    return parts[-1]


def is_reasoned_away(tail: str) -> bool:
    """Whether the reason behind a name says what is missing: "Theory: no proofs"."""
    return bool(_ONLY_REASONED.match(tail))


def requests(text: str) -> re.Match[str] | None:
    """Return where an answer asks for the text."""
    return _REQUESTS.search(text)


def is_undecided(tail: str) -> bool:
    """Whether a particle behind a name leaves it open, in languages whose verb stands last."""
    return bool(re.match(r"\s*(?:なの)?か(?!ら)|\s?(?:인지|일지|이냐)", tail))


def offers(head: str) -> bool:
    """Whether names after these words are only what may be chosen."""
    return bool(_OFFERS.search(head[-100:]))


def turns_to_answer(text: str) -> bool:
    return bool(_TURNS_TO_ANSWER.search(text))


def is_none_of(gap: str) -> bool:
    """Whether names after these words are listed as those of which none is chosen."""
    return bool(_NONE_OF_NAMES.search(gap))


def is_self(head: str, tail: str) -> bool:
    """Whether an answer speaks of its writer: "as an AI model, I"."""
    return bool(_SELF.search(head) and _SELF_AFTER.match(tail))


def is_phrase(head: str, tail: str) -> bool:
    """Whether a word in small letters is part of a phrase: "in theory,", "I am positive that"."""
    if _ADVERBIAL.search(head):
        return bool(re.match(r"\s*,", tail))
    return bool((_PREDICATE.search(head) or _VERB_BEFORE.search(head)) and _IDIOM_AFTER.match(tail))


def says_none(small: str) -> bool:
    """Whether an answer without choices says that no class fits."""
    plain = small.replace("_", " ")
    return bool(_NONE.search(plain)) or bool(_OTHER.fullmatch(plain.strip()[:240]))
