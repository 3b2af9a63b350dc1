"""Makes the calls of a page with a client that knows nothing of Byline but what
reflection tells, and compares the answers with those that the page shows.

    readme.py PAGE ADDRESS
"""

import json
import re
import shlex
import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

# What differs from run to run, of things that the page itself makes or changes.
VOLATILE = {"createdAt", "updatedAt", "deletedAt", "publishedAt", "etag", "nextPageToken"}


def examples(page):
    """The commands of the page's console blocks, each with what is shown of its output."""
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        command, _, shown = block.partition("\n")
        yield command.removeprefix("$ "), shown


def same(shown, got, key=None):
    if isinstance(shown, dict) and isinstance(got, dict):
        return shown.keys() == got.keys() and all(same(shown[k], got[k], k) for k in shown)
    if isinstance(shown, list) and isinstance(got, list):
        return len(shown) == len(got) and all(same(s, g) for s, g in zip(shown, got))
    if key in VOLATILE:
        return isinstance(shown, str) and isinstance(got, str) and bool(shown) == bool(got)
    return shown == got


class Client:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def services(self):
        return sorted(self.database.get_services())

    def call(self, path, body):
        service, name = path.split("/")
        method = self.pool.FindServiceByName(service).FindMethodByName(name)
        request = json_format.ParseDict(
            body, message_factory.GetMessageClass(method.input_type)()
        )
        invoke = self.channel.unary_unary(
            f"/{path}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        return json_format.MessageToDict(invoke(request, timeout=10))


def run(client, command):
    """The output that the page should show for the command."""
    words = shlex.split(command)
    if words[-1] == "list":
        return {"lines": client.services()}
    body = json.loads(words[words.index("-d") + 1])
    try:
        return client.call(words[-1], body)
    except grpc.RpcError as error:
        code = "".join(part.capitalize() for part in error.code().name.split("_"))
        return {"code": code, "message": error.details()}


def parse(shown):
    if shown.startswith("{"):
        return json.loads(shown)
    if shown.startswith("ERROR:"):
        code = re.search(r"Code: (.*)", shown).group(1)
        return {"code": code, "message": re.search(r"Message: (.*)", shown).group(1)}
    return {"lines": shown.split()}


def main(page, address):
    client = Client(address)
    count = failures = 0
    with open(page, encoding="utf-8") as file:
        for command, shown in examples(file.read()):
            count += 1
            got = run(client, command)
            if not same(parse(shown), got):
                failures += 1
                print(f"{command}\nshows:\n{shown}\nbut the answer is:\n{json.dumps(got, indent=2)}")
    print(f"{count} calls made, {failures} answered otherwise")
    return 1 if failures or count < 10 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
