"""The patterns of names that say something of mail, over their words; each is compiled when it is first used.

`MAYBE_...`: nobody but the user knows.
"""

# ruff: noqa: RUF001 - letters of other scripts are meant

MAIL = (
    r"e ?mails?|mails?|mailing\w*|newsletters?|marketing|courriels?|correos?|e ?post|e ?poster|nieuwsbrie\w+|"
    r"nyhetsbrev"
)
NO = (
    r"no|not|never|dont|don t|doesn t|won t|ikke|ikkje|en halua|nem|nu|δεν|non|nie|nicht|kein\w*|pas|sin|sem|senza|"
    r"geen|niet|bez|inga|inget|ej|inte|не|без|ne|nao"
)

# Names of this kind are about other things, or say how somebody can leave.
OTHERWISE = (
    r" (sms|texts?|text messages?|phone|mobile|calls?|telephone|whatsapp|push|fax|postal|post|brief|letters?|"
    r"direct mail|"
    r"active subscription|paid subscri\w*|trade|track|tracking|cookies?|terms|privacy|agb|photos?|links?|urls?|"
    r"tokens?|hash|tax|checks?|cheques?|order|orders|payment|"
    r"hear about|heard about|how did you|telefon\w*|telefono|appels?|llamar|llamadas|anrufe?n?|per post|courrier|"
    r"postitse|open|opened|clicks?|clicked) "
)
BY_MAIL = r" (e ?mails?|e ?post\w*|newsletters?|mailing list|marketing emails?|blog posts?) "

# What mails look like, or what became of them, and the addresses of letters.
ABOUT_MAILS = (
    rf" (?:{MAIL}|campaigns?) (?:\w+ )?(?:opens?|opened|clicks?|clicked|sent|sends|deliver(?:ed|ies)|replied|replies|"
    rf"received|"
    rf"read|"
    r"count|counts|total|number|rate|score|lang|language|locale|format|html|domain|client|provider|signature|subject|"
    r"template|design) | (?:last|first|latest|number of|count of|total|html|plain text) ?"
    rf"(?:{MAIL}|e ?mailed|mailed|campaigns?) | html ?e ?mails? | mailing (?:address|street|city|state|province|zip|"
    r"postal|country|county|region|name|line|label)\b| bounce rate | marketing (?:\w+ )?(?:manager|director|"
    r"department|team|role|agency|budget|qualified|source|"
    r"channel|score|persona) | (?:receive|send) (?:\w+ )?(?:invoices?|receipts?|"
    r"statements?|bills?|tickets?|rechnungen|factures?|facturas?|fatture) "
)

OTHER_CHANNEL = r" (sms|mms|text messages?|whatsapp|viber|push|phone|calls?|telephone|telefon\w*) "

TIME = (
    r" (time|times|timestamp|date|dates|at|on|since|when|day|datum|am|vom|zeitpunkt|le|fecha|data|quando|дата|"
    r"dzien|den|"
    r"datetime|utc) |日|时间|時間|時刻"
)
BY_CHANNEL = rf" by (?=(?:{MAIL}) )"  # says how, not who did it
DETAIL = (
    r" (reasons?|source|sources|ip|campaign|titles?|id|ids|comments?|method|by|form|text|version|country|level|grund|"
    r"quelle|motif|motivo|raison|reden|powod|orsak|причина|origin|count|counts|number|other|code|codes|type|mode|"
    r"note|"
    r"notes|rate|message|medium|collected from) |理由|原因"
)

LEFT = (
    r" (is )?(un ?sub\w*|un ?subscri\w*|opt(ed)? ?outs?|opt ?outs?|un ?opt|not opted in|"
    r"do ?not ?(e ?mail|contact|market|send|mail|disturb|solicit|spam)\w*|don ?t ?(e ?mail|contact|mail|send)|dnc|"
    r"dne|"
    r"no ?(e ?mails?|mails?|contact|marketing|newsletters?|bulk e ?mails?|bulk|spam|promos?|promotions?|mailings?)|"
    r"no longer subscribed|(not|never|non|no) (a )?subscri\w*|nonsubscri\w*|(block|black|deny) ?list\w*|suppress\w*|"
    r"bounced?|"
    r"bounces|"
    r"(hard|soft) ?bounc\w*|bouncecount|complain\w*|spam ?(complaints?|reports?)|(marked|"
    r"reported) (e ?mail )?(as )?spam|"
    r"marked email as spam|quarantin\w*|(un|not )confirmed|unbestatigt|cleaned|clean (time|date|campaign)|"
    r"undeliverable|stop (time|status|date)|stop (receiving|getting|sending) .*|no longer (contact|e ?mail|mail)\w*|"
    r"no valid e ?mail|do ?not ?allow (bulk )?(e ?mails?|mailings?)|do ?not ?(bulk|mass) ?e ?mail|"
    r"(is )?ineligible|opt ?in pending|pending opt ?in|npai|robinson ?(liste?|lijst|lista)|"
    rf"(?:refus\w*|rechaz\w*|rifiut\w*|recus\w*|weiger\w*|odm[ao]w\w*) (?:\w+ )?(?:{MAIL}|newsletter\w*|pub\w*|"
    rf"reklam\w*|werbung)|"
    r"e ?mails? (is )?(disabled|blocked|invalid|bad|stopped|rejected|undeliverable|off)|"
    r"(invalid|bad|blocked|disabled|excluded?|exclude) (from |for )?(e ?mails?|mailings?|campaigns?|newsletters?)|"
    r"(is )?excluded from campaigns|ineligible for e ?mail|consent (is )?(withdrawn|revoked|removed|denied)|"
    r"(withdrawn|revoked|withdrew|withdraw) (the )?consent|withdrawal|on hold|"
    # de
    r"abgemeldet\w*|abmeld\w*|abbestell\w*|austrag\w*|ausgetragen|widerruf\w*|widersproch\w*|widerspruch\w*|"
    r"sperrliste|sperrvermerk|werbesperre|mailsperre|newslettersperre|keine? (werbung|e ?mails?|mails?|newsletter|"
    r"mailings?|kontakt\w*|marketing)|nicht (mehr )?(kontaktier\w*|anschreib\w*|angeschrieben|mailen|bewerben|"
    r"beworben)|unzustellbar|beschwerde|"
    r"\w*(werbe|mail|mailing|newsletter|kontakt|sende|versand)(sperre|sperrung|verbot|widerspruch|widerspruche)|"
    r"(e ?mail|mail|mailing|newsletter|werbe|versand) (sperre|sperrung|verbot|widerspruch|gesperrt|unerwunscht)|"
    r"e ?mails? nicht zulassen|"
    # fr
    r"ne pas autoriser (les )?(e ?mails?|courriels?)|no permitir (correos?|e ?mails?)( electronicos?)?|"
    r"desabonn\w*|desinscri\w*|ne pas (contacter|envoyer|solliciter|mailer)|pas de (newsletter|mails?|e ?mails?|"
    r"pub\w*|"
    r"courriels?)|liste noire|rebonds?|opposition|"
    # es, pt, it
    r"desuscri\w*|(fecha de |dado de |de )?bajas?|no (contactar|enviar|molestar|correos?|publicidad|inviare|"
    r"contattare)|"
    r"lista (negra|nera)|rebot\w+|descadastr\w*|desinscri\w*|nao (contatar|contactar|enviar|perturbe)|"
    r"sem (newsletter|e ?mails?)|disiscri\w*|non (contattare|inviare|disturbare)|senza newsletter|rimbalz\w*|"
    r"revoca\w*|data (di )?cancellazione|"
    # nl, pl, sv
    r"uitgeschreven|uitschrijf\w*|uitschrijving\w*|afgemeld|afmeld\w*|geen (e ?mails?|mails?|nieuwsbrie\w+|contact|"
    r"mailing|newsletter|marketing)|niet (mailen|benaderen|contacteren)|zwarte lijst|geblokkeerd|wypisan\w*|wypis\w*|"
    r"rezygnac\w*|brak zgody|nie (kontaktowac|wysylac|wysylaj\w*)|bez (newslettera|mailingu|maili)|czarna lista|"
    r"sprzeciw|"
    r"avregistrer\w*|avprenumer\w*|avanmal\w*|inga (mejl|mail|utskick|nyhetsbrev)|inget (nyhetsbrev|utskick|"
    r"samtycke)|"
    r"ej (mail|mejl|nyhetsbrev|utskick)|kontakta (ej|inte)|svartlist\w*|studs\w*|"
    # ru
    r"отпис\w*|отказ\w* от (рассылк\w*|подписк\w*)|не (отправлять|беспокоить|писать|слать|рассылать)|без рассылки|"
    r"черныи список|жалоб\w*|"
    # uk, cs, sk, hu, ro, hr, sl
    r"відпис\w*|не (надсилати|турбувати)|odhlas\w*|leiratkoz\w*|dezabon\w*|odjav\w*|"
    # da, no, fi, et, lv, lt, is, ca
    r"frameld\w*|frabed\w*|avmeld\w*|reserver(?:t|t seg) mot|reservasjon mot|nei takk|nej tak|nej tack|"
    r"\w*(markkinointi|viesti)kiel(to|"
    r"toa|lot)|"
    r"loobu(nud|mine|mise)|atteic\w*|atsisak\w*|afskrað\w*|baixa (de |del )?(butlleti|newsletter)|"
    # tr, vi, id
    r"abonelik iptal\w*|abonelikten \w+|huy (dang ky|nhan)|(berhenti|batal) (ber)?langganan) |"
    r"διαγραφη (απο|newsletter)|απεγγραφ|הסרה מ|הוסר מ|ביטול (מנוי|הרשמה)|(الغاء|الغى) الاشتراك|لغو (اشتراک|عضویت)|"
    r"ยกเลิก(?:การ)?(?:สมัคร|รับ|ติดตาม)|구독 ?(취소|해지)|수신 ?(거부|차단)|"
    r"配信停止|購読解除|退会|配信拒否|受信拒否|オプトアウト|配信不可|送信不可|不達|配信解除|退订|退訂|取消订阅|"
    r"取消訂閱|黑名单|黑名單|拒收|勿扰"
)
# The same, run together with other words.
LEFT_INSIDE = (
    r"unsubscri|(?<![dlr])opt(ed)?out|mailopt(ed)?out|donot(bulk|mass)?(e?mail|contact)|black_?list|block_?list|"
    r"suppress(ed|ion)|"
    r"email(blocked|disabled)"
)

MAYBE_LEFT = (
    r" (is |was )?(inactive|disabled|blocked|banned|deleted|archived|suspended|removed|deactivated|spam|junk|"
    r"left (at|on|date|us)|date left|"
    r"excluded|"
    r"inaktiv|gesperrt|geloscht|deaktiviert|inactif|bloque|supprime|inactivo|bloqueado|eliminado|inattivo|bloccato|"
    r"sperre|kontaktsperre|διαγραμμεν\w*|peruut\w*|inativo|inactief|verwijderd|nieaktywny|zablokowan\w*|inaktiv|"
    r"sparrad|blockerad|заблокирован\w*|удален\w*) |"
    r"无效|停用|無効|停止"
)

# Said of mail, these refuse what would else be an agreement.
REFUSES = (
    r" (?:gesperrt|gekundigt|storniert|beendet|opgezegd|resilie\w*|annul\w*|cancelad[oa]|blocked|blockiert|suspended|"
    r"stopped|paused|pending|unerwunscht|abgelehnt|verboten|untersagt|refus\w*|rechaz\w*|"
    r"rifiut\w*|"
    r"recus\w*|\w*weiger\w*|odm[ao]w\w*|tackat nej|tackar nej|takket nei|nej|nei|declin\w*|denied|complain\w*|"
    r"spam) "
)
# To be mailed, as the questions of forms say it.
RECEIVING = (
    r" (?:receives?|receiving|hear(?:ing)? from|erhalten|recevoir|recibir|receber|ricevere|ontvangen|otrzym\w*|modtage|"
    r"motta|mottaga|dostavat|odebirat|получать|отримувати) "
)
NEWS = (
    r" (?:news|updates?|offers?|promotions?|promotional|communications?|announcements?|us|angebote|neuigkeiten|infos?|"
    r"informationen|nouveautes|offres|actualites|novedades|noticias|publicidad|ofertas|comunicaciones|boletin\w*|"
    r"novidades|comunicacoes|novita|offerte|comunicazioni|aanbiedingen|nieuws|informacj\w*|ofert|tilbud|erbjudanden|"
    r"nyheter|nyhetsbrev|nyhedsbrev|novinky|novinek|новости|рассылк\w*) "
)
# Words that leave a consent one to mail, or to everything.
CONSENT_WORDS = (
    rf" (?:{MAIL}|e|to|for|the|of|is|has|have|been|given|by|be|i|we|you|your|our|my|me|us|with|contact|contacted|"
    rf"contacts|"
    r"communications?|promotional|promotions?|offers?|news|updates?|gdpr|data|processing|subscriber|subscription|user|"
    r"customer|member|date|time|at|on|timestamp|yes|no|opt|in|legal|general|explicit|electronic|commercial|status|"
    r"receive|receiving|newsletter|info|information|granted|person|profile|account|list|lists|direct|digital|and|or|"
    r"bulk|mass|all|any|future|dt|utc|flag|value|channel|channels|consent\w*|permission\w*|permitted|agree\w*|"
    r"accept\w*|allow\w*|optin|eu|updated|created|state|double|single|latest|current|web|website) "
)
ENGLISH_CONSENT = (
    r" (?:consents?|consented|consenting|permission\w*|permitted|agree[sd]?|agreement|accepts?|accepted|accepting|"
    r"allow\w*) "
)

CONSENT = (
    r"consent\w*|permission\w*|permitted|\w*einwillig\w*|\w*zustimm\w*|consentement\w*|consentimiento|"
    r"consentimento|consens[oi]|"
    r"toestemming|zgod[ay]|samtycke|согласи\w*|agree[sd]?|agreement|accept\w*|allow\w*|gdpr|dsgvo|rgpd|avg|rodo|"
    r"autorisation"
)
AGREED = (
    rf" ((?:double )?opt(ed)? ?ins?|(double )?opt ?in|doi|is subscribed|subscribed|subscriber|subscribes?|"
    rf"subscription|"
    rf"resubscribed|newsletters?|mailing ?lists?|e ?mail (ok|allowed|updates?)|(can|may|ok|"
    rf"okay) (to )?(be )?(e ?mail\w*|"
    rf"contact\w*)|mailable|emailable|marketable|wants? (the |our )?(newsletter|e ?mails?|"
    rf"mailings?|"
    rf"updates?)|send me .*|sign me up.*|keep me .*|(?:{CONSENT})|accepts? .*marketing|marketing ?(ok|allowed|"
    rf"opt ?in)|"
    rf"email ?marketing|marketing ?(e ?mails?)|marketing|"
    # de, fr, es
    rf"angemeldet|abonniert|abonnent|newsletteranmeldung|anmeldedatum|werbung( erlaubt)?|mailing|rundbrief|"
    rf"newsletter ?(empfanger\w*|versand|bezug)|"
    rf"abonnee?|inscrite?|inscription|infolettre|lettre d information|accepte .*|suscrit[oa]|suscripcion|boletin|"
    rf"acepta .*|"
    # it, pt, nl
    rf"(iys )?onay\w*|izin|izni|iys \w+|suostumus|samtykke|hozzajarul\w*|suhlas|souhlas|consimtamant|"
    rf"iscritt[oa]|iscrizione|accetta .*|inscrit[oa]|assinante|boletim|aceita .*|ingeschreven|aangemeld|"
    rf"nieuwsbrie\w+|"
    # pl, sv, ru
    rf"zapisan[yae]|subskry\w*|biuletyn|prenumerer\w*|prenumerant|nyhetsbrev|utskick|подпис\w*|рассылк\w*|новости) |"
    r"수신 ?동의|購読|メルマガ|メールマガジン|メールニュース|DM配信|dm配信|ニュースレター|配信希望|メール配信|受信希望|"
    r"同意|许可|許諾|"
    r"订阅|訂閱|电子报|電子報|接收邮件|营销邮件"
)
AGREED_INSIDE = r"(?<![dc])opt(ed)?in(?!g)|accepts?(email)?marketing|(marketing|email|gdpr)consent|is_?subscribed"
PERMITS = rf" (?:{CONSENT}|accepts?|subscribed|newsletters?|is subscribed) |同意|许可|許諾"
VAGUE = (
    r" (subscription|subscriber|newsletters?|mailing ?lists?|mailing|inscription|inscrite?|inscrit[oa]|iscrizione|"
    r"suscripcion|подпис\w*|abonnee?|werbung|marketing|gdpr|dsgvo|rgpd|avg|rodo|zapisan[yae]|"
    r"angemeldet|aangemeld|agree[sd]?|agreement|accept\w*|allow\w*|permission\w*|consent\w*|confirmed) "
)

MAYBE_AGREED = (
    r" (is )?(active|enabled|confirmed|e ?mail (verified|confirmed)|verified|bestatigt|aktiv|actif|activo|attivo|"
    r"legal basis|lawful basis|base legal|base legale|rechtsgrundlage|ativo|actief|aktywn[ya]|bekraftad|активен|"
    r"confirme|confirmado|confermato) |有効|启用"
)

# Of things that are counted.
COUNTS = (
    r" (?:days?|hours?|minutes|items?|points|received|count|counts|number|total|score|rate|visits|sessions|users|seats|"
    r"files?|licen[cs]es) "
)

# A question about mail in words that are not known: nobody but the user knows what a yes or no to it means.
ABOUT_MAIL = (
    rf" (?:{MAIL}|mailing|markkinointi\w*|odber\w*|dm|comunicaciones|comunicacoes|comunicazioni|communications?|mejl|"
    rf"maily|mailu|mailen|contactable|reachable|deliverable|contact me|notifications?) |"
    r"newsletter|nyhedsbrev|nyhetsbrev|uutiskirj|hirlev|bulten|buletin|uudiskir|jaunumu|naujienlaisk|"
    r"ενημερωτικ|розсилк|бюлетин|obvestil|novic|zpravodaj|spravodaj|nieuwsbrief|e ?posta|sahkoposti|"
    r"配信|メール|邮件|郵件|邮箱|电邮|電郵|수신|메일|뉴스레터|구독|النشرة|بريد|ניוזלטר|דוור|דיוור|"
    r"จดหมายข่าว|อีเมล|ban tin"
)

STATE = (
    r"durum\w*|tila|stav|stanje|allapot|status|state|stat|zustand|etat|statut|estado|stato|stan|статус|состояние|"
    r"tilstand|"
    r"standing|situacao|κατασταση|trang thai"
)
STATUS = rf" (?:.* )?(?:{STATE}|type|typ|subscription) |ステータス|状態|状态|狀態|狀况|상태|סטטוס|الحالة|وضعیت|สถานะ"
MAIL_STATUS = (
    rf" (({MAIL}|e ?mail marketing|mailing list|opt ?in|permission|consent|marketable|deliverability|global|list|"
    rf"subscriber|"
    rf"subscribe|suppression|unsubscribed|bounce)( \w+)? (?:{STATE})|(?:{STATE}) ({MAIL})|subscribestatus) |"
    r"(メール|配信|購読|邮件|訂閱|订阅).*(ステータス|状態|状态|狀態)"
)
MAIL_PERMISSION = rf" ({MAIL}|email marketing) (\w+ )?(?:{CONSENT}) "
