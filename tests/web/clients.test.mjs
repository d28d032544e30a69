// Real clients against the real server: curl, tus-js-client.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Upload } from 'tus-js-client';
import { Client } from './support/client.mjs';
import { Server, temporaryFolder } from './support/server.mjs';

const run = promisify(execFile);
const ROWS = 20_000;

let server;
let client;
let folder;
let file;
before(async () => {
    server = await Server.start();
    client = await Client.open(server);
    folder = temporaryFolder();
    file = path.join(folder, 'trips.csv');
    const rows = Array.from({ length: ROWS }, (_, i) => `${i},"n ${i}, ${randomBytes(3).toString('hex')}",${i / 8}`);
    writeFileSync(file, `id,note,half\n${rows.join('\n')}\n`);
});

const curl = (...args) => run('curl', ['-sS', '-H', `Authorization: Bearer ${client.token}`, ...args], { maxBuffer: 1 << 28 });

async function holdsTheFile(table) {
    const { rows } = await client.loaded(table);
    assert.equal(rows, ROWS);
    const { data } = await client.call('table.page', { table, offset: ROWS - 1, limit: 1, columns: ['id', 'half'] });
    assert.deepEqual(data, [[ROWS - 1], [(ROWS - 1) / 8]]);
}

test('curl -T uploads a file', async () => {
    const { stdout } = await curl('-T', file, `${server.origin}/upload/by_put.csv`);
    const { upload, table } = JSON.parse(stdout);
    assert.equal(table, 'by_put');
    assert.ok(upload);
    await holdsTheFile('by_put');
});

test('curl -F uploads a form', async () => {
    const { stdout } = await curl('-F', 'table=by_form', '-F', `file=@${file};type=text/csv`, `${server.origin}/upload`);
    assert.equal(JSON.parse(stdout).table, 'by_form');
    await holdsTheFile('by_form');
});

test('curl -T - has no length: 411 says what to do', async () => {
    const { stdout } = await run('bash', ['-c',
        `cat '${file}' | curl -sS -T - -H 'Authorization: Bearer ${client.token}' -w '%{http_code}' '${server.origin}/upload/piped.csv'`]);
    assert.match(stdout, /411$/);
    assert.match(stdout, /Content-Length/);
});

test('a gzip file is unpacked by its content', async () => {
    const packed = path.join(folder, 'trips.csv.gz');
    writeFileSync(packed, gzipSync(readFileSync(file)));
    await curl('-T', packed, `${server.origin}/upload/packed.csv.gz?table=packed`);
    await holdsTheFile('packed');
});

test('a download is the file again, whole and in ranges', async () => {
    const { url } = await client.call('download.create', { table: 'by_put', format: 'csv' });
    const out = path.join(folder, 'back.csv');
    const { stdout } = await run('curl', ['-sS', '-D', '-', '-o', out, `${server.origin}${url}`]);
    assert.match(stdout, /content-type: text\/csv/i);
    assert.match(stdout, /content-disposition: attachment/i);
    assert.equal(readFileSync(out, 'utf8'), readFileSync(file, 'utf8'));
    const etag = /etag: (.*)\r/i.exec(stdout)[1];
    const { stdout: part } = await run('curl', ['-sS', '-r', '100-199', '-H', `If-Range: ${etag}`, '-w', '%{http_code}', `${server.origin}${url}`]);
    assert.equal(part, `${readFileSync(file, 'utf8').slice(100, 200)}206`);
});

/** The options of tus-js-client in each way of using it. */
const WAYS = {
    'one PATCH': {},
    'chunks of 64 KiB': { chunkSize: 65536 },
    'data during creation': { uploadDataDuringCreation: true },
    'a deferred length': { uploadLengthDeferred: true, chunkSize: 65536 },
};

for (const [name, options] of Object.entries(WAYS)) {
    test(`tus-js-client uploads with ${name}`, async () => {
        const table = `tus_${name.replace(/\W/g, '_')}`;
        await new Promise((resolve, reject) => {
            new Upload(readFileSync(file), {
                endpoint: `${server.origin}/files`, headers: { Authorization: `Bearer ${client.token}` },
                metadata: { filename: 'trips.csv', table }, retryDelays: null, onSuccess: resolve, onError: reject, ...options,
            }).start();
        });
        await holdsTheFile(table);
    });
}

test('tus-js-client goes on where an aborted upload stopped', async () => {
    const table = 'tus_resumed';
    const options = {
        endpoint: `${server.origin}/files`, headers: { Authorization: `Bearer ${client.token}` },
        metadata: { filename: 'trips.csv', table }, chunkSize: 65536, retryDelays: null,
    };
    const url = await new Promise((resolve, reject) => {
        const upload = new Upload(readFileSync(file), {
            ...options, onError: reject,
            onChunkComplete: () => { upload.abort(); resolve(upload.url); },
        });
        upload.start();
    });
    let least = Infinity;
    await new Promise((resolve, reject) => {
        new Upload(readFileSync(file), {
            ...options, uploadUrl: url, onSuccess: resolve, onError: reject,
            onProgress: (sent) => { least = Math.min(least, sent); },
        }).start();
    });
    assert.ok(least >= 65536, `it went on at ${least}`);
    await holdsTheFile(table);
});

/** What is no CSV: what the answer must say of it. */
const NOT_CSV = {
    png: [Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), /PNG|image/i],
    zip: [Buffer.from('504b0304140000000800', 'hex'), /zip/i],
    xlsx: [Buffer.concat([Buffer.from('504b030414000600080000002100', 'hex'), Buffer.from('0'.repeat(24) + '[Content_Types].xml xl/workbook.xml')]), /xlsx|Excel|zip/i],
    parquet: [Buffer.concat([Buffer.from('PAR1\x15\x04\x15', 'latin1'), randomBytes(64), Buffer.from('PAR1')]), /Parquet/i],
    brotli: [brotliCompressSync('a,b\n1,2\n'.repeat(9000)), /CSV|text/i],
    empty: [Buffer.alloc(0), /empty/i],
    unclosed: [Buffer.from('a,b\n1,"never ends\n2,3\n'), /quote/i],
};

for (const [kind, [bytes, pattern]] of Object.entries(NOT_CSV)) {
    test(`bad input, ${kind}: the error says what it is`, async () => {
        const answer = await client.put(`/upload/${kind}_file?table=bad_${kind}`, bytes);
        assert.equal(answer.status, 422);
        assert.match(JSON.parse(answer.text).message, pattern);
        const tables = await client.call('table.list');
        assert.ok(!tables.some(({ table }) => table === `bad_${kind}`), 'no table is left');
    });
}

test('a gzip bomb is stopped by its ratio', async () => {
    const bomb = gzipSync(Buffer.alloc(512 << 20, 'a,b\n1,2\n'), { level: 9 });
    const answer = await client.put('/upload/bomb.csv.gz?table=bomb', bomb);
    assert.ok(answer.status >= 400, `answered ${answer.status}`);
    assert.match(JSON.parse(answer.text).message, /times|ratio|200/i);
});

test('a form that goes wrong behind its file leaves no table', async () => {
    const form = new FormData();
    form.append('file', new Blob(['a,b\n1,2\n']), 'early.csv');
    form.append('table', 'late');
    const answer = await fetch(`http://127.0.0.1:${server.port}/upload`, {
        method: 'POST', headers: { Authorization: `Bearer ${client.token}` }, body: form,
    });
    assert.equal(answer.status, 400);
    assert.match((await answer.json()).message, /before the file/);
    const tables = await client.call('table.list');
    assert.ok(!tables.some(({ table }) => table === 'early' || table === 'late'));
});

test('a binary frame where text belongs is refused', async () => {
    const other = await Client.open(server);
    const answered = new Promise((resolve) => { other.unasked = (message) => resolve(message.error.code); });
    other.sendBinary(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"table.list"}'));
    const first = await Promise.race([answered, other.closed.then(({ code }) => code)]);
    assert.ok([-32600, 1003, 4003].includes(first), String(first));
    if (other.isOpen) {
        await other.close();
    }
});

test('the arrow subprotocol sends series as Arrow streams', async () => {
    const { tableFromIPC } = await import('@uwdata/flechette');
    const arrow = await Client.open(server, { protocol: 'spillway.v1.arrow', token: client.token });
    assert.equal(arrow.protocol, 'spillway.v1.arrow');
    const stream = new Promise((resolve) => { arrow.onArrow = resolve; });
    await arrow.call('output.define', { output: 'h', kind: 'histogram', table: 'by_put', x: 'half', bins: 10 });
    const table = tableFromIPC(new Uint8Array(await stream));
    const counts = table.getChild('count').at(0); // a list: one row per panel
    assert.equal([...counts].reduce((sum, n) => sum + Number(n), 0), ROWS);
    await arrow.close();
});

test('the server ends cleanly', async () => {
    rmSync(folder, { recursive: true });
    await client.close();
    await server.stop();
});
