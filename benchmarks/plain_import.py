"""The script that people write today: read a CSV, post a hundred rows at a time, then put them into the list.

No validation, no look-ups, no journal: a lost reply or a crash leaves it unknown what was done.

    python benchmarks/plain_import.py URL FILE [LIST_ID] [SECONDS_BETWEEN_REQUESTS]
"""

import csv
import sys
import time
from itertools import islice
from pathlib import Path

import httpx2

_KEY = "AS_benchmark"


def main(url: str, file: str, list_id: str, pause: float) -> None:
    """Import the file."""
    with (
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {_KEY}"}) as client,
        Path(file).open() as opened,
    ):
        rows = csv.DictReader(opened)
        while batch := list(islice(rows, 100)):
            contacts = [
                {
                    "email": row["E-Mail"].strip().lower(),
                    "firstName": row["First name"],
                    "customFields": {"plan": row["plan"], "logins": int(row["logins"])},
                }
                for row in batch
            ]
            client.post("/contacts/bulk-update", json={"contacts": contacts}).raise_for_status()
            time.sleep(pause)
            if list_id:
                emails = [one["email"] for one in contacts]
                body = {"contactListId": list_id, "emails": emails}
                client.post("/contact-lists/contacts/bulk-add", json=body).raise_for_status()
                time.sleep(pause)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
