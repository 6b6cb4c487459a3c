"""The patterns of names that say something of mail, over their words; each is compiled when it is first used.

`MAYBE_...`: nobody but the user knows.
"""

# ruff: noqa: RUF001 - letters of other scripts are meant

MAIL = (
    r"e ?mails?|mails?|mailing\w*|newsletters?|marketing|courriels?|correos?|e ?post|e ?poster|nieuwsbrie\w+|"
    r"nyhetsbrev"
)
# Names of this kind are about other things, or say how somebody can leave.
OTHERWISE = (
    r" (sms|texts?|text messages?|phone|mobile|calls?|telephone|whatsapp|push|fax|postal|post|brief|letters?|"
    r"direct mail|active subscription|paid subscri\w*|trade|track|tracking|cookies?|terms|privacy|agb|photos?|links?|"
    r"urls?|tokens?|hash|tax|checks?|cheques?|order|orders|payment|hear about|heard about|how did you|telefon\w*|"
    r"telefono|appels?|llamar|llamadas|anrufe?n?|per post|courrier|postitse|open|opened|clicks?|clicked) "
)
BY_MAIL = r" (e ?mails?|e ?post\w*|newsletters?|mailing list|marketing emails?|blog posts?) "

# What mails look like, or what became of them, and the addresses of letters.
ABOUT_MAILS = (
    rf" (?:{MAIL}|campaigns?) (?:\w+ )?(?:opens?|opened|clicks?|clicked|sent|sends|deliver(?:ed|ies)|replied|replies|"
    r"received|read|count|counts|total|number|rate|score|lang|language|locale|format|html|domain|client|provider|"
    rf"signature|subject|template|design) | (?:last|first|latest|number of|count of|total|html|plain text) ?(?:{MAIL}|"
    r"e ?mailed|mailed|campaigns?) | html ?e ?mails? | mailing (?:address|street|city|state|province|zip|postal|"
    r"country|county|region|name|line|label)\b| bounce rate | rechnung\w* (?:per|mit|via) (?:e ?)?mail |"
    r" marketing (?:\w+ )?(?:manager|director|department|team|role|agency|budget|qualified|source|channel|score|"
    r"persona) | (?:receive|send) (?:\w+ )?(?:invoices?|receipts?|statements?|bills?|tickets?|rechnungen|factures?|"
    r"facturas?|fatture) "
)

OTHER_CHANNEL = r" (sms|mms|text messages?|whatsapp|viber|push|phone|calls?|telephone|telefon\w*) "

TIME = (
    r" (time|times|timestamp|date|dates|at|on|since|when|day|datum|am|vom|zeitpunkt|le|fecha|data|quando|дата|dzien|"
    r"den|datetime|utc) |日|时间|時間|時刻"
)
BY_WHAT = r" (?:via|through|channel) $"  # somebody left
CHANNELS = r" channels | channel ids? "  # which somebody left
BY_CHANNEL = rf" by (?=(?:{MAIL}) )"  # says how, not who did it
DETAIL = (
    r" (reasons?|source|sources|ip|campaign|titles?|id|ids|comments?|method|by|form|text|version|country|level|grund|"
    r"quelle|motif|motivo|raison|reden|powod|orsak|причина|origin|count|counts|number|other|code|codes|type|mode|note|"
    r"notes|rate|message|medium|collected from) |理由|原因"
)

LEFT = (
    r" (is )?(un ?sub\w*|un ?subscri\w*|opt(ed)? ?outs?|opt ?outs?|un ?opt|not opted in|"
    r"do ?not ?(e ?mail|contact|market|send|mail|disturb|solicit|spam)\w*|don ?t ?(e ?mail|contact|mail|send)|dnc|"
    r"dne|"
    r"no ?(e ?mails?|mails?|contact|marketing|newsletters?|bulk e ?mails?|bulk|spam|promos?|promotions?|mailings?)|"
    r"no longer subscribed|(not|never|non|no) (a )?subscri\w*|nonsubscri\w*|(block|black|deny) ?list\w*|suppress\w*|"
    r"bounced?|bounces|(hard|soft) ?bounc\w*|bouncecount|complain\w*|spam ?(complaints?|reports?)|"
    r"(marked|reported) (e ?mail )?(as )?spam|marked email as spam|quarantin\w*|(un|not )confirmed|unbestatigt|"
    r"cleaned|clean (time|date|campaign)|undeliverable|stop (time|status|date)|stop (receiving|getting|sending) .*|"
    r"no longer (contact|e ?mail|mail)\w*|no valid e ?mail|do ?not ?allow (bulk )?(e ?mails?|mailings?)|"
    r"do ?not ?(bulk|mass) ?e ?mail|e ?mails? (is )?ineligible|opt ?in pending|pending opt ?in|npai|"
    r"robinson ?(liste?|lijst|lista)|"
    rf"(?:refus\w*|rechaz\w*|rifiut\w*|recus\w*|weiger\w*|odm[ao]w\w*) (?:\w+ )?(?:{MAIL}|newsletter\w*|pub\w*|"
    r"reklam\w*|werbung)|"
    r"e ?mails? (is )?(disabled|blocked|invalid|bad|stopped|rejected|undeliverable|off)|"
    r"(invalid|bad|blocked|disabled|excluded?|exclude) (from |for )?(e ?mails?|mailings?|campaigns?|newsletters?)|"
    r"(is )?excluded from campaigns|ineligible for (e ?mail|marketing)\w*|"
    r"consent (is )?(withdrawn|revoked|removed|denied)|(withdrawn|revoked|withdrew|withdraw) (the )?consent|"
    r"withdrawal|on hold|"
    # de
    r"abgemeldet\w*|abmeld\w*|abbestell\w*|austrag\w*|ausgetragen|widerruf\w*|widersproch\w*|widerspruch\w*|"
    r"sperrliste|sperrvermerk|werbesperre|mailsperre|newslettersperre|keine? (werbung|e ?mails?|mails?|newsletter|"
    r"mailings?|kontakt\w*|marketing)|nicht (mehr )?(kontaktier\w*|anschreib\w*|angeschrieben|mailen|bewerben|"
    r"beworben)|unzustellbar|beschwerde|\w*(werbe|mail|mailing|newsletter|kontakt|sende|versand)(sperre|sperrung|"
    r"verbot|widerspruch|widerspruche)|(e ?mail|mail|mailing|newsletter|werbe|versand) (sperre|sperrung|verbot|"
    r"widerspruch|gesperrt|unerwunscht)|e ?mails? nicht zulassen|"
    # fr
    r"ne pas autoriser (les )?(e ?mails?|courriels?)|no permitir (correos?|e ?mails?)( electronicos?)?|desabonn\w*|"
    r"desinscri\w*|ne pas (contacter|envoyer|solliciter|mailer)|pas de (newsletter|mails?|e ?mails?|pub\w*|"
    r"courriels?)|liste noire|rebonds?|opposition|"
    # es, pt, it
    r"desuscri\w*|(fecha de |dado de |de )?bajas?|no (contactar|enviar|molestar|correos?|publicidad|inviare|"
    r"contattare)|lista (negra|nera)|rebot\w+|descadastr\w*|desinscri\w*|nao (contatar|contactar|enviar|perturbe)|"
    r"sem (newsletter|e ?mails?)|disiscri\w*|non (contattare|inviare|disturbare)|senza newsletter|rimbalz\w*|"
    r"revoca\w*|data (di )?cancellazione|"
    # nl, pl, sv
    r"uitgeschreven|uitschrijf\w*|uitschrijving\w*|afgemeld|afmeld\w*|geen (e ?mails?|mails?|nieuwsbrie\w+|contact|"
    r"mailing|newsletter|marketing)|niet (mailen|benaderen|contacteren)|zwarte lijst|geblokkeerd|wypisan\w*|wypis\w*|"
    r"rezygnac\w*|brak zgody|nie (kontaktowac|wysylac|wysylaj\w*)|bez (newslettera|mailingu|maili)|czarna lista|"
    r"sprzeciw|avregistrer\w*|avprenumer\w*|avanmal\w*|inga (mejl|mail|utskick|nyhetsbrev)|inget (nyhetsbrev|utskick|"
    r"samtycke)|ej (mail|mejl|nyhetsbrev|utskick)|kontakta (ej|inte)|svartlist\w*|studs\w*|"
    # ru
    r"отпис\w*|отказ\w* от (рассылк\w*|подписк\w*)|не (отправлять|беспокоить|писать|слать|рассылать)|без рассылки|"
    r"черныи список|жалоб\w*|"
    # uk, cs, sk, hu, ro, hr, sl
    r"відпис\w*|не (надсилати|турбувати)|odhlas\w*|leiratkoz\w*|dezabon\w*|odjav\w*|"
    # da, no, fi, et, lv, lt, is, ca
    r"frameld\w*|frabed\w*|avmeld\w*|reserver(?:t|t seg) mot|reservasjon mot|nei takk|nej tak|nej tack|"
    r"\w*(markkinointi|viesti)kiel(to|toa|lot)|loobu(nud|mine|mise)|atteic\w*|atsisak\w*|afskrað\w*|baixa (de |"
    r"del )?(butlleti|newsletter)|"
    # tr, vi, id
    r"abonelik iptal\w*|abonelikten \w+|huy (dang ky|nhan)|(berhenti|batal) (ber)?langganan) |διαγραφη (απο|"
    r"newsletter)|απεγγραφ|הסרה מ|הוסר מ|ביטול (מנוי|הרשמה)|(الغاء|الغى) الاشتراك|لغو (اشتراک|عضویت)|"
    r"ยกเลิก(?:การ)?(?:สมัคร|รับ|ติดตาม)|구독 ?(취소|해지)|수신 ?(거부|차단)|配信停止|購読解除|退会|配信拒否|受信拒否|"
    r"オプトアウト|配信不可|送信不可|不達|配信解除|退订|退訂|取消订阅|取消訂閱|黑名单|黑名單|拒收|勿扰"
)
# The same, run together with other words.
LEFT_INSIDE = (
    r"unsubscri|(?<![dlr])opt(ed)?out|mailopt(ed)?out|donot(bulk|mass)?(e?mail|contact)|black_?list|block_?list|"
    r"suppress(ed|ion)|email(blocked|disabled)"
)

MAYBE_LEFT = (
    r" (is |was )?(inactive|disabled|blocked|banned|deleted|archived|suspended|removed|deactivated|spam|junk|"
    r"left (at|on|date|us)|date left|excluded|inaktiv|gesperrt|geloscht|deaktiviert|inactif|bloque|supprime|inactivo|"
    r"bloqueado|eliminado|inattivo|bloccato|sperre|kontaktsperre|διαγραμμεν\w*|peruut\w*|inativo|inactief|verwijderd|"
    r"nieaktywny|zablokowan\w*|inaktiv|sparrad|blockerad|заблокирован\w*|удален\w*) |无效|停用|無効|停止"
)

# To be mailed, as the questions of forms say it.
RECEIVING = (
    r" (?:receives?|receiving|hear(?:ing)? from|erhalten|bekommen|recevoir|recibir|receber|ricevere|ontvangen|"
    r"otrzym\w*|modtage|motta|mottaga|dostavat|odebirat|получать|отримувати) "
)
# German for both "receive" and "got": a question only beside a wish.
GOT = (" erhalten ", " bekommen ")
WISHES = r" (?:mochten?|will|wollen|wunsch\w*|gerne?|einverstanden|zustimm\w*|soll\w*|darf|durfen) "
NEWS = (
    r" (?:news|updates?|offers?|promotions?|promotional|communications?|announcements?|us|angebote|neuigkeiten|infos?|"
    r"informationen|nouveautes|offres|actualites|novedades|noticias|publicidad|ofertas|comunicaciones|boletin\w*|"
    r"novidades|comunicacoes|novita|offerte|comunicazioni|aanbiedingen|nieuws|informacj\w*|ofert|tilbud|erbjudanden|"
    r"nyheter|nyhetsbrev|nyhedsbrev|novinky|novinek|новости|рассылк\w*) "
)
# Words that leave a consent one to mail, or to everything.
CONSENT_WORDS = (
    rf" (?:{MAIL}|e|to|for|the|of|is|has|have|been|given|by|be|i|we|you|your|our|my|me|us|with|contact|contacted|"
    r"contacts|communications?|promotional|promotions?|offers?|news|updates?|gdpr|data|processing|subscriber|"
    r"subscription|user|customer|member|date|time|at|on|timestamp|yes|no|opt|in|legal|general|explicit|electronic|"
    r"commercial|status|receive|receiving|newsletter|info|information|granted|person|profile|account|list|lists|"
    r"direct|digital|and|or|bulk|mass|all|any|future|dt|utc|flag|value|channel|channels|consent\w*|permission\w*|"
    r"permitted|agree\w*|accept\w*|allow\w*|optin|eu|updated|created|state|double|single|latest|current|web|website) "
)
ENGLISH_CONSENT = (
    r" (?:consents?|consented|consenting|permission\w*|permitted|agree[sd]?|agreement|accepts?|accepted|accepting|"
    r"allow\w*) "
)

CONSENT = (
    r"consent\w*|permission\w*|permitted|\w*einwillig\w*|\w*zustimm\w*|consentement\w*|consentimiento|consentimento|"
    r"consens[oi]|toestemming|zgod[ay]|samtycke|согласи\w*|agree[sd]?|agreement|accept\w*|allow\w*|gdpr|dsgvo|rgpd|"
    r"avg|rodo|autorisation"
)
AGREED = (
    r" ((?:double )?opt(ed)? ?ins?|(double )?opt ?in|doi|is subscribed|subscribed|subscriber|subscribes?|"
    r"subscription|resubscribed|newsletters?|mailing ?lists?|e ?mail (ok|allowed|updates?)|"
    r"(can|may|ok|okay) (to )?(be )?(e ?mail\w*|contact\w*)|mailable|emailable|marketable|"
    rf"wants? (the |our )?(newsletter|e ?mails?|mailings?|updates?)|send me .*|sign me up.*|keep me .*|(?:{CONSENT})|"
    r"accepts? .*marketing|marketing ?(ok|allowed|opt ?in)|email ?marketing|marketing ?(e ?mails?)|marketing|"
    # de, fr, es
    r"angemeldet|abonniert|abonnent|newsletteranmeldung|anmeldedatum|werbung( erlaubt)?|mailing|rundbrief|"
    r"newsletter ?(empfanger\w*|versand|bezug)|abonnee?|inscrite?|inscription|infolettre|lettre d information|"
    r"accepte .*|suscrit[oa]|suscripcion|boletin|acepta .*|"
    # it, pt, nl
    r"(iys )?onay\w*|izin|izni|iys \w+|suostumus|samtykke|hozzajarul\w*|suhlas|souhlas|consimtamant|iscritt[oa]|"
    r"iscrizione|accetta .*|inscrit[oa]|assinante|boletim|aceita .*|ingeschreven|aangemeld|nieuwsbrie\w+|"
    # pl, sv, ru
    r"zapisan[yae]|subskry\w*|biuletyn|prenumerer\w*|prenumerant|nyhetsbrev|utskick|подпис\w*|рассылк\w*|новости) |"
    r"수신 ?동의|購読|メルマガ|メールマガジン|メールニュース|DM配信|dm配信|ニュースレター|配信希望|メール配信|"
    r"受信希望|同意|许可|許諾|订阅|訂閱|电子报|電子報|接收邮件|营销邮件"
)
AGREED_INSIDE = r"(?<![dc])opt(ed)?in(?!g)|accepts?(email)?marketing|(marketing|email|gdpr)consent|is_?subscribed"
PERMITS = rf" (?:{CONSENT}|accepts?|subscribed|newsletters?|is subscribed) |同意|许可|許諾"
VAGUE = (
    r" (subscription|subscriber|newsletters?|mailing ?lists?|mailing|inscription|inscrite?|inscrit[oa]|iscrizione|"
    r"suscripcion|подпис\w*|abonnee?|werbung|marketing|gdpr|dsgvo|rgpd|avg|rodo|zapisan[yae]|angemeldet|aangemeld|"
    r"agree[sd]?|agreement|accept\w*|allow\w*|permission\w*|consent\w*|confirmed) "
)

MAYBE_AGREED = (
    r" (is )?(active|enabled|confirmed|e ?mail (verified|confirmed)|verified|bestatigt|aktiv|actif|activo|attivo|"
    r"legal basis|lawful basis|base legal|base legale|rechtsgrundlage|ativo|actief|aktywn[ya]|bekraftad|активен|"
    r"confirme|confirmado|confermato) |有効|启用"
)

# Of things that are counted.
COUNTS = (
    r" (?:days?|hours?|minutes|items?|points|received|count|counts|number|total|score|rate|visits|sessions|users|"
    r"seats|files?|licen[cs]es) "
)

# A question about mail in words that are not known: nobody but the user knows what a yes or no to it means.
ABOUT_MAIL = (
    rf" (?:{MAIL}|mailing|markkinointi\w*|odber\w*|dm|comunicaciones|comunicacoes|comunicazioni|communications?|mejl|"
    r"maily|mailu|mailen|contactable|reachable|deliverable|contact me|notifications?) |newsletter|nyhedsbrev|"
    r"nyhetsbrev|uutiskirj|hirlev|bulten|buletin|uudiskir|jaunumu|naujienlaisk|ενημερωτικ|розсилк|бюлетин|obvestil|"
    r"novic|zpravodaj|spravodaj|nieuwsbrief|e ?posta|sahkoposti|配信|メール|邮件|郵件|邮箱|电邮|電郵|수신|메일|"
    r"뉴스레터|구독|النشرة|بريد|ניוזלטר|דוור|דיוור|จดหมายข่าว|อีเมล|ban tin"
)

STATE = (
    r"durum\w*|tila|stav|stanje|allapot|status|state|stat|zustand|etat|statut|estado|stato|stan|статус|состояние|"
    r"tilstand|standing|situacao|κατασταση|trang thai"
)
STATUS = rf" (?:.* )?(?:{STATE}|type|typ|subscription) |ステータス|状態|状态|狀態|狀况|상태|סטטוס|الحالة|وضعیت|สถานะ"
MAIL_STATUS = (
    rf" (({MAIL}|e ?mail marketing|mailing list|opt ?in|permission|consent|marketable|deliverability|global|list|"
    rf"subscriber|subscribe|suppression|unsubscribed|bounce)( \w+)? (?:{STATE})|"
    rf"(?:{STATE}) ({MAIL})|subscribestatus) |(メール|配信|購読|邮件|訂閱|订阅).*(ステータス|状態|状态|狀態)"
)
MAIL_PERMISSION = rf" ({MAIL}|email marketing) (\w+ )?(?:{CONSENT}) "
