"""The server as Debian's python3-websockets sees it: an independent WebSocket implementation."""
import asyncio
import json
import os
import sys
import unittest

import websockets

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live_server import Server, Session  # noqa: E402


class WebSocketsTest(unittest.TestCase):
    def test_a_session_from_open_to_a_brushed_histogram(self):
        async def talk(server):
            session = await Session.open(server)
            self.assertEqual(session.socket.subprotocol, "spillway.v1.json")
            answer = await session.upload("numbers", b"x\n" + b"".join(b"%d\n" % i for i in range(1000)))
            self.assertEqual(answer["table"], "numbers")
            await session.call("select.define", {
                "select": "s", "table": "numbers", "clauses": [{"column": "x", "between": "$x"}]})
            await session.output("h", kind="histogram", table="numbers", select="s", x="x", bins=9)
            await session.set({"x": [0, 499]})
            self.assertEqual(session.values["h"]["rows"], 500)
            self.assertEqual(sum(session.values["h"]["data"]["count"]), 500)
            await session.close()

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
