"""The tables as classes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, BigInteger, Computed, ForeignKey, Text, and_, func, select
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    aliased,
    declared_attr,
    mapped_column,
    relationship,
)
from uuid_utils.compat import uuid7

# How many of a user's posts come along with the user.
MAX_POSTS = 100


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: TIMESTAMP(timezone=True)}


class Lifecycle:
    """What all resources have: when they were made, changed and deleted, and a version."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    purge_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        # The version counts by itself. Nothing that the database computes is read back, since
        # nobody wants the words of a post.
        return {"version_id_col": cls.version, "eager_defaults": False}

    @property
    def etag(self) -> str:
        return f"{self.version}-{self.created_at.timestamp()}"


class Post(Lifecycle, Base):
    __tablename__ = "posts"

    title: Mapped[str]
    content: Mapped[str | None]
    published_at: Mapped[datetime | None]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    deleted_with_author: Mapped[bool] = mapped_column(default=False)
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(""), deferred=True)


class User(Lifecycle, Base):
    __tablename__ = "users"

    email: Mapped[str]
    name: Mapped[str | None]
    role: Mapped[str] = mapped_column(default="user")
    is_active: Mapped[bool] = mapped_column(default=True)


# Not all posts of a user are wanted, but the newest: a relationship with a limit, as the manual
# of SQLAlchemy shows it by a window function.
_numbered = (
    select(
        Post,
        func.row_number()
        .over(
            partition_by=Post.author_id,
            order_by=(Post.created_at.desc(), Post.id.desc()),
        )
        .label("number"),
    )
    .where(Post.deleted_at.is_(None))
    .subquery()
)
NewestPost = aliased(Post, _numbered)
User.newest_posts = relationship(
    NewestPost,
    primaryjoin=and_(User.id == NewestPost.author_id, _numbered.c.number <= MAX_POSTS),
    order_by=_numbered.c.number,
    viewonly=True,
)
