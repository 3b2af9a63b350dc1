"""TransferService: takes in and gives out any number of rows."""

from collections.abc import Iterable, Iterator

import grpc
from byline.v1 import (
    atomicity_pb2,
    resources_pb2,
    transfer_pb2,
    transfer_service_pb2,
    transfer_service_pb2_grpc,
)
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from calls import answers, invalid
from messages import post_message, post_row, user_message, user_row
from models import Post, User

# How many rows are written, read and sent at once.
ROWS = 1_000

# How many bytes of posts go into a message of at most 4 MiB. A post alone has hardly more than 1 MiB.
MESSAGE_BYTES = 2 * 1024 * 1024

NOT_HEEDED = (
    grpc.StatusCode.INVALID_ARGUMENT,
    "filter, order_by and read_mask are not heeded here",
)


class TransferService(transfer_service_pb2_grpc.TransferServiceServicer):
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    @answers
    async def ImportUsers(self, requests):
        report = await self._import(requests, User, "users", user_row)
        return transfer_service_pb2.ImportUsersResponse(report=report)

    @answers
    async def ImportPosts(self, requests):
        report = await self._import(requests, Post, "posts", post_row)
        return transfer_service_pb2.ImportPostsResponse(report=report)

    async def _import(self, requests, model, field, to_row) -> transfer_pb2.ImportReport:
        count = 0
        rows = []
        async with self.sessions.begin() as session:
            async for request in requests:
                check_settings(request.settings)
                rows.extend(map(to_row, getattr(request, field)))
                while len(rows) >= ROWS:
                    await session.execute(insert(model), rows[:ROWS])
                    count += ROWS
                    del rows[:ROWS]
            if rows:
                await session.execute(insert(model), rows)
                count += len(rows)
        return transfer_pb2.ImportReport(applied=True, row_count=count, created_count=count)

    async def ExportUsers(self, request, context):
        if is_limited(request):
            await context.abort(*NOT_HEEDED)
        async with self.sessions() as session:
            users = await session.stream_scalars(exported(User, request))
            async for part in users.partitions():
                yield transfer_service_pb2.ExportUsersResponse(users=map(user_message, part))

    async def ExportPosts(self, request, context):
        if is_limited(request):
            await context.abort(*NOT_HEEDED)
        async with self.sessions() as session:
            posts = await session.stream_scalars(exported(Post, request))
            async for part in posts.partitions():
                for messages in by_size(map(post_message, part)):
                    yield transfer_service_pb2.ExportPostsResponse(posts=messages)


def check_settings(settings: transfer_pb2.ImportSettings) -> None:
    """Refuses all settings but the defaults; a request with an id is not kept by it, though."""
    if (
        settings.on_conflict > transfer_pb2.ON_CONFLICT_FAIL
        or settings.atomicity > atomicity_pb2.ATOMICITY_ALL
        or settings.validate_only
    ):
        invalid("an import can only be all or nothing here, of rows that are new")


def is_limited(request) -> bool:
    return bool(request.filter or request.order_by or request.HasField("read_mask"))


def exported(model: type[User] | type[Post], request):
    statement = select(model).execution_options(yield_per=ROWS)
    if request.show_deleted:
        return statement
    return statement.where(model.deleted_at.is_(None))


def by_size(posts: Iterable[resources_pb2.Post]) -> Iterator[list[resources_pb2.Post]]:
    """Parts that each fit into a message."""
    part, size = [], 0
    for post in posts:
        more = post.ByteSize()
        if part and size + more > MESSAGE_BYTES:
            yield part
            part, size = [], 0
        part.append(post)
        size += more
    if part:
        yield part
