"""The one HTTP client of all benchmarks: connections kept open, in a process of its own.

Run as ``python -m benchmarks.client`` it reads a pickled ``Work`` from its input and writes a list
of ``Answer``. Each connection sends its share of the requests in order, each as soon as the one
before is answered.
"""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Request:
    """A whole HTTP/1.1 request and the port it goes to."""

    port: int
    raw: bytes


@dataclass(frozen=True)
class Answer:
    """Where it came from, its status, seconds from sending to the last byte, size of the body."""

    port: int
    status: int
    seconds: float
    size: int


@dataclass(frozen=True)
class Work:
    """Requests for so many connections."""

    requests: Sequence[Request]
    connections: int


def get(port: int, path: str) -> Request:
    """A page, as a browser asks for it."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Language: zh-CN\r\n\r\n"
    return Request(port, head.encode("ascii"))


def post(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> Request:
    """A JSON body."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json", *(f"{k}: {v}" for k, v in headers.items())]
    return Request(port, "\r\n".join([*lines, "", ""]).encode("ascii") + body)


def send(requests: Iterable[Request], connections: int = 1) -> tuple[list[Answer], float]:
    """Send them from another process; the answers, and seconds from the first to the last."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client"],
        input=pickle.dumps(Work(list(requests), connections)),
        capture_output=True, check=True, cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    answers, seconds = pickle.loads(done.stdout)
    wrong = {answer.status for answer in answers} - {200}
    if wrong:
        raise RuntimeError(f"answered with {wrong}")
    return answers, seconds


class _Connections:
    """One open connection to each port, used in turn by one thread."""

    def __init__(self, ports: Iterable[int]) -> None:
        self.open: dict[int, tuple[socket.socket, BinaryIO]] = {}
        for port in ports:
            made = socket.create_connection(("127.0.0.1", port), timeout=60)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open[port] = (made, made.makefile("rb"))

    def ask(self, request: Request) -> Answer:
        connection, answers = self.open[request.port]
        begin = time.perf_counter()
        connection.sendall(request.raw)
        status = int(answers.readline().split()[1])
        length, chunked = 0, False
        while (line := answers.readline()) not in (b"\r\n", b""):
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = b"chunked" in value
        size = _chunks(answers) if chunked else len(answers.read(length))
        return Answer(request.port, status, time.perf_counter() - begin, size)


def _chunks(answers: BinaryIO) -> int:
    size = 0
    while length := int(answers.readline(), 16):
        size += len(answers.read(length))
        answers.readline()
    answers.readline()
    return size


def main() -> None:
    """Do the work on the input."""
    work: Work = pickle.load(sys.stdin.buffer)
    shares = [work.requests[number :: work.connections] for number in range(work.connections)]
    ports = sorted({request.port for request in work.requests})
    opened = [_Connections(ports) for _ in shares]
    answers: list[list[Answer]] = [[] for _ in shares]

    def run(number: int) -> None:
        answers[number] = [opened[number].ask(request) for request in shares[number]]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(shares))]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    flat = [answer for share in answers for answer in share]
    if len(flat) != len(work.requests):
        sys.exit("a connection broke")
    sys.stdout.buffer.write(pickle.dumps((flat, seconds)))


if __name__ == "__main__":
    # Pickled as of the module that others import, not of the program.
    from benchmarks import client  # noqa: PLW0406

    client.main()
