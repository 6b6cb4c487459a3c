"""What AutoSend counts of a bulk update. Source: AutoSend's documentation, "Bulk update contacts"."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


def _count(value: object) -> object:
    return value if isinstance(value, int) and value >= 0 else None


Count = Annotated[int | None, BeforeValidator(_count)]


class BulkCounts(BaseModel):
    """What AutoSend counts of a bulk update; None where it does not say."""

    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)

    success_count: Count = None
    failed_count: Count = None
