"""One worker: a gRPC server with a pool of its own."""

import asyncio
import signal
from collections.abc import Callable

import grpc
import uvloop
from byline.v1 import post_service_pb2_grpc, transfer_service_pb2_grpc, user_service_pb2_grpc
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from posts import PostService
from transfers import TransferService
from users import UserService


def run(database_url: str, address: str, pool_size: int, ready: Callable[[], None]) -> None:
    uvloop.run(serve(database_url, address, pool_size, ready))


async def serve(database_url: str, address: str, pool_size: int, ready: Callable[[], None]) -> None:
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0)
    # A database that cannot be reached is to end the start and not each call.
    async with engine.connect():
        pass
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    user_service_pb2_grpc.add_UserServiceServicer_to_server(UserService(sessions), server)
    post_service_pb2_grpc.add_PostServiceServicer_to_server(PostService(sessions), server)
    transfer_service_pb2_grpc.add_TransferServiceServicer_to_server(
        TransferService(sessions), server
    )
    server.add_insecure_port(address)

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await server.start()
    ready()
    await stopped.wait()
    await server.stop(grace=1)
    await engine.dispose()
