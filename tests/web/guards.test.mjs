// G1 to G26: what the distribution's libwebsockets gets wrong, and the guard that answers it. Raw
// bytes on a socket, one test each; all of them at once against one server, since some must wait.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { OPCODE, Raw, RawWebSocket, exchange, frame, handshakeHead } from './support/raw.mjs';
import { Server, binary, until } from './support/server.mjs';

const PIECE_BYTES_MAX = 64 * 1024;
const MESSAGE_BYTES_MAX = 1 << 20;

let server;
let host;

/** The next request on a fresh line is served: the server lives and is not wedged. */
async function stillServes(target = server) {
    const answer = await request(target, 'GET', '/healthz');
    assert.equal(answer.status, 200);
}

/** CPU seconds of the process so far. */
function cpuSeconds(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMb(pid) {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
    return pages * 4096 / 2 ** 20;
}

async function tokenOf(target) {
    const client = await Client.open(target);
    const { token } = client;
    return { client, token, bearer: `Authorization: Bearer ${token}` };
}

before(async () => {
    server = await Server.start();
    host = `Host: 127.0.0.1:${server.port}`;
});

describe('guards', { concurrency: true }, () => {
    test('G1: an Upgrade to something unknown on a used line is refused', async () => {
        const raw = await Raw.connect(server);
        raw.sendHead('GET /healthz HTTP/1.1', host);
        assert.equal(await raw.status(1), 200);
        raw.sendHead('GET /healthz HTTP/1.1', host, 'Upgrade: foo', 'Connection: Upgrade');
        assert.equal(await raw.closes(), true, 'the line is closed');
        assert.doesNotMatch(raw.text(), / 101 /);
        await stillServes();
    });

    test('G2: a Content-Length that is not 1 to 19 digits is refused and the line closed', async () => {
        const { client, bearer } = await tokenOf(server);
        const wrong = ['-5', '+5', '5xyz', '0x5', '', '5 5', '99999999999999999999999', '1e3', '5,5'];
        for (const value of wrong) {
            const answer = await exchange(server, ['PUT /upload/a.csv HTTP/1.1', host, bearer, `Content-Length: ${value}`],
                'hello', { quietMs: 4000 });
            assert.equal(answer.closed, true, `Content-Length '${value}': the line is closed`);
            assert.ok(answer.statuses.every((code) => code === 400 || code === 411), `Content-Length '${value}': ${answer.statuses}`);
        }
        const twice = await exchange(server, ['PUT /upload/a.csv HTTP/1.1', host, bearer, 'Content-Length: 5', 'Content-Length: 0'],
            'hello', { quietMs: 4000 });
        assert.equal(twice.closed, true);
        assert.ok(twice.statuses.every((code) => code === 400), `two lengths: ${twice.statuses}`);
        await client.close();
    });

    test('G3: multipart is parsed by our own code, which survives hostile forms', async () => {
        const symbols = execFileSync('nm', ['-D', binary()], { encoding: 'utf8' });
        assert.doesNotMatch(symbols, /lws_spa_/);
        const { client, bearer } = await tokenOf(server);
        const forms = [
            `--b\r\nContent-Disposition: form-data; name="${'n'.repeat(60000)}"\r\n\r\nx\r\n--b--\r\n`,
            `--b\r\nContent-Disposition: form-data; name="file"; filename="${'f'.repeat(5000)}"\r\n\r\na,b\n1,2\n\r\n`,
            '--b\r\n\r\n--b\r\n\r\n--b--\r\n',
            '--b'.repeat(5000),
            '\r\n'.repeat(5000),
            `--b\r\n${'X: y\r\n'.repeat(5000)}\r\n--b--`,
            '',
        ];
        for (const form of forms) {
            const answer = await exchange(server, ['POST /upload HTTP/1.1', host, bearer, 'Connection: close',
                'Content-Type: multipart/form-data; boundary=b', `Content-Length: ${form.length}`], form, { quietMs: 8000 });
            assert.ok(answer.statuses.length <= 1 && answer.statuses.every((code) => code >= 400 && code < 500),
                `${JSON.stringify(form.slice(0, 60))}: ${answer.statuses} ${answer.text.slice(0, 200)}`);
        }
        await stillServes();
        await client.close();
    });

    test('G4: HTTP/2 is not spoken, neither by upgrade nor by prior knowledge', async () => {
        const upgrade = await exchange(server, ['GET / HTTP/1.1', host, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
            'HTTP2-Settings: AAMAAABkAAQAAP__'], '', { quietMs: 5000 });
        assert.doesNotMatch(upgrade.text, / 101 /);
        assert.equal(upgrade.closed, true);
        const prior = await exchange(server, ['PRI * HTTP/2.0'], 'SM\r\n\r\n\0\0\0\x04\0\0\0\0\0', { quietMs: 15000 });
        assert.equal(prior.closed, true);
    });

    test('G5: permessage-deflate is never agreed to', async () => {
        const ws = await RawWebSocket.connect(server, {
            headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
        });
        assert.doesNotMatch(ws.head, /Sec-WebSocket-Extensions/i);
        ws.send(OPCODE.text, '{}', { rsv: 4 });
        assert.equal(await ws.raw.closes(), true, 'a frame with a reserved bit ends the line');
        ws.end();
    });

    test('G6: the version of libwebsockets and its features are checked at start', () => {
        const version = execFileSync(binary(), ['--version'], { encoding: 'utf8' });
        assert.match(version, /^spillway \d+\.\d+\.\d+/m);
        assert.match(version, /libwebsockets \d+\.\d+/);
    });

    test('G7: a body that drips is cut', { timeout: 60_000 }, async () => {
        const { client, bearer } = await tokenOf(server);
        const raw = await Raw.connect(server);
        raw.sendHead('PUT /upload/drip.csv HTTP/1.1', host, bearer, 'Content-Length: 1000000');
        const drip = setInterval(() => raw.send('a'), 500);
        const closed = await raw.closes(45_000);
        clearInterval(drip);
        assert.equal(closed, true, 'the line is closed');
        raw.end();
        await client.close();
    });

    test('G8: Transfer-Encoding is answered 411 and smuggles no request', async () => {
        const { client, bearer } = await tokenOf(server);
        const chunked = await exchange(server, ['PUT /upload/a.csv HTTP/1.1', host, bearer, 'Transfer-Encoding: chunked'],
            '5\r\nhello\r\n0\r\n\r\n', { quietMs: 4000 });
        assert.deepEqual(chunked.statuses, [411]);
        assert.equal(chunked.closed, true);
        assert.match(chunked.text, /Content-Length/, 'the answer says what to do');
        const both = await exchange(server, ['POST /upload HTTP/1.1', host, bearer, 'Content-Length: 4', 'Transfer-Encoding: chunked'],
            `0\r\n\r\nGET /metrics HTTP/1.1\r\n${host}\r\n\r\n`, { quietMs: 4000 });
        assert.ok(both.statuses.length === 1 && [400, 411].includes(both.statuses[0]), `${both.statuses}`);
        assert.equal(both.closed, true);
        await client.close();
    });

    test('G9: PATCH and PUT with no bytes are answered at once', async () => {
        const { client, bearer } = await tokenOf(server);
        for (const head of [
            ['PUT /upload/none.csv HTTP/1.1', host, bearer, 'Content-Length: 0'],
            ['PATCH /files/nothing HTTP/1.1', host, bearer, 'Tus-Resumable: 1.0.0', 'Upload-Offset: 0',
                'Content-Type: application/offset+octet-stream', 'Content-Length: 0'],
        ]) {
            const raw = await Raw.connect(server);
            raw.sendHead(...head);
            assert.ok(await raw.status(1, 4000), `${head[0]}: ${raw.text()}`);
            raw.end();
        }
        await client.close();
    });

    test('G10: CONNECT does not turn the line into a raw socket', async () => {
        const raw = await Raw.connect(server);
        raw.sendHead('CONNECT example.org:443 HTTP/1.1', 'Host: example.org:443');
        assert.equal(await raw.closes(15_000), true);
        await stillServes();
    });

    test('G11: long headers fit, longer ones are refused', async () => {
        const fits = await exchange(server, ['GET /healthz HTTP/1.1', host, `X-Long: ${'x'.repeat(12_000)}`, 'Connection: close']);
        assert.deepEqual(fits.statuses, [200]);
        const over = await exchange(server, ['GET /healthz HTTP/1.1', host, `X-Long: ${'x'.repeat(40_000)}`], '', { quietMs: 15_000 });
        assert.equal(over.closed, true);
        assert.ok(!over.statuses.includes(200));
        await stillServes();
    });

    test('G13: the sockets of one address are counted and given back', async () => {
        const before = await openSockets(server);
        const many = await Promise.all(Array.from({ length: 200 }, () => RawWebSocket.connect(server)));
        assert.ok(await openSockets(server) >= before + 100);
        many.forEach((ws) => ws.end());
        await until('the sockets to be given back', async () => (await openSockets(server)) < before + 100);
    });

    test('G14: a sloppy WebSocket handshake is refused', async () => {
        const sloppy = {
            'version 8': { headers: { 'Sec-WebSocket-Version': '8' } },
            'version 12': { headers: { 'Sec-WebSocket-Version': '12' } },
            'no version': { headers: { 'Sec-WebSocket-Version': null } },
            'a short key': { key: 'abc' },
            'no key': { headers: { 'Sec-WebSocket-Key': null } },
            POST: { request: 'POST /ws HTTP/1.1', headers: { 'Content-Length': '0' } },
            'HTTP/1.0': { request: 'GET /ws HTTP/1.0' },
            'no Host': { headers: { Host: null } },
            'another path': { request: 'GET /elsewhere HTTP/1.1' },
        };
        for (const [what, changes] of Object.entries(sloppy)) {
            const raw = await Raw.connect(server);
            raw.sendHead(...handshakeHead(server, changes).lines);
            await raw.wait((data) => data.includes('\r\n\r\n'), 15_000);
            assert.doesNotMatch(raw.text(), / 101 /, what);
            assert.equal(await raw.closes(15_000), true, `${what}: the line is closed`);
        }
    });

    test('G15: only the same origin opens a socket or changes anything', async () => {
        const own = `http://127.0.0.1:${server.port}`;
        const foreign = ['null', 'http://evil.example', `${own}.evil.example`,
            'http://127.0.0.1:1', 'http://127.0.0.1', '//127.0.0.1', `${own} ${own}`, `x${own}`, 'file://', `http://user@127.0.0.1:${server.port}`];
        for (const origin of foreign) {
            const raw = await Raw.connect(server);
            raw.sendHead(...handshakeHead(server, { headers: { Origin: origin } }).lines);
            await raw.wait((data) => data.includes('\r\n\r\n'), 15_000);
            assert.doesNotMatch(raw.text(), / 101 /, `Origin: ${origin}`);
            raw.end();
        }
        (await RawWebSocket.connect(server, { headers: { Origin: own } })).end();
        // TLS may end at a proxy: the scheme is not ours to know.
        (await RawWebSocket.connect(server, { headers: { Origin: own.replace('http:', 'https:') } })).end();
        (await RawWebSocket.connect(server)).end();
        const { client, token } = await tokenOf(server);
        const put = await request(server, 'PUT', '/upload/a.csv', {
            body: 'a\n1\n', headers: { Authorization: `Bearer ${token}`, Origin: 'http://evil.example' },
        });
        assert.equal(put.status, 403);
        await client.close();
    });

    test('G16: an unknown subprotocol is refused, none means JSON', async () => {
        const raw = await Raw.connect(server);
        raw.sendHead(...handshakeHead(server, { headers: { 'Sec-WebSocket-Protocol': 'spillway.v99' } }).lines);
        await raw.wait((data) => data.includes('\r\n\r\n'), 15_000);
        assert.doesNotMatch(raw.text(), / 101 /);
        raw.end();
        const plain = await RawWebSocket.connect(server, { headers: { 'Sec-WebSocket-Protocol': null } });
        plain.request(1, 'session.open');
        const answer = await plain.frame((f) => f.opcode === OPCODE.text);
        assert.match(answer.payload.toString(), /"token"/);
        plain.end();
    });

    test('G17: a message over the limit is refused at its first piece', async () => {
        const announced = await RawWebSocket.connect(server);
        announced.raw.send(frame(OPCODE.text, '{"a":', { length: 2n ** 62n }));
        assert.equal(await announced.closeCode(), 1009);
        announced.end();
        const pieces = await RawWebSocket.connect(server);
        pieces.send(OPCODE.text, ' '.repeat(65536), { fin: false });
        for (let sent = 65536; sent <= MESSAGE_BYTES_MAX; sent += 65536) {
            pieces.send(OPCODE.more, ' '.repeat(65536), { fin: false });
        }
        assert.equal(await pieces.closeCode(), 1009);
        pieces.end();
    });

    test('G18: bytes that are not UTF-8 close with 1007', async () => {
        const wrong = ['c0af', 'eda080', 'f4908080', 'fe', 'c3', 'e28228', '80', 'f8a1a1a1a1'];
        for (const hex of wrong) {
            const ws = await RawWebSocket.connect(server);
            ws.send(OPCODE.text, Buffer.concat([Buffer.from('{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}')]));
            assert.equal(await ws.closeCode(), 1007, hex);
            ws.end();
        }
    });

    test('G19: a close frame that is none is answered 1002', async () => {
        for (const payload of [Buffer.from([3]), Buffer.from([0x13, 0x88]), Buffer.from([0xff, 0xff]), Buffer.from([0x03, 0xed])]) {
            const ws = await RawWebSocket.connect(server);
            ws.send(OPCODE.close, payload);
            assert.ok([1002, null].includes(await ws.closeCode()), payload.toString('hex'));
            ws.end();
        }
        const fine = await RawWebSocket.connect(server);
        fine.send(OPCODE.close, Buffer.from([0x03, 0xe8]));
        assert.equal(await fine.closeCode(), 1000);
        fine.end();
    });

    test('G20: a long message leaves in pieces of at most 64 KiB, between which a ping is answered', async () => {
        const { client, token } = await tokenOf(server);
        await client.upload('wide', csvOf(1000, 60));
        const ws = await RawWebSocket.connect(server);
        ws.request(1, 'session.open', { resume: token });
        assert.ok(await ws.frame((f) => f.payload.includes('"id":1')));
        ws.request(2, 'table.page', { table: 'wide', offset: 0, limit: 1000 });
        ws.send(OPCODE.ping, 'still there?');
        assert.ok(await ws.frame((f) => f.opcode === OPCODE.pong));
        assert.ok(await ws.frame((f) => f.opcode === OPCODE.more && f.fin));
        const pieces = ws.frames.filter((f) => f.opcode <= OPCODE.binary);
        assert.ok(pieces.length > 3, `${pieces.length} pieces`);
        assert.ok(pieces.every((f) => f.payload.length <= PIECE_BYTES_MAX));
        ws.end();
        await client.close();
    });

    test('G21: a reader without progress is cut, and costs little meanwhile', { timeout: 90_000 }, async () => {
        const own = await Server.start();
        const { client, token } = await tokenOf(own);
        await client.upload('wide', csvOf(1000, 60));
        const ws = await RawWebSocket.connect(own);
        ws.request(1, 'session.open', { resume: token });
        assert.ok(await ws.frame((f) => f.payload.includes('"id":1')));
        const before = residentMb(own.pid);
        ws.raw.socket.pause();
        for (let id = 2; id < 400; id++) {
            ws.request(id, 'table.page', { table: 'wide', offset: 0, limit: 1000 });
        }
        const cut = await until('the reader to be cut', async () => {
            const { connections } = await client.call('session.info');
            return connections === 1;
        }, 60_000);
        assert.ok(cut);
        assert.ok(residentMb(own.pid) - before < 200, `${residentMb(own.pid) - before} MB more`);
        ws.end();
        await client.close();
        await own.stop();
    });

    test('G22: a request behind an upload waits its turn and burns no CPU', async () => {
        const own = await Server.start();
        const { client, bearer } = await tokenOf(own);
        const body = csvOf(2000, 8);
        const raw = await Raw.connect(own);
        const before = cpuSeconds(own.pid);
        raw.send(`PUT /upload/pipelined.csv HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\n${bearer}\r\nContent-Length: ${body.length}\r\n\r\n`
            + `${body}GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\n\r\n`);
        await raw.status(2, 10_000);
        const answers = raw.statuses().filter((code) => code >= 200).map((code) => Math.floor(code / 100));
        // Or the first answer says that it is the last on this line.
        assert.deepEqual(answers, /^Connection: close\r$/im.test(raw.text()) ? [2] : [2, 2], raw.text());
        const settled = cpuSeconds(own.pid);
        raw.send('x');
        await raw.closes(1500);
        assert.ok(settled - before < 3, `${settled - before} s of CPU for a small upload`);
        assert.ok(cpuSeconds(own.pid) - settled < 1, 'a stray byte behind it does not spin the loop');
        raw.end();
        await client.close();
        await own.stop();
    });

    test('G23: the server pings after 25 s, and drops who is silent for 60 s', { timeout: 120_000 }, async () => {
        const silent = await RawWebSocket.connect(server);
        const polite = await RawWebSocket.connect(server);
        const started = Date.now();
        const ping = await silent.frame((f) => f.opcode === OPCODE.ping, 35_000);
        assert.ok(ping, 'a ping within 35 s');
        const answer = setInterval(() => {
            polite.parse();
            polite.send(OPCODE.pong, '');
        }, 10_000);
        assert.equal(await silent.raw.closes(45_000), true, 'the silent one is dropped');
        assert.ok(Date.now() - started > 40_000, 'but not too soon');
        assert.equal(polite.raw.isClosed, false, 'the polite one is not');
        clearInterval(answer);
        silent.end();
        polite.end();
    });

    test('G24: SIGTERM closes every socket with 1012 and the exit status is 0', async () => {
        const own = await Server.start();
        const clients = await Promise.all(Array.from({ length: 50 }, () => Client.open(own)));
        own.signal('SIGTERM');
        const codes = new Set((await Promise.all(clients.map((client) => client.closed))).map(({ code }) => code));
        assert.deepEqual([...codes], [1012]);
        assert.deepEqual(await own.exited, { code: 0, signal: null });
        own.assertClean();
    });

    test('G24: an upload that a stop cannot wait for hears 503', async () => {
        const own = await Server.start();
        const { client, bearer } = await tokenOf(own);
        const raw = await Raw.connect(own);
        raw.sendHead('PUT /upload/late.csv HTTP/1.1', host, bearer, 'Content-Length: 800000');
        raw.send('a,b\n1,2\n');
        await client.next('upload.progress');
        own.signal('SIGTERM');
        assert.ok(await raw.wait((data) => data.includes('HTTP/1.1 503 '), 15_000), raw.text());
        assert.match(raw.text(), /upload again/);
        assert.deepEqual(await own.exited, { code: 0, signal: null });
        own.assertClean();
    });

    test('G25: signals are ours: HUP does not end it, TERM does not spin', async () => {
        const own = await Server.start();
        own.signal('SIGHUP');
        await stillServes(own);
        const before = cpuSeconds(own.pid);
        await new Promise((resolve) => { setTimeout(resolve, 1500); });
        assert.ok(cpuSeconds(own.pid) - before < 0.5, 'an idle server is idle');
        const started = Date.now();
        await own.stop();
        assert.ok(Date.now() - started < 10_000, 'it ends soon');
    });

    test('G26: Expect: 100-continue is answered before the body', async () => {
        const { client, bearer } = await tokenOf(server);
        const raw = await Raw.connect(server);
        raw.sendHead('PUT /upload/expected.csv HTTP/1.1', host, bearer, 'Content-Length: 8', 'Expect: 100-continue');
        assert.ok(await raw.wait((data) => data.includes('HTTP/1.1 100 Continue\r\n\r\n'), 5000), raw.text());
        raw.send('a,b\n1,2\n');
        assert.ok([200, 201].includes(await raw.status(1)), raw.text());
        raw.end();
        const refused = await Raw.connect(server);
        refused.sendHead('PUT /upload/expected.csv HTTP/1.1', host, 'Content-Length: 8', 'Expect: 100-continue');
        assert.equal(await refused.status(1), 401, 'no token: refused before the body is sent');
        assert.doesNotMatch(refused.text(), / 100 /);
        refused.end();
        await client.close();
    });
});

test('G12: out of file descriptors the server stays calm and comes back', { timeout: 90_000 }, async () => {
    const own = await Server.start({ wrapper: ['prlimit', '--nofile=400'] });
    const lines = [];
    for (let i = 0; i < 600; i++) {
        lines.push(Raw.connect(own));
    }
    const opened = await Promise.all(lines);
    const before = cpuSeconds(own.pid);
    const logged = own.stderr.length;
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
    assert.ok(cpuSeconds(own.pid) - before < 1, `${cpuSeconds(own.pid) - before} s of CPU in 2 s`);
    assert.ok(own.stderr.length - logged < 20_000, 'the log is not flooded');
    opened.forEach((raw) => raw.end());
    await until('the server to serve again', () => stillServes(own).then(() => true, () => false), 30_000);
    await own.stop();
});

test('the server ends cleanly', () => server.stop());

/** A CSV with a header and rows x columns of numbers. */
function csvOf(rows, columns) {
    const names = Array.from({ length: columns }, (_, i) => `c${i}`).join(',');
    const lines = Array.from({ length: rows }, (_, row) =>
        Array.from({ length: columns }, (_, column) => (row * 7919 + column * 104729) % 1000003).join(','));
    return `${names}\n${lines.join('\n')}\n`;
}

/** The number of open sockets as /metrics tells it. */
async function openSockets(target) {
    const { text } = await request(target, 'GET', '/metrics');
    const found = /^spillway_sockets(?:\{[^}]*\})? (\d+)/m.exec(text);
    assert.ok(found, `/metrics tells spillway_sockets:\n${text.slice(0, 1000)}`);
    return Number(found[1]);
}
