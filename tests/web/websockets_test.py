"""The server as Debian's python3-websockets sees it: an independent WebSocket implementation."""
import asyncio
import json
import os
import re
import subprocess
import tempfile
import unittest
import urllib.request

import websockets

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, os.environ.get("SPILLWAY", "build/dev/spillway"))


class Server:
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
        status = self.process.wait(30)
        self.process.stdout.close()
        self.errors.seek(0)
        report = self.errors.read()
        self.errors.close()
        self.state.cleanup()
        if status != 0 or "Sanitizer" in report or "runtime error" in report:
            raise AssertionError(f"exit status {status}\n{report[-4000:]}")


async def call(socket, number, method, params=None):
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
    await socket.send(json.dumps(request))
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 30))
        if message.get("id") == number:
            return message


async def notification(socket, method):
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 30))
        if message.get("method") == method:
            return message["params"]


class WebSocketsTest(unittest.TestCase):
    def test_a_session_from_open_to_a_brushed_histogram(self):
        async def talk(server):
            async with websockets.connect(server.url, subprotocols=["spillway.v1.json"]) as socket:
                self.assertEqual(socket.subprotocol, "spillway.v1.json")
                opened = await call(socket, 1, "session.open")
                body = b"x\n" + b"".join(b"%d\n" % i for i in range(1000))
                put = urllib.request.Request(
                    f"{server.origin}/upload/numbers.csv", data=body, method="PUT",
                    headers={"Authorization": "Bearer " + opened["result"]["token"]})
                answer = await asyncio.to_thread(lambda: json.load(urllib.request.urlopen(put)))
                self.assertEqual(answer["table"], "numbers")
                changed = await notification(socket, "table.changed")
                self.assertEqual(changed["rows"], 1000)
                await call(socket, 2, "select.define", {
                    "select": "s", "table": "numbers",
                    "clauses": [{"column": "x", "between": "$x"}]})
                await call(socket, 3, "output.define", {
                    "output": "h", "kind": "histogram", "table": "numbers", "select": "s",
                    "x": "x", "bins": 9})
                await call(socket, 4, "input.set", {"values": {"x": [0, 499]}, "epoch": 7})
                while True:
                    value = await notification(socket, "output.value")
                    if value["epoch"] == 7:
                        break
                self.assertEqual(value["rows"], 500)
                self.assertEqual(sum(value["data"]["count"]), 500)

        with Server() as server:
            asyncio.run(talk(server))

    def test_a_ping_is_answered_and_a_close_is_returned(self):
        async def talk(server):
            socket = await websockets.connect(server.url)
            pong = await socket.ping(b"there?")
            await asyncio.wait_for(pong, 10)
            await socket.close(1000, "bye")
            self.assertEqual(socket.close_code, 1000)

        with Server() as server:
            asyncio.run(talk(server))

    def test_fragmented_requests_are_put_together(self):
        async def talk(server):
            async with websockets.connect(server.url) as socket:
                text = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "session.open", "params": {}})
                await socket.send([text[:3], text[3:20], text[20:]])
                answer = json.loads(await asyncio.wait_for(socket.recv(), 30))
                self.assertIn("token", answer["result"])

        with Server() as server:
            asyncio.run(talk(server))


if __name__ == "__main__":
    unittest.main()
