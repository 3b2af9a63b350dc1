"""A part of Byline's contract by SQLAlchemy, asyncpg and grpc.aio: starts the workers and ends them.

Nothing here imports gRPC, which is not to be forked once it runs.
"""

import argparse
import ctypes
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import sys
from multiprocessing.connection import Connection

# The sources may lie where nothing is to be written.
sys.dont_write_bytecode = True

PR_SET_PDEATHSIG = 1


def main() -> None:
    arguments = parse_arguments()
    sys.path.insert(0, arguments.stubs)
    host, _, port = arguments.listen.rpartition(":")
    reserved = reserve(host, int(port))
    address = f"{host}:{reserved.getsockname()[1]}"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    context = multiprocessing.get_context("fork")
    pool_size = max(1, arguments.pool_size // arguments.workers)
    workers = []
    try:
        ready = []
        for _ in range(arguments.workers):
            receiver, sender = context.Pipe(duplex=False)
            worker = context.Process(
                target=work,
                args=(arguments.database_url, address, pool_size, sender, os.getpid()),
            )
            worker.start()
            workers.append(worker)
            ready.append(receiver)
        for worker, receiver in zip(workers, ready):
            # A worker that cannot start never says that it is ready.
            if receiver not in multiprocessing.connection.wait([receiver, worker.sentinel]):
                sys.exit("a worker did not start")
        print(f"listening on {address}", flush=True)
        multiprocessing.connection.wait([worker.sentinel for worker in workers])
        sys.exit("a worker ended")
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stubs", required=True, help="folder of what protoc generated")
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--pool-size", type=int, default=16, help="connections of all workers")
    return parser.parse_args()


def reserve(host: str, port: int) -> socket.socket:
    """Holds a port that every worker can listen on; the kernel deals connections out."""
    reserved = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((host.strip("[]"), port))
    return reserved


def work(database_url: str, address: str, pool_size: int, ready: Connection, parent: int) -> None:
    # A worker does not outlive its parent, however that ends.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    import worker

    worker.run(database_url, address, pool_size, lambda: ready.send(True))


if __name__ == "__main__":
    main()
