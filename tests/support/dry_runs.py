"""What each tool that writes is asked in a dry run and in the run after it, and of which project."""

from collections.abc import Mapping
from typing import Any

from autosend_mcp.sandbox.app import PROJECT
from autosend_mcp.sandbox.automations.definitions import added_to_list, changes_from_to, matches_with
from autosend_mcp.sandbox.contacts import writes
from tests.support.line import Line
from tests.support.seeded import ANN, JANE, JOHN, held

NIA, OLA, GONE, LEFT = (f"{name}@example.com" for name in ("nia", "ola", "gone", "left"))
# Gone is a contact, and Left is none; both opted out of all mail. Jane opted out of the Blog.
AUTOMATIONS: tuple[dict[str, Any], ...] = (
    {"name": "Welcome", "entryCriteria": {"type": "contact_created"}},
    {"name": "Draft", "status": "draft", "entryCriteria": {"type": "contact_created"}},
    added_to_list("To everybody", "GLOBAL_CONTACT_LIST"),
    added_to_list("Letters", "Newsletter"),
    added_to_list("Offers made", "Offers"),
    added_to_list("Pros", "Pro"),
    matches_with("customFields.plan", "free") | {"name": "Savers"},
    changes_from_to("customFields.plan", "pro", "free") | {"name": "Downgraded"},
)
CSV = "email,firstName,plan\njane@example.com,Janet,free\nnia@example.com,Nia,pro\njohn@example.com,John,pro\n"
ROWS = [{"email": JANE, "firstName": "Janet"}, {"email": NIA}, {"email": JOHN, "firstName": "John"}, {"email": "no"}]


def of(*emails: str, **more: Any) -> dict[str, Any]:
    return {"emails": [*emails], **more}


# By tool: the arguments of each kind of call.
CASES: dict[str, list[dict[str, Any]]] = {
    "create_contact": [
        {"email": NIA},
        {"email": NIA, "customFields": {"plan": "free"}, "listIds": ["newsletter", "Offers"]},
        {"email": NIA, "customFields": {"plan": "pro"}},
        {"email": JANE},
        {"email": JANE, "listIds": ["Offers"]},
        {"email": GONE},
        {"email": LEFT, "listIds": ["Newsletter"]},
        {"email": "no"},
        {"email": NIA, "listIds": ["Nowhere"]},
        {"email": NIA, "listIds": ["All Contacts"]},
        {"email": NIA, "listIds": ["Pro"]},
        {"email": NIA, "customFields": {"plant": "x"}},
        {"email": NIA, "customFields": {"logins": "many"}},
    ],
    "upsert_contact": [
        {"email": NIA},
        {"email": NIA, "listIds": ["Newsletter"], "mobile": "+4915112345678"},
        {"email": JANE, "firstName": "Jane"},
        {"email": JANE, "firstName": "Jane", "listIds": ["Newsletter"]},
        {"email": JANE, "firstName": "Janet"},
        {"email": JANE, "customFields": {"plan": "free"}},
        {"email": JANE, "customFields": {"plan": "free"}, "listIds": ["Newsletter", "Offers"]},
        {"email": ANN, "customFields": {"plan": "basic"}},
        {"email": JANE, "clear": ["firstName", "customFields.plan"]},
        {"email": JANE, "clear": ["lastName"]},
        {"email": GONE, "firstName": "G", "listIds": ["Offers"]},
        {"email": LEFT},
        {"email": "no"},
        {"email": JANE, "listIds": ["Nowhere"]},
    ],
    "upsert_contacts": [
        {"contacts": ROWS},
        {"contacts": ROWS, "listIds": ["Newsletter", "Offers"]},
        {"contacts": ROWS, "listIds": ["Newsletter"], "onlyNew": True},
        {"contacts": [{"email": JANE, "customFields": {"plan": "free"}}]},
        {"contacts": [{"email": JANE, "customFields": {"plan": "free"}}], "runWorkflow": True},
        {"contacts": [{"email": NIA, "customFields": {"plan": "free"}}], "runWorkflow": True},
        {"contacts": [{"email": JANE, "firstName": "Jane"}], "listIds": ["Newsletter"]},
        {"contacts": [{"email": JANE, "firstName": "Jane"}], "listIds": ["Offers"]},
        {"contacts": [{"email": NIA}, {"email": NIA, "firstName": "Nia"}, {"email": NIA.upper()}]},
        {"contacts": [{"email": NIA, "firstName": "A"}, {"email": NIA, "firstName": "B"}, {"email": OLA}]},
        {"contacts": [{"email": JANE, "clear": ["firstName", "customFields.plan"]}]},
        {"contacts": [{"email": GONE}, {"email": LEFT}, {"email": ANN}], "listIds": ["Offers"]},
        {"contacts": [{"email": GONE}, {"email": LEFT}], "listIds": ["Offers"]},
        {"contacts": [{"email": "no"}]},
        {"contacts": [{"email": NIA, "customFields": {"logins": "many"}}, {"email": OLA}]},
        {"contacts": ROWS, "listIds": ["Nowhere"]},
    ],
    "add_to_list": [
        of(NIA, list="Offers"),
        of(JANE, list="Newsletter"),
        of(JANE, ANN, ANN, list="Newsletter"),
        of(JANE, NIA, GONE, list="Newsletter"),
        of(NIA, LEFT, list="Newsletter"),
        of(GONE, list="Newsletter"),
        of(JANE, LEFT, list="Newsletter"),
        of(NIA, "no", "b@", list="Offers"),
        of("no", list="Offers"),
        of(NIA, list="Nowhere"),
        of(NIA, list="Pro"),
        of(NIA, list="All Contacts"),
        {"list": "Offers", "fromList": "Newsletter"},
        {"list": "Newsletter", "fromList": "All Contacts"},
        {"list": "Newsletter", "fromList": "Pro"},
        {"list": "Newsletter", "fromList": "Offers"},
        {"list": "Newsletter", "fromList": "Newsletter"},
        {"list": "Newsletter", "contactIds": [ANN]},
        {"list": "Newsletter", "contactIds": [JANE, JOHN]},
    ],
    "remove_from_list": [
        of(JANE, list="Newsletter"),
        of(ANN, list="Newsletter"),
        of(JANE, ANN, NIA, list="Newsletter"),
        of(JANE, "no", list="Newsletter"),
        of(JANE, list="Nowhere"),
        of(JANE, list="All Contacts"),
        of(JANE, list="Pro"),
        {"list": "Newsletter", "contactIds": [JANE, ANN]},
    ],
    "delete_contacts": [
        of(JANE),
        of(JANE, JOHN, NIA),
        of(NIA),
        {"ids": [JANE, ANN]},
        {"userId": "user_jane"},
        {"userId": "nobody"},
        of(JANE, "no"),
    ],
    "create_contact_list": [
        {"name": "Fresh"},
        {"name": "offers"},
        {"name": "Offers"},
        {"name": "Free", "type": "segment", "filterCriteria": "Pro"},
    ],
    "delete_contact_list": [{"list": "Pro"}, {"list": "Offers"}, {"list": "Plain"}, {"list": "Nowhere"}],
    "create_custom_field": [{"fieldName": "size", "fieldType": "number"}, {"fieldName": "plan", "fieldType": "string"}],
    "delete_custom_field": [{"fieldName": "plan"}, {"fieldName": "spare"}, {"fieldName": "size"}],
    "create_suppression_group": [{"name": "Shop"}, {"name": "Blog"}],
    "update_suppression_group": [
        {"group": "Blog", "name": "Our blog", "isActive": False},
        {"group": "blog", "isActive": True},
        {"group": "Nowhere", "name": "X"},
    ],
    "delete_suppression_group": [{"group": "Blog"}, {"group": "Nowhere"}],
    "suppress_emails": [
        of(JOHN, JANE, group="Blog", reason="UNSUBSCRIBE"),
        of(JANE, group="Blog"),
        of(JOHN, NIA, GONE, everywhere=True),
        of(JOHN, "no", everywhere=True),
        of(JOHN, group="Nowhere"),
    ],
    "unsuppress_emails": [
        of(JANE, JOHN, group="Blog"),
        of(JOHN, group="Blog"),
        of(JANE, JOHN, GONE, everywhere=True),
        of(JANE, group="Nowhere"),
    ],
    "start_import": [
        {"text": CSV},
        {"text": CSV, "listIds": ["Newsletter", "Offers"]},
        {"text": CSV, "listIds": ["Newsletter"], "runWorkflow": True},
        {"text": f"email\n{JANE}\n{ANN}\n{GONE}\n", "listIds": ["Newsletter"]},
        {"text": f"email\n{JANE}\n{JOHN}\n", "listIds": ["Newsletter"]},
        {"text": f"email\n{JANE}\n{JOHN}\n"},
        {"text": f"email,status\n{NIA},subscribed\n{OLA},unsubscribed\n", "listIds": ["Offers"]},
        {"text": f"email,status\n{NIA},subscribed\n{OLA},unsubscribed\n", "optedOut": "suppress"},
        {
            "text": f"email,status\n{NIA},subscribed\n{OLA},unsubscribed\n",
            "optedOut": "import-without-lists",
            "listIds": ["Offers"],
        },
        {"text": f"email,Size\n{NIA},4\nno,5\n", "createFields": True},
        {"text": f"email,firstName\n{NIA},A\n{NIA},B\n{OLA},C\n{OLA},C\n"},
        {"text": f"email,Size\n{NIA},4\n"},
        {"text": CSV, "listIds": ["Nowhere"]},
        {"text": "email\nno\n"},
        {"file": "people.csv", "listIds": ["Offers"]},
    ],
}
BY_UNDO = {"undo"}  # of each of these calls that has one
SENDS_NOTHING = {"stop_import"}

# Where AutoSend hides who is in a list, puts in who opted out, or refuses them: the cases that differ there.
ELSEWHERE: dict[str, list[tuple[str, int]]] = {
    "hidden": [("upsert_contacts", 1), ("upsert_contacts", 6), ("add_to_list", 13), ("start_import", 3)],
    "put in": [("upsert_contacts", 11), ("add_to_list", 3), ("add_to_list", 5)],
    "refused": [("create_contact", 6), ("upsert_contact", 10)],
}
SWITCHES: dict[str, dict[str, Any]] = {
    "as documented": {},
    "hidden": {"list_ids_in_replies": False},
    "put in": {"suppressed_on_bulk_add": "add"},
    "refused": {"suppressed_on_write": "refuse"},
}
GROUPS = [
    *([("as documented", tool, number) for number in range(len(kinds))] for tool, kinds in CASES.items()),
    *([(where, *case) for case in cases] for where, cases in ELSEWHERE.items()),
]


def prepared(line: Line) -> None:
    store = line.sandbox.store
    store.contact_properties.define(PROJECT, "spare", "string")
    store.contact_lists.seed(PROJECT, "Plain", "list")
    writes.create(store, PROJECT, {"email": GONE})
    store.suppression_groups.suppress(PROJECT, [GONE, LEFT], is_global=True)


def filled(line: Line, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with ids for what stands for them."""
    state, arguments = held(line), dict(asked)
    ids = {row["email"]: row["id"] for row in state["contacts"]}
    for name in ("ids", "contactIds"):
        if name in arguments:
            arguments[name] = [ids.get(email, email) for email in arguments[name]]
    if "filterCriteria" in arguments:
        group = {"field": "plan", "fieldType": "string", "operator": "equals", "value": "pro"}
        arguments["filterCriteria"] = {"logicalOperator": "AND", "groups": [group]}
    return arguments
