"""What the bodies of requests and answers are made of."""

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Item = TypeVar("Item")


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the character NUL")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_without_nul),
]
Id = Annotated[str, StringConstraints(max_length=200), AfterValidator(_without_nul)]


class Body(BaseModel):
    """A request's body: nothing unknown in it, and no number that is not one."""

    model_config = ConfigDict(strict=True, extra="forbid")


class ListOf(BaseModel, Generic[Item]):
    """Everything there is."""

    data: list[Item]


class PageOf(ListOf[Item], Generic[Item]):
    """A page; with `has_more` the next one starts after the last id of this one."""

    has_more: bool
