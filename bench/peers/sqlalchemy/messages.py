"""Rows as messages, and messages as rows."""

from datetime import UTC, datetime
from typing import Any

from byline.v1 import resources_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from uuid_utils.compat import uuid7

from calls import parse_id
from models import Post, User, now

USER_FIELDS = frozenset(
    "id email name role is_active created_at updated_at deleted_at purge_at etag".split()
)


def user_message(user: User) -> resources_pb2.User:
    return resources_pb2.User(
        id=str(user.id),
        email=user.email,
        name=user.name,
        role=user.role,
        is_active=user.is_active,
        created_at=user.created_at,
        updated_at=user.updated_at,
        deleted_at=user.deleted_at,
        purge_at=user.purge_at,
        etag=user.etag,
    )


def keep_masked(message: resources_pb2.User, mask: FieldMask) -> None:
    """Removes the fields that a mask does not name; the id always comes."""
    if mask.paths and "*" not in mask.paths:
        for field in USER_FIELDS.difference(mask.paths, ["id"]):
            message.ClearField(field)


def post_message(post: Post, *, with_content: bool = True) -> resources_pb2.Post:
    return resources_pb2.Post(
        id=str(post.id),
        title=post.title,
        content=post.content if with_content else None,
        published=post.published_at is not None,
        published_at=post.published_at,
        author_id=str(post.author_id),
        created_at=post.created_at,
        updated_at=post.updated_at,
        deleted_at=post.deleted_at,
        purge_at=post.purge_at,
        etag=post.etag,
    )


def new_post(given: resources_pb2.Post) -> Post:
    """A post to make now."""
    created_at = now()
    return Post(
        id=parse_id(given.id) if given.id else uuid7(),
        title=given.title,
        content=given.content if given.HasField("content") else None,
        published_at=created_at if given.published else None,
        author_id=parse_id(given.author_id),
        created_at=created_at,
    )


def user_row(given: resources_pb2.User) -> dict[str, Any]:
    """A user to import, with the times that it had elsewhere."""
    return {
        "id": parse_id(given.id) if given.id else uuid7(),
        "email": given.email,
        "name": given.name if given.HasField("name") else None,
        "role": given.role or "user",
        "is_active": given.is_active if given.HasField("is_active") else True,
        **_times(given),
    }


def post_row(given: resources_pb2.Post) -> dict[str, Any]:
    """A post to import, with the times that it had elsewhere."""
    times = _times(given)
    published_at = None
    if given.published:
        published_at = _time(given, "published_at") or times["created_at"]
    return {
        "id": parse_id(given.id) if given.id else uuid7(),
        "title": given.title,
        "content": given.content if given.HasField("content") else None,
        "published_at": published_at,
        "author_id": parse_id(given.author_id),
        **times,
    }


def _times(given: resources_pb2.User | resources_pb2.Post) -> dict[str, datetime | None]:
    return {
        "created_at": _time(given, "created_at") or now(),
        "updated_at": _time(given, "updated_at"),
        "deleted_at": _time(given, "deleted_at"),
        "purge_at": _time(given, "purge_at"),
    }


def _time(given: resources_pb2.User | resources_pb2.Post, field: str) -> datetime | None:
    if not given.HasField(field):
        return None
    time: Timestamp = getattr(given, field)
    return time.ToDatetime(tzinfo=UTC)
