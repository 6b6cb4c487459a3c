"""Addresses are read the quick way where they are plain, and the careful way otherwise: to the same end."""

from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from autosend_mcp.models.addresses import MAX_LENGTH, read_address
from tests.support.examples import TIMES

LOCALS = st.text("aZ09._+-!'é ", max_size=70)
DOMAINS = st.one_of(
    st.sampled_from(["example.com", "GMAIL.com", "localhost", "a.test", "münchen.de", "x..com", "-a.com", "[1.2.3.4]"]),
    st.integers(1, 130).map(lambda times: "a" * times + ".com"),
    st.integers(1, 130).map(lambda times: "b." * times + "com"),
    st.text("ab.-éZ1@", max_size=300),
)


def validated(text: str) -> str | None:
    """Return the address as the library alone reads it."""
    try:
        address = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{address.local_part.lower()}@{address.ascii_domain}" if len(text.strip()) <= MAX_LENGTH else None


@settings(max_examples=100 * TIMES, deadline=None)
@given(LOCALS, DOMAINS)
def test_an_address_is_read_as_the_library_reads_it(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    try:
        read = read_address(text)
    except PydanticCustomError:
        read = None
    assert read == validated(text)
