"""The patterns of what names are about, over their words: mail, or other things that somebody can leave or agree to."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import re

from autosend_mcp.models.words import words_of

MAIL = (
    r"e ?mails?|mails?|e ?mailings?|mailing\w*|newsletters?|e ?news|marketing|courriels?|correos?|e ?post|e ?poster|"
    r"nieuwsbrie\w+|nyhetsbrev"
)
# The same in more languages and cases, and advertising.
MAILS = (
    rf"{MAIL}|\w*newsletter\w*|marketing\w*|\w*markkinoin\w*|\w*(?:marknads|markeds)for\w*|\w*utskick|e ?maili|maili|"
    rf"maily|mailu|(?!gmail|hotmail|webmail|voicemail|airmail|blackmail|ymail|proton|donot|follow)\w*mails?|mailuri\w*|"
    rf"e ?mailuri\w*|e ?blasts?|"
    r"e ?zine|\w*mejl\w*|nyhe[td]sbrev\w*|uutiskirj\w*|hirlev\w*|e ?bulten\w*|bulten\w*|boletin\w*|boletim|rundbriefe?|"
    r"infolettre|werbung|publicites?|publicidade?|propaganda|pubblicita|reclame|reklam(?!ation|ac[ij])\w*|utskick|"
    r"zpravodaj\w*|spravodaj\w*|novinek|novinky|iklan|рассылк\w*|розсилк\w*|писем|письма|листи|реклам\w*"
)
BY_MAIL = (
    r" (e ?mails?|(?<!direct )mails?|e ?post\w*|\w*newsletter\w*|mailing list|marketing emails?|blog posts?|e ?news|"
    r"correos?|courriels?|nieuwsbrie\w+|nyhe[td]sbrev\w*|mejl\w*|uutiskirj\w*|рассылк\w*|розсилк\w*) "
)

NEWS = (
    r" (?:news|updates?|offers?|promotions?|promotional|communications?|announcements?|us|angebote|neuigkeiten|infos?|"
    r"informationen|nouveautes|offres|actualites|novedades|noticias|publicidad|ofertas|comunicaciones|boletin\w*|"
    r"novidades|comunicacoes|novita|offerte|comunicazioni|aanbiedingen|nieuws|informacj\w*|ofert|tilbud|erbjudanden|"
    r"nyheter|nyhetsbrev|nyhedsbrev|novinky|novinek|новости|рассылк\w*) "
)

DETAIL = (
    r" (reasons?|source|sources|ip|campaign|titles?|id|ids|comments?|method|by|form|text|version|country|level|grund|"
    r"quelle|motif|motivo|raison|reden|powod|orsak|причина|origin|count|counts|number|other|code|codes|type|mode|note|"
    r"notes|rate|message|medium|collected from) |理由|原因"
)
# Names of this kind are about other things, or say how somebody can leave.
OTHERWISE = (
    r" (sms|texts?|text messages?|phone|mobile|calls?|tcpa|telephone|whatsapp|push|fax|postal|post|brief|letters?|"
    r"direct mail|active subscription|paid subscri\w*|track|tracking|cookies?|terms|privacy|agb|photos?|links?|urls?|"
    r"tokens?|hash|checks?|cheques?|hear about us|heard about|how did you|telefon\w*|telefono|appels?|llamar|llamadas|"
    r"anrufe?n?|per post|courrier|postitse|open|opened|clicks?|clicked|do not sell|do not share|robinson crusoe|"
    r"(?:accepted|declined) (?:offers?|invitations?)|(?:offers?|invitations?|quotes?) (?:accepted|declined)|"
    r"subscription (?:price|cost|fee|tier|plan|box|term|period|interval|auto ?renew\w*)) |規約|約款|약관|条款|條款"
)

# What mails look like, or what became of them, and the addresses of letters.
_BECAME = (
    r"opens?|opened|clicks?|clicked|sent|sends|deliver(?:ed|ies)|replied|replies|received|read|geoffnet|offnungen|"
    r"offnungsrate|gelesen|geklickt|angeklickt|klicks?|versendet|versandt|gesendet|verschickt|zugestellt|ouverte?s?|"
    r"ouvertures?|lue?s?|cliquee?s?|envoyee?s?|recue?s?|abiert[oa]s?|leid[oa]s?|enviad[oa]s?|apert[oaei]|lett[oaei]|"
    r"cliccat[oaei]|inviat[oaei]|abert[oa]s?|lid[oa]s?|geopend|gelezen|geklikt|verstuurd|verzonden|otwart\w*|"
    r"przeczytan\w*|klikniet\w*|wyslan\w*|oppnat|oppnade|klickat|skicka[dt]e?|abnet|apnet|laest|klikket|sendt|avattu|"
    r"luettu|lahetetty|otevren\w*|precten\w*|odeslan\w*|megnyitva|elkuldve|deschis|trimis|acildi|gonderildi|открыт\w*|"
    r"прочитан\w*|отправлен\w*|доставлен\w*"
)
ABOUT_MAILS = (
    rf" (?:{MAIL}|nyhedsbrev|boletin|boletim|campaigns?|kampagnen?|рассылк\w*) (?:\w+ )?(?:{_BECAME}|count|counts|"
    rf"total|"
    r"number|rate|score|lang|language|locale|format|html|domain|client|provider|signature|subject|template|design|"
    r"authors?|editors?|writers?|designers?|redakteur\w*|redaktion|redacteur\w*|autor(?:a|en|es|in|ka)?s?|auteurs?|"
    r"edition|issue|ausgabe|version|archive|archiv|titel|topics?|themen?|coupons?|vouchers?|gutschein\w*|discounts?|"
    r"frequency) |"
    rf" (?:last|first|latest|number of|count of|total|html|plain text) ?(?:{MAIL}|"
    r"e ?mailed|mailed|campaigns?) | html ?e ?mails? | mail (?:orders?|carriers?|forwarding) | hold mail |"
    r" mailing (?:address|street|city|state|province|zip|postal|country|county|region|name|line|label)\b| bounce rate |"
    r" (?:rechnung\w*|invoices?|receipts?|statements?) (?:per|mit|via|by|with) (?:e ?)?mail | (?:welcome|reminder|"
    r"confirmation|follow ?up) (?:e ?)?mails? (?:\w+ )?sent | marketing (?:\w+ )?(?:manager|director|department|team|"
    r"role|agency|budget|qualified|source|channel|score|persona|experience) | (?:receive|send) (?:\w+ )?(?:invoices?|"
    r"receipts?|statements?|bills?|tickets?|rechnungen|factures?|facturas?|fatture) "
)
# Beside these, a name asks whether mails may be sent.
ASKS_TO_SEND = (
    r" (?:wants?|wish(?:es)?|like|may|can|could|should|shall|please|consent\w*|agree\w*|accept\w*|allow\w*|permit\w*|"
    r"happy|opt(?:ed)?|mochten?|will|wollen|darf|durfen|souhait\w*|voulez|veux|quier\w*|dese\w*|vuo\w*|wil|wilt|chc\w*|"
    r"vill|onsker) "
)

OTHER_CHANNEL = r" (sms|mms|text messages?|whatsapp|viber|push|phone|calls?|telephone|telefon\w*) "

# Words that leave a consent, or that somebody left, about mail, or about everything.
NEUTRAL = (
    rf" (?:{MAILS}|e|to|for|from|off|the|of|a|is|was|were|has|have|had|been|given|by|be|i|we|you|your|our|my|me|us|"
    rf"with|"
    r"contact|contacted|contacts|communications?|promotional|promotions?|promo|offers?|news|updates?|gdpr|data|"
    r"processing|subscriber|subscribers|subscribed|subscription|user|customer|member|date|dates|time|timestamp|at|on|"
    r"in|when|yes|no|opt|out|legal|general|explicit|electronic|commercial|status|state|receive|receiving|info|"
    r"information|granted|person|people|profile|account|list|lists|direct|digital|and|or|bulk|mass|all|any|future|dt|"
    r"utc|flag|value|channel|channels|consent\w*|permission\w*|permitted|agree\w*|accept\w*|allow\w*|optin|optout|eu|"
    r"updated|created|double|single|latest|current|web|website|hard|soft|bounced?|reasons?|source|ip|campaign|method|"
    r"via|reasons?|comments?|type|code|how|why|so|now|already|c|global|globally|third|party|yet|please|preferences?|"
    r"settings?|notifications?|send|sent|get|gets|keep|would|like|want|wants|wish|do|does|not|can|may|could|should|if|"
    r"tick|check|box|ok|okay|here|sign|signup|sign up|join|add|up|each|every|weekly|monthly|daily|latest|any|"
    r"interested|happy|love|buyer|guest|lead|last|enabled|subscrib\w*|members?|export|nu|hs|pi|wc|woocommerce|"
    r"mailchimp|pardot|automatewoo|mc4wp|mailpoet|marketo|dynamics|zoho|crm|magento|prestashop|klaviyo|hubspot|"
    r"salesforce|shopify|blog|casl|iys|lgpd|dsgvo|rgpd|kvkk|rodo|avg|group|"
    # de
    r"von|vom|zum|zur|zu|der|die|das|den|dem|des|am|im|an|ist|wurde|wird|hat|hatte|bei|per|mit|fur|und|oder|ich|wir|"
    r"nicht|mehr|alle|allen|aller|kunde|kunden|kontakt\w*|person|datum|zeitpunkt|uhrzeit|grund|quelle|verteiler\w*|"
    r"(?:werbe|mail|daten\w*|marketing|newsletter|kontakt|dsgvo|versand)?(?:einwillig|zustimm)\w*|datenverarbeitung|"
    r"erlaubnis|freigabe|genehmigung|zusage|mailed|datenschutz|erteilt|liegt|vor|erlaubt|gewunscht|angebote|infos?|"
    r"abonn\w*|durch|auf|wegen|empfanger\w*|uber|"
    # fr, es, it, pt
    r"la|le|les|l|du|d|des|au|aux|par|pour|est|et|sur|en|un|une|client|accord|donnees|personnelles|traitement|"
    r"consentement|reception|recevoir|offres|lettre|liste|motif|raison|del|el|los|las|al|por|para|y|lista|fecha|hora|"
    r"motivo|causa|de|dado|dada|recibir|envio|datos|personales|tratamiento|consentimiento|comercial\w*|comunicacion\w*|"
    r"electronic[oa]s?|ofertas|cliente|il|dal|dalla|dall|dai|della|delle|dell|di|da|per|con|data|ora|consenso|"
    r"trattamento|dati|personali|comunicazion\w*|commercial\w*|ricevere|o|a|os|as|do|na|no|em|dos|das|e|receber|"
    r"consentimento|comunicac\w*|promoc\w*|novidades|"
    # nl, pl, cs, nordic
    r"van|voor|het|op|uit|reden|toestemming|ontvangen|verwerking|gegevens|z|ze|od|za|powod|zgod\w*|przetwarzani\w*|"
    r"danych|osobowych|handlow\w*|informacj\w*|dnia|dne|duvod|souhlas\w*|suhlas\w*|zasilan\w*|zpracovan\w*|udaju|"
    r"osobnich|osobnych|udajov|obchodn\w*|sdelen\w*|fran|fra|for|till|til|av|af|den|det|och|og|dato|mottak|samtycke|"
    r"samtykke|orsak|"
    # that somebody gets it, wants it or is on a list
    r"bezieht|erwunscht|zusenden|senden|zugesandt|anmeldung|bestatigt\w*|aus|aktiv|liste|bekommt|recoit|recibe|recebe|"
    r"riceve|ontvangt|otrzymuje|far|faar|modtager|mottar|pa|paa|tilmeldt|pameldt|anmald|ha|vill|wil|zapis|zapisy|"
    r"odber\w*|primeste|prima|abonat|alla|allo|s|se|so|berlangganan|langganan|terima|menerima|pazarlama|posta|uye\w*|"
    r"toegestaan|inschrijving|all|invio|comms?|organi[sz]er|active|confirmed|εγγραφη|λαμβανει|разреш\w*|получает|"
    r"отримує|подписк\w*|підписк\w*|"
    # hu, ro, el, tr, ru, uk
    r"hozzajarul\w*|kuldes\w*|lista\w*|acord|consimtamant|pentru|tarih\w*|izn\w*|izin|onay\w*|ileti|ticari|στο|στη|απο|"
    r"για|το|τη|την|ενημερωσ\w*|на|от|з|від|до|и|та|в|у|с|о|дата|причина|согласи\w*|згода|получени\w*|отримання|"
    r"обработк\w*|данных|персональных|писем|новост\w*|клиент\w*|список|списка) "
)

# In the other scripts, words are not told apart.
UNSPACED = r"[^\x00-\u052f\s]+"

# Of other things that somebody leaves, takes back or agrees to.
SUBJECTS = (
    r" (?:ccpa|polic(?:y|ies)|rules|conditions|of sale|orders?|taxe?s?|trade|courses?|class|classes|schools?|lessons?|"
    r"trainings?|workshops?|kindergarten|employees?|staff|jobs?|overtime|purchases?|contracts?|goods|stock|shipments?|"
    r"shipping|parcels?|payments?|cards?|securities|bank|insurances?|pension|401k|medical|treatment|patients?|surgery|"
    r"lunch|meals?|vehicles?|cars?|rooms?|house|bookings?|immune|lens|lenses|magazine|newspaper|gym|amount|money|"
    r"funds?|waived|invoices?|party|"
    # de
    r"kurse?s?|kita|kinder\w*|hort|\w*schule|schul\w*|unterricht|seminar\w*|prufung\w*|bestell\w*|kaufs?|kauf\w*|"
    r"\w*vertrag\w*|waren?|artikel|lieferung\w*|karten?|fahrzeug\w*|kfz|auto|gewerbe|arbeit\w*|wohnsitz|steuer\w*|"
    r"\w*bescheid\w*|sepa|foto\w*|fahr\w*|aufenthalt\w*|"
    # fr, es, it, pt
    r"cours|ecole|stage|commandes?|achats?|contrat|bancaires?|cheques?|formation|examen|laboral\w*|medic[oa]s?|"
    r"maternal|paternal|emplead[oa]s?|empresa|trabajador\w*|trabajo|temperatura|planta|tension|presion|clase|"
    r"calificacion|calidad|seguro|seguridad|curso|alumn[oa]s?|pedidos?|compras?|contrato|patente|ordin[ei]|cors[oi]|"
    r"acquist[oi]|contratto|scuola|lavoro|"
    # nl, pl, cs, nordic, ru
    r"les|lessen|cursus\w*|kvk|opleiding\w*|bestelling\w*|kurs\w*|zamowieni\w*|umow\w*|szkol\w*|zajec|objednavk\w*|"
    r"kurz\w*|skol\w*|bil|ordre\w*|bestallning\w*|товар\w*|заказ\w*|договор\w*|школ\w*) "
)


def names_others(words: str) -> bool:
    """Return whether words need not be about mail."""
    apart = re.sub(rf"\d+|{UNSPACED}", "", words).replace(" ", "  ")
    return re.sub(DETAIL, " ", re.sub(NEUTRAL, " ", apart)).strip() != ""


def is_of_others(words: str) -> bool:
    """Return whether words are about other things that somebody leaves or agrees to."""
    return re.search(SUBJECTS, words) is not None and not re.search(rf" (?:{MAILS}) |{NEWS}", words)


def is_about_other_things(name: str) -> bool:
    """Return whether a name is about other things than mail."""
    words = words_of(name)
    return not re.search(BY_MAIL, words) and re.search(rf"{OTHERWISE}|{SUBJECTS}", words) is not None


def is_about_another_channel(name: str) -> bool:
    """Return whether a name is about messages that are no mail."""
    words = words_of(name)
    return re.search(OTHER_CHANNEL, words) is not None and not re.search(BY_MAIL, words)
