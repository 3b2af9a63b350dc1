"""PostService: reads, makes and changes posts."""

import html
import re
from collections.abc import Iterable
from uuid import UUID

import grpc
from byline.v1 import (
    atomicity_pb2,
    post_batches_pb2,
    post_changes_pb2,
    post_service_pb2,
    post_service_pb2_grpc,
)
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import ts_headline, websearch_to_tsquery
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import aliased

from calls import MAX_PAGE_SIZE, Refusal, answers, invalid, page_of, parse_id, refuse, refuse_mask
from messages import new_post, post_message
from models import Post, User, now

# The one filter that is understood.
AUTHOR_FILTER = re.compile(r'\s*author_id\s*=\s*"?([0-9A-Fa-f-]{36})"?\s*')

# The language of the searches, and in how much of a content a snippet is looked for.
LANGUAGE = "byline"
LOOKED_THROUGH = 20_000

# No text holds these, so that what is found can be marked before all is escaped.
OPEN, CLOSE = "\x02", "\x03"
HEADLINE = f'MaxFragments=1, MaxWords=40, MinWords=15, StartSel="{OPEN}", StopSel="{CLOSE}"'


class PostService(post_service_pb2_grpc.PostServiceServicer):
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    @answers
    async def GetPost(self, request):
        refuse(request, "show_deleted")
        refuse_mask(request)
        async with self.sessions() as session:
            post = await session.scalar(
                select(Post).where(Post.id == parse_id(request.id), Post.deleted_at.is_(None))
            )
        if post is None:
            raise not_found(request.id)
        return post_service_pb2.GetPostResponse(post=post_message(post))

    @answers
    async def ListPosts(self, request):
        refuse(request, "order_by", "show_deleted")
        refuse_mask(request)
        offset, limit = page_of(request)
        conditions = [Post.deleted_at.is_(None)]
        if request.filter:
            author = AUTHOR_FILTER.fullmatch(request.filter)
            if author is None:
                invalid('filter can only be author_id = "UUID" here')
            conditions.append(Post.author_id == parse_id(author[1]))
        async with self.sessions() as session:
            posts = await session.scalars(
                select(Post)
                .where(*conditions)
                .order_by(Post.created_at.desc(), Post.id.desc())
                .offset(offset)
                .limit(limit)
            )
            total = await session.scalar(select(func.count()).select_from(Post).where(*conditions))
        return post_service_pb2.ListPostsResponse(
            posts=map(post_message, posts),
            next_page_token=str(offset + limit) if offset + limit < total else "",
            total_size=total,
        )

    @answers
    async def SearchPosts(self, request):
        refuse(request, "filter", "show_deleted")
        refuse_mask(request)
        if not request.query:
            invalid("query is required")
        offset, limit = page_of(request)
        query = websearch_to_tsquery(LANGUAGE, request.query)
        best = (
            select(Post, func.ts_rank(Post.search, query).label("rank"))
            .where(Post.search.bool_op("@@")(query), Post.deleted_at.is_(None))
            .order_by(func.ts_rank(Post.search, query).desc(), Post.id.desc())
            .offset(offset)
            .limit(limit + 1)
            .subquery()
        )
        # To make a headline takes long, so none is made of what the page leaves out.
        found = aliased(Post, best)
        content = func.left(found.content, LOOKED_THROUGH)
        statement = select(
            found,
            best.c.rank,
            ts_headline(LANGUAGE, found.title, query, HEADLINE),
            ts_headline(LANGUAGE, content, query, HEADLINE),
        ).order_by(best.c.rank.desc(), found.id.desc())
        async with self.sessions() as session:
            rows = (await session.execute(statement)).all()
        return post_service_pb2.SearchPostsResponse(
            results=[
                post_service_pb2.FoundPost(
                    post=post_message(post), snippet=snippet(in_title, in_content), rank=rank
                )
                for post, rank, in_title, in_content in rows[:limit]
            ],
            next_page_token=str(offset + limit) if len(rows) > limit else "",
        )

    @answers
    async def CreatePost(self, request):
        refuse(request, "request_id", "validate_only")
        post = new_post(request.post)
        async with self.sessions.begin() as session:
            await check_authors(session, [post.author_id])
            session.add(post)
        return post_changes_pb2.CreatePostResponse(post=post_message(post))

    @answers
    async def UpdatePost(self, request):
        refuse(request, "request_id", "validate_only")
        refuse(request.post, "etag")
        title = title_of(request)
        async with self.sessions.begin() as session:
            post = await session.scalar(
                select(Post)
                .where(Post.id == parse_id(request.post.id), Post.deleted_at.is_(None))
                .with_for_update()
            )
            if post is None:
                raise not_found(request.post.id)
            if post.title != title:
                post.title = title
                post.updated_at = now()
        return post_changes_pb2.UpdatePostResponse(post=post_message(post))

    @answers
    async def BatchCreatePosts(self, request):
        refuse(request, "request_id", "validate_only")
        if request.atomicity == atomicity_pb2.ATOMICITY_EACH:
            invalid("atomicity can only be ATOMICITY_ALL here")
        if not 1 <= len(request.requests) <= MAX_PAGE_SIZE:
            invalid(f"requests must be 1 to {MAX_PAGE_SIZE}")
        posts = [new_post(each.post) for each in request.requests]
        async with self.sessions.begin() as session:
            await check_authors(session, {post.author_id for post in posts})
            session.add_all(posts)
        return post_batches_pb2.BatchCreatePostsResponse(
            results=[
                post_batches_pb2.PostResult(post=post_message(post, with_content=False))
                for post in posts
            ]
        )


def not_found(id: str) -> Refusal:
    return Refusal(grpc.StatusCode.NOT_FOUND, f"post {id} was not found")


def title_of(request: post_changes_pb2.UpdatePostRequest) -> str:
    """The title to set, and nothing else."""
    paths = list(request.update_mask.paths)
    others = request.post.HasField("content") or request.post.HasField("published")
    if paths != ["title"] and (paths or others):
        invalid("only the title can be changed here")
    if not request.post.title:
        invalid("post.title is required")
    return request.post.title


async def check_authors(session: AsyncSession, ids: Iterable[UUID]) -> None:
    """Refuses posts of nobody, and of who is in the trash."""
    authors = await session.execute(select(User.id, User.deleted_at).where(User.id.in_(ids)))
    deleted = {id: deleted_at is not None for id, deleted_at in authors}
    for id in ids:
        if id not in deleted:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"user {id} was not found")
        if deleted[id]:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, f"user {id} is in the trash")


def snippet(in_title: str, in_content: str | None) -> str:
    """HTML of the headline of the content, or of the title where the content says nothing."""
    headline = in_content if in_content and OPEN in in_content else in_title
    return html.escape(headline).replace(OPEN, "<mark>").replace(CLOSE, "</mark>")
