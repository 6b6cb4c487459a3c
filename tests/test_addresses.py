"""Addresses as people paste them: what does not belong is taken off, and what is wrong is said by its reason."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from autosend_mcp.models.addresses import (
    MAX_LENGTH,
    address_notes,
    read_all_plain,
    read_mailbox,
    read_plain,
    read_stored,
)
from autosend_mcp.models.mailboxes import unwrapped
from tests.support.examples import TIMES

ANA = "ana@example.com"
LOCALS = st.text("aZ09._+-!'é ", max_size=70)
DOMAINS = st.one_of(
    st.sampled_from(["example.com", "GMAIL.com", "localhost", "a.test", "münchen.de", "x..com", "-a.com", "[1.2.3.4]"]),
    st.integers(1, 130).map(lambda times: "a" * times + ".com"),
    st.integers(1, 130).map(lambda times: "b." * times + "com"),
    st.text("ab.-éZ1@", max_size=300),
    st.builds(
        "{}.{}".format, st.text("anxN1-.\u212a", min_size=1, max_size=9), st.sampled_from(["com", "ORG", "test"])
    ),
)


def validated(text: str) -> str | None:
    """Return the address as the library alone reads it."""
    try:
        address = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{address.local_part.lower()}@{address.ascii_domain}" if len(text.strip()) <= MAX_LENGTH else None


@settings(max_examples=100 * TIMES)
@given(LOCALS, DOMAINS)
@example("a", "ab--c.com")  # these look plain, and are not
@example("a", "x.xn--n.com")
@example("a", "a-.com")
@example("a", f"{'a' * 64}.com")
@example("a", "\u212aelvin.com")
@example("a", "home.local")
def test_an_address_is_read_as_the_library_reads_it(local: str, domain: str) -> None:
    """Addresses are read the quick way where they are plain, and the careful way otherwise: to the same end."""
    text = f"{local}@{domain}"
    try:
        read = read_mailbox(text).address
    except PydanticCustomError:
        read = None
    assert read == validated(unwrapped(text).address)
    assert read_stored(text) == validated(text)


@settings(max_examples=100 * TIMES)
@given(st.lists(st.builds("{}@{}".format, st.text("aZ9._+-", min_size=1, max_size=4), DOMAINS), min_size=1, max_size=3))
@example(["a\nb@example.com", "c@example.com"])
@example([f"{'a' * 60}@example.com", "Jane@GMAIL.com", "x.y@example.com"])
@example([f"{'a' * 61}@example.com"])
@example(["a.@example.com"])
@example(["jane", "", " a@b.co"])
def test_many_addresses_are_read_as_each_alone(given: list[str]) -> None:
    each = [read_plain(address) for address in given]
    assert read_all_plain(given) == (None if None in each or any(map(str.isspace, "".join(given))) else each)


INVISIBLE = "\u200b\ufeff\u00ad\u2060\u200e\u200f\u202a\u202e\u200d\u180e\u2066\u3164"


@pytest.mark.parametrize("char", INVISIBLE, ids=lambda char: f"U+{ord(char):04X}")
def test_what_cannot_be_seen_is_taken_out_and_named(char: str) -> None:
    for text in (
        f"{char}ana@example.com",
        f"an{char}a@example.com",
        f"ana@exam{char}ple.com",
        f" ana@example.com{char} ",
    ):
        mailbox = read_mailbox(text)
        assert mailbox.address == ANA
        assert f"U+{ord(char):04X}" in address_notes(text, mailbox)[0]


@pytest.mark.parametrize(
    "text",
    [
        "ana@example.com;", "ana@example.com,", "ana@example.com.", "ana@example.com:", " ; ana@example.com ;",
        "mailto:ana@example.com", "MAILTO:ana%40example.com?subject=Hi", "ana%40example.com", "<ana@example.com>",
        "(ana@example.com)", "[ana@example.com]", '"ana@example.com"', "'ana@example.com'", "`ana@example.com`",
        "\u201cana@example.com\u201d", "\u00abana@example.com\u00bb", "'ana@example.com", "**ana@example.com**",
        "[ana@example.com](mailto:ana@example.com)", "<mailto:ana@example.com>", "\uff41\uff4e\uff41@example.com",
        "ana\uff20example.com", "ana@example\u3002com", "\U0001d41a\U0001d427\U0001d41a@example.com",
        "ana@example.com\u3000", "\u00a0ana@example.com", "E-mail: ana@example.com",
        '"ana@example.com" <ana@example.com>',
    ],
)  # fmt: skip
def test_what_plainly_does_not_belong_is_taken_off_with_a_note(text: str) -> None:
    mailbox = read_mailbox(text)
    assert (mailbox.address, mailbox.name) == (ANA, "")
    assert address_notes(text, mailbox)[0].startswith("email was read as ana@example.com")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"Ana Ruiz" <ana@example.com>', "Ana Ruiz"), ("Ana Ruiz <ana@example.com>;", "Ana Ruiz"),
        ("Ana Ruiz (ana@example.com)", "Ana Ruiz"), ("ana@example.com (Ana Ruiz)", "Ana Ruiz"),
        ("'Ana Ruiz' <mailto:ana@example.com>", "Ana Ruiz"), ("Ruiz, Ana <ana@example.com>", "Ruiz, Ana"),
        ("Ana Ruiz [ana@example.com]", "Ana Ruiz"), ('"Ruiz ""Anita"", Ana" <ana@example.com>', 'Ruiz ""Anita"", Ana'),
    ],
)  # fmt: skip
def test_a_name_beside_an_address_is_found(text: str, name: str) -> None:
    mailbox = read_mailbox(text)
    assert (mailbox.address, mailbox.name) == (ANA, name)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ana@example.com; bo@example.org", "holds two addresses"), ("ana@example.com,bo@example.org", "holds two"),
        ("ana@example.com / bo@example.org", "holds two"), ("Ana <ana@example.com>, Bo <bo@example.org>", "holds two"),
        ("a@b.co b@b.co c@b.co", "holds 3 addresses"), ("ana@@example.com", "has 2 @"), ("ana", "has no @"),
        ("ana at example.com", "has no @, but (at)"), ("ana(at)example.com", "has no @, but (at)"), ("  ", "is blank"),
        ("/o=ExchangeLabs/ou=x/cn=ana", "is an address inside Exchange"),
        ("ana ruiz@example.com", "has a space before"),
        ("ana@exam ple.com", "has a space behind"), ("ana\u00a0r@example.com", "has U+00A0 (no-break space) before"),
        ("ana..r@example.com", "has two dots in a row before the @"), ("ana@example..com", "two dots in a row behind"),
        ("ana.@example.com", "ends in a dot before the @"), (".ana@example.com", "begins with a dot"),
        ("@example.com", "has nothing before the @"), ("ana@", "has nothing behind the @"),
        ("ana@example,com", "has a comma behind"), ("ana@exam_ple.com", "has an underscore behind"),
        ("ana@example", "has no dot behind the @"), ("ana@[1.2.3.4]", "is at an IP address"),
        ("ana@.example.com", "has a dot behind the @"), ("a(b)c@example.com", "has U+0028 (left parenthesis) before"),
        ("a@b.local", "must be at a domain that can receive mail"),
        ("d\u2019arcy@example.com", "U+2019 (right single quotation mark) before the @; perhaps an apostrophe (')"),
        ("a\u2013b@example.com", "U+2013 (en dash) before the @; perhaps a hyphen"),
        ("\u0130lker@example.com", "U+0130 (latin capital letter i with dot above) before the @"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_address_is_said(text: str, reason: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read_mailbox(text)
    assert reason in str(refused.value)


@pytest.mark.parametrize("local", ['"a..b"', '"zed."', "o'hara", "ana+tag", "!x"])
def test_what_is_odd_but_valid_goes_through(local: str) -> None:
    assert read_mailbox(f"{local}@docomo.example").address == f"{local}@docomo.example"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\u0430nn@example.com",
            "before the @ it has U+0430 (cyrillic small letter a), among cyrillic and latin letters",
        ),
        ("jos\u00e9@example.com", "U+00E9 (latin small letter e with acute)"),
        ("ann@\u0435xample.com", "its domain has U+0435 (cyrillic small letter ie) among cyrillic and latin letters"),
        ("\u03bfana@example.com", "U+03BF (greek small letter omicron), among greek and latin letters"),
    ],
)
def test_letters_that_look_like_others_are_noted(text: str, said: str) -> None:
    assert said in address_notes(text, read_mailbox(text))[-1]
