"""The patterns of names that refuse, over their words: what turns round a name that would agree without it."""

from autosend_mcp.models.opt_out_subjects import MAILS

NO = (
    r"no|not|never|(?:do|does|did|has|have|had|is|are|was|were|wo|would|should|could|ca)n ?t|cannot|without|nicht|"
    r"kein\w*|ohne|ne|pas|sans|aucune?|sin|ningun[oa]?|sem|nenhum\w*|non|senza|nessun\w*|geen|niet|zonder|nie|bez|inga|"
    r"ingen|inget|ej|inte|utan|ikke|ikkje|uden|uten|ei|en halua|nem|nu (?:doresc|vreau)|fara|δεν|χωρις|не|без|nao|"
    r"jamais|nunca|jamas|nigdy|nikdy|aldrig|aldri|nooit|ilman|degil|tidak|bukan|khong|никогда|ніколи|ні|no longer"
)
WISH = (
    r"wants?|wish(?:es)?|likes?|mochten?|will|wollen|wunscht?|veut|veux|souhaite|desire|quiere|quiero|desea|deseo|quer|"
    r"quero|deseja|vuole|voglio|desidera|wil|wenst|chce|chci|zyczy|vill|onsker|haluaa?|хочет|хочу|желает"
)
# That somebody does not want mail.
REFUSING = rf"(?:(?:{NO}) (?:{WISH})|(?:{WISH}) (?:{NO})) (?:(?!miss|unsub|lose|leave|opt|stop)\w+ ){{0,3}}(?:{MAILS})"
# A question with both answers in it says neither.
BOTH_ANSWERS = (
    r" (?:1 )?(?:yes|y|ja|j|oui|si|s|sim|tak|t|ano|da|да|igen|true|on|1) (?:or |oder |ou |o |of |lub |"
    r"eller )?(?:0 )?(?:no|n|nein|non|nao|nee|nie|nej|nei|ne|nu|нет|nem|false|off|0)(?= )| opt in (?:or |oder |ou |o |"
    r"of )?opt out(?= )"
)

# Behind an agreement, these say how somebody can leave later.
LATER = (
    r" (?:any ?time|whenever|jederzeit|tout moment|cualquier momento|qualsiasi momento|qualquer momento|allen tijde|"
    r"elk (?:gewenst )?moment|kazdej chwili|nar som helst|любое время|no spam) "
)

# Said of mail, these refuse what would else be an agreement.
REFUSES = (
    r" (?:gesperrt|gekundigt|storniert|beendet|opgezegd|resilie\w*|annul\w*|cancelad[oa]|blocked|blockiert|suspended|"
    r"stopped|paused|pending|unerwunscht|abgelehnt|verboten|untersagt|refus\w*|rechaz\w*|rifiut\w*|recus\w*|"
    r"\w*weiger\w*|odm[ao]w\w*|tackat nej|tackar nej|takket nei|nej|nei|declin\w*|denied|complain\w*|spam) "
)
# Said of mail, these may refuse it: nobody but the user knows.
MAY_REFUSE = (
    r" (?:cancel\w*|remov\w*|exclud\w*|exclusion|disabl(?:ed?|es|ing)|inacti[vf]\w*|deactivat\w*|stop\w*|ended|end|"
    r"ends|off|object(?:s|ed|ing|ions?)?|opposed|oppos\w*|against|reject\w*|disagree\w*|withdr[ae]w\w*|revo[ckq]\w*|"
    r"failed|expire[ds]?|lapsed|missing|lacking|invalid|terminated|ceased|discontinued|deleted|erased|dropped|quit|"
    r"closed|ban|banned|block|blocks|blocking|prevents?|prohibits?|disallow\w*|muted?|snoozed?|denial|lost|left|"
    r"finished|rescinded|unticked|unchecked|uninterested|unmarketable|forbidden|prohibited|unwanted|avoids?|skip|"
    r"former|formerly|previous|previously|"
    # de
    r"nein|fehlt|fehlend\w*|zuruckgezogen|zuruckgenommen|entzogen|erloschen|verweigert|ausgeschlossen|geloscht|"
    r"entfernt|inaktiv\w*|deaktiviert|gestoppt|ende|endet|abgelaufen|verfallen|ungultig|aufgehoben|eingestellt|"
    r"ausgesetzt|pausiert|gestrichen|abgestellt|abgeschaltet|ausgeschaltet|ausgetreten|ehemalig\w*|"
    # fr
    r"retiree?s?|retrait|desactiv\w*|supprim\w*|arret\w*|exclue?s?|expire[es]?|termine[es]?|interdite?s?|bloque[es]?|"
    r"suspendue?s?|plus de|plus d|fin|"
    # es, pt, it
    r"retirad[oa]|anulad[oa]|eliminad[oa]|excluid[oa]|caducad[oa]|suspendid[oa]|suspens[oa]|bloquead[oa]|dene?gad[oa]|"
    r"negad[oa]|finalizad[oa]|vencid[oa]|desativad[oa]|expirad[oa]|encerrad[oa]|negat[oa]|ritirat[oa]|disattivat\w*|"
    r"rimoss[oa]|eliminat[oa]|esclus[oa]|scadut[oa]|sospes[oa]|bloccat[oa]|cessat[oa]|"
    # nl, pl
    r"ingetrokken|geannuleerd|stopgezet|gestopt|uitgeschakeld|gedeactiveerd|verwijderd|verlopen|beeindigd|uitgesloten|"
    r"ongeldig|wycofan\w*|cofniet\w*|anulowan\w*|wygasl\w*|usuniet\w*|wylaczon\w*|zakonczon\w*|zablokowan\w*|"
    r"wstrzyman\w*|nieaktywn\w*|brak|"
    # sv, da, no, fi
    r"aterkall\w*|atertag\w*|avslut\w*|avaktiver\w*|borttag\w*|raderad\w*|uppsagd\w*|upphor\w*|tilbagekald\w*|"
    r"tilbagetrukket|tilbakekalt|trukket|slettet|fjernet|deaktiver\w*|ophor\w*|opphor\w*|afvist|avvist|utmeldt|udmeldt|"
    r"peruut\w*|peruttu|lopetettu|poistettu|"
    # cs, sk, hu, ro, tr, el
    r"zrus\w*|odvolan\w*|odebran\w*|odobran\w*|ukoncen\w*|nesouhlas\w*|nesuhlas\w*|neplatn\w*|visszavon\w*|torolt|"
    r"torol\w*|lemond\w*|retras\w*|dezactivat\w*|expirat\w*|iptal\w*|ακυρω\w*|ανακλ\w*|διακοπ\w*|"
    # ru, uk
    r"отозван\w*|отмен\w*|прекращ\w*|отключ\w*|удал\w*|аннулир\w*|заблокир\w*|запрещ\w*|несоглас\w*|відкликан\w*|"
    r"скасован\w*|вимкнен\w*|"
    # negated verbs, and other words of refusal
    r"ne(?:zas|pos|chc|souh|suhl|prij|odeb|zel|nor|siu|sut)\w*|tolak|jangan|tidak|tu choi|khong|istem\w*|"
    r"reklamsparr\w*|reklamebeskyttet|avboj\w*|refuz\w*|запрет|запрещ\w*|ne zeli|заборон\w*|gegen|contre|contra|contro|"
    r"tegen|proti|против) |しない|ません|なし|撤回|取り?消|停止|解約|解除|無効|拒|不同意|不接|不希望|不許|不可|未同意|"
    r"未購読|未登録|未订阅|未訂閱|撤销|撤銷|关闭|關閉|停用|철회|취소|해지|거부|중지|미동의|안 ?함|不要|お断り|禁止|"
    r"^ (?:out|aus|uit) | (?:out|aus|uit) $| (?:out|aus|uit) (?:of |van )?(?:the |der |dem |de )?(?:newsletter|mailing|"
    r"marketing)|ไม่|नहीं|रद्द|समाप्त|رفض|عدم|לא |סירוב"
)
