"""Makes the calls of a page with a client that knows nothing of Byline but what
reflection tells, and compares what grpcurl would print with what the page shows.

    readme.py [--write] PAGE ADDRESS BYLINE AT_LEAST

PAGE is a file of Markdown whose ```console blocks hold one command and its output each,
ADDRESS a `byline dev` to which nothing else was done, BYLINE the program, which finds the database of
the former in its environment, AT_LEAST how many blocks there must be. A file that `cat` shows before anything has written it is
there from then on.
With --write the page is not judged: what it shows is replaced by what was answered.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2, status_pb2  # noqa: F401, details are of these types
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

HOST = "localhost:50051"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
TRAILER = "byline-db-queries"
FIELD_MASK = "google.protobuf.FieldMask"
READS = re.compile(r"(Get|BatchGet|List|Search|Count|Export)[A-Z]")

# What differs from run to run, in what the page itself makes or changes.
TIMES = {"createdAt", "updatedAt", "deletedAt", "publishedAt", "purgeAt"}
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# And of an event in the audit log, which nobody brings an id for.
OF_EVENTS = {
    "id": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "requestId": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "occurredAt": TIME,
}
# And everywhere. A token is as long as what it seals; it is shown as it is.
TOKEN = "nextPageToken"
# How long an import or an export took.
TOOK = re.compile(r"; \d+\.\d s$", re.MULTILINE)


class Mistake(Exception):
    """The page has something that cannot be run."""


class Command:
    """One call of the page: by grpcurl or by buf, in the few forms that pages use."""

    def __init__(self, line):
        line, *pipe = line.split(" | ")
        words = shlex.split(line)
        self.is_buf = words[:2] == ["buf", "curl"]
        self.of_trailer = pipe == [f"grep {TRAILER}"]
        flags = ["grpcurl", "-plaintext"] + ["-v"] * self.of_trailer
        if self.is_buf:
            flags = ["buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
        self.path = self.body = None
        match words[len(flags) :]:
            case [host, "list"] if host == HOST and not self.is_buf:
                pass
            case ["-d", body, host, path] if host == HOST and not self.is_buf:
                self.path, self.body = path, json.loads(body)
            case ["-d", body, url] if url.startswith(f"http://{HOST}/") and self.is_buf:
                self.path, self.body = url.removeprefix(f"http://{HOST}/"), json.loads(body)
            case _:
                raise Mistake("this is no command that a page can have")
        if words[: len(flags)] != flags or (pipe and not self.of_trailer):
            raise Mistake("this is no command that a page can have")


class Client:
    def __init__(self, address):
        self.address = address
        self.channel = grpc.insecure_channel(address)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def services(self):
        return sorted(self.database.get_services())

    def request(self, method, command):
        body = dict(command.body)
        message = message_factory.GetMessageClass(method.input_type)()
        for field in method.input_type.fields:
            is_mask = field.message_type and field.message_type.full_name == FIELD_MASK
            # grpcurl takes a mask as the message that it is, not in its form of JSON.
            if is_mask and field.name in body and not command.is_buf:
                getattr(message, field.name).paths.extend(body.pop(field.name)["paths"])
        return json_format.ParseDict(body, message)

    def call(self, command):
        """The answers and what the trailer says."""
        service, name = command.path.split("/")
        if service not in self.services():
            raise Mistake(f"there is no service {service}")
        method = self.pool.FindServiceByName(service).FindMethodByName(name)
        # What is no stream is one of one message.
        invoke = self.channel.stream_stream(
            f"/{command.path}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        call = invoke(iter([self.request(method, command)]), timeout=10)
        answers = [json_format.MessageToDict(answer) for answer in call]
        return answers, dict(call.trailing_metadata())[TRAILER]


class Page:
    """What is known while the commands of a page are run from top to bottom."""

    def __init__(self, client, byline, folder):
        self.client = client
        self.byline = byline
        self.folder = folder
        # Ids of what the page has made or changed.
        self.changed = set()
        # The real tokens, by those that the page shows for them.
        self.tokens = {}
        # What the page is to show for a token, by what it shows now.
        self.renamed = {}
        # The real etags, by those that the page shows for them.
        self.etags = {}

    def run(self, line, shown):
        """What the command prints; what may differ is as it is shown."""
        match shlex.split(line):
            case ["cat", file]:
                return self.shown(self.folder / file, shown)
            case ["byline", "import" | "export" | "purge" as verb, *arguments]:
                return self.program([verb, *arguments], shown)
        command = Command(line)
        if command.path is None:
            return "".join(f"{service}\n" for service in self.client.services())
        if "page_token" in command.body:
            token = command.body["page_token"]
            command.body["page_token"] = self.tokens.get(token, token)
        command.body = self.with_etags(command.body)
        try:
            answers, trailer = self.client.call(command)
        except grpc.RpcError as error:
            if command.is_buf:
                raise Mistake("what buf says of errors is not known here") from error
            return printed_error(error)
        if not READS.match(command.path.split("/")[1]):
            self.changed.update(ids(answers))
        if command.of_trailer:
            return f"{TRAILER}: {trailer}\n"
        settled = self.settle(answers, parsed(shown))
        return "".join(printed(answer, command.is_buf) for answer in settled)

    def shown(self, file, shown):
        """What the file holds."""
        if file.parent != self.folder:
            raise Mistake("a page has files of its own only")
        if not file.exists():
            file.write_text(shown, encoding="utf-8", newline="")
        return file.read_text(encoding="utf-8")

    def with_etags(self, value):
        """What is to be sent, with the etags that are real."""
        if isinstance(value, list):
            return [self.with_etags(item) for item in value]
        if not isinstance(value, dict):
            return value
        sent = {key: self.with_etags(item) for key, item in value.items()}
        if "etag" in sent:
            sent["etag"] = self.etags.get(sent["etag"], sent["etag"])
        return sent

    def program(self, arguments, shown):
        """What the program prints."""
        done = subprocess.run(
            [self.byline, *arguments],
            cwd=self.folder,
            env={**os.environ, "BYLINE_SERVER": f"http://{self.client.address}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
        )
        took = TOOK.search(shown)
        return TOOK.sub(took.group(), done.stdout) if took else done.stdout

    def settle(self, answer, shown):
        """The answer, in which what differs from run to run is as it is shown."""
        if isinstance(answer, list):
            shown = shown if isinstance(shown, list) else []
            shown = shown + [None] * (len(answer) - len(shown))
            return [self.settle(a, s) for a, s in zip(answer, shown)]
        if not isinstance(answer, dict):
            return answer
        shown = shown if isinstance(shown, dict) else {}
        settled = {key: self.settle(value, shown.get(key)) for key, value in answer.items()}
        settled = in_order(settled)
        if TOKEN in answer:
            token = shown.get(TOKEN, answer[TOKEN])
            self.tokens[token] = answer[TOKEN]
            if len(token) == len(answer[TOKEN]):
                settled[TOKEN] = token
            else:
                self.renamed[token] = answer[TOKEN]
        if answer.get("id") in self.changed:
            for key in answer.keys() & shown.keys():
                if may_differ(key, answer[key], shown[key]):
                    settled[key] = shown[key]
        if "occurredAt" in answer:
            for key, form in OF_EVENTS.items():
                both = [str(one.get(key, "")) for one in (answer, shown)]
                if all(map(form.fullmatch, both)):
                    settled[key] = shown[key]
        if "etag" in settled:
            self.etags[settled["etag"]] = answer["etag"]
        return settled


def may_differ(key, answer, shown):
    if not isinstance(shown, str):
        return False
    if key == "etag":
        version = re.compile(r"\d+-").match(answer).group()
        return re.fullmatch(rf"{version}[0-9a-f]+", shown) is not None
    return key in TIMES and TIME.fullmatch(shown) is not None


def ids(answer):
    if isinstance(answer, dict):
        if "id" in answer:
            yield answer["id"]
        answer = list(answer.values())
    if isinstance(answer, list):
        for value in answer:
            yield from ids(value)


def parsed(shown):
    """The messages that are shown, as many as there are."""
    decoder, messages, at = json.JSONDecoder(), [], 0
    try:
        while shown[at:].strip():
            message, at = decoder.raw_decode(shown, at)
            messages.append(message)
            at += len(shown[at:]) - len(shown[at:].lstrip())
    except ValueError:
        return None
    return messages


def in_go(text):
    """JSON as Go writes it, fit to stand in HTML."""
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text


# Stands for a detail; no text of an answer holds it.
ASIDE = "\0detail "


def set_aside(value, details):
    """The value without the google.protobuf.Any in it, which grpcurl puts on a line each."""
    if isinstance(value, list):
        return [set_aside(item, details) for item in value]
    if not isinstance(value, dict):
        return value
    if "@type" not in value:
        return {key: set_aside(item, details) for key, item in value.items()}
    details.append(value)
    return ASIDE + str(len(details) - 1)


def compact(detail):
    """A detail on one line, its fields in order."""
    fields = in_order({key: detail[key] for key in sorted(detail)})
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def printed(answer, is_buf):
    text = json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
    if is_buf:
        return text
    details = []
    text = json.dumps(set_aside(answer, details), indent=2, ensure_ascii=False) + "\n"
    for place, detail in enumerate(details):
        text = text.replace(json.dumps(ASIDE + str(place)), compact(detail), 1)
    return in_go(text) if answer else "{\n  \n}\n"


def in_order(fields):
    """The same with the one map that there is in order, as grpcurl prints maps."""
    if isinstance(fields.get("metadata"), dict):
        fields["metadata"] = dict(sorted(fields["metadata"].items()))
    return fields


def printed_error(error):
    code = "".join(part.capitalize() for part in error.code().name.split("_"))
    lines = ["ERROR:", f"  Code: {code}", f"  Message: {error.details()}"]
    encoded = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    if encoded:
        lines.append("  Details:")
        for number, detail in enumerate(status_pb2.Status.FromString(encoded).details, 1):
            text = compact(json_format.MessageToDict(detail))
            lines.append(f"  {number})\t{in_go(text)}")
    return "".join(f"{line}\n" for line in lines)


def main(arguments):
    write = arguments[0] == "--write"
    path, address, byline, at_least = arguments[write:]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    files = tempfile.TemporaryDirectory()
    page = Page(Client(address), byline, Path(files.name))
    count = failures = 0

    def checked(block):
        nonlocal count, failures
        count += 1
        line, _, shown = block.group(1).partition("\n")
        try:
            if not line.startswith("$ "):
                raise Mistake("a console block begins with `$ ` and a command")
            answer = page.run(line.removeprefix("$ "), shown)
        except (Mistake, ValueError, LookupError, TypeError, json_format.ParseError) as mistake:
            failures += 1
            print(f"{line}\ncannot be run: {mistake!r}\n")
            return block.group()
        if answer != shown and not write:
            failures += 1
            print(f"{line}\nshows:\n{shown}\nbut the answer is:\n{answer}")
        return f"```console\n{line}\n{answer}```"

    written = BLOCK.sub(checked, text)
    if write:
        # Commands that go on from a page name its token.
        for old, new in page.renamed.items():
            written = written.replace(old, new)
        with open(path, "w", encoding="utf-8") as file:
            file.write(written)
    print(f"{count} calls made, {failures} wrong")
    if count < int(at_least):
        print(f"there must be at least {at_least} calls")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
