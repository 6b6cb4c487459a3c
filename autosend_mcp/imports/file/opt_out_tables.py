"""What single words of a status column say, in the languages of the headers that are taken.

They are compared as `plain` leaves them: without case, accents and punctuation.
"""

# ruff: noqa: RUF001 - letters of other scripts are meant

from typing import Literal

from autosend_mcp.models.words import plain

Meaning = Literal[
    "unsubscribed", "no mail", "inactive", "subscribed", "paid", "yes", "no", "blank", "date", "address", ""
]
"""What a word says. `unsubscribed`: no mail, in whatever column. `no mail`: the same, in a column about mail.

`inactive`: the same, in a column that also says one of the two. `subscribed`: may get mail. `paid`: is about payments.
"""


def listed(text: str) -> frozenset[str]:
    """Return the words between commas, as they are compared."""
    return frozenset(plain(word) for word in text.replace("\n", ",").split(",") if word.strip())


UNSUBSCRIBED = listed(
    """unsubscribed, unsubscribe, unsub, unsubbed, un subscribed, unsubscribed by admin, unsubscribed by user,
    global unsubscribe, group unsubscribe, opted out, opt out, optout, optedout, opted-out of email, blocklisted,
    blacklisted, blocklist, blacklist, on blacklist, block listed, black listed, suppressed, suppression,
    manual suppression, manualsuppression, hard bounce, hard bounced, hardbounce, hardbounced, soft bounce,
    soft bounced, softbounce, spam complaint, spamcomplaint, marked as spam, reported as spam, reported spam,
    do not contact, do not email, do not mail, donotcontact, donotemail, dont contact, don't contact, don't email,
    do not send, dnc, no email, no emails, no mail, no mails, no mailing, no mailings, no newsletter, no marketing,
    nomail, noemail, never subscribed, not subscribed, nonsubscribed, non subscribed, non-subscriber,
    did not subscribe, no longer subscribed, no marketing consent, no email consent, undeliverable,
    non-marketing contact, non-marketable, email disabled, abgemeldet, abbestellt, ausgetragen,
    vom newsletter abgemeldet, gebounct,
    gebounced, unzustellbar, keine werbung, kein newsletter, keine mails, keine mail, keine e-mails, keine e-mail,
    keine newsletter, nicht kontaktieren, nicht anschreiben, nicht angemeldet, nicht abonniert, blockliste,
    sperrliste, werbesperre, newsletter abbestellt, désabonné, désabonnée, désinscrit, désinscrite, désinscription,
    désabonnement, non abonné, non abonnée, non inscrit, non inscrite, ne pas contacter, pas de newsletter,
    liste noire, sur liste noire, ne pas envoyer, pas d'e-mail, dado de baja, dada de baja, desuscrito, desuscrita,
    no suscrito, no suscrita, no contactar, lista negra, no enviar, en lista negra, rebotado, rebotada,
    baja voluntaria, sin newsletter, cancelado suscripción, suscripción cancelada, disiscritto, disiscritta,
    non iscritto, non iscritta, lista nera, in lista nera, non contattare, non inviare, rimbalzato,
    iscrizione annullata, iscrizione cancellata, descadastrado, descadastrada, desinscrito, desinscrita, não inscrito,
    não inscrita, inscrição cancelada, não contatar, não contactar, não enviar, cancelou a inscrição, optou por sair,
    removido da lista, uitgeschreven, afgemeld, niet ingeschreven, niet aangemeld, zwarte lijst, op zwarte lijst,
    onbestelbaar, geen mail, geen mailing, geen nieuwsbrief, niet mailen, niet benaderen, geen e-mail, wypisany,
    wypisana, wypisano, wypisani, wypisał się, wypisała się, czarna lista, na czarnej liście, niezapisany,
    nie kontaktować, nie wysyłać, bez newslettera, niesubskrybowany, rezygnacja z newslettera, odsubskrybowany,
    avregistrerad, avprenumererad, avanmäld, inte prenumerant, ej prenumerant, svartlistad, kontakta ej,
    inget nyhetsbrev, inga utskick, studsat, studsad, ej mail, отписан, отписана, отписаны, отписался, отписалась,
    отписавшийся, не подписан, не подписана, чёрный список, в чёрном списке, отказ от рассылки, не отправлять,
    не беспокоить, не писать, отписка, отказался от рассылки, 配信停止, 購読解除, 配信停止済み, 解除済み, 登録解除,
    配信拒否, 受信拒否, 配信不可, オプトアウト, ブラックリスト, 購読停止, 未購読, 配信希望しない,
    退会済み, 不達, バウンス, 退订, 已退订, 取消订阅, 已取消订阅, 未订阅, 黑名单, 拒收, 退信, 已屏蔽, 退訂, 已退訂,
    取消訂閱, 已取消訂閱, 未訂閱, 黑名單, 不接收, 受信しない,
    配信しない, 購読しない, 送らない, 受け取りを希望しない, 수신거부, 수신 거부, 구독취소, 구독 취소, afmeldt, frameldt,
    avmeldt, abonelikten çıktı, abonelikten ayrıldı, odhlášen, odhlášena, odjavljen, leiratkozott, dezabonat,
    frabedt, odhlášeno, odhlášený, odhlásil se,
    odhlásila se, odhlásený, odhlásená, leiratkozva, odjavljena, odjavljeno, відписаний, відписана, відписався,
    відписалась, відписалася, не підписаний, не підписана, απεγγεγραμμένος, απεγγεγραμμένη, μη εγγεγραμμένος, הוסר,
    לא רשום, לא מנוי, ביטל הרשמה, غير مشترك, إلغاء الاشتراك, ألغى الاشتراك, تم إلغاء الاشتراك, ملغى الاشتراك,
    لغو اشتراک, 구독해지, 구독 해지, 수신안함, 수신 안함, đã hủy đăng ký, hủy đăng ký, berhenti berlangganan,
    tidak berlangganan, ยกเลิกการสมัคร, เลิกติดตาม, user suppressed, admin suppressed,
    tellimusest loobunud, atteicies, atsisakė, afskráður, donat de baixa,
    desuscripto, desuscripta, cancelou inscrição"""
)
NO_MAIL = listed(
    """bounced, bounce, bouncing, invalid, invalid email, bad email, cleaned, complained, complaint, complainer, spam,
    spammer, spammy, spamming, junk, abuse, abused, declined, refused, rejected, denied, withdrawn, revoked,
    consent withdrawn, consent revoked, no consent, not consented, did not consent, without consent, unconfirmed,
    not confirmed, unverified, pending confirmation, awaiting confirmation, confirmation pending,
    waiting for confirmation, unactivated, not activated, quarantined, blocked, blocked by user, transactional,
    transactional only, temp hold, none, never, not allowed, not permitted, excluded, stopped, out, moved, unengaged,
    mailbox full, removed, nonexistent, gesperrt, geblockt, blockiert, widerrufen, widersprochen, widerspruch,
    unbestätigt, nicht bestätigt, abgelehnt, beschwerde, keine einwilligung, nicht erteilt, nicht eingewilligt,
    ungültig, verweigert, plainte, rejeté, rejetée, bloqué, bloquée, refusé, refusée, non confirmé, non confirmée,
    rebond, invalide, sans consentement, opposition, baja, de baja, bloqueado, bloqueada, rebote, queja,
    sin consentimiento, rechazado, no confirmado, no confirmada, inválido, revocado, denegado, bloccato, bloccata,
    reclamo, non confermato, non confermata, revocato, negato, rifiutato, cancellato, cancellata, non valido,
    senza consenso, rejeitado, devolvido, reclamação, não confirmado, recusado, sem consentimento, geblokkeerd,
    gebounced, klacht, onbevestigd, niet bevestigd, ingetrokken, geweigerd, geen toestemming, ongeldig, zablokowany,
    zablokowana, odbity, odrzucony, skarga, niepotwierdzony, niepotwierdzona, brak zgody, zgoda wycofana, wycofana,
    cofnięta, rezygnacja, nieprawidłowy, blockerad, spärrad, klagomål, obekräftad, ej bekräftad, inget samtycke,
    återtaget, nekat, ogiltig, отказ, отказался, отказалась, заблокирован, заблокирована, жалоба, спам,
    не подтвержден, не подтверждена, без согласия, нет согласия, недоставлено, недействителен, 退会, 解除, 拒否, 不要,
    未確認, 未承認, 未登録, 同意しない, 迷惑メール, 苦情, エラー, ブロック, 停止, 無効, 投诉, 拒绝, 不同意, 未确认,
    待确认, 屏蔽, 投訴, 拒絕, 待確認, 不可, 登録しない, ret, reddedildi,
    npai, sms, mms, whatsapp, push, phone, verboten, untersagt, prohibited, forbidden, interdit, interdite, proibito,
    prohibido, proibido, nessuno, ninguno, nenhum, aucun, aucune, ingen, held, unreachable, undelivered,
    requires confirmation, no permission, nedoručitelný, visszapattant,
    недоступен, недоступний, user unknown, unknown user, no such user, no such mailbox, mailbox unavailable,
    mailbox not found, reddetti, by user, by bounces, by moderator,
    希望しない, 受け取らない, abmeldung, newsletter abmeldung,
    izinsiz, izin yok, onaysız, onay yok, onaylanmadı, 거부, 미동의, 미수신, afvist, avvist, zamietnuté"""
)
INACTIVE = listed(
    """inactive, disabled, deleted, archived, pending, cancelled, canceled, suspended, paused, expired, closed, ended,
    churned, failed, terminated, lapsed, dead, banned, deactivated, locked, validating, former, left, moved, inaktiv,
    deaktiviert, gelöscht, archiviert, ausstehend, gekündigt, storniert, pausiert, abgelaufen, inactif, désactivé,
    désactivée, supprimé, supprimée, archivé, en attente, annulé, résilié, expiré, inactivo, inactiva, desactivado,
    eliminado, archivado, pendiente, cancelado, cancelada, caducado, inattivo, inattiva, disattivato, eliminato,
    archiviato, in attesa, annullato, scaduto, inativo, inativa, desativado, excluído, arquivado, pendente, expirado,
    inactief, uitgeschakeld, verwijderd, gearchiveerd, in afwachting, opgezegd, geannuleerd, verlopen, nieaktywny,
    nieaktywna, wyłączony, usunięty, zarchiwizowany, oczekujący, oczekuje, anulowany, inaktiverad, avaktiverad,
    borttagen, raderad, arkiverad, väntande, väntar, avslutad, uppsagd, неактивен, неактивный, неактивна, отключен,
    удален, удалён, ожидает, архив, отменен, отменён, приостановлен, 休止, 停止中, 削除済み, 保留, 解約, 解約済み,
    无效, 停用, 已删除, 未激活, 待处理, 已停用, 無效, 已刪除, pasif, devre dışı,
    neaktivní, neaktívny, neaktivan, inactiv, inaktív, passiivinen, peruutettu, peruuttanut, inaktivni"""
)
SUBSCRIBED = listed(
    """subscribed, subscriber, active, enabled, confirmed, opted in, opt in, optin, optedin, single opt in,
    double opt in, single optin, double optin, consented, granted, accepted, allowed, permitted, valid, verified,
    normal, ok, okay, regular, express, implied, explicit, marketing contact, ok to email, mailable, deliverable,
    engaged, resubscribed, given, agreed, member, in, live, current, validated, clean, sendable, signed up,
    registered, activated, angemeldet, abonniert, abonnent, aktiv, bestätigt, eingewilligt, zugestimmt, erteilt,
    eingetragen, erlaubt, gültig, abonné, abonnée, inscrit, inscrite, actif, confirmé, confirmée, accepté, acceptée,
    consenti, valide, autorisé, suscrito, suscrita, suscriptor, activo, activa, confirmado, confirmada, aceptado,
    alta, dado de alta, válido, iscritto, iscritta, attivo, attiva, confermato, confermata, abbonato, accettato,
    valido, concesso, inscrito, inscrita, assinante, ativo, ativa, aceito, autorizado, ingeschreven, aangemeld,
    actief, bevestigd, geabonneerd, akkoord, geldig, toegestaan, zapisany, zapisana, subskrybent, subskrybuje,
    aktywny, aktywna, potwierdzony, potwierdzona, zgoda, wyrażona, prenumererar, prenumerant, registrerad, bekräftad,
    anmäld, godkänd, samtyckt, aktiverad, подписан, подписана, подписался, подписчик, активен, активный, активна,
    подтвержден, согласен, согласна, 購読中, 購読, 登録済み, 登録, 有効, 配信中, 希望する, 許可, 同意, 同意する,
    承認済み, 確認済み, 会員, 希望, 已订阅, 订阅, 有效, 活跃, 激活, 已激活, 已确认, 启用, 已訂閱, 訂閱, 正常, 可,
    受け取る, 受信する, 配信する, 購読する, 登録する, aktif, onay, onaylı, onaylandı, izinli, izin var, abone, kayıtlı,
    동의, 수신, 수신동의, 구독, 구독중, tilmeldt, påmeldt, aktivní, aktívny, aktivan, feliratkozott, abonat, activ,
    aktív, tilattu, sub, subs, allow, zulassen, autoriser, permitir, permettere, toestaan, přihlášen, přihlášena,
    prihlásený, prijavljen, prijavljena, підписаний, підписана, підписався, εγγεγραμμένος, εγγεγραμμένη, ενεργός, מנוי,
    רשום, פעיל, مشترك, نشط, مشترک, đã đăng ký, berlangganan, สมัครแล้ว, subskribowany"""
)
PAID = listed(
    """past due, trialing, trial, on trial, in trial, unpaid, paid, incomplete, incomplete expired, refunded, overdue,
    comped, complimentary, free, premium, chargeback, non renewing, future, bezahlt, unbezahlt, payé, impayé,
    pagado"""
)
YES = listed(
    """yes, y, true, t, 1, on, x, checked, ticked, selected,
    ja, j, oui, si, sì, s, sim, tak, да, wahr, vrai, verdadero, vero,
    verdadeiro, waar, prawda, sant, истина,
    はい, 有, 是, 真, igen, ano, evet, ok, 1.0, agree, i agree, accept, i accept, i consent, する, あり"""
)
NO = listed(
    """no, n, false, f, 0, off, unchecked, unticked,
    unselected, not selected, nein, non, não, nao, nee, nie, nej, нет, いいえ,
    無, 无, 否, falsch, faux, falso, onwaar, fałsz, falskt, falsk, ложь, 偽, 假, ei, 0.0, disagree, i do not agree,
    しない, なし"""
)
BLANK = listed(
    """none set, null, nil, n/a, na, nan, undefined, not set, not specified, unset, empty, blank, keine angabe, k.a.,
    0000-00-00, 0000-00-00 00:00:00, #n/a"""
)
MARKS: dict[str, Meaning] = {
    **dict.fromkeys(("\u2713", "\u2714", "\u2714\ufe0f", "\u2611", "\u2705", "\u25cb", "\u25ef", "\u25cf"), "yes"),
    **dict.fromkeys(
        ("\u2717", "\u2718", "\u2716", "\u274c", "\u00d7", "\u2610", "\u26d4", "\U0001f6ab", "\U0001f44e"), "no"
    ),
}
AGREEING = listed(
    """accept, agree, consent, allow, opt in, optin, opted in, optedin, subscribe, subscribed, subscriber, receive,
    receive emails, receive mails, consented, allowed, permitted, granted, accepted, agreed, given, resubscribed,
    marketing contact, ok to email, mailable, deliverable, sendable, signed up, angemeldet, abonniert, eingewilligt,
    zugestimmt, erteilt, erlaubt, eingetragen, abonné, abonnée, inscrit, inscrite, accepté, acceptée, autorisé,
    consenti, suscrito, suscrita, aceptado, iscritto, iscritta, accettato, concesso, autorizado, inscrito, inscrita,
    aceito, ingeschreven, aangemeld, geabonneerd, akkoord, toegestaan, zapisany, zapisana, subskrybuje, wyrażona,
    prenumererar, anmäld, godkänd, samtyckt, подписан, подписана, согласен, согласна, tilmeldt, påmeldt, přihlášen,
    přihlášena, prihlásený, prijavljen, prijavljena, підписаний, підписана, zulassen, autoriser, permitir, permettere,
    toestaan"""
)
"""What a negation of says no; that of any other word of agreement is as weak as "inactive"."""
COURTEOUS = listed(
    "please, thanks, thank, you, bitte, danke, gerne, gern, merci, gracias, grazie, tack, thank you, por, favor"
)
