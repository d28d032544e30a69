"""The server under test and one session on it, for tests in Python."""
import asyncio
import json
import os
import re
import subprocess
import tempfile
import urllib.parse
import urllib.request

import websockets

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, os.environ.get("SPILLWAY", "build/dev/spillway"))
WAIT_S = 30


class Server:
    """with Server() as server: ... ; its end asserts exit status 0 and no sanitizer report."""

    def __enter__(self):
        self.state = tempfile.TemporaryDirectory(prefix="spillway-test-")
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [BINARY, "--listen", "127.0.0.1:0", "--state", self.state.name],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        found = re.match(r"listening on (http://127\.0\.0\.1:(\d+))", line)
        if not found:
            raise AssertionError(f"the first line was {line!r}")
        self.origin = found.group(1)
        self.url = f"ws://127.0.0.1:{found.group(2)}/ws"
        return self

    def __exit__(self, *failure):
        self.process.terminate()
        status = self.process.wait(WAIT_S)
        self.process.stdout.close()
        self.errors.seek(0)
        report = self.errors.read()
        self.errors.close()
        self.state.cleanup()
        if status != 0 or "Sanitizer" in report or "runtime error" in report:
            raise AssertionError(f"exit status {status}\n{report[-4000:]}")


class Session:
    """One socket with its session. What arrives while an answer is awaited is kept."""

    def __init__(self, server, socket):
        self.server = server
        self.socket = socket
        self.number = 0
        self.epoch = 0
        self.kept = []
        self.values = {}

    @classmethod
    async def open(cls, server):
        socket = await websockets.connect(
            server.url, subprotocols=["spillway.v1.json"], max_size=1 << 28)
        session = cls(server, socket)
        session.token = (await session.call("session.open"))["token"]
        return session

    async def _receive(self):
        message = json.loads(await asyncio.wait_for(self.socket.recv(), WAIT_S))
        if message.get("method") == "output.value":
            self.values[message["params"]["output"]] = message["params"]
        return message

    async def call(self, method, params=None):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params or {}}
        await self.socket.send(json.dumps(request))
        while True:
            message = await self._receive()
            if message.get("id") == self.number and "method" not in message:
                if "error" in message:
                    raise AssertionError(f"{method} {params}: {message['error']}")
                return message["result"]
            self.kept.append(message)

    async def notification(self, method, fits=lambda params: True):
        for message in self.kept:
            if message.get("method") == method and fits(message["params"]):
                self.kept.remove(message)
                return message["params"]
        while True:
            message = await self._receive()
            if message.get("method") == method and fits(message["params"]):
                return message["params"]
            self.kept.append(message)

    async def output(self, name, **how):
        """Defines an output and returns its first value's params."""
        self.kept.clear()
        self.values.pop(name, None)
        await self.call("output.define", {"output": name, **how})
        while name not in self.values:
            self.kept.append(await self._receive())
        return self.values[name]

    async def set(self, values):
        self.epoch += 1
        epoch = self.epoch
        await self.call("input.set", {"values": values, "epoch": epoch})
        return await self.notification("flush", lambda params: params["epoch"] >= epoch)

    async def upload(self, table, body, types=None):
        self.kept.clear()
        query = {"table": table, **({"types": json.dumps(types)} if types else {})}
        put = urllib.request.Request(
            f"{self.server.origin}/upload/{table}.csv?{urllib.parse.urlencode(query)}", data=body, method="PUT",
            headers={"Authorization": "Bearer " + self.token})
        answer = await asyncio.to_thread(lambda: json.load(urllib.request.urlopen(put)))
        await self.notification(
            "table.changed", lambda params: params["table"] == table and params["what"] == "upload")
        return answer

    async def close(self):
        await self.socket.close()
