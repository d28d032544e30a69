// tus 1.0.0 as its text demands it, row by row, on plain HTTP requests.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, before, beforeEach, test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Raw } from './support/raw.mjs';
import { Server, until } from './support/server.mjs';

const BODY = 'a,b\n1,2\n3,4\n';

let server;
let client;
before(async () => { server = await Server.start(); });
// A session each: unfinished uploads count against their session's limit.
beforeEach(async () => { client = await Client.open(server); });
afterEach(async () => { await client.close(); });

const encode = (text) => Buffer.from(text).toString('base64');

function tus(method, path, headers = {}, body = undefined) {
    return request(server, method, path, {
        body, headers: { Authorization: `Bearer ${client.token}`, 'Tus-Resumable': '1.0.0', ...headers },
    });
}

/** Creates an upload of `length` bytes; the path of it. */
async function create(length, headers = {}, table = `t${randomBytes(4).toString('hex')}`) {
    const answer = await tus('POST', '/files', {
        'Upload-Length': String(length), 'Upload-Metadata': `filename ${encode(`${table}.csv`)},table ${encode(table)}`, ...headers,
    }, '');
    assert.equal(answer.status, 201, answer.text);
    return { path: new URL(answer.headers.location, server.origin).pathname, table, answer };
}

function patch(path, offset, body, headers = {}) {
    return tus('PATCH', path, { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream', ...headers }, body);
}

async function offsetOf(path) {
    const head = await tus('HEAD', path);
    assert.equal(head.status, 200);
    return Number(head.headers['upload-offset']);
}

test('OPTIONS tells versions, extensions, size and checksums, whatever Tus-Resumable says', async () => {
    for (const version of ['1.0.0', '0.2.2']) {
        const answer = await tus('OPTIONS', '/files', { 'Tus-Resumable': version });
        assert.ok([200, 204].includes(answer.status));
        assert.equal(answer.headers['tus-resumable'], '1.0.0');
        assert.equal(answer.headers['tus-version'], '1.0.0');
        assert.ok(Number(answer.headers['tus-max-size']) > 0);
        const extensions = answer.headers['tus-extension'].split(',');
        for (const name of ['creation', 'creation-with-upload', 'creation-defer-length', 'expiration', 'checksum', 'termination']) {
            assert.ok(extensions.includes(name), name);
        }
        const algorithms = answer.headers['tus-checksum-algorithm'].split(',');
        assert.ok(algorithms.includes('sha1') && algorithms.includes('sha256'));
    }
});

test('a request without the right Tus-Resumable is answered 412 with Tus-Version', async () => {
    for (const version of ['0.2.2', '']) {
        const answer = await tus('POST', '/files', { 'Tus-Resumable': version, 'Upload-Length': '1' }, '');
        assert.equal(answer.status, 412);
        assert.equal(answer.headers['tus-version'], '1.0.0');
    }
});

test('without a token, or with a wrong one, nothing is created', async () => {
    for (const authorization of ['', 'Bearer nonsense', 'Basic abc']) {
        const answer = await tus('POST', '/files', { Authorization: authorization, 'Upload-Length': '1' }, '');
        assert.equal(answer.status, 401, authorization);
    }
});

test('creation answers 201 with a Location and an expiry', async () => {
    const { path, answer } = await create(BODY.length);
    assert.equal(answer.headers['tus-resumable'], '1.0.0');
    assert.ok(Date.parse(answer.headers['upload-expires']) > Date.now());
    assert.ok(path.startsWith('/files/'));
    assert.ok(!path.includes(client.token), 'the token is in no URL');
});

test('creation wants Upload-Length or Upload-Defer-Length: 1, and not both', async () => {
    for (const headers of [{}, { 'Upload-Length': '5', 'Upload-Defer-Length': '1' }, { 'Upload-Defer-Length': '2' },
        { 'Upload-Length': '-1' }, { 'Upload-Length': '5x' }, { 'Upload-Length': '' }]) {
        const answer = await tus('POST', '/files', headers, '');
        assert.equal(answer.status, 400, JSON.stringify(headers));
    }
});

test('an upload over the limit is refused 413 before a byte is sent', async () => {
    const { headers } = await tus('OPTIONS', '/files');
    const answer = await tus('POST', '/files', { 'Upload-Length': String(BigInt(headers['tus-max-size']) + 1n) }, '');
    assert.equal(answer.status, 413);
});

test('broken Upload-Metadata is refused', async () => {
    for (const metadata of ['filename !!!', 'filename YQ== extra', 'a YQ==,a YQ==']) {
        const answer = await tus('POST', '/files', { 'Upload-Length': '5', 'Upload-Metadata': metadata }, '');
        assert.equal(answer.status, 400, metadata);
    }
});

test('HEAD tells offset, length and metadata and must not be cached', async () => {
    const { path, table } = await create(BODY.length);
    const head = await tus('HEAD', path);
    assert.equal(head.status, 200);
    assert.equal(head.headers['upload-offset'], '0');
    assert.equal(head.headers['upload-length'], String(BODY.length));
    assert.match(head.headers['cache-control'], /no-store/);
    assert.ok(head.headers['upload-metadata'].includes(encode(table)));
});

test('HEAD of an unknown upload is 404 without an offset', async () => {
    const head = await tus('HEAD', '/files/nothing');
    assert.ok([404, 410].includes(head.status));
    assert.equal(head.headers['upload-offset'], undefined);
});

test('PATCH appends and answers 204 with the new offset; the last one makes the table', async () => {
    const { path, table } = await create(BODY.length);
    const first = await patch(path, 0, BODY.slice(0, 5));
    assert.equal(first.status, 204);
    assert.equal(first.headers['upload-offset'], '5');
    assert.ok(Date.parse(first.headers['upload-expires']) > Date.now());
    const second = await patch(path, 5, BODY.slice(5));
    assert.equal(second.headers['upload-offset'], String(BODY.length));
    const { rows } = await client.loaded(table);
    assert.equal(rows, 2);
});

test('PATCH at a wrong offset is 409 and keeps no byte', async () => {
    const { path } = await create(BODY.length);
    for (const offset of [1, 99, BODY.length]) {
        const answer = await patch(path, offset, 'zz');
        assert.equal(answer.status, 409, String(offset));
    }
    assert.equal(await offsetOf(path), 0);
});

test('PATCH wants a plain number as Upload-Offset', async () => {
    const { path } = await create(BODY.length);
    for (const offset of ['-1', '+0', '0x0', '1e0', '', ' ']) {
        const answer = await patch(path, offset, 'zz');
        assert.equal(answer.status, 400, `'${offset}'`);
    }
    assert.equal(await offsetOf(path), 0);
});

test('PATCH wants its content type', async () => {
    const { path } = await create(BODY.length);
    const answer = await patch(path, 0, BODY, { 'Content-Type': 'text/csv' });
    assert.equal(answer.status, 415);
    assert.equal(await offsetOf(path), 0);
});

test('PATCH beyond the announced length is refused', async () => {
    const { path } = await create(4);
    const answer = await patch(path, 0, BODY);
    assert.ok([400, 413].includes(answer.status), String(answer.status));
});

test('PATCH of an unknown upload is 404', async () => {
    const answer = await patch('/files/nothing', 0, BODY);
    assert.ok([404, 410].includes(answer.status));
});

test('X-HTTP-Method-Override is honoured', async () => {
    const { path, table } = await create(BODY.length);
    const answer = await tus('POST', path, {
        'X-HTTP-Method-Override': 'PATCH', 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream',
    }, BODY);
    assert.equal(answer.status, 204);
    await client.loaded(table);
});

test('creation-with-upload takes the first bytes at once', async () => {
    const table = 'at_once';
    const answer = await tus('POST', '/files', {
        'Upload-Length': String(BODY.length), 'Upload-Metadata': `table ${encode(table)}`,
        'Content-Type': 'application/offset+octet-stream',
    }, BODY);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['upload-offset'], String(BODY.length));
    assert.equal((await client.loaded(table)).rows, 2);
});

test('a length told later: deferred, then fixed by a PATCH', async () => {
    const table = 'deferred';
    const created = await tus('POST', '/files', { 'Upload-Defer-Length': '1', 'Upload-Metadata': `table ${encode(table)}` }, '');
    assert.equal(created.status, 201);
    const path = new URL(created.headers.location, server.origin).pathname;
    const head = await tus('HEAD', path);
    assert.equal(head.headers['upload-defer-length'], '1');
    assert.equal(head.headers['upload-length'], undefined);
    assert.equal((await patch(path, 0, BODY.slice(0, 4))).status, 204);
    const last = await patch(path, 4, BODY.slice(4), { 'Upload-Length': String(BODY.length) });
    assert.equal(last.status, 204);
    assert.equal((await client.loaded(table)).rows, 2);
});

test('a length once told cannot change', async () => {
    const { path } = await create(BODY.length);
    const answer = await patch(path, 0, BODY.slice(0, 4), { 'Upload-Length': '4' });
    assert.equal(answer.status, 400);
});

test('Upload-Length: 0 is complete at once', async () => {
    const { path } = await create(0, {}, 'nothing_at_all');
    const failed = await client.next('upload.failed', (params) => params.table === 'nothing_at_all');
    assert.match(failed.error.message, /empty/i);
    const head = await tus('HEAD', path);
    assert.ok([200, 404, 410].includes(head.status));
});

test('a right checksum is accepted, sha1 and sha256', async () => {
    for (const algorithm of ['sha1', 'sha256']) {
        const { path, table } = await create(BODY.length);
        const digest = createHash(algorithm).update(BODY).digest('base64');
        assert.equal((await patch(path, 0, BODY, { 'Upload-Checksum': `${algorithm} ${digest}` })).status, 204);
        await client.loaded(table);
    }
});

test('a wrong checksum is 460 and the whole PATCH is discarded', async () => {
    const { path, table } = await create(BODY.length);
    const wrong = createHash('sha1').update('other').digest('base64');
    assert.equal((await patch(path, 0, BODY.slice(0, 6), { 'Upload-Checksum': `sha1 ${wrong}` })).status, 460);
    assert.equal(await offsetOf(path), 0);
    assert.equal((await patch(path, 0, BODY)).status, 204);
    assert.equal((await client.loaded(table)).rows, 2);
});

test('an unknown or broken checksum is 400', async () => {
    const { path } = await create(BODY.length);
    for (const checksum of ['md5 AAAA', 'sha1', 'sha1 !!!!', `sha1 ${encode('short')}`]) {
        assert.equal((await patch(path, 0, BODY, { 'Upload-Checksum': checksum })).status, 400, checksum);
    }
});

test('termination: DELETE is 204, then the upload is gone', async () => {
    const { path, table } = await create(BODY.length);
    await patch(path, 0, BODY.slice(0, 6));
    const answer = await tus('DELETE', path);
    assert.equal(answer.status, 204);
    assert.ok([404, 410].includes((await tus('HEAD', path)).status));
    assert.ok([404, 410].includes((await patch(path, 6, BODY.slice(6))).status));
    const tables = await client.call('table.list');
    assert.ok(!tables.some((entry) => entry.table === table), 'and so is its table');
});

test('another session cannot see or touch an upload', async () => {
    const { path } = await create(BODY.length);
    const stranger = await Client.open(server);
    const headers = { Authorization: `Bearer ${stranger.token}` };
    for (const answer of [await tus('HEAD', path, headers), await patch(path, 0, BODY, headers), await tus('DELETE', path, headers)]) {
        assert.ok([404, 410].includes(answer.status), String(answer.status));
    }
    assert.equal(await offsetOf(path), 0);
    await stranger.close();
});

test('a broken PATCH keeps the bytes that came, at any byte', async () => {
    const body = `a,b\n${Array.from({ length: 3000 }, (_, i) => `${i},${i * i}`).join('\n')}\n`;
    const { path, table } = await create(body.length);
    let offset = 0;
    let rounds = 0;
    while (offset < body.length) {
        const size = Math.min(body.length - offset, 1 + Math.floor(Math.random() * 9000));
        const isLast = offset + size === body.length;
        const raw = await Raw.connect(server);
        raw.send(`PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${client.token}\r\n`
            + `Tus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\nContent-Type: application/offset+octet-stream\r\n`
            + `Content-Length: ${body.length - offset}\r\n\r\n${body.slice(offset, offset + size)}`);
        if (isLast) {
            assert.equal(await raw.status(1), 204);
            offset += size;
        } else {
            const from = offset;
            await until('the bytes to be taken', async () => (await offsetOf(path)) > from);
            raw.end();
            offset = await offsetOf(path);
            assert.ok(offset <= from + size);
        }
        raw.end();
        rounds += 1;
    }
    assert.ok(rounds > 1);
    assert.equal((await client.loaded(table)).rows, 3000);
    const { data } = await client.call('table.page', { table, offset: 2999, limit: 1 });
    assert.deepEqual(data, [[2999], [2999 * 2999]]);
});

test('a new PATCH of the owner takes over from one that hangs', async () => {
    const { path, table } = await create(BODY.length);
    const hanging = await Raw.connect(server);
    hanging.send(`PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${client.token}\r\n`
        + 'Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n'
        + `Content-Length: ${BODY.length}\r\n\r\n${BODY.slice(0, 3)}`);
    await until('the first bytes', async () => (await offsetOf(path)) === 3);
    const answer = await patch(path, 3, BODY.slice(3));
    assert.equal(answer.status, 204, answer.text);
    assert.equal((await client.loaded(table)).rows, 2);
    hanging.end();
});

test('a ninth unfinished upload is refused by name, until one is ended', async () => {
    const { path } = await create(BODY.length);
    for (let i = 1; i < 8; i++) {
        await create(BODY.length);
    }
    const over = await tus('POST', '/files', { 'Upload-Length': '5' }, '');
    assert.equal(over.status, 413);
    assert.equal(JSON.parse(over.text).data.limit, 'uploads');
    await tus('DELETE', path);
    await create(BODY.length);
});

test('the server ends cleanly', async () => {
    await client.close();
    await server.stop();
    client = { close() {} };
});
