"""The patterns of names that say something of mail, over their words; each is compiled when it is first used.

`MAYBE_...`: nobody but the user knows.
"""

# ruff: noqa: RUF001 - letters of other scripts are meant

from autosend_mcp.models.opt_out_refusals import REFUSING
from autosend_mcp.models.opt_out_subjects import MAIL, MAILS

TIME = (
    r" (time|times|timestamp|date|dates|at|on|since|when|day|datum|am|vom|zeitpunkt|le|fecha|data|quando|дата|dzien|"
    r"den|datetime|utc) |日|时间|時間|時刻"
)
BY_WHAT = r" (?:via|through|channel) $"  # somebody left
CHANNELS = r" channels | channel ids? "  # which somebody left
BY_CHANNEL = rf" by (?=(?:{MAIL}) )"  # says how, not who did it

LEFT = (
    r" (is )?(un ?sub\w*|un ?subscri\w*|opt(ed)? ?outs?|opt (me|us) out|un ?opt|un(marketable|mailable|emailable)|"
    r"non ?(marketable|mailable)|not opted in|do ?not ?(e ?mail|contact|market|send|mail|disturb|solicit|spam)\w*|"
    r"don ?t ?(e ?mail|contact|mail|send)|dnc|dne|no ?(e ?mails?|mails?|contact|marketing|newsletters?|bulk e ?mails?|"
    r"bulk|spam|promos?|promotions?|mailings?)|no longer subscribed|(not|never|non|no) (a )?subscri\w*|nonsubscri\w*|"
    r"(block|black|deny) ?list\w*|suppress\w*|bounced?|bounces|bounce ?backs?|(hard|soft) ?bounc\w*|bouncecount|"
    r"complain(ed|er|ers)|spam ?(complaints?|reports?)|(marked|reported) (e ?mail )?(as )?spam|marked email as spam|"
    r"(un|not )confirmed|unbestatigt|clean (time|date|campaign)|undeliverable|stop (time|status|date)|stop (receiving|"
    r"getting|sending) .*|no longer (contact|e ?mail|mail)\w*|no valid e ?mail|do ?not ?allow (bulk )?(e ?mails?|"
    r"mailings?)|do ?not ?(bulk|mass) ?e ?mail|e ?mails? (is )?ineligible|opt ?in pending|pending opt ?in|npai|"
    r"robinson ?(listen?|liste?|lijst|lista)|(lista|liste|list|listado) (de )?robinson|"
    rf"(?:widerspruch|widerruf\w*|sprzeciw|opposition|oposicion|opposizione|revoca\w*|rezygnacj\w*|"
    rf"withdr[ae]w\w*) (?:\w+ ){{0,3}}(?:{MAILS}|consen[st]\w*|zgod\w*|einwilligung\w*)|{REFUSING}|"
    rf"(?:{MAIL}) (?:\w+ )?(?:complaints?|quarantin\w*|on hold|widerruf\w*|widerspruch|opposition)|(?:refus\w*|"
    rf"rechaz\w*|rifiut\w*|recus\w*|weiger\w*|odm[ao]w\w*) (?:\w+ )?(?:{MAIL}|newsletter\w*|pub\w*|"
    r"reklam\w*|werbung)|e ?mails? (is )?(disabled|delivery disabled|suspended|blocked|invalid|bad|stopped|rejected|"
    r"undeliverable|off)|(invalid|bad|blocked|disabled|excluded?|exclude) (from |for )?(e ?mails?|mailings?|campaigns?|"
    r"newsletters?)|(is )?excluded from campaigns|ineligible for (e ?mail|marketing)\w*|consent (is )?(withdrawn|"
    r"revoked|removed|denied)|(withdrawn|revoked|withdrew|withdraw) (the )?consent|"
    # de
    r"abgemeldet\w*|abmeld\w*|abbestell\w*|austrag\w*|ausgetragen|sperrliste|sperrvermerk|werbesperre|mailsperre|"
    r"newslettersperre|keine? (werbung|e ?mails?|mails?|newsletter|mailings?|kontakt\w*|marketing)|"
    r"nicht (mehr )?(kontaktier\w*|anschreib\w*|angeschrieben|mailen|bewerben|beworben)|unzustellbar|\w*(werbe|mail|"
    r"mailing|newsletter|kontakt|sende|versand)(sperre|sperrung|verbot|widerspruch|widerspruche)|(e ?mail|mail|mailing|"
    r"newsletter|werbe|versand) (sperre|sperrung|verbot|widerspruch|gesperrt|unerwunscht)|e ?mails? nicht zulassen|"
    # fr
    r"ne pas autoriser (les )?(e ?mails?|courriels?)|no permitir (correos?|e ?mails?)( electronicos?)?|desabonn\w*|"
    r"desinscri\w*|ne pas (contacter|envoyer|solliciter|mailer|relancer|demarcher)|pas de (newsletter|mails?|e ?mails?|"
    r"pub\w*|courriels?)|liste noire|"
    # es, pt, it
    r"desuscri\w*|(fecha de |dado de |de )?bajas?|no (contactar|enviar|molestar|correos?|publicidad|inviare|"
    r"contattare)|lista (negra|nera)|rebot\w+|descadastr\w*|desinscri\w*|nao (contatar|contactar|enviar|perturbe)|"
    r"sem (newsletter|e ?mails?)|disiscri\w*|non (contattare|inviare|disturbare)|senza newsletter|rimbalz\w*|"
    r"data (di )?cancellazione|"
    # nl, pl, sv
    r"uitgeschreven|uitschrijf\w*|uitschrijving\w*|afgemeld|afmeld\w*|geen (e ?mails?|mails?|nieuwsbrie\w+|contact|"
    r"mailing|newsletter|marketing)|niet (mailen|benaderen|contacteren)|zwarte lijst|geblokkeerd|wypisan\w*|wypis\w*|"
    r"brak zgody|nie (kontaktowac|wysylac|wysylaj\w*)|bez (newslettera|mailingu|maili)|czarna lista|avregistrer\w*|"
    r"avprenumer\w*|avanmal\w*|inga (mejl|mail|utskick|nyhetsbrev)|inget (nyhetsbrev|utskick|samtycke)|ej (mail|mejl|"
    r"nyhetsbrev|utskick)|kontakta (ej|inte)|svartlist\w*|studs\w*|"
    # ru
    r"отпис\w*|отказ\w* от (рассылк\w*|подписк\w*)|не (отправлять|беспокоить|писать|слать|рассылать)|без рассылки|"
    r"(черныи|чорнии) список|"
    # uk, cs, sk, hu, ro, hr, sl
    r"відпис\w*|не (надсилати|турбувати)|odhlas\w*|leiratkoz\w*|dezabon\w*|odjav\w*|"
    # da, no, fi, et, lv, lt, is, ca
    r"frameld\w*|frabed\w*|avmeld\w*|reserver(?:t|t seg) mot|reservasjon mot|nei takk|nej tak|nej tack|"
    r"\w*(markkinointi|viesti)kiel(to|toa|lot)|loobu(nud|mine|mise)|atteic\w*|atsisak\w*|afskrað\w*|baixa (de |"
    r"del )?(butlleti|newsletter)|"
    # tr, vi, id
    r"abonelik iptal\w*|abonelikten \w+|huy (dang ky|nhan)|(berhenti|batal) (ber)?langganan|"
    # lists of those who left
    r"kara liste|daftar hitam|danh sach den|lista neagra|crna lista|cerna listina|fekete lista|musta lista|μαυρη λιστα|"
    r"spam ?list) |διαγραφη (απο|newsletter)|απεγγραφ|הסרה מ|הוסר מ|ביטול (מנוי|הרשמה)|(الغاء|الغى) الاشتراك|"
    r"لغو (اشتراک|عضویت)|ยกเลิก(?:การ)?(?:สมัคร|รับ|ติดตาม)|구독 ?(취소|해지)|수신 ?(거부|차단)|配信停止|購読解除|退会|"
    r"配信拒否|受信拒否|オプトアウト|配信不可|送信不可|不達|配信解除|退订|退訂|取消订阅|取消訂閱|黑名单|黑名單|拒收|"
    r"勿扰|블랙리스트|ブラックリスト|القايمة السوداء|لیست سیاه|רשימה שחורה|काली सूची|บัญชีดํา|हटाएँ|सदस्यता (?:समाप्त|"
    r"रद्द)|הסר מ|הסר(?:ה)? מרשימ"
)
# The same, run together with other words.
LEFT_INSIDE = (
    r"unsubscri|(?<![dlr])opt(ed)?out|mailopt(ed)?out|donot(bulk|mass)?(e?mail|contact)|black_?list|block_?list|"
    r"suppress(ed|ion)|email(blocked|disabled)"
)

# Of these, somebody may also leave other things: they say it where no word beside them is of anything but mail.
ALSO_OF_OTHERS = (
    r" (?:is )?(?:abgemeldet\w*|abmeld\w*|abbestell\w*|austrag\w*|ausgetragen|(?:fecha de |dado de |de )?bajas?|"
    r"data (?:di )?cancellazione|uitgeschreven|uitschrij\w*|afgemeld|afmeld\w*|avregistrer\w*|avmeld\w*|avanmal\w*|"
    r"odhlas\w*|odjav\w*|frameld\w*|frabed\w*|wypis\w*|desinscri\w*|disiscri\w*|bounced?|bounces|complain\w*|"
    r"suppress\w*|undeliverable|unzustellbar|quarantin\w*|no ?(?:e ?mails?|mails?|contact|spam|marketing|bulk|promos?|"
    r"promotions?)|do ?not ?send\w*|rebot\w*|rimbalz\w*|studs\w*|geblokkeerd|(?:not|never|non|no) (?:a )?subscri\w*|"
    r"(?:un|not )confirmed) $"
)

# Of these, too; alone, they say it of mail or of something else.
WEAK_LEFT = (
    r"^ (?:date )?held(?: date)? $| (?:withdrawals?|withdrawn|cleaned|on hold|complaints?|quarantined?|"
    r"right to (?:erasure|be forgotten)|should forget|requested (?:removal|deletion|erasure)|asked to be removed|"
    r"removed (?:by|on|at)|do not use|(?:no longer|not) interested|exclusion|excluir|wyrejestr\w*|nezas\w*|"
    r"nepos[iy]l\w*|stop ?list\w*|стоп лист|werbestopp\w*|werbekennzeichen|(?:daten\w*|adress|kontakt)sperre|(?:sans|"
    r"pas de|no) pub|(?:ne plus|no mas|no longer|ikke|ej|inte|nie|nao|non|nicht mehr) (?:kontakt\w*|contact\w*|"
    r"contat\w*)|(?:quitar|borrar|remover|eliminar|sacar|excluir|retirer|supprimer|togliere|rimuovere|usunac|fjern\w*|"
    r"poista|verwijder\w*|cikar\w*|keluar|hapus|remove|delete|убрать|исключить|удалить) (?:\w+ ){0,3}(?:list\w*|daftar|"
    r"лист|списк\w*)|listeden \w+|\w*kielto|(?:deletion|erasure|removal) (?:request\w*|date)|(?:data|gdpr) deletion|"
    r"returned (?:e ?)?mails?|dnm|non transactional|beschwerden?|widerruf(?!srecht|sbelehr|sfrist|sformular)\w*|"
    r"widersproch\w*|widerspruch\w*|rucklaufer|retoure?mail|rebonds?|opposition|oposicion|oposicao|opposizion[ei]|"
    r"revoca|revocat[oa]|rezygnacj\w*|sprzeciw\w*|reservasjon|жалоб\w*|отказ|cancelou (?:a )?inscricao|(?:inscricao|"
    r"suscripcion|iscrizione) cancelad[oa]|stop (?:pub|mails?)|sair (?:da lista)?) |禁止(?:发送|發送)|送信禁止|拒否|"
    r"拒绝|拒絕|お断り|希望しない|거부"
)

MAYBE_LEFT = (
    r" (is |was )?(inactive|disabled|blocked|banned|deleted|archived|suspended|removed|deactivated|spam|junk|left (at|"
    r"on|date|us)|date left|excluded|inaktiv|gesperrt|geloscht|deaktiviert|inactif|bloque|supprime|inactivo|bloqueado|"
    r"eliminado|inattivo|bloccato|sperre|kontaktsperre|διαγραμμεν\w*|peruut\w*|inativo|inactief|verwijderd|nieaktywny|"
    r"zablokowan\w*|inaktiv|sparrad|blockerad|заблокирован\w*|удален\w*) |无效|停用|無効|停止|הסרה"
)

# To be mailed, as the questions of forms say it.
RECEIVING = (
    r" (?:receives?|receiving|hear(?:ing)? from|erhalten|bekommen|recevoir|recibir|receber|ricevere|ontvangen|"
    r"otrzym\w*|modtage|motta|mottaga|dostavat|odebirat|получать|отримувати|hear about|stay (?:informed|in touch|"
    r"updated)|ke(?:ep|pt) (?:(?:you|us) )?(?:informed|posted|updated|up to date|in touch)|(?:happy|like|want|"
    r"wish) to be contacted|send you|notify me|tell me about) "
)
# German for both "receive" and "got": a question only beside a wish.
GOT = (" erhalten ", " bekommen ")
WISHES = r" (?:mochten?|will|wollen|wunsch\w*|gerne?|einverstanden|zustimm\w*|soll\w*|darf|durfen) "
CONSENT = (
    r"consent\w*|permission\w*|permitted|\w*einwillig\w*|\w*zustimm\w*|consentement\w*|consentimiento|consentimento|"
    r"consens[oi]|toestemming|zgod[ay]|samtycke|согласи\w*|agree[sd]?|agreement|accept\w*|acept\w*|aceit\w*|accett\w*|"
    r"autoriz\w*|autoris\w*|allow(?:s|ed|ing)?|casl|lgpd|kvkk|gdpr|dsgvo|rgpd|avg|rodo|autorisation|acord|persetujuan|"
    r"setuju|dong y|привола|privola|згод\w*|съгласи\w*|συγκαταθεσ\w*|разрешени\w*|markkinointilupa"
)
AGREED = (
    r" ((?:double )?opt(ed)? ?ins?|(double )?opt ?in|doi|is subscribed|subscribed|subscriber|subscribes?|subscription|"
    r"resubscribed|newsletters?|mailing ?lists?|e ?mail (ok|allowed|updates?)|(can|may|ok|"
    r"okay) (to )?(be )?(e ?mail\w*|mailed|contact\w*)|mailable|emailable|marketable|sendable|"
    rf"wants? (the |our )?(newsletter|e ?mails?|mailings?|updates?)|send me .*|e ?mail me .*|"
    rf"promo(?:tional)? e ?mails?|sign me up.*|keep me .*|(?:{CONSENT})|"
    r"accepts? .*marketing|marketing ?(ok|allowed|opt ?in)|email ?marketing|marketing ?(e ?mails?)|marketing|"
    # de, fr, es
    r"(?:werbe|kontakt|marketing|versand|sende|(?:e ?)?mail|mailing|newsletter) ?(?:erlaubnis|freigabe|genehmigung|"
    r"zusage)|(?:e ?mails?|mails?|mailings?|werbung|newsletter|kontakt\w*) (?:erlaubt|erwunscht|gewunscht|zugelassen|"
    r"gestattet)|newsletter ?abo|e ?news|angemeldet|abonniert|abonnent|newsletteranmeldung|anmeldedatum|"
    r"werbung( erlaubt)?|mailing|rundbrief|newsletter ?(empfanger\w*|versand|bezug)|abonnee?|inscrite?|inscription|"
    r"infolettre|lettre d information|accepte .*|suscrit[oa]|suscripcion|boletin|acepta .*|"
    # it, pt, nl
    r"(iys )?onay\w*|izin|izni|iys \w+|suostumus|samtykke|hozzajarul\w*|suhlas|souhlas|consimtamant|felirat\w*|"
    r"iscritt[oa]|iscrizione|accetta .*|inscrit[oa]|assinante|boletim|aceita .*|ingeschreven|aangemeld|nieuwsbrie\w+|"
    # pl, sv, ru
    r"zapisan[yae]|subskry\w*|biuletyn|prenumerer\w*|prenumerant|nyhetsbrev|utskick|подпис\w*|рассылк\w*|новости) |"
    r"수신 ?동의|購読|メルマガ|メールマガジン|メールニュース|DM配信|dm配信|ニュースレター|配信希望|オプトイン|"
    r"メール配信|受信希望|同意|许可|許諾|订阅|訂閱|电子报|電子報|接收邮件|营销邮件"
)
AGREED_INSIDE = r"(?<![dc])opt(ed)?in(?!g)|accepts?(email)?marketing|(marketing|email|gdpr)consent|is_?subscribed"
PERMITS = rf" (?:{CONSENT}|accepts?|subscribed|newsletters?|is subscribed) |同意|许可|許諾"
VAGUE = (
    r" (subscription|subscriber|newsletters?|mailing ?lists?|mailing|inscription|inscrite?|inscrit[oa]|iscrizione|"
    r"suscripcion|подпис\w*|abonnee?|werbung|marketing|gdpr|dsgvo|rgpd|avg|rodo|zapisan[yae]|angemeldet|aangemeld|"
    r"agree[sd]?|agreement|accept\w*|allow\w*|permission\w*|consent\w*|confirmed) "
)

# Of these, somebody may agree to other things, too.
CONSENT_OF_OTHERS = rf" (?:{CONSENT}) "
MAYBE_AGREED = (
    r" (is )?(active|enabled|confirmed|e ?mail (verified|confirmed)|verified|bestatigt|aktiv|actif|activo|attivo|"
    r"legal basis|lawful basis|processing basis|base legal|base legale|rechtsgrundlage|ativo|actief|aktywn[ya]|"
    r"bekraftad|активен|confirme|confirmado|confermato) |有効|启用"
)

# Of things that are counted.
COUNTS = (
    r" (?:days?|hours?|minutes|items?|points|received|count|counts|number|total|score|rate|visits|sessions|users|seats|"
    r"files?|licen[cs]es) "
)

# A question about mail in words that are not known: nobody but the user knows what a yes or no to it means.
ABOUT_MAIL = (
    rf" (?:{MAILS}|mailing|odber\w*|dm|zasil\w*|obchodn\w* sdelen\w*|comunicaciones|comunicacoes|comunicazioni|"
    rf"communications?|mejl|"
    r"maily|mailu|mailen|contactable|reachable|deliverable|contact me|notifications?|digest|verteiler|kontakterlaubnis|"
    r"prospection|demarchage|nl empfanger|abonnee? nl|nl abo\w*|nhan tin|quang cao|promosi|pemasaran|αποδοχη|"
    r"sollicit\w*|gemaild|kontaktlupa) |^ (?:special |partner |exclusive |our |product )?(?:offers|news|promotions|"
    r"updates|announcements|bulletins?) $|newsletter|nyhedsbrev|nyhetsbrev|uutiskirj|hirlev|bulten|buletin|uudiskir|"
    r"jaunumu|naujienlaisk|ενημερωτικ|розсилк|бюлетин|obvestil|novic|zpravodaj|spravodaj|nieuwsbrief|e ?posta|"
    r"sahkoposti|配信|メール|邮件|郵件|邮箱|电邮|電郵|수신|메일|뉴스레터|구독|النشرة|بريد|ניוזלטר|דוור|דיוור|"
    r"จดหมายข่าว|อีเมล|ข่าวสาร|ban tin|(?<![a-z])dm(?![a-z])|広告|广告|광고|마케팅|동의|التسويق|الموافقة|פרסומות|הסכמה|"
    r"אישור|न्यूज़लेटर|मार्केटिंग|सहमति|ईमेल|الرسايل|מייל|营销|行銷|推广|推廣|ยินยอม"
)

STATE = (
    r"durum\w*|tila|stav|stanje|allapot|status|state|stat|zustand|etat|statut|estado|stato|stan|статус|состояние|"
    r"tilstand|standing|situacao|κατασταση|trang thai"
)
STATUS = rf" (?:.* )?(?:{STATE}|type|typ|subscription) |ステータス|状態|状态|狀態|狀况|상태|סטטוס|الحالة|وضعیت|สถานะ"
MAIL_STATUS = (
    rf" (({MAIL}|e ?mail marketing|mailing list|opt ?in|opt|doi|casl|gdpr|iys|permission|consent|marketable|"
    rf"deliverability|global|list|subscriber|subscribe|suppression|unsubscribed|bounce)( \w+)? (?:{STATE})|"
    rf"(?:{STATE}) ({MAIL})|subscribestatus) |(メール|配信|購読|邮件|訂閱|订阅).*(ステータス|状態|状态|狀態)"
)
MAIL_PERMISSION = rf" ({MAIL}|email marketing) (\w+ )?(?:{CONSENT}) "
