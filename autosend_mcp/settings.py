"""Every setting, validated once."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, AnyStr, Literal, cast
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    DirectoryPath,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)

from autosend_mcp.errors import NotSent
from autosend_mcp.secret import content_of, key_in, redactor
from autosend_mcp.variables import OF_HTTP, api_url, our_variables, variable_of

_HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,512}")

# The toolsets, and what each is about.
Toolset = Literal["contacts", "lists", "fields", "suppressions", "groups", "imports"]
TOOLSETS: dict[Toolset, str] = {
    "contacts": "contacts",
    "lists": "contact lists and segments",
    "fields": "custom fields",
    "suppressions": "suppression",
    "groups": "suppression groups",
    "imports": "imports of files",
}
DEFAULT_TOOLSETS: tuple[Toolset, ...] = ("contacts", "lists", "fields", "suppressions")
_MORE_TOOLSETS = [toolset for toolset in TOOLSETS if toolset not in DEFAULT_TOOLSETS]


class SettingsError(Exception):
    """A setting is wrong. The text names the variable and the rule, never the value."""


def _header_value(value: str) -> str:
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError
    return value


def _expanded(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class Settings(BaseModel):
    """The settings of one process, read from `AUTOSEND_*` variables unless given by name.

    A missing or malformed key is not an error here: the server starts and lists its tools without one, and
    `credentials` raises an error that names what to set.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    api_key: SecretStr | None = Field(
        default=None,
        description="AutoSend API key (`AS_...`, or an account key `ASA_...`). Calls need it; listing tools does not.",
    )
    api_key_file: Path | None = Field(
        default=None, description="File that holds the key; read when `AUTOSEND_API_KEY` is not set."
    )
    project_id: Annotated[str, AfterValidator(_header_value)] | None = Field(
        default=None,
        description="Project id, sent as `x-project-id`. Needed with an account key (`ASA_...`).",
        json_schema_extra={"rule": "must be printable ASCII without spaces"},
    )
    base_url: Annotated[str, AfterValidator(api_url)] = Field(
        default="https://api.autosend.com/v1",
        description="URL of the API: https, or http on loopback only.",
        json_schema_extra={
            "rule": "must be an https URL (or http on loopback) without user name, query or fragment, "
            "for example https://api.autosend.com/v1"
        },
    )
    rate_limit: float = Field(
        default=2,
        gt=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="The most requests a second that this process sends.",
        json_schema_extra={"rule": "must be a number above 0, for example 2"},
    )
    rate_limit_minute: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="The most requests a minute. By default what AutoSend's replies say.",
        json_schema_extra={"rule": "must be a whole number above 0, for example 50"},
    )
    timeout: float = Field(
        default=45,
        ge=1,
        le=300,
        allow_inf_nan=False,
        description="Seconds within which every call is answered. Most hosts give up at 60.",
        json_schema_extra={"rule": "must be a number of seconds from 1 to 300, for example 45"},
    )
    read_only: bool = Field(
        default=False,
        description="`true`: only tools that change nothing.",
        json_schema_extra={"rule": "must be true or false"},
    )
    toolsets: str = Field(
        default="",
        description=f"The toolsets to offer, separated by commas. By default `{','.join(DEFAULT_TOOLSETS)}`; there are "
        f"also {' and '.join(f'`{toolset}`' for toolset in _MORE_TOOLSETS)}.",
    )
    import_dir: Annotated[DirectoryPath, BeforeValidator(_expanded)] | None = Field(
        default=None,
        description="Directory whose files an assistant may import by name. Offers the toolset `imports` too.",
        json_schema_extra={"rule": "must be a directory that exists"},
    )
    ask: Literal["auto", "never"] = Field(
        default="auto",
        description="`auto`: before a deletion, ask the user too where the host can. `never`: `confirm` is enough.",
        json_schema_extra={"rule": "must be auto or never"},
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        default="INFO",
        description="`DEBUG`, `INFO`, `WARNING` or `ERROR`. Logs go to stderr, one JSON line a call.",
        json_schema_extra={"rule": "must be DEBUG, INFO, WARNING or ERROR"},
    )

    _key: str = PrivateAttr(default="")
    _key_problem: tuple[str, str] | None = PrivateAttr(default=None)
    _redact: Callable[[bytes], bytes] = PrivateAttr(default=bytes)
    _notes: list[str] = PrivateAttr(default_factory=list[str])

    def model_post_init(self, _context: Any, /) -> None:
        """Find the key once, so that a call needs no further check."""
        try:
            self._key = self._find_key()
        except NotSent as problem:
            self._key_problem = (problem.what, problem.user_step)
        self._redact = redactor(self._key)
        if self.lacks_version:
            self._notes.append("AUTOSEND_BASE_URL has no /v1 at its end, as AutoSend's has.")

    @property
    def key_variable(self) -> str:
        """The variable that the key comes from."""
        return variable_of("api_key_file" if self.api_key is None and self.api_key_file is not None else "api_key")

    @property
    def lacks_version(self) -> bool:
        """Whether the base URL has no path, which AutoSend's has."""
        return not urlsplit(self.base_url).path

    @property
    def notes(self) -> list[str]:
        """What the user who starts the command should know of the settings; may be added to."""
        return self._notes

    def toolsets_named(self) -> list[str]:
        """Return the toolsets that are asked for by name. Raises SettingsError where there is no such toolset."""
        names = [name.strip() for name in self.toolsets.split(",") if name.strip()]
        if not set(names) <= set(TOOLSETS):
            raise SettingsError(f"AUTOSEND_TOOLSETS must be of {', '.join(TOOLSETS)}, separated by commas.")
        return names

    def _find_key(self) -> str:
        """Return the key.

        Raises:
            NotSent: There is none that can be sent.
        """
        variable, text = self.key_variable, ""
        if self.api_key is not None:
            text = self.api_key.get_secret_value()
        elif self.api_key_file is not None:
            text = content_of(self.api_key_file)
        if not text:
            wanted = (
                "a file that holds your AutoSend API key" if variable.endswith("_FILE") else "your AutoSend API key"
            )
            what = f"No AutoSend API key is set: {variable} is missing or empty."
            raise NotSent(what, user_step=f"set {variable} to {wanted}")
        key = key_in(text, variable)
        if key.upper().startswith("ASA_") and self.project_id is None:
            what = "AUTOSEND_PROJECT_ID is missing: an account key (ASA_...) works on the project it names."
            raise NotSent(what, user_step="set AUTOSEND_PROJECT_ID")
        return key

    def credentials(self) -> dict[str, str]:
        """Return the request headers that identify the caller.

        Raises:
            NotSent: The key is missing or malformed; the text names the variable, never its value.
        """
        if self._key_problem is not None:
            what, user_step = self._key_problem
            raise NotSent(what, user_step=user_step)
        headers = {"Authorization": f"Bearer {self._key}"}
        return headers | ({"x-project-id": self.project_id} if self.project_id else {})

    def without_key(self, text: AnyStr) -> AnyStr:
        """Return the text without the key or what is left of it: AutoSend, or a proxy, may echo it."""
        if isinstance(text, bytes):
            return self._redact(text)
        given = text.encode(errors="surrogatepass")
        clean = self._redact(given)
        return text if clean is given else clean.decode(errors="surrogatepass")

    def fingerprint(self, text: str, size: int = 6) -> str | None:
        """Return a hash of `size` bytes, keyed with the API key: the same in each run, of no use without the key."""
        if not self._key:
            return None
        secret = hashlib.sha256(b"autosend-mcp log" + self._key.encode()).digest()
        return hashlib.blake2b(text.encode(), key=secret, digest_size=size).hexdigest()


def load_settings(**given: object) -> Settings:
    """Read the settings from their variables; those given by name win.

    Raises:
        SettingsError: A line for each variable that is wrong: its name and its rule.
    """
    found = our_variables(Settings.model_fields, ("api_key", "api_key_file"), others=OF_HTTP)
    wrong = found.wrong
    try:
        settings = Settings.model_validate(found.values | given)
    except ValidationError as error:
        fields = {str(problem["loc"][0]) for problem in error.errors(include_input=False, include_url=False)}
        wrong += [f"{variable_of(field)} {rule_of(Settings, field)}." for field in fields]
    else:
        if not wrong:
            settings.notes.extend(found.unfilled)
            return settings
    raise SettingsError("\n".join(sorted(wrong)))


def rule_of(settings: type[BaseModel], field: str) -> str:
    """Return what a setting must be, as the end of a sentence."""
    extra = cast("dict[str, str] | None", settings.model_fields[field].json_schema_extra)
    return (extra or {}).get("rule", "is not valid")
