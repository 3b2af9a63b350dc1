"""What the methods have in common: refusals, ids and pages."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, NoReturn
from uuid import UUID

import grpc
from google.protobuf.message import Message
from sqlalchemy.exc import IntegrityError

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1_000

# What a constraint that is not kept means, by its SQLSTATE.
CONSTRAINTS = {
    "23503": (grpc.StatusCode.NOT_FOUND, "there is no such author"),
    "23505": (grpc.StatusCode.ALREADY_EXISTS, "there is one with this id or e-mail already"),
    "23514": (grpc.StatusCode.INVALID_ARGUMENT, "a field is empty, too long or out of order"),
}


class Refusal(Exception):
    """Ends a call with a status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> NoReturn:
    raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, message)


def answers(method: Callable[[Any, Any], Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Makes a method of gRPC of one that takes a request alone and raises what it refuses."""

    @wraps(method)
    async def call(self: Any, request: Any, context: grpc.aio.ServicerContext) -> Any:
        try:
            return await method(self, request)
        except Refusal as refusal:
            await context.abort(refusal.code, refusal.message)
        except IntegrityError as error:
            if error.orig is None or error.orig.sqlstate not in CONSTRAINTS:
                raise
            await context.abort(*CONSTRAINTS[error.orig.sqlstate])

    return call


def refuse(request: Message, *fields: str) -> None:
    """Refuses a request with a field that this server does not know how to heed."""
    for field in fields:
        if getattr(request, field):
            invalid(f"{field} is not heeded here")


def refuse_mask(request: Message) -> None:
    if request.HasField("read_mask"):
        invalid("read_mask is not heeded here")


def parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        invalid(f"{text!r} is not a UUID")


def page_of(request: Message) -> tuple[int, int]:
    """How many rows to skip and to read."""
    if request.page_size < 0 or request.skip < 0:
        invalid("page_size and skip must not be negative")
    if request.page_token and not request.page_token.isdecimal():
        invalid("page_token is none")
    offset = int(request.page_token or 0) + request.skip
    return offset, min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
