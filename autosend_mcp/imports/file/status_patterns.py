"""The patterns of the names and cells of status columns, over their words."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import re

from autosend_mcp.imports.file.opt_out_tables import listed

BARE_STATUS = re.compile(
    r" (?:(?:member|subscriber|subscription|contact|user|recipient|list|current|customer|account|person|profile|"
    r"delivery|abo|abonnement|abonnenten|kunden|kontakt|empfanger|mitglieds?) )*"
    r"(?:status|state|stat|durum|durumu|tila|stav|stanje|zustand|etat|statut|estado|stato|stan|статус|состояние|situacao|"
    r"κατασταση|trang thai|standing|subscription|abonnement|abo|suscripcion|iscrizione|assinatura|subskrypcja|"
    r"prenumeration|подписка) "
    r"(?:(?:of |du |de |del |des |della |dell |di |do |l )*(?:contact\w*|contatto|client[ei]?|abonn\w*|suscriptor|"
    r"iscritto|kontakt\w*|subscriber|member|подписчика|клиента|контакта|контакту) )?| ?"
    r"(ステータス|状態|状态|狀態|상태|סטטוס|الحالة|وضعیت|สถานะ) ?"
)
BARE_TYPE = re.compile(r" (?:(?:member|subscriber|subscription|subscribe|contact|recipient|list) )*(?:type|typ) ")
OF_PAYMENTS = re.compile(r" (?:subscri\w*|abo|abonn\w*|suscripcion|assinatura|prenumeration|подписка) ")
WHY = re.compile(
    r" (reasons?|grund|motif|motivo|raison|reden|powod|orsak|причина|diagnostic|smtp|type|event|kind|cause|category) |"
    r"理由|原因"
)
ERROR = re.compile(r" (?:errors?|response) ")
OF_MAIL = re.compile(r" (?:smtp|bounc\w*|e ?mails?|mail\w*|diagnostic|deliver\w*) ")
OF_A_SERVER = re.compile(r"[45] ?\d ?\d .*|.*\b(?:mailbox|bounc\w*|undeliver\w*|user unknown|unknown user)\b.*")
WHY_IT_BOUNCED = re.compile(r" (?:bounc\w*|complaint|spam) (?:\w+ )?(?:reason|type|message|code|category|description) ")
PAID_NAME = re.compile(
    r" (plan|plans|price|spend|spent|payment|payments|amount|currency|mrr|arr|invoices?|delinquent|billing|charged?|"
    r"refunded|revenue|orders?|total|stripe|subscription id|expiry|renewal|trial|card|balance|ltv) "
)
LAPSED = listed("cancelled, canceled, expired, ended, paused, pending, failed, terminated, closed, churned, suspended")
# Said of mail, not of an order or a ticket.
SUBSCRIBED = re.compile(
    r"subscribed|opted in|abonniert|abonnee?|suscrit[oa]|подписан\w?|підписан\w?|購読中?|已订阅|已訂閱|구독중?|"
    r"prenumerant|prenumererar|subskrybuje|subskrybent"
)
BOUNCED = {"bounced", "bounce", "complained"}
NONE = {"none", "never", "nessuno", "ninguno", "nenhum", "aucun", "aucune", "ingen"}
INACTIVE = re.compile(
    r"(?:\w+ )?(?:in|nie|ne|не)?(?:a[ck]ti[fv]\w*|attiv[oa]|ativ[oa]|aktywn[ya]|актив\w*)|inactief|pasif"
)
