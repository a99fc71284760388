"""What assistants say when they do not answer: per tongue, words by what they do in such a sentence.

Groups of a code and its words are parted by lines or ``|``; ``_`` joins the words of a phrase, ``*`` stands for any
ending. The codes:

``a`` I, we; ``Y`` you; ``B A`` "as an", "AI"; ``c`` can, able; ``N`` no, not; ``C`` cannot, refuse; ``S`` what only an
assistant is asked for (assist, summarize); ``s`` services (answer, process); ``T`` text, document; ``Q`` request,
question; ``L`` summary, keywords; ``M`` information; ``G`` given, found; ``E`` missing, empty, too short; ``P`` please,
could you; ``V`` send, provide; ``R`` need; ``K`` know, understand; ``W`` sorry, unfortunately; ``O`` courtesies;
``H`` here is, let me; ``X`` words of servers; ``F`` words of filters; ``r`` words of who reports what others say;
``d`` this, that; ``f`` other words without content. A tongue without blanks between words is named in
``_reading._UNSPACED`` as well.
"""

from __future__ import annotations

WORDS = {
    "en": """
a i we me my us our myself
aB i_am_a i_am_an i_am_just_a i_am_just_an i_am_only_a i_am_only_an i_am_merely_a i_am_merely_an
Y you your yourself the_user yours | B as_a as_an being_a being_an
A ai llm chatbot bot language_model artificial_intelligence assistant a_i ai_model
aC i_will_not i_would_not i_would_rather_not i_would_prefer_not i_am_afraid_i_cannot i_have_to_decline i_have_to_pass
C can_only cannot unable decline declined refuse refusing will_not would_not wont must_pass have_to_pass pass_on
C rather_not prefer_not choose_not no_can_do should_not shall_not must_not may_not inappropriate violates violate
C may_violate goes_against against outside beyond impossible incapable failed not_something refrain refuse_to declining
C unethical skip falls_outside fall_outside beyond_the talk_about_something_else another_topic change_the_topic
C different_topic change_the_subject prevent prevents forbid forbids prohibit prohibits restrict restricts bars
C instructed_not
c can able allowed permitted comfortable equipped programmed capable authorized willing trained feasible possible could
c allow allows permit permits in_a_position ability appropriate going designed meant supposed
N not no none never neither nor without nothing lack lacks any_no
S summarize summarise summarizing assist assisting assistance comply help_with help_you fulfill fulfil fulfilling
S accommodate engage_with engage_in capabilities capability guidelines my_scope browse_the open_links access_links
S external_links external_websites access_external access_websites real_time_information visit_links talk_about_that
S talk_about_this engage_in_this provide_information provide_instructions provide_any provide_advice provide_guidance
S reproduce_copyrighted copyrighted_material copyrighted_content copyrighted_text copyrighted_song view_images
S see_images
S personal_information private_information private_individuals view_pictures open_files view_attachments
S provide_details give_advice talk_about generate_content create_content
S provide_assistance
s help answer answering respond process processing classify classifying discuss complete generate generating determine
s analyze analyse rewrite paraphrase extract extracted categorize evaluate produce do say comment judge engage perform
s write proceed continue support carry_out complete_this create creating handle recommend_this talk scope expertise
s generation programming training processed answered generated summarized summarised completed abilities knowledge
s work_on comments chat_about speculate advise recommend_that verify confirm interpret translate translating identify
s assess reproduce view display transcribe watch discussing answer_that verify_that classification explain explaining
s describe list condense outline name
T text texts abstract article document documents passage content contents input paper paragraph attachment file files
T following_text original_text message title material excerpt snippet body_of_text link url links
Q request requests question questions query prompt topic instruction instructions task conversation inquiry statement
Q requesting queries ask_me ask
L summary summaries keyword keywords response output result results background synopsis list description version answers
L explanation explanations overview analysis headline paraphrased key_points rewrite_of rewritten translation
M information info context detail details data clarification specifics
G provided given included supplied attached available present received shared specified submitted entered found seen
G come_through came_through see find receive get got read access uploaded pasted sent visible contain contains appear
G contained reach came_with view retrieve load open accessible locate detected
E missing empty blank incomplete cut_off unreadable insufficient not_enough not_sufficient too_little too_short
E too_vague too_brief too_limited truncated corrupted absent forgot forgotten unclear nothing_to not_clear enough
E limited sufficient unknown left_out
P please kindly could_you can_you would_you would_you_mind would_you_please go_ahead
V provide share send paste supply upload include enter give clarify specify post attach resend insert sharing pasting
V providing sending tell rephrase elaborate add let_me_know copy type try_again try try_sending forward submit put
R need require needed required requires needs | NK not_sure not_certain have_no_idea trouble_understanding
K know understand certain aware confused recognize understood_what follow
W sorry apologize apologise apologies unfortunately regret regrettably afraid oops sadly
O hello hi hey certainly of_course okay ok absolutely great no_problem understood got_it alright gladly happy glad ready
O greetings thank thank_you thanks welcome dear sure_thing here_you_go delighted love_to eager good_question nice
O hope helps enjoy enjoyed appreciate assistant_here hi_there sure hmm hm oh ah uh um well_then yes_of_course
H here_is here_are here_a here_the here_my here_your here_an below_is let_me i_will following here_it_is here_we_go
H below let_us here_goes get_started
X error timed_out timeout overloaded unavailable server internal_server occurred exceeded rate_limit bad_gateway
X something_went_wrong went_wrong loading thinking service gateway rate_limited exception quota traceback internal
X failed_to connection too_many exhausted maximum network unexpected try_again_later not_found_error context_length
X user api_key invalid reached limit_exceeded operation high_demand experiencing upstream proxy
F flagged blocked filtered rejected denied policy policies safety safety_system moderation redacted moderated
F content_management removed censored withheld prohibited forbidden content_filter filter restricted triggered
F content_policy usage_policy usage_policies violation violating potentially flagged_as filters filtering
r says said writes asks complains claims customer reviewer client patient reader character singer according_to
r asked_whether
d this that it these those so such anything something there one thing things what which where how developed_by
d how_long how_many how_much created_by trained_by built_by made_by | NG not_loaded unopened
f the a an is are was were be been am to of in on for with by at from as and or but if then has have had does did do_you
f will would should may might must also just only very really quite more some any all most much few many want wanted
f like would_like wish mean meant_to seems seem looks look looks_like appears appeared looked_like now today currently
f moment time again later back soon yet still further other else another because due since as_per however therefore thus
f hence first once well good sense directly simply solely fully properly correctly two three four five six seven eight
f concise brief usage mention work notice noticed think believe feel note mentioned described asking asked trying try_to
f makes make made using use about out up into over between who when while though although its they them he she her his
f their was_were full actual entire original specific additional particular certain_that field box part
f parts short sentence sentences line lines word words summarization model current system based basis
f medical legal financial advice personal opinion opinions views view_on explicit harmful sensitive copyrighted illegal
f real real_time external internet browse browsing responsible helpful honest respectfully politely conscience
f provide_you kind type_of anyone whether yet_been being meaningful proper reason reasons feelings beliefs own here
f please_note cause way help_you_need upon conclude relevant falls outside_of status code right_away let started
f apparently actually simply_put rest end full_text via website websites chat session reply shorter longer rather_than
f only_the sort such_as right good_faith in_good_conscience feel_right goes instructed told length doing produced
f returned empty_handed detail_to once_you end_of end_here wanted_summarized regarding attached_to harmless safe
f friendly difficult hard easy different slow_down terms_of_service terms_of_use guidance political valid classes
f carefully json requested interesting useful helpful_to further changes feel free whether_you above helpful_and
f tell_you_what
f before separated comma commas day week weekend rest_of nice category categories chosen choose choice assigned assign
f temporarily afterwards order
""",
    "de": """
a ich wir mir mich mein* uns unser* | Y du sie ihr ihre ihren ihnen dir dich ihrem ihrer dein* euch
B als als_eine als_ein ich_bin_ein ich_bin_eine ich_bin_nur_eine ich_bin_nur_ein
A ki ki-modell sprachmodell ki_modell kunstliche_intelligenz künstliche_intelligenz assistent ai ki_assistent
c kann können konnte könnte darf dürfen möglich lage imstande fähig erlaubt will werde möchte vermag
N nicht nichts kein* nie ohne weder leider_keine
C unmöglich ablehnen weigere verweigere ausserstande lehne unangemessen ausserhalb_meiner
S zusammenfassen zusammenzufassen zusammenfasse helfen behilflich weiterhelfen assistieren unterstützen nachkommen
S zusammenfassung_geben weiterzuhelfen möglichkeiten zusammenfass* zusammengefasst helfe
s beantworten antworten bearbeiten verarbeiten bereitstellen liefern sagen erfüllen ausführen tun erstellen geben
s anbieten klassifizieren einordnen analysieren umschreiben kommentieren äussern zuzugreifen zugreifen diskutieren
s besprechen generieren zusammenfassung_erstellen durchführen unterstützung auskunft hilfe machen verfassen wiedergeben
s ausgeben äußern stichwörter_nennen formulieren erklären verarbeitet bearbeitet beantwortet erstellt
T text* artikel* dokument* inhalt* eingabe* nachricht* abschnitt* datei* anhang abstract beitrag passage
Q anfrage* frage* thema bitte_um anliegen aufgabe auftrag
L zusammenfassung* stichwort* stichwörter antwort* schlüsselwörter schlagwörter hintergrund ergebnis
M information* kontext angaben details daten
G erhalten gegeben angegeben übermittelt bereitgestellt vorhanden beigefügt mitgeschickt mitgeteilt vor finden gefunden
G sehen sehe lesen enthalten angehängt eingegeben gesendet geschickt geteilt zur_verfügung_gestellt vorliegen liegt
G eingefügt angekommen mitgesendet hinzugefügt bekommen empfangen öffnen erkennen bereitgestellte* angegebene*
G eingegebene* übermittelte* gesendete* vorliegende* mitgelieferte* beigefügte* hochgeladen angehangen zugänglich
G zugriff vorliegt existiert zugriff_darauf zugang mitgeliefert mitgegeben angefügt hinterlegt
E fehlt fehlen leer unvollständig abgeschnitten vergessen zu_kurz zu_wenig nicht_genug unzureichend ausreichend
E nicht_genügend genügend genug zu_knapp unlesbar leere reichen_nicht nicht_ausreichend unzulänglich
P bitte könnten_sie könntest_du können_sie kannst_du würden_sie kannst könntest könnten
V senden sende schicken schicke schick geben_sie gib stellen stelle stell teilen teile teil fügen füge füg einfügen
V mitteilen nennen nenne zusenden hochladen kopieren kopiere eingeben gib_ein übermitteln angeben präzisieren fügen_sie
V stellen_sie senden_sie teilen_sie | R brauche benötige benötigen brauchen welchen_text
K weiss verstehe sicher bekannt unklar verstanden unsicher verstehen
W leid entschuldig* bedauere bedauerlicherweise leider verzeihung sorry pardon
O gerne gern natürlich klar selbstverständlich hallo danke okay ok guten_tag alles_klar sicher_doch freut vielen_dank
H hier_ist hier_sind lassen_sie_mich folgend* | r sagt schreibt kunde kundin
d das dies diese* dazu dabei hierzu hierbei dafür damit darauf davon es was den_sie
X fehler serverfehler zeitüberschreitung | NK unverständlich
f der die den dem des ein eine einen einem einer und oder aber da denn weil dass wenn so um zu zum zur für von mit auf
f an in im bei über aus nach ist sind war wurde wurden werden wird hat haben habe bin sein tut nur noch einmal auch
f scheint aussieht sieht offenbar anscheinend wohl mehr erneut hier jetzt derzeit bereit damit_ich ja nochmal nochmals
f weiter weitere gewünschten gewünschte enthält kein_problem hat_sich dann ab ein_paar dies_zu soll sollen sich wollten
f wollen also jedoch selbst hilfreich aktuell momentan eigene* meinung* welchen welcher wie womit woran heute kurz kurze
f ganzen fehlend* oben unten derzeitigen technische* gründen form ihre_anfrage richtlinien reichen ausserhalb möchten
f worum konnten vollständigen eigenen
""",
    "fr": """
a je j' nous me m' moi mon ma mes | Y vous tu votre vos te t' ton ta tes toi
B en_tant_qu' en_tant_que je_suis_une je_suis_un
A ia modèle_de_langage modèle_de_langue modèle_linguistique intelligence_artificielle assistant assistante modèle_d'_ia
c peux puis pouvons peut pouvez mesure possible capable autorisé* habilité* pourrai saurais pourrais pu
N ne n' pas aucun aucune non rien sans ni jamais ne_dispose_pas
C refuse impossible incapable décline inapproprié ne_permettent
S résumer aider assister aide résume assistance aider_avec fournir_un_résumé résum*
s répondre traiter fournir accéder faire donner dire analyser classer réécrire reformuler générer discuter commenter
s satisfaire effectuer continuer produire accès traitée traité honorer reformuler_votre rédiger parler traiter_la
s en_parler
T texte* article* document* contenu* message* passage* entrée* fichier* extrait* pièce_jointe document_joint lien liens
Q demande* question* requête* sujet tâche sujet_de demandez | L résumé* mots-clés mots_clés réponse* contexte_de mot_clé
M informations information contexte détails précisions données
G fourni* reçu* inclus joint* donné* transmis* envoyé* trouvé* vois voir disponible* présent partagé* communiqué* ajouté
G ouvrir lire trouver collé* indiqué* soumis disposition parvenu dispose saisi inclure lisible accessible
E manque manquant* vide vides incomplet oublié trop_court insuffisant* insuffisante assez suffisamment oublié*
E insuffisantes insuffisants assez_d' suffisantes
P veuillez merci_de pourriez pouvez_vous peux_tu s'_il s'_il_te_plaît s'_il_vous_plaît pourrais_tu pouvez-vous
V fournissez envoyer envoyez envoyez-moi coller collez partager partagez donnez préciser précisez joindre joignez
V transmettre saisir saisissez copier indiquer communiquer envoie colle partage donne fournis insérer renvoyer recopier
V soumettre | R besoin ai_besoin | K sais comprends certain sûr sûre comprendre
W désolé désolée regrette malheureusement pardon excusez excuses navré navrée excuse
O bien_sûr bonjour merci d'_accord avec_plaisir volontiers certainement entendu parfait oui ravi prêt | H voici voilà
r dit écrit client cliente | d ce cela ça c' cette ces celui ceci y qu' que qui quel quelle quoi l' le_mien | X erreur
f le la les un une des de du d' à au aux et ou mais donc car si pour par sur dans en avec est était a avez as ai été
f suis être ont il elle on semble semblerait que_vous souhaitez veux voulez plus davantage afin ainsi actuellement
f nouveau encore votre_part je_vois ici là bien très sera serait directement s' se d'_abord fait parce doit deux phrases
f suivant vouliez aurait eu y_avoir lui y_a cependant pourrait dont comment aujourd' hui ayez soit opinion* personnel*
f court courte bref semble_que haut fait_que texte_original directives pouvoir vous_résumer plaît afin_que permet
f souhaitez_vous souhaitez-vous souhaité
""",
    "es": """
a yo me mi mis nos nuestro | Y tú tu te usted su sus le ustedes ti | B como como_un como_una soy_un soy_una soy_solo_un
A ia modelo_de_lenguaje modelo_de_ia modelo_lingüístico inteligencia_artificial asistente asistente_virtual
c puedo podemos puede posible capaz podría capacidad permitido pude podré
N no ningún ninguna ninguno nada sin tampoco ni | C imposible niego rechazo rehúso
S resumir ayudar* asistir* resumirlo resuma ayuda resum*
s responder procesar proporcionar contestar hacer dar decir analizar clasificar reescribir generar acceder cumplir
s ofrecer realizar comentar acceso continuar procesarse brindar atender tengo_acceso crear discutir hablar redactar
s opinar facilitar
T texto* artículo* documento* contenido* mensaje* pasaje* entrada* archivo* fragmento* enlace enlaces
Q solicitud* pregunta* petición tema consulta tarea preguntas | L resumen* palabras_clave respuesta* palabra_clave
M información contexto detalles datos
G proporcionado* proporcionó incluido* incluyó adjuntado* adjunto recibido recibí veo ver encontrado encuentro
G disponible enviado* envió dado* facilitado facilitó compartido presente compartió hay llegado leer abrir encontrar
G pegado ingresado accesible legible pegó pegaste incluiste compartiste enviaste dispongo accesible_el
E falta faltan vacío vacía incompleto olvidado olvidó demasiado_corto demasiado_breve insuficiente* suficiente*
E olvidaste olvidó_incluir suficientes | P por_favor podrías podría_usted puedes podrías_por_favor
V proporciona* comparte compartir compartirlo envía enviar envíame pega pegar pegue comparta envíe incluye incluya
V incluir introduce introduzca enviarlo pegarlo proporcionarlo inserta inserte adjunta adjuntar aclarar indique indica
V dame facilita reenviar mandar manda escriba vuelve | R necesito
K sé entiendo seguro segura comprendo entendí entender comprender
W siento lamento lamentablemente desafortunadamente disculpa disculpe disculpas perdón desgraciadamente perdona perdone
O claro hola por_supuesto gracias vale de_acuerdo con_gusto perfecto encantado sí buenas listo
H aquí_está aquí_tienes aquí_va a_continuación | r dice cliente escribe
d eso esto ese este esta esa ello lo qué cuál que con_eso | X error
f el la los las un una unos de del al a y o pero para por en con se es son está fue ha has haber han hemos he ser parece
f que_no deseas desees quieres quieras quiere desea más nuevo otra vez algún alguna si sobre como_para tengo debe sido
f porque ya_que ahora momento pues actualmente solo mucho muy nuevamente ya había pueda siguiente dos frases mí pedido
f querías hoy opiniones personales cómo breve corto motivo directrices tan aquí_para completo poder resumirla pudiera
f necesario quiere_que deseas_que necesita
""",
    "it": """
a io mi mio mia miei noi | Y tu tuo tua ti vi vostro lei suo sua voi
B in_quanto come come_un sono_un sono_una sono_solo_un
A ia intelligenza_artificiale modello_linguistico modello_di_linguaggio modello_di_ia assistente assistente_ai
c posso possiamo può grado possibile capace potuto riesco potrei permesso | N non nessun* niente senza alcun* né nulla
C impossibile rifiuto rifiutare declino | S riassumere aiutar* assistere riassumerlo aiuto assisterti riassum*
s rispondere elaborare fornire fare dare dire analizzare classificare riscrivere generare accedere soddisfare accesso
s eseguire procedere commentare offrire completare discutere creare redigere spiegare parlare
T testo testi articolo documento contenuto contenuti messaggio brano input file passaggio link
Q richiesta richieste domanda domande argomento tema compito chiedi | L riassunto parole_chiave risposta sintesi
M informazioni informazione contesto dettagli dati
G fornito forniti inclusi incluso allegato ricevuto vedo trovato disponibile inviato dato inserito presente condiviso
G vedere leggere trovare aprire c'_è arrivato incollato includere accessibile leggibile
E manca mancante vuoto incompleto dimenticato troppo_breve troppo_corto insufficient* sufficient* abbastanza sufficienti
P per_favore puoi potresti può_per_favore potrebbe cortesemente
V fornisci fornirmi fornirlo inviare invia inviami inviarmi incolla incollare condividi condividere condividerlo
V inserisci inserire allegare allega fornisca invii condivida incolli specificare mandami inserisca mandarmi manda
V reinviare scrivi | R bisogno serve necessito | K so capisco sicuro comprendere capito
W dispiace purtroppo scusa scusi scuse spiacente sfortunatamente scusate spiace
O certo ciao certamente grazie volentieri va_bene ok salve buongiorno pronto naturalmente | H ecco di_seguito
r dice cliente scrive | d questo questa quello ciò lo che quale cosa c' | X errore
f il la i gli le l' un una uno di del della dell' dei al alla da dal e o ma per in con su si è sono ho hai ha abbia
f stato sembra che_tu tu_abbia essere più nuovo desideri vuoi vorresti se ne poiché perché volta ancora qui di_nuovo
f ha_bisogno sia attualmente momento abbiamo all' nell' nel a d' mi_sembra pare volevi molto solo oggi poter esserti
f breve personali opinioni direttive poterlo poterti necessario vuole desidera che_io
""",
    "pt": """
a eu me meu minha mim nós nos | Y você tu te seu sua vocês lhe | B como como_um como_uma sou_um sou_uma
A ia modelo_de_linguagem inteligência_artificial assistente modelo_de_ia assistente_virtual
c posso podemos pode possível capaz consigo poderia consegui permitido pude poderei | N não nenhum nenhuma nada sem nem
C impossível recuso | S resumir ajudar* ajudá-lo auxiliar resumi-lo resuma ajuda ajudá assistir resum*
s responder processar fornecer fazer dar dizer analisar classificar reescrever gerar acessar atender acesso cumprir
s oferecer realizar continuar comentar processada discutir criar redigir elaborar criar_um falar processar_sua
T texto textos artigo documento conteúdo mensagem passagem entrada arquivo trecho link links
Q solicitação pedido pergunta tema questão tarefa | L resumo palavras-chave palavras_chave resposta
M informações informação contexto detalhes dados
G fornecido forneceu incluiu incluído enviou enviado recebi recebido vejo encontrei há disponível anexado anexou dado
G presente ver compartilhou encontrado ler abrir inserido colou compartilhado encontrar incluir acessível legível
E falta vazio vazia incompleto esqueceu faltando muito_curto insuficiente* suficiente* ausente esquecido suficientes
P por_favor poderia_por_favor você_pode você_poderia
V forneça envie enviar envie-o compartilhe compartilhar cole colar inclua insira informe enviá-lo compartilhá-lo anexe
V mande forneca inserir esclareça enviá envie-me reenvie reenviar escreva copie | R preciso
K sei entendo certeza entendi entender compreendo compreendi
W desculpe sinto lamento infelizmente desculpa desculpas perdão
O claro olá obrigado obrigada com_certeza certamente oi sim ok certo pronto | H aqui_está segue abaixo
r diz cliente escreve | d isso isto este esse essa esta ele o_que qual que disso | X erro
f o a os as um uma de do da dos das no na em e ou mas pois para por com se é são está foi ser que_você parece muito
f deseja quer gostaria mais novamente ao à tenho ter houve alguma algum sobre seja estou eu_possa neste porque hoje
f atualmente momento já deve agora nesse curto breve pessoais opiniões diretrizes poder poder_ajudar necessário quer_que
f gostaria_que
""",
    "nl": """
a ik mij me mijn we wij ons | Y u uw je jij jouw jullie | B als als_een ik_ben_een
A ai taalmodel ai-taalmodel ai_taalmodel kunstmatige_intelligentie assistent ai_model
c kan kunnen mag staat mogelijk kon zal wil | N niet geen niets zonder nooit | C onmogelijk weiger
S samenvatten helpen assisteren vat_samen helpen_met samenvat*
s beantwoorden antwoorden verwerken geven zeggen doen uitvoeren maken leveren analyseren classificeren herschrijven
s bespreken voldoen hulp bieden opstellen formuleren
T tekst teksten artikel document inhoud bericht invoer bestand passage bijlage link | Q verzoek vraag onderwerp opdracht
L samenvatting trefwoorden antwoord | M informatie context details gegevens
G gegeven verstrekt opgegeven meegestuurd bijgevoegd ontvangen gevonden zie zien aanwezig gestuurd ingevoerd meegegeven
G lezen beschikbaar gedeeld toegevoegd aangeleverd geplakt doorgekomen vinden bijvoegen bij_te_voegen toegang
G toegang_tot | E ontbreekt leeg onvolledig vergeten te_kort onvoldoende voldoende genoeg vergeten_bij genoeg_informatie
P alstublieft alsjeblieft kunt_u kun_je wilt_u graag zou_je zou_u
V geef stuur plak deel sturen delen plakken verstrekken voeg invoeren geven_aan opsturen verstrek stuurt deelt
V herformuleren | R nodig | K weet begrijp zeker begrijpen snap | W spijt sorry helaas excuses excuseer
O natuurlijk hallo graag_gedaan bedankt ok oké prima hoi goedendag | H hier_is hieronder | r zegt klant schrijft
d dat dit deze die daar daarmee hiermee het wat welke hier er hierbij daarop | X fout
f de een en of maar want voor van met op in aan om te is zijn was werd wordt heb hebt heeft ben lijkt erop dat_je bij
f naar nog eens opnieuw meer kunnen_we ook over als_je zodat u_wilt mee wilde wilt momenteel zou waarmee vandaag hoe
f kort opinies bedoelt kunnen_geven jij_wilt moet
""",
    "sv": """
a jag mig min mitt vi oss | Y du dig ditt din ni er | B som som_en jag_är_en
A ai ai-modell språkmodell ai-assistent assistent artificiell_intelligens ai_modell | c kan får möjligt kunde kommer
N inte ingen inget inga utan aldrig ej | C omöjligt vägrar | S sammanfatta hjälpa hjälp sammanfatt*
s svara göra ge behandla bearbeta säga utföra analysera klassificera diskutera tillhandahålla uppfylla besvara hantera
T text texten artikel artikeln dokument dokumentet innehåll innehållet meddelande meddelandet fil filen indata
Q begäran fråga frågan förfrågan ämne ämnet | L sammanfattning nyckelord svar | M information sammanhang detaljer
G bifogats angavs angetts angiven tillhandahållits skickat skickats fått mottagit ser hittar hittade bifogat finns
G inkluderats angett inkluderat bifogad tillhandahållit se läsa delat tillgänglig medföljer tillgång
E saknas tom tomt tomma ofullständig glömt för_kort otillräcklig tillräckligt tillräcklig räcker
P snälla vänligen kan_du skulle_du var_vänlig kan_ni
V skicka dela klistra ange bifoga tillhandahåll skriv ge_mig bifoga_den skicka_in klistra_in dela_med | R behöver
K vet förstår säker förstod | W tyvärr ledsen beklagar förlåt ursäkta | O självklart hej absolut tack visst okej gärna
H här_är | r säger kund kunden | d det detta den denna vad med_det detta_här vilken vilket | X fel
f en ett och eller men för att av med på i till är var har hade blev verkar ut om vill mer igen någon något kunna så in
f jag_kan här just_nu denna_gång ska hur idag vill_du vad_vill
""",
    "no": """
a jeg meg mig min mit vi os oss | Y du dig deg ditt din de dere | B som som_en
A ai ki sprogmodel språkmodell assistent | c kan får må muligt mulig | N ikke ingen intet noe_ikke uten uden aldri
C umulig umuligt nægter | S sammenfatte oppsummere opsummere hjelpe hjælpe hjælp hjelp oppsummer* sammenfatt*
s svare besvare gjøre gøre gi give behandle utføre udføre si sige håndtere hjelpe_til oppfylle opfylde
T tekst teksten artikkel artiklen artikkelen dokument innhold indhold melding besked fil
Q forespørsel forespørselen spørsmål spørgsmål anmodning emne dette_spørsmålet spørsmålet spørgsmålet
L sammendrag nøkkelord svar resumé | M informasjon information kontekst detaljer
G lagt_ved vedlagt oppgitt angivet mottatt modtaget gitt givet sendt inkludert finner ser vedhæftet fået fått delt
G medsendt vedlagte finnes finde angitt tilgang adgang
E mangler tom tomt ufullstendig glemt for_kort nok tilstrekkelig tilstrækkelig
P vennligst venligst kan_du vær_så_snill
V send del lim legg angi indsæt skriv oppgi giv sende dele indsætte lime indsende | R trenger behøver har_brug
K vet ved forstår sikker forstå | W beklager desværre dessverre undskyld unnskyld lei
O selvfølgelig hei hej takk tak gjerne ja | H her_er | r sier siger kunde
d det dette den denne hva hvad med_det hermed hvilken hvilket | X feil fejl
f en et og eller men for å at av af med på i til er var har ser_ut ut som_om vil mere mer igen igjen noen nogen noe så
f desto dessuten ikke_noen er_blevet blevet blitt ble inn ud virker har_du hvordan hvordan_kan i_dag hvad_kan hvad_du
f vil_du
""",
    "fi": """
a minä minun minulle me | Y sinä sinun te teidän | B koska olen
A tekoäly tekoälymalli kielimalli tekoälynä kielimallina | c voi voin voida pysty osaa | N ei et ole_ei ilman eivät
C en_voi emme_voi en_pysty en_osaa en_valitettavasti_voi en_saa kieltäydyn mahdotonta
S auttaa avustaa tiivistää tiivistämään auttamaan autan tiivist*
s vastata käsitellä tehdä antaa sanoa tarjota suorittaa toteuttaa täyttää vastaa
T teksti tekstiä tekstin artikkeli artikkelia asiakirja sisältö sisältöä viesti viestiä syöte
Q pyyntö pyyntöä kysymys kysymykseen pyyntöön aihe aiheesta kysymystä kysymyksen | L tiivistelmä avainsanat vastaus
M tietoa tietoja konteksti
G annettu annettiin saanut löytynyt toimitettu liitetty näe antanut liittänyt lähettänyt löydy näy
E puuttuu tyhjä puutteellinen unohtunut liian_lyhyt riittävästi tarpeeksi | P ole_hyvä voisitko voitko ystävällisesti
V anna lähetä jaa liitä antaisitko kirjoita jakaa lähettää liittää toimita antaa_teksti liitä_teksti | R tarvitsen
K tiedä ymmärrä varma | W valitettavasti anteeksi pahoittelut pahoittelen ikävä | O hei totta_kai toki kiitos selvä
H tässä_on | d tämä tämän tätä tässä se sitä sen siinä tähän minkä mikä | X virhe | NK en_ymmärrä en_tiedä
f on ole oli ja tai mutta näyttää siltä että vaikuttaa jotta kanssa yhtään mitään lisää uudelleen en kyllä olet jonka
f haluat haluatko nyt miten kuinka tänään voinko haluaisit
""",
    "pl": """
a ja mi mnie mną mam my nam | Y ty ci ciebie pan pani twoj* twój państwo | B jako
A ai model_językowy sztuczna_inteligencja asystent jestem_modelem modelem_językowym
c mogę możemy można stanie może mogłem mógłbym da możliwe wolno mógłbym_pomóc | N nie żaden żadnego bez nic żadnych
C niemożliwe odmawiam
S pomóc streścić podsumować pomoc podsumowanie_tego pomocy podsumowania streści* streszcz* podsumow*
s odpowiedzieć przetworzyć zrobić udzielić dać powiedzieć wykonać przeanalizować wygenerować spełnić udostępnić omawiać
s przedstawić zrealizować sklasyfikować dostarczyć realizować
T tekst tekstu artykuł artykułu dokument dokumentu treść treści wiadomość plik fragment
Q prośba prośby żądanie żądania pytanie pytania polecenie temat prośbę to_pytanie
L streszczenie podsumowanie odpowiedź słowa_kluczowe | M informacji informacje kontekst kontekstu szczegółów danych
G podano podałeś podany podana otrzymałem dostarczono załączono widzę przesłano przesłałeś znalazłem dołączono podałaś
G załączyłeś podać_tekst dostarczony podaliście wklejono dołączyłeś otrzymałam ma dostępu otrzymałem_żadnego dostęp
E brak brakuje pusty pusta niekompletny zapomniałeś za_krótki niewystarczając* wystarczając* pusto za_mało niepełny
E wystarczająco dość niewystarczająca | P proszę czy_możesz czy_mógłbyś czy_mogłbyś możesz prosze czy_może
V podaj podać prześlij przesłać wklej wkleić wyślij udostępnij dostarcz przekaż wkleisz podasz podanie przesłanie
V wklejenie | R potrzebuję | K wiem rozumiem pewien zrozumieć | W przykro przepraszam niestety wybacz
O oczywiście cześć dziękuję jasne witam dzień_dobry dobrze chętnie | H oto poniżej | r mówi klient pisze
d to tego tym ten tej tę tą ta które który która co jaki jakie | X błąd
f i lub ale w we na z ze do o od dla po się jest są był było być że żeby aby by czy jak wygląda chcesz mam_streścić
f więcej jeszcze raz ponownie tu jakiego jakiś chciałbyś jeśli za ponieważ obecnie w_czym czym jak_mogę dzisiaj
f który_tekst
""",
    "cs": """
a já mi mne mám my | Y ty vy vám ti vaš* tvůj vás váš | B jako | A ai umělá_inteligence jazykový_model asistent
c mohu můžu lze možné schopen může | N ne není bez nic žádný žádného nemám
C nemohu nemůžu nemůžeme nelze nejsem_schopen odmítám neumím | S pomoci pomoct shrnout pomoc pomáhat shrn*
s odpovědět zpracovat poskytnout udělat dát říct říci provést analyzovat splnit vygenerovat splnit_tento odpovědi
s odpověď_na | T text textu článek dokument obsah zpráva vstup soubor
Q žádost požadavek dotaz otázku otázka téma otázce | L shrnutí odpověď klíčová_slova | M informace informací kontext
NG neposkytli neposkytl nebyl nevidím nedostal nezadali neobdržel neposlali nezadal nepřiložili nepřiložil nenašel
NG nenalezen neobsahuje nevložili neuvedli neodeslali chybí_text
G poskytnut zadán obdržel poslal přiložen byl zadal vložen přístup
E chybí prázdný prázdná neúplný zapomněl příliš_krátký nedostatek dostatek nedostatečné
P prosím můžete mohl_byste můžeš mohli_byste mohl_bys mohli
V poskytněte pošlete vložte zadejte pošli sdílejte vlož uveďte poskytnout_text zašlete zaslat vložit poslat sdílet
R potřebuji | W bohužel omlouvám omluva promiňte lituji omlouváme | O samozřejmě ahoj děkuji jistě dobrý_den rád
H zde_je tady_je | r říká zákazník | d to toto tuto tento ten tím tomu s_tím tohle který na_to jakou | X chyba
NK nerozumím nevím nechápu
f a nebo ale v ve na s se k ke o od pro že je jsou jste jsem být si zdá by abych aby mě jaký chcete znovu více ještě
f tady zde jak čím dnes jak_vám chceš
""",
    "hu": """
a én nekem | Y ön önnek te | B mint mivel | A mesterséges_intelligencia nyelvi_modell ai mi-asszisztens
c tudok tudom lehet lehetséges képes tudok_segíteni segíthetek | N nem nincs nélkül sem semmilyen
C lehetetlen nem_áll_módomban | S segíteni összefoglalni segítség segítséget segít foglal* összefoglal*
s válaszolni feldolgozni megválaszolni teljesíteni adni mondani megtenni válasz_adni teljesíteni_ezt válaszhoz
T szöveg szöveget szövegből cikket cikk dokumentum dokumentumot tartalom tartalmat üzenet
Q kérés kérést kérdés kérdésre kérését kérdését kérdésedet | L összefoglaló kulcsszavak válasz
M információ információt
G adott megadott megadta kapott kaptam látok küldött csatolt található megadva mellékelt megadtál adtál csatolva meg
G hozzáférés | E hiányzik üres hiányos elég elegendő | P kérem kérlek tudná megosztaná tudna tudnád
V adja küldje ossza küldd illessze add írja másold másolja küldj illeszd elküldeni megosztani | R szükségem
K tudom_mit értem értem_a_kérdést érti | W sajnálom sajnos elnézést bocsánat
O persze természetesen szia köszönöm helló | H íme itt_van | d ez ezt az azt ebben erre ezzel melyik | X hiba
NG hiányzik_a
f a egy és vagy de hogy úgy tűnik van volt lenne kell még újra ben el ki be fel hogyan miben ma össze szeretné
""",
    "ro": """
a eu îmi mă mi_se | Y dumneavoastră tu vă îți | B ca
A ia model_de_limbaj model_lingvistic inteligență_artificială asistent model
c pot putem poate posibil capabil pot_ajuta | N nu niciun nicio fără nimic | C imposibil refuz
S ajuta rezuma ajut ajutor rezum* | s răspunde procesa oferi face da spune analiza răspund furniza îndeplini
T text textul articol articolul document documentul conținut conținutul mesaj mesajul
Q cerere cererea întrebare întrebarea solicitare solicitarea întrebarea_dvs | L rezumat rezumatul cuvinte_cheie răspuns
M informații context | G furnizat furnizată primit inclus trimis oferit dat văd atașat găsesc
E lipsește gol goală incomplet suficiente suficient | P vă_rog te_rog puteți poți ați_putea puteți_să
V furnizați trimiteți furnizează trimite includeți lipiți oferiți trimite_textul trimiteți-mi | R nevoie
K știu înțeleg sigur_că înțeles | W rău pare regret scuze scuzați păcate | O desigur bună mulțumesc sigur | H iată
d asta acest acestui această aceasta ce care | X eroare
f un o și sau dar că se că_nu ați ai am să în cu la de a al pentru este sunt fost fi din te aș îl acum mai cum astăzi
f doriți dori
""",
    "ru": """
a я мне меня мы мой нас | Y вы вас вам ты тебя тебе ваш* твой | B как являюсь
A ии языковая_модель искусственный_интеллект ассистент языковой_модели помощник чат-бот
c могу можем можно может возможно способен вправе возможности сможем смогу удалось смогу_помочь
N не нет ничего без никакого | C невозможно отказываюсь нельзя отказаться недоступна недоступно недоступен
S помочь резюмировать помогать суммировать помощь пересказать обобщить обобщ* суммир* резюмир* кратко_изложить
s ответить обработать предоставить выполнить сделать дать сказать обсуждать отвечать проанализировать сгенерировать
s комментировать составить продолжить доступа обсудить поддержать давать выполнять выразить обработать_ваш
T текст текста тексте статья статью статьи документ документа содержание содержимое сообщение контент ввод файл ссылка
T ссылки | Q запрос запроса вопрос вопросы тему тема тема_разговора просьбу задача задание темы
L резюме изложение изложения ключевые_слова ответ ответа содержания | M информации информация контекста контекст данных
G предоставлен предоставили предоставлено предоставил указан получил получен вижу приложили прислали найден нашёл
G прикрепили прикрепил приложен отправили содержит прикреплен указали вставили доступен увидел доступ
E отсутствует пуст пустой пустое неполный забыли слишком_короткий недостаточно обрезан достаточно короткий коротк*
E слишком_мало мало достаточной | P пожалуйста можете могли_бы прошу можешь не_могли_бы
V предоставьте пришлите отправьте вставьте укажите поделитесь скопируйте пришли вставь отправить прислать уточните
V введите дайте вставить уточнить повторите скиньте пришлёте пришлете | R нужен нужно необходим нужна нужны
K знаю понимаю уверен понял_вопрос знать
W сожалению сожалею извините извиняюсь простите извини прошу_прощения жаль прощения
O конечно здравствуйте привет спасибо хорошо понял готов рад | H вот ниже | r говорит клиент пишет покупатель
d это этот этого эту этом этим что который которую чем тем такой данный данного | X ошибка
f и или но в во на с со к по о об от для из у за чтобы если так похоже кажется то был было была быть ли бы хотите есть
f еще ещё раз более больше краткого краткое повторно также только сейчас тут здесь другую другой пока хотели необходимо
f дополнительной видимо эти сегодня личные советы какой какие каким_образом выше весь чтобы_составить составления всего
f лишь нужно_ли недоступен_для
""",
    "uk": """
a я мені мене ми | Y ви вам ти ваш* | A ші мовна_модель штучний_інтелект | B як | c можу можна може можливо зможу
N не немає без ні | C неможливо відмовляюся | S допомогти узагальнити
s відповісти обробити надати зробити виконати виконати_цей відповіді | T текст тексту статтю документ вміст
Q запит запитання питання питань | L резюме відповідь | G надано надали отримав бачу надали_текст додали
E відсутній порожній недостатньо | P будь_ласка прошу | V надайте надішліть вставте надіслати
W жаль перепрошую вибачте пробачте | O звичайно вітаю дякую | d це цей цього цим цю що | K розумію знаю | M інформації
f і й та або але у в на з до для схоже здається ви_не чи чим сьогодні
""",
    "el": """
a εγώ μου με | Y εσείς σας εσύ σου | B ως | A τεχνητή_νοημοσύνη γλωσσικό_μοντέλο
c μπορώ μπορούμε μπορεί δυνατό δυνατόν | N δεν όχι κανένα χωρίς μην | C αδύνατο αρνούμαι
S βοηθήσω συνοψίσω βοήθεια συνοψίσ* | s απαντήσω επεξεργαστώ κάνω παράσχω δώσω ανταποκριθώ εκπληρώσω
T κείμενο κειμένου άρθρο έγγραφο περιεχόμενο μήνυμα | Q αίτημα ερώτηση | L περίληψη απάντηση
G δώσατε δόθηκε παρείχατε βρέθηκε λάβει βλέπω παρασχέθηκε υπάρχει συμπεριλάβατε | E λείπει κενό άδειο αρκετές επαρκείς
P παρακαλώ μπορείτε | V δώστε στείλτε παρέχετε επικολλήστε στείλετε δώσετε | W λυπάμαι συγγνώμη δυστυχώς
O βεβαίως γεια ευχαριστώ φυσικά | H εδώ_είναι | d αυτό το_οποίο σε_αυτό αυτή | K καταλαβαίνω γνωρίζω ξέρω
M πληροφορίες
f να το τη την ο η και ή αλλά για σε στο στην με_αυτό φαίνεται ότι πως θα είναι έχω έχετε που πώς σήμερα ποιο τι θέλετε
f θέλεις
""",
    "tr": """
a ben bana biz | Y sen siz size lütfedin | B olarak | A yapay_zeka dil_modeli yapay_zekâ asistan | c mümkün olabilirim
N yok değil hiçbir olmadan | C *emem *amam *emiyorum *amıyorum *amıyoruz *emiyoruz *amayız *emeyiz mümkün_değil
S yardımcı özetlemek özetle* yardım* özetleyeyim özetleyebilirim özetlememi özetleyebileceğim özetlenecek
s cevap* yanıt* işle* ver* yap* sağla* yapmak vermek getir*
T metin metni metinde metne makale makaleyi belge belgeyi içerik içeriği mesaj metn* belge* makale*
Q istek isteği soru soruyu soruya konuda isteğinizi talebi sorunuza isteğinize talebinizi sorunuzu sorunuzu_tam isteğ*
Q istek* | L özet özeti cevap_metni anahtar_kelimeler | M bilgi bağlam
NG sağlanmadı sağlanmamış verilmemiş verilmedi göremiyorum bulunamadı girilmedi eklenmemiş eklenmedi bulamadım almadım
NG paylaşmadınız göndermediniz eklemediniz sağlamadınız vermediniz yapıştırmadınız girmediniz gelmedi iletilmedi
E boş eksik bulunmuyor kısa unutmuşsunuz yeterli yetersiz yeterince bilgi_yetersiz
P lütfen misiniz mısınız paylaşır paylaşabilir_misiniz
V paylaşın gönderin yapıştırın sağlayın girin ekleyin paylaşabilir verin | W üzgünüm maalesef özür kusura
O tabii merhaba elbette teşekkürler | H işte | d bu şu bunu bunun | X hata | G erişim erişemiyorum erişim*
NK anlamadım bilmiyorum anlayamadım anlayamıyorum
f ve veya ama bir için ile görünüyor gibi görünmekte ben_bir dilerim bakmayın istediğiniz ne yazık ki size_nasıl nasıl
f bugün sizin hangi yerine kişisel özetlenecek_bir istersiniz isterseniz ihtiyacım_var
""",
    "id": """
a saya kami aku | Y anda kamu | B sebagai | A ai model_bahasa kecerdasan_buatan asisten | c bisa dapat mampu mungkin
N tidak tak tanpa belum bukan | C menolak | S membantu merangkum meringkas bantu dirangkum
s menjawab memproses memberikan melakukan menyediakan mengatakan menyelesaikan memenuhi diringkas
T teks teksnya artikel dokumen konten isi pesan | Q permintaan pertanyaan ini_permintaan topik
L ringkasan kata_kunci jawaban | M informasi konteks
G disertakan diberikan disediakan menerima melihat menyertakan memberikan_teks ada dikirim ditemukan tersedia
G dilampirkan akses memiliki_akses mengakses | E kosong hilang kurang cukup
P silakan mohon tolong bisakah bisa_tolong dapatkah
V berikan kirim kirimkan bagikan tempel masukkan sertakan sediakan memberi kirimkan_teks | R butuh perlu memerlukan
K tahu mengerti paham memahami | W maaf sayangnya mohon_maaf | O tentu halo terima_kasih baik | H berikut
d ini itu tersebut yang apa hal | X kesalahan
f dan atau tetapi tapi untuk dengan dari di ke ada_yang sepertinya tampaknya apa_pun pun akan sudah telah lebih ingin
f bahwa karena lagi agar namun atas bagaimana hari_ini apakah jika bila perlu_diringkas ingin_diringkas menjawab_ini mau
""",
    "vi": """
a tôi chúng_tôi mình | Y bạn quý_khách | B là_một với_tư_cách với_tư_cách_là
A ai mô_hình_ngôn_ngữ trí_tuệ_nhân_tạo trợ_lý | c thể được khả_năng có_thể | N không chưa chẳng | C từ_chối
S giúp tóm_tắt hỗ_trợ giúp_đỡ | s trả_lời xử_lý cung_cấp thực_hiện đưa_ra làm
T văn_bản nội_dung bài_viết tài_liệu đoạn_văn tin_nhắn | Q yêu_cầu câu_hỏi chủ_đề | L bản_tóm_tắt từ_khóa câu_trả_lời
M thông_tin ngữ_cảnh | G nhận thấy tìm_thấy có truy_cập nhận_được | E trống thiếu rỗng đủ
P vui_lòng xin_vui_lòng hãy xin | V gửi gửi_cho chia_sẻ dán nhập gửi_lại | R cần | K biết hiểu rõ hiểu_rõ
W xin_lỗi rất_tiếc tiếc | O chắc_chắn chào cảm_ơn vâng được_rồi | H đây_là dưới_đây | d này đó điều việc | X lỗi
f và hoặc nhưng của cho với về để có_vẻ như là đã đang sẽ bất_kỳ nào rằng cần_tóm_tắt một các những thêm vì sao hôm_nay
f gì tôi_có_thể muốn bị
""",
    "ar": """
a أنا لي لدي إنني إني | Y أنت لك | B بصفتي كوني كنموذج
A ذكاء_اصطناعي نموذج_لغوي نموذج_لغة الذكاء_الاصطناعي مساعد نموذجًا_لغويًا نموذج | c أستطيع يمكنني يمكن قادر يمكنك
N لا لم لن ليس غير أي بدون توجد_أي | C يتعذر أعتذر_عن أرفض
S المساعدة مساعدتك تلخيص تلخيصه التلخيص أساعدك مساعدة مساعدتكم لتلخيصه تلخيصها تلخيص*
s الإجابة الرد معالجة تقديم تنفيذ الاجابة إجابة تلبية إكمال للإجابة للرد
T النص نص نصا نصًا المقال الوثيقة المحتوى محتوى المستند مقال الرسالة النصوص
Q الطلب طلبك السؤال سؤالك الموضوع هذا_الطلب | L الملخص ملخص الكلمات_المفتاحية | M معلومات المعلومات
G تقدم يتم مقدم أجد أرى يوجد توفير ترفق متوفر إرفاق تقديمه توفيره إدراج تضمين الوصول
E فارغ مفقود ناقص كافية كاف يكفي كافٍ | P يرجى الرجاء رجاء من_فضلك هل_يمكنك فضلك
V تزويدي إرسال لصق مشاركة إدخال أرسل قدم شارك أدخل تزودني مشاركته | K أعرف أفهم متأكد
W عذرا آسف أعتذر للأسف عذرًا معذرة نأسف | O بالطبع مرحبا شكرا بالتأكيد | H إليك فيما_يلي | d هذا هذه ذلك الذي ما | X خطأ
NG يتم_تقديم
f يبدو أنك أن أنه في من على إلى مع و أو لكن ولكن تم قد كان حتى عن به بهذا هنا تريد كيف اليوم كيفية ان لكي حتى_أتمكن التي
f المطلوب تريده تود أستطيع_أن توجد أجل تريد_مني مني تريدني
""",
    "fa": """
a من ما مرا برای_من | Y شما تو شما_را | B به_عنوان بعنوان | A هوش_مصنوعی مدل_زبانی دستیار ربات
C نمی‌توانم نمیتوانم نمی_توانم نمی‌توانیم قادر_نیستم نمی‌شود امکان‌پذیر_نیست مقدور_نیست نمی‌تونم خودداری
N نیست نه هیچ بدون ندارم ندارد نشده نیستم | c بتوانم می‌توانم قادر ممکن توانایی
S خلاصه خلاصه‌سازی کمک کمکی یاری خلاصه_کنم | s پاسخ جواب انجام تولید پردازش ارائه پاسخگویی برآورده بررسی
T متن متنی مقاله سند محتوا محتوای نوشته فایل | Q درخواست درخواستتان سوال پرسش مورد موضوع | L خلاصه_متن کلیدواژه‌ها
M اطلاعات جزئیات توضیحات | G ارائه_نشده دریافت داده_نشده ارسال_نشده وجود یافت دسترسی ارائه_شده
E خالی ناقص کافی ناکافی کوتاه | P لطفا لطفاً خواهشمندم
V ارسال ارسال_کنید بفرستید وارد_کنید ارائه_دهید قرار_دهید بفرمایید
K می‌دانم نمی‌دانم مطمئن متوجه | W متأسفم متاسفم متاسفانه متأسفانه معذرت پوزش ببخشید عذر
O سلام البته بله حتماً حتما ممنون با_کمال_میل | H در_اینجا | d این آن همین چنین | X خطا سرور
f در با به از که را و یا تا برای است هستم هستید کنم کنید می‌کنم خواهم نظر مورد_نظر دهم شود بود شده خود هم اما ولی چون
f اگر یک می‌باشد
f چه باشم باشد کند کرده باید نظرتان تان را_برای
""",
    "he": """
a אני לי אנחנו | Y אתה את לך | B בתור כ | A בינה_מלאכותית מודל_שפה | c יכול יכולה ניתן אפשר אוכל | N לא שלא אין ללא
C סירוב מסרב | S לעזור לסכם לסייע לעזור_לך לסייע_לך סכם שאסכם לסכם_לך | s לענות לעבד לספק לבצע להשיב
T טקסט הטקסט מאמר המאמר מסמך תוכן התוכן | Q בקשה הבקשה שאלה השאלה שאלתך | L סיכום תקציר
G סיפקת סופק קיבלתי רואה צירפת נמצא גישה | E חסר ריק מספיק | P אנא בבקשה | V ספק שלח שתף הדבק לשלוח לספק_את
W מצטער מצטערת סליחה לצערי | O שלום כמובן בטח תודה | d זה זו הזה הזו עם_זה בזה איזה | X שגיאה | K מבין מבינה יודע
M מידע | f נראה ש של על עם או אבל כל איך היום כיצד תרצה רוצה
""",
    "hi": """
a मैं मुझे हम मेरे | Y आप आपने आपकी आपका आपको तुम | A एआई भाषा_मॉडल कृत्रिम | B एक | c सकता सकती सकते संभव असमर्थ
N नहीं कोई बिना | C असमर्थ_हूँ | S सहायता मदद सारांश संक्षेप सारांशित | s उत्तर जवाब प्रदान दे संसाधित पूरा_कर
T पाठ टेक्स्ट लेख दस्तावेज़ सामग्री | Q अनुरोध प्रश्न सवाल मांग | G दिया मिला उपलब्ध दिख दिखाई प्राप्त पहुँच पहुंच
E खाली गायब पर्याप्त | P कृपया | V प्रदान_करें उपलब्ध_कराएं भेजिए भेजें साझा दें पेस्ट भेज | W खेद क्षमा माफ़ माफ
O नमस्ते ज़रूर धन्यवाद
d इस यह इसमें इसका उस वह ऐसा | X त्रुटि | M जानकारी | K समझ पता समझा
f है हैं हूँ हूं किया की का के में से को करें कर करने और या गया करना रहा जो कि कैसे आज पूरा जिसे चाहते में_मदद कोई_भी पर
f जिसका चाहिए बताएं संबंधित क्या सकूं ताकि पा किसी रूप आया रहे प्रश्न_को पास तक
""",
    "th": """
a ฉัน ผม ดิฉัน เรา | Y คุณ | A ปัญญาประดิษฐ์ โมเดลภาษา | c สามารถ ได้ ทำ | N ไม่ ไม่มี ไม่ได้ | C ไม่สามารถ
S ช่วย สรุป ช่วยเหลือ | s ตอบ ให้ ดำเนินการ | T ข้อความ เนื้อหา บทความ เอกสาร | Q คำขอ คำถาม
G มา ส่ง แนบ พบ ให้มา เข้าถึง สิทธิ์ | E ว่าง ว่างเปล่า หายไป เพียงพอ ไม่เพียงพอ สั้นเกินไป | P กรุณา โปรด
V ระบุ ใส่ วาง แชร์ ให้ข้อความ ส่งข้อความ | W ขอโทษ ขออภัย เสียใจ | O สวัสดี แน่นอน ขอบคุณ | d นี้ นั้น ที่
X ข้อผิดพลาด | K เข้าใจ ทราบ | M ข้อมูล
f ดูเหมือน ว่า ดูเหมือนว่า ครับ ค่ะ ด้วย ที่จะ จะ การ ใน เรื่อง ใดๆ กับ ยัง มี ต้องการ อะไร วันนี้ อย่างไร เกี่ยวกับ
f ที่คุณ เพื่อ ต่อ คำ
""",
    "zh": """
a 我 我们 本人 我們 | Y 您 你 您的 你的 用户 | B 作为 作为一个 作为一名 作为一款 作為 作為一個 我是一个 我只是一个
A 人工智能 语言模型 語言模型 大模型 ai 助手 ai助手 ai语言模型 大型语言模型 人工智能助手 智能助手 人工智能助理 虚拟助手
A 智能语言模型 | c 能 可以 能够 能夠 法 会 | N 不 没有 没 未 无 無 沒有 未能 并未 並未 非 还没 尚未 还没有
C 无法 不能 無法 拒绝 不便 不会 不可以 不适合 难以 没法 没办法 无权 不宜 暂不支持 不支持 不方便 无法访问 无法查看 失败
S 概括 总结 摘要 帮助 协助 協助 總結 帮到您 帮到你 帮您 帮你 满足 满足您 提供帮助 帮忙 归纳 帮助您 帮助你 可以帮您
S 帮你的 可以帮助您 可以帮助你 能帮助您 能帮您 能帮你 可以帮到您 为您服务
s 回答 处理 处理该 提供 完成 讨论 回应 答复 给到 生成 分析 处理您 分类 执行 做 给出 解答 回复 处理此 處理 学习 聊 评论
s 访问外部 归类 查看 | T 文本 文章 内容 內容 文字 正文 文件 输入 附件 文档 原文 段落 材料 輸入 论文
Q 问题 請求 请求 话题 问题吧 問題 要求 任务 提问 主题 话题吧 敏感 敏感内容 违规 提问的
L 关键词 答案 概要 摘要如下 结果 | M 信息 资料 上下文 背景信息 相关信息 細節 细节 相关
G 看到 收到 识别 提供任何 找到 给出任何 包含 给到我 发现 读取 附 获取 给我 访问 打开
E 为空 空白 缺失 是空的 空 太短 不足 不够 不完整 缺少 过短 过于简短 太少 足够
P 请 請 请您 请先 麻烦 麻烦您 能否 可否 请你 可以请您 请问
V 粘贴 发送给 重新 告诉 分享 贴 发给 补充 输入您 发送 提交 附上 上传 | K 知道 理解 明白 清楚 确定 看懂 懂 看明白
W 抱歉 对不起 對不起 很遗憾 遗憾 不好意思 非常抱歉 很抱歉 十分抱歉 深表歉意 道歉
O 你好 您好 好的 当然 当然可以 谢谢 没问题 好 可以的 乐意 | H 以下是 下面是 如下 让我 我来 我将 我来为您 以下为 以下
d 这 该 此 这个 那 那个 这方面 这些 它 其 这样 这种 这段 这篇 哪 什么 哪些 | X 错误 系统繁忙 服务器 网络错误 超时
F 违反 政策 敏感词 规定
f 的 了 吗 呢 吧 啊 是 在 有 和 与 或 但 但是 而 为 给 对 把 将 让 就 都 也 很 目前 暂时 现在 需要 想 要 任何 供 看起来
f 似乎 好像 可能 关于 一些 其它 其他 向 尽力 会尽力 以便 如果 所以 因为 因此 换 换个 再 聊聊 解决 一下 一个 您需要 还
f 如何 怎么 可 为您 到 简短 个 点 所需 想要 希望 完整 段 篇 些 我想 今天 里 中 能够帮 语言 个人 观点 外部 链接 帮您的
f 助理 可以帮 帮到 进行 会话 重试 稍后 您想 您要 需 意思 说明 再说 来 足够的 说 清 指 具体 再说明 明 哪篇 如果您 权限
f 看法
""",
    "ja": """
a 私 わたし 当方 私は 私の | Y あなた お客様 | B として | A 言語モデル ai 人工知能 aiモデル アシスタント aiアシスタント
c 可能 できる | N ません ない なかった ませんでした おらず 無し なし ず
C できません できない できかねます いたしかねます かねます 致しかねます お断り ことができません 不可能 兼ねます
C することができ かねる 難しい 難しく | S 要約 手伝い お手伝い 手助け お力 サポート お役に立
s 答え お答え 回答 対応 処理 提供する 応じ 生成 実行 提示 お応え 述べ 述べる 述べること お話 アクセス 意見を述べ 作成
s 評価 | T テキスト 文章 本文 内容 入力 記事 文書 コンテンツ 論文 ファイル メッセージ
Q 質問 ご質問 リクエスト 依頼 ご依頼 要求 ご要望 トピック 用件 でしょう でしょうか 質問の
L キーワード 要約文 回答文 要約結果 | M 情報 詳細
G 含まれて 提供されて 見当たり 見つかり あり 受け取って 提供 添付されて 入力されて 確認 記載されて 与えられて ござい
G 届いて 届い 添付 記載 入って 送られて 確認でき でき
E 空 空です 空の 不足 欠けて 空欄 空白 足り 短すぎ 不十分 不足して
P ください 下さい いただけますか お願い いただけ いただけます お願いします お願いいたします もらえますか
V 教えて 貼り付けて 送って 入力して 提供して 共有して 貼って ご提供 ご入力 お送り お知らせ 共有 送信 貼り付け ご共有
V 提示して 送信して ご教示 | K 分かり わかり 存じ 理解でき 意図
W 申し訳 申し訳ありません ごめんなさい すみません 恐れ入ります 残念 残念ながら 申し訳ございません 恐縮
W 申し訳ありませんが 申し訳ございませんが 恐れ入りますが すみませんが 残念ですが
O はい もちろん 承知しました かしこまりました こんにちは ありがとう 了解 わかりました 承知
H 以下が 以下は 以下に こちらが 以下の | d その この それ これ そちら こちら あの | YS ご用件 | X エラー
f は が を に で と の も へ や か て し た です ます よう ようです だ な いる いない ください。 する ため したい という
f いたし いただ 致し 場合 が、 ご お て、 い ました まで から ので について 関する 関して ついて こと 出来 する場合 必要
f いただき たい れば なら 一度 もう もし 現在 下記 ね よ まだ 何 どの どちら 個人的 個人的な 意見 どのような ような
f ください、 本日 今日 外部 リンク 要約したい 教え お手数 ですが が必要 必要です 貴方 こちらで よろしければ 理解 意味
f それに もう少し よろし よろしい いかが なので 持って
""",
    "ko": """
a 저는 저 제가 저의 나는 저희 | Y 당신 귀하 고객님 사용자 | B 으로서 로서 | A 언어* 인공지능* ai* ai로서 인공* 모델*
c 수 가능 | N 않* 못* 아니* 안 | C 없습니다 없어요 없네요 없는 불가능* 어렵* 없음 거절* 없어* 없으* 불가* 곤란*
S 요약* 도와* 도움* 도울 돕* 도와드릴 도와드릴게요 도와드리겠습니다 요약해드*
s 답변* 답할 대답* 처리* 제공할 응답* 생성* 드릴 수행* 말씀* 제공해드릴 답해* 응할 제공해 수행할 도와 표현할 응해 드리기
s 이행할 | T 텍스트* 본문* 글을 글이 내용* 문서* 기사* 입력이 입력값* 파일* 메시지* | Q 요청* 질문* 주제* 문의*
L 키워드* 결과* | M 정보* 맥락*
G 제공되지 제공된 보이지 포함되* 포함되어 입력되지 찾을 받지 첨부되* 확인할 볼 제공받지 보입니다 전달되지 제공되* 접근할
G 접근* 확인되지 입력된 제공받은 첨부된 | E 비어 부족* 누락* 빈 비었* 짧* 충분*
P 주세요 주시겠어요 주시면 바랍니다 주십시오 부탁* 주시기 주시겠습니까 주실 줄래요
V 제공* 입력해 붙여넣* 보내* 공유* 알려* 첨부해 입력* 붙여 전달해 넣어 보내주* 알려주* 제공해* 올려* 보내주시면
V 입력해주* 첨부* | K 모르* 모릅니다 이해* 이해하* 알 이해가 | W 죄송* 미안* 안타깝게도 유감* 송구* 아쉽*
O 네 안녕하세요 물론* 알겠습니다 감사* 예 좋습니다 | H 다음은 아래는 여기
d 이 그 해당 이것* 그것* 것* 그런 이런 무엇을 어떤 | X 오류* | aS 도와드릴까요
f 할 하지만 있습니다 있는 있을 대해 대한 대해서 위해 하여 다시 더 드리겠습니다 드릴게요 것 같습니다 하는 해 주신
f 필요합니다 하실 요청하신 관련 저에게 및 또는 의 필요* 현재 지금 아직 먼저 수가 원하시는 하기 에 한 합니다 되어 에는
f 할지 무엇 어떻게 오늘 개인적* 의견* 외부* 링크* 전체 요청에 해주시면 내용을 질문을 다시_말씀 드릴까요 하면_될까요
f 의견은
""",
}
