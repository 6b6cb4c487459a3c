"""Arguments that are none of a tool's own: what a host added is dropped, what the caller meant is refused.

Hosts add arguments to every call: ids of the call and the session, progress, what the model thought (n8n, Cline,
Cursor, Windsurf, OpenHands, Dify, Flowise, LangChain, crewAI, ...). A call cannot fail for them, and they must never
end up in a contact. The rule, first match:

1. It speaks of opting out, or of another address: refused, whatever else is in its name.
2. It begins with `_` or `$`, or its value is a call's id or a chat role: dropped.
3. It is almost one of ours: refused with the nearest name. With one of the words of hosts in it, it must be nearer.
4. It has a word of hosts in it (tool, session, task, reasoning, ...): dropped.
5. It has a word that says something about a contact, or about what the call is to do: refused, with where it belongs.
   So is a name that is not ASCII, which no host has.
6. Anything else is dropped.

What is dropped is named in a note. A row of several contacts is the caller's alone: there, nothing is dropped.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from difflib import get_close_matches

from autosend_mcp.models.opt_out_names import is_opt_out
from autosend_mcp.models.values import RESERVED

_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CALL_IDS = ("call_", "toolu_", "tooluse_", "chatcmpl-", "run_", "msg_", "thread_")
_CHAT_ROLES = {"user", "assistant", "system", "tool", "developer"}
_OPTED_OUT = {"unsubscribed", "unsubscribe", "opted out", "opted_out", "optout", "cleaned", "bounced", "complained"}

# How much alike two names are: a misspelt one of ours; the same where it could be meant otherwise, or be a host's.
_NEAR, _NEARER, _NEAREST = 0.7, 0.8, 0.88
# What other tools take of a contact.
_OF_CONTACTS = {
    name: name for name in ("email", "firstName", "lastName", "userId", "mobile", "customFields", "listIds")
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPT_OUTS = _words(
    "unsubscribe unsubscribed unsubscribes unsub unsubs subscribed subscribe opt optin optout opted opts consent "
    "consented gdpr marketing suppress suppressed suppression blocklist blocklisted blacklist blacklisted blocked "
    "bounce bounced complained complaint mailable marketable donotemail donotmail dnd dnm"
)
_HOSTS = _words(
    "tool tools call session chat conversation thread message messages turn run trace traceparent span request "
    "correlation invocation execution step steps task tasks progress todo todos node agent assistant model llm prompt "
    "completion thought thoughts thinking think reasoning rationale explanation justification intent intention goal "
    "context contexts metadata meta runtime callback callbacks config configuration kernel mcp server plugin "
    "extension workspace cwd heartbeat monologue inner signature cache token nonce idempotency security approval "
    "permission background blocking wait timeout retry retries attempt timestamp instruction instructions hint output "
    "input inputs verbose debug stream action actions command telemetry function iteration memory uuid guid recipient "
    "workflowid"
)
_PREVIEWS = _words(
    "preview simulate simulation simulated test testing dry pretend validate validation check noop whatif"
)
_EFFECTS = _words(
    "overwrite replace merge upsert force skip notify notification silent send automation automations workflow "
    "workflows trigger triggers welcome double permanent permanently soft hard cascade exists existing "
    "except exclude excluded excluding exclusions ignore only onlyif unless if condition conditions until after before "
    "schedule scheduled delay later when expires expiry from move copy rename all everyone every max maximum first"
)
_SELECTIONS = _words(
    "search filter filters query q sort order page offset where keyword keywords contains name matches"
)
_GROUPS = _words(
    "list lists segment segments group groups tag tags label labels audience audiences newsletter topic topics"
)
_NAMES = _words(
    "vorname nachname nombre apellido apellidos prenom nom name names surname forename firstname lastname fullname "
    "nickname middle salutation prefix suffix"
)
_PHONES = _words("phone phones telephone tel cell cellphone mobile whatsapp sms fax")
_ATTRIBUTES = _words(
    "zipcode stage lifecycle ville stadt ort firma telefon empresa ciudad pais land company companies organization "
    "organisation org employer employee employees business firm job role position occupation profession department "
    "industry sector gender sex age birth birthday birthdate dob anniversary address addresses street city town "
    "suburb state province region county district zip postal postcode plz country nationality location latitude "
    "longitude language lang locale timezone tz website url homepage linkedin twitter instagram facebook github "
    "tiktok social username avatar photo picture image plan tier package subscription product products membership "
    "member customer client account contact contacts lead prospect score rating source referrer referral campaign utm "
    "coupon discount purchase purchases purchased orders revenue spend spent ltv mrr arr price amount total currency "
    "balance credit points loyalty seats trial login logins signup registered joined created updated since vip custom "
    "field fields property properties attribute attributes preference preferences interest interests hobby hobbies "
    "favorite favourite size color colour diet dietary marital status note notes comment comments remark remarks "
    "title email emails mail bio tax vat iban salary income children spouse school university degree education grade "
    "student course user_id userid externalid"
)

# Together: a contact is to have another address. AutoSend finds it by its address, and cannot change that.
_MAIL = _words("email emails mail address")
_OTHER = _words("new change changed update updated replace replacement old former previous current next to from")
CHANGE_OF_ADDRESS = (
    "no such argument. AutoSend cannot change the address of a contact. If the user agrees: with suppress_emails, opt "
    "the new address out of what get_suppression shows of the old, for opt-outs do not move; create a contact with it "
    "and the values and lists that get_contact shows, which may start mail to it; then delete the old."
)

_PLACES = (
    (_GROUPS, "Lists are joined by listIds, tags are custom fields."),
    (_NAMES, "A person's name is split into firstName and lastName."),
    (_PHONES, "A mobile number goes into mobile, any other attribute into customFields."),
)


def why_refused(name: str, value: object, spellings: Mapping[str, str], *, dropping: bool = True) -> str:
    """Return what is wrong with an argument that is none of ours, or nothing for one to be dropped.

    `spellings`: ours, by every accepted spelling. `dropping`: the host may have added it.
    """
    words = _words_of(name)
    if words & _OPT_OUTS or is_opt_out(name, value) or (isinstance(value, str) and value.strip().lower() in _OPTED_OUT):
        return "no such argument. People who opted out must not be mailed: suppress_emails is the tool for that."
    if "email" in spellings.values() and words & _MAIL and words & _OTHER:
        return CHANGE_OF_ADDRESS
    if dropping and (name.startswith(("_", "$")) or _is_of_a_chat(value)):
        return ""
    of_hosts = dropping and bool(words & _HOSTS)
    is_meant = not name.isascii() or _is_meant(words, value, spellings)
    if near := nearest_of(name, spellings, _NEAREST if of_hosts else _NEARER if is_meant else _NEAR):
        return f"no such argument; did you mean {near}?"
    if of_hosts or (dropping and not is_meant and not nearest_of(name, _OF_CONTACTS, _NEARER)):
        return ""
    return f"no such argument; {_place(name, words, spellings)}"


def nearest_of(name: str, known: Mapping[str, str], cutoff: float = _NEAR) -> str:
    """Return the nearest of the known spellings under its proper name; nothing where none is near."""
    lowered = {spelling.lower(): proper for spelling, proper in known.items()}
    near = get_close_matches(name[:64].lower(), lowered, n=1, cutoff=cutoff)
    return lowered[near[0]] if near else ""


def _words_of(name: str) -> set[str]:
    """Return the words in a name; of one without capitals or separators also what it begins and ends with."""
    name = name[:200]
    tokens = {token.lower() for token in _TOKENS.findall(name)} - {"id", "ids"} | {name.lower().replace("_", "")}
    if len(tokens) == 1 and len(name) > 6:
        every = _OPT_OUTS | _HOSTS | _GROUPS | _NAMES | _PHONES | _ATTRIBUTES
        tokens |= {word for word in every if len(word) >= 4 and name.lower().startswith(word)}
        tokens |= {word for word in every if len(word) >= 4 and name.lower().endswith(word)}
    return tokens


def _is_of_a_chat(value: object) -> bool:
    return isinstance(value, str) and (value in _CHAT_ROLES or value.startswith(_CALL_IDS))


def _is_meant(words: AbstractSet[str], value: object, spellings: Mapping[str, str]) -> bool:
    """Return whether the name says something about a contact, or about what the call is to do."""
    meant = _EFFECTS | _PREVIEWS | _GROUPS | _NAMES | _PHONES | _ATTRIBUTES | {"id", "ids"}
    if "cursor" in spellings:
        meant |= _SELECTIONS
    if isinstance(value, dict):  # a contact's state is a text, a graph's is an object
        meant -= {"state"}
    return not meant.isdisjoint(words)


def _place(name: str, words: AbstractSet[str], spellings: Mapping[str, str]) -> str:
    """Return where it belongs, as the end of a sentence."""
    ours = set(spellings.values())
    known = f"there are {', '.join(dict.fromkeys(spellings.values()))}."
    if "dryRun" in ours and not _PREVIEWS.isdisjoint(words):
        return "did you mean dryRun?"
    if "customFields" not in ours or not _EFFECTS.isdisjoint(words):
        return known
    if name in RESERVED:
        return f"{known} AutoSend reserves this name: choose another, and put it into customFields."
    # of companyName the name is no person's
    places = (each for group, each in _PLACES if not group.isdisjoint(words) and words.isdisjoint(_ATTRIBUTES))
    return f"{known} {next(places, 'Any other attribute goes into customFields.')}"
