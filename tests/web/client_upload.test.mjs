// Uploads by the client in Node against the real server: with tus-js-client, and as one plain PUT.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as tus from 'tus-js-client';
import WebSocket from 'ws';
import { connect } from '../../static/spillway.js';
import { Server } from './support/server.mjs';

const ROWS = 20_000;
const csv = Buffer.from(`id,name\n${Array.from({ length: ROWS }, (_, i) => `${i},row ${i}`).join('\n')}\n`);

let server;
before(async () => { server = await Server.start(); });
after(async () => { await server.stop(); });

const open = (options) => connect(server.url, { WebSocket, ...options });

test('a buffer goes up with tus in pieces and becomes a table', async () => {
    const session = await open({ tus });
    const upload = session.upload(csv, { name: 'rows.csv', table: 'mine', chunk_bytes: 64 * 1024 });
    const states = new Set();
    upload.on('change', ({ state }) => states.add(state));

    const { table } = await upload.done;

    assert.equal(table, 'mine');
    assert.deepEqual([...states], ['sending', 'parsing', 'done']);
    assert.equal(upload.bytes, csv.length);
    assert.equal((await session.table('mine').describe()).rows, ROWS);
    await session.close();
});

test('without tus one PUT does it', async () => {
    const session = await open({ tus: null });

    const { table } = await session.upload(csv, { name: 'rows.csv', table: 'put', types: { id: 'string' } }).done;

    const { columns } = await session.table(table).describe();
    assert.deepEqual(columns.map(({ type }) => type), ['string', 'string']);
    await session.close();
});

test('what the server refuses fails the upload with its reason', async () => {
    for (const options of [{ tus }, { tus: null }]) {
        const session = await open(options);
        const zip = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(4000, 1)]);

        const upload = session.upload(zip, { name: 'archive.csv' });

        await assert.rejects(upload.done, { code: -32060 });
        assert.equal(upload.state, 'failed');
        assert.match(upload.error.message, /zip/i);
        await session.close();
    }
});

test('a table is paged, charted and downloaded through the client', async () => {
    const session = await open({ tus: null });
    const { table } = await session.upload(csv, { name: 'rows.csv' }).done;
    await session.select('half', table, [{ column: 'id', between: '$range', name: 'range' }]);
    const output = session.output('h', { kind: 'histogram', table, x: 'id', bins: 4, select: 'half' });
    await output.once('value');

    const shown = output.once('value');
    await session.inputs.set({ range: [0, ROWS / 2 - 1] });

    assert.equal((await shown).rows, ROWS / 2);
    const page = await session.table(table).page({ offset: ROWS - 1, limit: 5 });
    assert.deepEqual(page.data.map(([value]) => String(value)), [String(ROWS - 1), `row ${ROWS - 1}`]);
    const { url } = await session.table(table).download({ format: 'csv', select: 'half' });
    const text = await (await fetch(url)).text();
    assert.equal(text.trim().split(/\r?\n/).length, ROWS / 2 + 1);
    await session.close();
});
