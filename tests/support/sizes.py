"""An AutoSend with the largest lists, fields and contacts, and how large an answer may be."""

from typing import Any

from tests.support.answering import Answering

MOST = 24_000
LONG = "x" * 1_000
PEOPLE = [f"p{n:02}@example.com" for n in range(100)]


def person(email: str, values: int = 100) -> dict[str, Any]:
    return {"id": f"id-{email}", "email": email, "customFields": {f"field_{n}": LONG for n in range(values)}}


def huge(values: int = 40) -> Answering:
    """Return 500 lists, 300 fields and 100 contacts with 40 custom fields of 1,000 characters each: 4 MB."""
    lists = [{"id": f"{n:024x}", "name": f"List {n} {LONG[:180]}", "description": LONG[:500]} for n in range(500)]
    lists += [{"id": f"named-{name}", "name": name, "type": "list"} for name in ("Newsletter", "Offers")]
    return Answering(
        contact=lambda email: person(email, values),
        lists=lists,
        fields=[
            {"fieldName": name, "fieldType": "string", "description": LONG}
            for name in ["plan", *(f"field_{n}" for n in range(300))]
        ],
        members=[person(email, values) for email in PEOPLE],
        groups=[{"groupId": f"g{n}", "name": LONG} for n in range(100)],
        more={
            "created": 1,
            "errors": [{"contactId": f"c{n}", "message": LONG} for n in range(800)],
            "validation": {"invalid": [{"email": one, "status": LONG} for one in PEOPLE]},
        },
        left={"errors": [LONG] * 900},
    )
