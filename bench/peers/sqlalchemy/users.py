"""UserService: reads users."""

import grpc
from byline.v1 import user_service_pb2, user_service_pb2_grpc
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import defer, selectinload

from calls import MAX_PAGE_SIZE, Refusal, answers, invalid, page_of, parse_id, refuse, refuse_mask
from messages import USER_FIELDS, keep_masked, post_message, user_message
from models import NewestPost, User

# Fewer characters are looked for at the beginning only.
MIN_PART = 3


class UserService(user_service_pb2_grpc.UserServiceServicer):
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    @answers
    async def GetUser(self, request):
        refuse(request, "email", "show_deleted")
        paths = request.read_mask.paths
        if not USER_FIELDS.union(["*", "posts"]).issuperset(paths):
            invalid("read_mask names what is not read here")
        with_posts = "posts" in paths
        statement = select(User).where(User.id == parse_id(request.id), User.deleted_at.is_(None))
        if with_posts:
            statement = statement.options(
                selectinload(User.newest_posts).options(defer(NewestPost.content))
            )
        async with self.sessions() as session:
            user = await session.scalar(statement)
        if user is None:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"user {request.id} was not found")
        message = user_message(user)
        keep_masked(message, request.read_mask)
        if with_posts:
            message.posts.extend(post_message(p, with_content=False) for p in user.newest_posts)
        return user_service_pb2.GetUserResponse(user=message)

    @answers
    async def BatchGetUsers(self, request):
        refuse(request, "emails", "show_deleted")
        refuse_mask(request)
        if not 1 <= len(request.ids) <= MAX_PAGE_SIZE:
            invalid(f"ids must be 1 to {MAX_PAGE_SIZE}")
        ids = [parse_id(id) for id in request.ids]
        async with self.sessions() as session:
            users = await session.scalars(
                select(User).where(User.id.in_(ids), User.deleted_at.is_(None))
            )
        messages = {user.id: user_message(user) for user in users}
        return user_service_pb2.BatchGetUsersResponse(
            users=[messages[id] for id in ids if id in messages],
            missing_ids=[str(id) for id in ids if id not in messages],
        )

    @answers
    async def ListUsers(self, request):
        refuse(request, "order_by", "filter", "show_deleted")
        refuse_mask(request)
        offset, limit = page_of(request)
        living = User.deleted_at.is_(None)
        async with self.sessions() as session:
            users = await session.scalars(
                select(User)
                .where(living)
                .order_by(User.created_at.desc(), User.id.desc())
                .offset(offset)
                .limit(limit)
            )
            total = await session.scalar(select(func.count()).select_from(User).where(living))
        return user_service_pb2.ListUsersResponse(
            users=map(user_message, users),
            next_page_token=str(offset + limit) if offset + limit < total else "",
            total_size=total,
        )

    @answers
    async def SearchUsers(self, request):
        refuse(request, "filter", "show_deleted")
        refuse_mask(request)
        if not request.query:
            invalid("query is required")
        offset, limit = page_of(request)
        query = request.query.lower()
        async with self.sessions() as session:
            users = await session.scalars(
                select(User)
                .where(
                    or_(holds(User.email, query), holds(User.name, query)),
                    User.deleted_at.is_(None),
                )
                .order_by(
                    func.greatest(
                        func.similarity(func.lower(User.email), query),
                        func.similarity(func.lower(User.name), query),
                    ).desc(),
                    User.id.desc(),
                )
                .offset(offset)
                .limit(limit + 1)
            )
        users = users.all()
        return user_service_pb2.SearchUsersResponse(
            users=map(user_message, users[:limit]),
            next_page_token=str(offset + limit) if len(users) > limit else "",
        )


def holds(column, query: str):
    """Whether a text holds the query, as the index over the trigrams of its lower case can tell."""
    text = func.lower(column)
    if len(query) < MIN_PART:
        return text.startswith(query, autoescape=True)
    return text.contains(query, autoescape=True)
