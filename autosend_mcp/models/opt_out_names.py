"""What a name says of mail: that somebody left, that somebody agreed, or a status of either.

A name is the header of a column or of a custom field, or an argument: in the languages of the headers that imports
take, as words, in camelCase or run together. What it says is compared without case, accents and punctuation.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from autosend_mcp.models.words import words_of

Says = Literal["left", "agreed", "status"]
Strength = Literal["sure", "likely", "maybe"]


class MailName(NamedTuple):
    """What a name says.

    `strength`: `sure`: it is about mail, whatever the values are. `likely`: it is where the values are a yes or no.
    `maybe`: nobody but the user knows. `is_time`: of when. `is_detail`: no more than why, by what or how often.
    `permits`: it is a permission, which somebody without one has not given.
    """

    says: Says
    strength: Strength = "sure"
    is_time: bool = False
    is_detail: bool = False
    permits: bool = False


_MAIL = (
    r"e ?mails?|mails?|mailing\w*|newsletters?|marketing|courriels?|correos?|e ?post|e ?poster|nieuwsbrie\w+|"
    r"nyhetsbrev"
)
_NO = r"no|not|never|non|nie|nicht|kein\w*|pas|sin|sem|senza|geen|niet|bez|inga|inget|ej|inte|не|без|ne pas|nao"

_MAX_NAME = 200
# Each of these patterns is compiled when it is first used: a start needs none of them.
# Names of this kind are about other things, or say how somebody can leave.
_OTHERWISE = (
    r" (sms|texts?|text messages?|phone|mobile|calls?|telephone|whatsapp|push|fax|postal|post|brief|letters?|"
    r"direct mail|"
    r"active subscription|paid subscri\w*|trade|track|tracking|cookies?|terms|privacy|agb|photos?|links?|urls?|"
    r"tokens?|hash|tax|order|orders|payment|"
    r"telefon\w*|telefono|appels?|llamar|llamadas|anrufe?n?|per post|courrier|postitse|open|opened|clicks?|clicked) "
)
_BY_MAIL = r" (e ?mails?|newsletters?|mailing list|marketing emails?|blog posts?) "

_OTHER_CHANNEL = r" (sms|mms|text messages?|whatsapp|viber|push|phone|calls?|telephone|telefon\w*) "

_TIME = (
    r" (time|times|timestamp|date|dates|at|on|since|when|day|datum|am|vom|zeitpunkt|le|fecha|data|quando|дата|"
    r"dzien|den|"
    r"datetime|utc) |日|时间|時間|時刻"
)
_BY_CHANNEL = rf" by (?=(?:{_MAIL}) )"  # says how, not who did it
_DETAIL = (
    r" (reasons?|source|sources|ip|campaign|titles?|id|ids|comments?|method|by|form|text|version|country|level|grund|"
    r"quelle|motif|motivo|raison|reden|powod|orsak|причина|origin|count|counts|number|other|code|codes|type|mode|"
    r"note|"
    r"notes|rate|message|medium|collected from) |理由|原因"
)

_LEFT = (
    r" (is )?(un ?sub\w*|un ?subscri\w*|opt(ed)? ?outs?|opt ?outs?|un ?opt|not opted in|"
    r"do ?not ?(e ?mail|contact|market|send|mail|disturb|solicit|spam)\w*|don ?t ?(e ?mail|contact|mail|send)|dnc|"
    r"dne|"
    r"no ?(e ?mails?|mails?|contact|marketing|newsletters?|bulk e ?mails?|bulk|spam|promos?|promotions?|mailings?)|"
    r"no longer subscribed|(not|never|non|no) (a )?subscri\w*|(block|black|deny) ?list\w*|suppress\w*|bounced?|"
    r"bounces|"
    r"(hard|soft) ?bounc\w*|bouncecount|complain\w*|spam ?(complaints?|reports?)|(marked|"
    r"reported) (e ?mail )?(as )?spam|"
    r"marked email as spam|quarantin\w*|(un|not )confirmed|unbestatigt|cleaned|clean (time|date|campaign)|"
    r"undeliverable|stop (time|status|date)|"
    r"e ?mails? (is )?(disabled|blocked|invalid|bad|stopped|rejected|undeliverable|off)|"
    r"(invalid|bad|blocked|disabled|excluded?|exclude) (from |for )?(e ?mails?|mailings?|campaigns?|newsletters?)|"
    r"(is )?excluded from campaigns|ineligible for e ?mail|consent (is )?(withdrawn|revoked|removed|denied)|"
    r"(withdrawn|revoked|withdrew|withdraw) (the )?consent|withdrawal|on hold|"
    # de
    r"abgemeldet\w*|abmelde\w*|abmeldung|abbestell\w*|austrag\w*|ausgetragen|widerruf\w*|widersproch\w*|widerspruch\w*|"
    r"sperrliste|sperrvermerk|werbesperre|mailsperre|newslettersperre|keine? (werbung|e ?mails?|mails?|newsletter|"
    r"mailings?|kontakt\w*|marketing)|nicht (kontaktieren|anschreiben|mailen|bewerben)|unzustellbar|beschwerde|"
    # fr
    r"desabonn\w*|desinscri\w*|ne pas (contacter|envoyer|solliciter|mailer)|pas de (newsletter|mails?|e ?mails?|"
    r"pub\w*|"
    r"courriels?)|liste noire|rebonds?|opposition|"
    # es, pt, it
    r"desuscri\w*|(fecha de |dado de |de )?baja|no (contactar|enviar|molestar|correos?|publicidad|inviare|"
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
    r"черныи список|жалоб\w*) |"
    r"配信停止|購読解除|退会|配信拒否|受信拒否|オプトアウト|配信不可|送信不可|不達|配信解除|退订|退訂|取消订阅|"
    r"取消訂閱|黑名单|黑名單|拒收|勿扰"
)
# The same, run together with other words.
_LEFT_INSIDE = (
    r"unsubscri|(?<![dlr])opt(ed)?out|donot(e?mail|contact)|black_?list|block_?list|suppress(ed|ion)|"
    r"email(blocked|disabled)"
)

_MAYBE_LEFT = (
    r" (is |was )?(inactive|disabled|blocked|banned|deleted|archived|suspended|removed|deactivated|spam|junk|"
    r"left (at|on|date|us)|date left|"
    r"excluded|"
    r"inaktiv|gesperrt|geloscht|deaktiviert|inactif|bloque|supprime|inactivo|bloqueado|eliminado|inattivo|bloccato|"
    r"inativo|inactief|verwijderd|nieaktywny|zablokowan\w*|inaktiv|sparrad|blockerad|заблокирован\w*|удален\w*) |"
    r"无效|停用|無効|停止"
)

_CONSENT = (
    r"consent\w*|permission\w*|permitted|\w*einwillig\w*|\w*zustimm\w*|consentement\w*|consentimiento|"
    r"consentimento|consenso|"
    r"toestemming|zgod[ay]|samtycke|согласи\w*|agree[sd]?|agreement|accept\w*|allow\w*|gdpr|dsgvo|rgpd|avg|rodo|"
    r"autorisation"
)
_AGREED = (
    rf" ((?:double )?opt(ed)? ?ins?|(double )?opt ?in|doi|is subscribed|subscribed|subscriber|subscribes?|"
    rf"subscription|"
    rf"resubscribed|newsletters?|mailing ?lists?|e ?mail (ok|allowed|updates?)|(can|may|ok|"
    rf"okay) (to )?(be )?(e ?mail\w*|"
    rf"contact\w*)|mailable|emailable|receives? .*|.* receive .*|wants? (the |our )?(newsletter|e ?mails?|mailings?|"
    rf"updates?)|send me .*|sign me up.*|keep me .*|(?:{_CONSENT})|accepts? .*marketing|marketing ?(ok|allowed|"
    rf"opt ?in)|"
    rf"email ?marketing|marketing ?(e ?mails?)|marketing|"
    # de, fr, es
    rf"angemeldet|abonniert|abonnent|newsletteranmeldung|anmeldedatum|werbung( erlaubt)?|mailing|rundbrief|"
    rf"abonnee?|inscrite?|inscription|infolettre|lettre d information|accepte .*|suscrit[oa]|suscripcion|boletin|"
    rf"acepta .*|"
    # it, pt, nl
    rf"(iys )?onay\w*|izin|izni|iys \w+|suostumus|samtykke|hozzajarul\w*|suhlas|souhlas|consimtamant|"
    rf"iscritt[oa]|iscrizione|accetta .*|inscrit[oa]|assinante|boletim|aceita .*|ingeschreven|aangemeld|"
    rf"nieuwsbrie\w+|"
    # pl, sv, ru
    rf"zapisan[yae]|subskry\w*|biuletyn|prenumerer\w*|prenumerant|nyhetsbrev|utskick|подпис\w*|рассылк\w*|новости) |"
    r"購読|メルマガ|メールマガジン|メールニュース|DM配信|dm配信|ニュースレター|配信希望|メール配信|受信希望|同意|许可|許諾|订阅|訂閱|电子报|電子報|接收邮件|"
    r"营销邮件"
)
_AGREED_INSIDE = r"(?<![dc])opt(ed)?in(?!g)|accepts?(email)?marketing|(marketing|email|gdpr)consent|is_?subscribed"
_PERMITS = rf" (?:{_CONSENT}|accepts?|subscribed|newsletters?|is subscribed) |同意|许可|許諾"
_VAGUE = (
    r" (subscription|subscriber|newsletters?|mailing ?lists?|mailing|inscription|inscrite?|inscrit[oa]|iscrizione|"
    r"suscripcion|подпис\w*|abonnee?|werbung|marketing|gdpr|dsgvo|rgpd|avg|rodo|zapisan[yae]|"
    r"angemeldet|aangemeld|agree[sd]?|agreement|accept\w*|allow\w*|permission\w*|consent\w*|confirmed|.* receive .*) "
)

_MAYBE_AGREED = (
    r" (is )?(active|enabled|confirmed|e ?mail (verified|confirmed)|verified|bestatigt|aktiv|actif|activo|attivo|"
    r"ativo|actief|aktywn[ya]|bekraftad|активен|confirme|confirmado|confermato) |有効|启用"
)

# A question about mail in words that are not known: nobody but the user knows what a yes or no to it means.
_ABOUT_MAIL = (
    rf" (?:{_MAIL}|mailing|mejl|maily|mailu|mailen|contactable|reachable|deliverable|contact me|notifications?) |"
    r"newsletter|nyhedsbrev|nyhetsbrev|uutiskirj|hirlev|bulten|buletin|uudiskir|jaunumu|naujienlaisk|"
    r"ενημερωτικ|розсилк|бюлетин|obvestil|novic|zpravodaj|spravodaj|nieuwsbrief|e ?posta|sahkoposti|"
    r"配信|メール|邮件|郵件|邮箱|电邮|電郵|수신|메일|뉴스레터|구독|النشرة|بريد|ניוזלטר|דוור|จดหมายข่าว|อีเมล|ban tin"
)

_STATE = (
    r"durum\w*|tila|stav|stanje|allapot|status|state|stat|zustand|etat|statut|estado|stato|stan|статус|состояние|tilstand|"
    r"standing"
)
_STATUS = rf" (?:.* )?(?:{_STATE}|type|typ|subscription) |ステータス|状態|状态|狀態|狀况"
_MAIL_STATUS = (
    rf" (({_MAIL}|e ?mail marketing|mailing list|opt ?in|permission|consent|deliverability|global|list|subscriber|"
    rf"subscribe|suppression|unsubscribed|bounce)( \w+)? (?:{_STATE})|(?:{_STATE}) ({_MAIL})|subscribestatus) |"
    r"(メール|配信|購読|邮件|訂閱|订阅).*(ステータス|状態|状态|狀態)"
)
_MAIL_PERMISSION = rf" ({_MAIL}|email marketing) (\w+ )?(?:{_CONSENT}) "


@lru_cache(maxsize=2_000)
def mail_name(name: str) -> MailName | None:
    """Return what a name says of mail; None where it says nothing."""
    name = name[:_MAX_NAME]
    words, together = re.sub(_BY_CHANNEL, " with ", words_of(name)), re.sub(r"[\W_]+", "", name.casefold())
    if re.search(_OTHERWISE, words) and not re.search(_BY_MAIL, words):
        return None
    if re.search(_MAIL_STATUS, words):
        return MailName("status")
    if re.search(_LEFT, words) or re.search(_LEFT_INSIDE, together):
        return _left(words)
    if agreed := (re.search(_AGREED, words) or re.search(_AGREED_INSIDE, together)):
        return _agreed(words, agreed.group().strip())
    return _maybe(words)


def is_about_another_channel(name: str) -> bool:
    """Return whether a name is about messages that are no mail."""
    words = words_of(name[:_MAX_NAME])
    return re.search(_OTHER_CHANNEL, words) is not None and not re.search(_BY_MAIL, words)


def _left(words: str) -> MailName:
    if re.search(rf" (?:{_NO}) (?:been )?(?:opt(ed)? ?out|unsub\w*) ", words):
        return MailName("agreed", permits=True)
    is_time = bool(re.search(_TIME, words))
    return MailName(
        "left", is_time=is_time, is_detail=bool(re.search(_DETAIL, words)) and not (is_time and " time" in words)
    )


def _agreed(words: str, what: str) -> MailName | None:
    if re.search(rf" (?:{_STATE}|type) ", words):
        return MailName("status", "maybe")
    if re.search(_DETAIL, words):
        return None
    is_time = bool(re.search(_TIME, words))
    if is_negated(words, what):
        return MailName("left", is_time=is_time)
    vague = re.search(_VAGUE, words) and not re.search(_MAIL_PERMISSION, words)
    return MailName("agreed", "likely" if vague else "sure", is_time=is_time, permits=bool(re.search(_PERMITS, words)))


def _maybe(words: str) -> MailName | None:
    """Return what a name says that is about mail only if its values are."""
    if re.search(_DETAIL, words) and not re.search(_STATUS, words):
        return None
    is_time = bool(re.search(_TIME, words))
    patterns: tuple[tuple[str, Says], ...]
    patterns = ((_MAYBE_LEFT, "left"), (_MAYBE_AGREED, "agreed"), (_STATUS, "status"))
    found: Says | None = next((says for pattern, says in patterns if re.search(pattern, words)), None)
    if found is None and re.search(_ABOUT_MAIL, words):
        found = "agreed"
    return MailName(found, "maybe", is_time=is_time) if found else None


def is_negated(words: str, what: str) -> bool:
    """Return whether a word of negation stands right before these words, or one word before them."""
    return bool(re.search(rf" (?:{_NO}) (?:\w+ )?{re.escape(what)} ", words))


def is_opt_out(name: str, value: object = None) -> bool:
    """Return whether a field or argument of this name is about who may get mail; with `false`, also of a newsletter."""
    found = mail_name(name)
    return found is not None and (found.strength == "sure" or (found.strength == "likely" and value is False))
