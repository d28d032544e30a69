// HTTP lines: several requests on one, answers that end one, downloads at the reader's pace.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Raw } from './support/raw.mjs';
import { Server } from './support/server.mjs';

const ROWS = 60_000;
const CSV = `id,name\n${Array.from({ length: ROWS }, (_, i) => `${i},name number ${i} of many`).join('\n')}\n`;

let server;
let client;
let host;
let bearer;
before(async () => {
    server = await Server.start({ args: ['--allow-origin', 'https://data.example'] });
    client = await Client.open(server);
    host = `Host: 127.0.0.1:${server.port}`;
    bearer = `Authorization: Bearer ${client.token}`;
    await client.upload('people', CSV);
});
after(async () => {
    await client.close();
    await server.stop();
});

function cpuSeconds() {
    const fields = readFileSync(`/proc/${server.pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function ticket(extra = {}) {
    return (await client.call('download.create', { table: 'people', format: 'csv', ...extra })).url;
}

/** A chunked or plain body of the first answer in `bytes`, and what follows it. */
function readAnswer(bytes) {
    const end = bytes.indexOf('\r\n\r\n');
    const head = bytes.subarray(0, end).toString('latin1');
    let at = end + 4;
    const length = /content-length: (\d+)/i.exec(head);
    if (length) {
        const stop = at + Number(length[1]);
        return { head, body: bytes.subarray(at, stop).toString(), rest: bytes.subarray(stop).toString('latin1') };
    }
    assert.match(head, /transfer-encoding: chunked/i);
    const pieces = [];
    for (;;) {
        const line = bytes.indexOf('\r\n', at);
        const size = parseInt(bytes.subarray(at, line).toString('latin1'), 16);
        at = line + 2;
        pieces.push(bytes.subarray(at, at + size));
        at += size + 2;
        if (size === 0) {
            return { head, body: Buffer.concat(pieces).toString(), rest: bytes.subarray(at).toString('latin1') };
        }
    }
}

test('many requests in one segment are answered in order', async () => {
    const raw = await Raw.connect(server);
    raw.send(`GET /healthz HTTP/1.1\r\n${host}\r\n\r\n`.repeat(20) + `GET /nothing HTTP/1.1\r\n${host}\r\n\r\n`);
    assert.equal(await raw.status(21), 404);
    assert.deepEqual(raw.statuses().slice(0, 20), Array(20).fill(200));
    raw.end();
});

test('a request that waits behind a download is answered after it, and no CPU is burnt meanwhile', async () => {
    const raw = await Raw.connect(server);
    raw.sendHead(`GET ${await ticket()} HTTP/1.1`, host);
    await raw.wait((data) => data.includes('HTTP/1.1 200'));
    raw.socket.pause();
    raw.sendHead('GET /healthz HTTP/1.1', host);
    const before = cpuSeconds();
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
    assert.ok(cpuSeconds() - before < 1, `${cpuSeconds() - before} s of CPU in 2 s`);
    raw.socket.resume();
    assert.ok(await raw.wait((data) => data.includes('\r\n\r\nok\n')), 'the second answer');
    const { body, rest } = readAnswer(raw.received);
    assert.equal(body, CSV);
    assert.match(rest, /^HTTP\/1\.1 200 OK/);
    raw.end();
});

test('a client that has closed its side still gets its download', async () => {
    const raw = await Raw.connect(server, { allowHalfOpen: true });
    raw.sendHead(`GET ${await ticket()} HTTP/1.1`, host, 'Connection: close');
    raw.socket.end();
    assert.equal(await raw.closes(), true);
    assert.equal(readAnswer(raw.received).body, CSV);
});

test('HTTP/1.0 gets a download without chunks, ended by the line', async () => {
    const raw = await Raw.connect(server);
    raw.sendHead(`GET ${await ticket()} HTTP/1.0`, host);
    assert.equal(await raw.closes(), true);
    const [head, ...body] = raw.text().split('\r\n\r\n');
    assert.doesNotMatch(head, /chunked/i);
    assert.equal(body.join('\r\n\r\n'), CSV);
});

test('HEAD of a download, a page and a health check has the head and no body', async () => {
    for (const path of [await ticket(), '/healthz', '/spillway.js']) {
        const get = await request(server, 'GET', path);
        const head = await request(server, 'HEAD', path);
        assert.equal(head.status, 200);
        assert.equal(head.bytes.length, 0);
        assert.equal(head.headers['content-type'], get.headers['content-type'], path);
    }
});

test('ranges: one is served exactly, a wrong one is 416, several are answered whole', async () => {
    const url = await ticket();
    const etag = (await request(server, 'HEAD', url)).headers.etag;
    const bytes = Buffer.from(CSV);
    const cases = [
        ['bytes=0-0', bytes.subarray(0, 1)], ['bytes=70000-140000', bytes.subarray(70000, 140001)],
        [`bytes=${bytes.length - 5}-`, bytes.subarray(-5)], ['bytes=-7', bytes.subarray(-7)],
        [`bytes=5-${bytes.length + 99}`, bytes.subarray(5)],
    ];
    for (const [range, expected] of cases) {
        const answer = await request(server, 'GET', url, { headers: { Range: range } });
        assert.equal(answer.status, 206, range);
        assert.ok(answer.bytes.equals(expected), range);
        assert.match(answer.headers['content-range'], new RegExp(`/${bytes.length}$`));
    }
    const beyond = await request(server, 'GET', url, { headers: { Range: `bytes=${bytes.length}-` } });
    assert.equal(beyond.status, 416);
    assert.equal(beyond.headers['content-range'], `bytes */${bytes.length}`);
    for (const range of ['bytes=0-1,5-6', 'bytes=5-4', 'bytes=a-b', 'lines=1-2', 'bytes=', 'bytes=-']) {
        const whole = await request(server, 'GET', await ticket(), { headers: { Range: range } });
        assert.equal(whole.status, 200, range);
        assert.equal(whole.text, CSV);
    }
    for (const [name, status] of [[etag, 206], ['"another"', 200]]) {
        const answer = await request(server, 'GET', await ticket(), { headers: { Range: 'bytes=1-2', 'If-Range': name } });
        assert.equal(answer.status, status, name);
    }
});

test('a file name of any kind reaches the reader in one header line', async () => {
    const url = await ticket({ filename: 'Zürich "a\\b".csv' });
    const { headers } = await request(server, 'HEAD', url);
    assert.match(headers['content-disposition'], /^attachment; filename="[ -!#-[\]-~]*"; filename\*=UTF-8''Z%C3%BCrich/);
});

test('an unknown ticket is 404', async () => {
    const answer = await request(server, 'GET', '/download/nothing');
    assert.equal(answer.status, 404);
    assert.ok(JSON.parse(answer.text).message);
});

test('a refused body is swallowed, so that its refusal is read, and the line ends', async () => {
    const raw = await Raw.connect(server);
    raw.send(`PUT /upload/a.csv HTTP/1.1\r\n${host}\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}`
        + `GET /healthz HTTP/1.1\r\n${host}\r\n\r\n`);
    assert.equal(await raw.closes(), true);
    assert.deepEqual(raw.statuses(), [401]);
    assert.match(raw.text(), /connection: close/i);
    assert.match(raw.text(), /www-authenticate: bearer/i);
});

test('a method that a path does not know is 405 with Allow', async () => {
    for (const [method, path, allowed] of [['POST', '/healthz', 'GET'], ['GET', '/upload/a', 'PUT'], ['PUT', '/upload', 'POST'],
        ['DELETE', '/', 'GET']]) {
        const answer = await request(server, method, path, { body: method === 'GET' || method === 'DELETE' ? undefined : '' });
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.ok(answer.headers.allow.includes(allowed), `${method} ${path}: ${answer.headers.allow}`);
    }
});

test('GET /ws without an upgrade says 426', async () => {
    const answer = await request(server, 'GET', '/ws');
    assert.equal(answer.status, 426);
    assert.equal(answer.headers.upgrade, 'websocket');
});

test('an allowed origin gets its CORS answers, another none', async () => {
    const ask = (origin, method, path, headers = {}) => request(server, method, path, { headers: { Origin: origin, ...headers } });
    const preflight = await ask('https://data.example', 'OPTIONS', '/files', { 'Access-Control-Request-Method': 'POST' });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers['access-control-allow-origin'], 'https://data.example');
    for (const name of ['Upload-Length', 'Upload-Offset', 'Tus-Resumable', 'Upload-Metadata', 'Authorization', 'Upload-Checksum']) {
        assert.ok(preflight.headers['access-control-allow-headers'].includes(name), name);
    }
    for (const name of ['PATCH', 'POST', 'HEAD', 'DELETE', 'PUT']) {
        assert.ok(preflight.headers['access-control-allow-methods'].includes(name), name);
    }
    const answer = await ask('https://data.example', 'GET', '/healthz');
    for (const name of ['Location', 'Upload-Offset', 'Upload-Expires', 'Tus-Resumable']) {
        assert.ok(answer.headers['access-control-expose-headers'].includes(name), name);
    }
    assert.equal((await ask('https://evil.example', 'GET', '/healthz')).headers['access-control-allow-origin'], undefined);
    assert.equal((await ask('https://evil.example', 'DELETE', '/files/a')).status, 403);
    const broken = await ask('https://data.example', 'HEAD', '/files/nothing', { 'Tus-Resumable': '1.0.0' });
    assert.equal(broken.headers['access-control-allow-origin'], 'https://data.example', 'errors too');
});

test('forms: the table is named, fields come first, one file, and every mistake has its sentence', async () => {
    const form = (...parts) => `${parts.map(([head, body]) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`).join('')}--b--\r\n`;
    const post = (body, type = 'multipart/form-data; boundary=b') => request(server, 'POST', '/upload', {
        body, headers: { Authorization: `Bearer ${client.token}`, 'Content-Type': type },
    });
    const file = ['name="file"; filename="a.csv"', 'a,b\n1,2\n'];
    const good = await post(form(['name="table"', 'formed'], file));
    assert.equal(good.status, 201);
    assert.equal(JSON.parse(good.text).table, 'formed');
    assert.equal((await client.loaded('formed')).rows, 1);
    const wrong = [
        [form(['name="tabel"', 'x'], file), /tabel/],
        [form(['name="file"; filename="b.csv"', 'a\n1\n'], ['name="table"', 'x']), /before the file/],
        [form(['name="table"', 'x']), /no file/],
        [form(['name="file"; filename=""', '']), /no name/],
        [form(['name="file"; filename="c.csv"', 'a\n1\n'], file), /One file/],
        ['--b\r\nContent-Disposition: form-data; name="file"; filename="d.csv"\r\n\r\na,b\n1', /ends before/],
    ];
    for (const [body, sentence] of wrong) {
        const answer = await post(body);
        assert.equal(answer.status, 400, answer.text);
        assert.match(JSON.parse(answer.text).message, sentence);
    }
    assert.equal((await post('a,b\n', 'text/csv')).status, 400);
});

test('a PUT that is cut leaves no table behind', async () => {
    const raw = await Raw.connect(server);
    raw.send(`PUT /upload/cut.csv HTTP/1.1\r\n${host}\r\n${bearer}\r\nContent-Length: 1000\r\n\r\na,b\n1,2\n`);
    for (let found = false; !found;) {
        found = (await client.call('table.list')).some(({ table }) => table === 'cut');
    }
    raw.end();
    for (let found = true; found;) {
        found = (await client.call('table.list')).some(({ table }) => table === 'cut');
    }
});
