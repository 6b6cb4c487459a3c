"""The settings of serving over HTTP, beside those of every process."""

import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from autosend_mcp.server.http.names import is_name
from autosend_mcp.settings import Settings, SettingsError, rule_of
from autosend_mcp.variables import OF_HTTP, is_loopback, our_variables, variable_of

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\])(:\d{1,5}|:\*)?")
_DEFAULTS = {"http": ":80", "https": ":443"}
# Without them everybody may call, so that one which is not filled in is an error.
_WHO = tuple(f"{variable_of(name)} " for name in ("http_tokens", "http_issuer"))
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def _entries(value: object) -> object:
    """Return the entries of a text with commas between them."""
    return tuple(entry.strip() for entry in value.split(",") if entry.strip()) if isinstance(value, str) else value


def _hosts(entries: tuple[str, ...]) -> tuple[str, ...]:
    if not all(is_name(entry) for entry in entries):
        raise ValueError
    return entries


def _origins(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the origins as browsers spell them: in small letters, and without a port that is the default."""
    found = [_ORIGIN.fullmatch(entry.lower()) for entry in entries]
    if not all(found):
        raise ValueError
    return tuple(one[0].removesuffix(_DEFAULTS[one[1]]) for one in found if one)


def public_url(value: str) -> str:
    """Return the URL of a server: https, or http on loopback.

    Raises:
        ValueError: It is none.
    """
    url = urlsplit(value)
    is_plain = value.isprintable() and " " not in value  # urlsplit leaves line breaks and tabs out
    if not is_plain or not url.hostname or url.query or url.fragment or url.username or url.password:
        raise ValueError
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
        raise ValueError
    return value


class HttpSettings(BaseModel):
    """Who may call, under which names, and what several workers share."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    http_tokens: Annotated[Path, BeforeValidator(lambda value: Path(value).expanduser())] | None = Field(
        default=None, description="File of the bearer tokens, which `autosend-mcp token` writes."
    )
    http_hosts: Annotated[tuple[str, ...], BeforeValidator(_entries), AfterValidator(_hosts)] = Field(
        default=(),
        description="The `Host` headers to accept, separated by commas, as in `mcp.example.com`. "
        "By default those of this machine itself.",
        json_schema_extra={"rule": "must be host names with or without a port, separated by commas"},
    )
    http_origins: Annotated[tuple[str, ...], BeforeValidator(_entries), AfterValidator(_origins)] = Field(
        default=(),
        description="The `Origin` headers to accept, of pages in browsers, as in `https://app.example.com`.",
        json_schema_extra={"rule": "must be origins such as https://app.example.com, separated by commas"},
    )
    http_url: Annotated[str, AfterValidator(public_url)] | None = Field(
        default=None,
        description="The URL that clients use, as in `https://mcp.example.com/mcp`: the audience of OAuth tokens.",
        json_schema_extra={"rule": "must be an https URL, for example https://mcp.example.com/mcp"},
    )
    http_issuer: Annotated[str, AfterValidator(public_url)] | None = Field(
        default=None,
        description="The OAuth issuer whose tokens are accepted. Needs `AUTOSEND_HTTP_URL`.",
        json_schema_extra={"rule": "must be the https URL of an issuer"},
    )
    http_jwks: Annotated[str, AfterValidator(public_url)] | None = Field(
        default=None,
        description="Where the issuer's keys are (JWKS). By default what the issuer's metadata says.",
        json_schema_extra={"rule": "must be the https URL of a JWKS"},
    )
    http_metrics: bool = Field(
        default=False,
        description="`true`: serve `/metrics` for Prometheus, to tokens made with `--metrics`.",
        json_schema_extra={"rule": "must be true or false"},
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis that all workers share, as in `redis://127.0.0.1:6379/0`."
    )
    state_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Secret of 32 characters or more that seals what clients carry between two calls; the same in "
        "all workers.",
        json_schema_extra={"rule": "must be a secret of 32 characters or more"},
    )

    @property
    def authenticates(self) -> bool:
        """Whether callers must show who they are."""
        return self.http_tokens is not None or self.http_issuer is not None

    @property
    def hosts(self) -> list[str]:
        """The Host headers to accept: at first those of this machine, on any port."""
        return [*(self.http_hosts or (name for host in _LOOPBACK for name in (host, f"{host}:*")))]

    @property
    def origins(self) -> list[str]:
        """The Origin headers to accept: at first those of pages of this machine."""
        if self.http_origins or self.http_hosts:
            return [*self.http_origins]
        return [f"http://{host}{port}" for host in _LOOPBACK for port in ("", ":*")]

    def checked(self, *, loopback: bool) -> Self:
        """Return the settings, if they may be served: without authentication to this machine alone.

        Raises:
            SettingsError: They may not.
        """
        if not loopback and not self.authenticates:
            raise SettingsError(
                "Nothing says who may call, and this address is not of this machine alone. Make a token "
                "(autosend-mcp token create NAME) and set AUTOSEND_HTTP_TOKENS to its file, or set "
                "AUTOSEND_HTTP_ISSUER; or serve on 127.0.0.1."
            )
        if not loopback and not self.http_hosts:
            raise SettingsError("AUTOSEND_HTTP_HOSTS is missing: the host names by which clients call this server.")
        return self


def load_http_settings(**given: object) -> HttpSettings:
    """Read the settings from their variables; those given by name win.

    Raises:
        SettingsError: A line for each variable that is wrong: its name and its rule.
    """
    found = our_variables(OF_HTTP, ("redis_url", "state_key"), others=Settings.model_fields)
    wrong = [*found.wrong, *(f"{said.partition(';')[0]}." for said in found.unfilled if said.startswith(_WHO))]
    wrong += [f"{variable_of(name)} is given as nothing." for name, value in given.items() if value == ""]
    try:
        settings = HttpSettings.model_validate(found.values | {name: value for name, value in given.items() if value})
    except ValidationError as error:
        fields = {str(problem["loc"][0]) for problem in error.errors(include_input=False, include_url=False)}
        wrong += [f"{variable_of(field)} {rule_of(HttpSettings, field)}." for field in fields]
    else:
        if settings.http_issuer and not settings.http_url:
            wrong.append("AUTOSEND_HTTP_URL is missing: the tokens of AUTOSEND_HTTP_ISSUER must be meant for it.")
        if not wrong:
            return settings
    raise SettingsError("\n".join(sorted(wrong)))
