// Arrow frames: what the client makes of them equals the JSON form of the same series.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as arrow from '@uwdata/flechette';
import WebSocket from 'ws';
import { connect, decodeFrame } from '../../static/spillway.js';
import { FakeServer } from './support_fake/fake.mjs';

/**
 * A frame as PROTOCOL draws it.
 * @param {object} header
 * @param {Record<string, {type: any, rows: any[]}>} columns one row per panel
 */
function frame(header, columns) {
    const entries = Object.entries(columns).map(([name, { type, rows }]) => [name, arrow.columnFromArray(rows, type)]);
    const stream = arrow.tableToIPC(arrow.tableFromColumns(entries), { format: 'stream' });
    const head = Buffer.from(JSON.stringify(header));
    const start = Math.ceil((4 + head.length) / 8) * 8;
    const bytes = Buffer.alloc(start + stream.length);
    bytes.writeUInt32LE(head.length, 0);
    head.copy(bytes, 4);
    Buffer.from(stream).copy(bytes, start);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

const floats = arrow.list(arrow.float64());
const counts = arrow.list(arrow.int64());
const texts = arrow.list(arrow.utf8());

/** Typed arrays and plain ones hold the same. */
const plain = (value) => JSON.parse(JSON.stringify(value, (key, inner) => (ArrayBuffer.isView(inner) ? Array.from(inner) : inner)));

test('a histogram keeps its lists and its scalars apart', () => {
    const bytes = frame({ output: 'h', kind: 'histogram', epoch: 1, rows: 6 }, {
        edges: { type: floats, rows: [[0, 0.5, 1]] },
        count: { type: counts, rows: [[4n, 2n]] },
        nulls: { type: arrow.int64(), rows: [3n] },
    });

    const value = decodeFrame(bytes, arrow);

    assert.deepEqual(plain(value), {
        output: 'h', kind: 'histogram', epoch: 1, rows: 6, data: { edges: [0, 0.5, 1], count: [4, 2], nulls: 3 },
    });
});

test('a member with a dot in its name goes into its group, whatever follows the first dot', () => {
    const bytes = frame({ output: 'l', kind: 'line' }, {
        x: { type: floats, rows: [[1, 2]] },
        'y.price.usd': { type: floats, rows: [[5, 6]] },
    });

    assert.deepEqual(plain(decodeFrame(bytes, arrow).data), { x: [1, 2], y: { 'price.usd': [5, 6] } });
});

test('a faceted series has one panel per row', () => {
    const facet = { column: 'c', values: ['a', 'b'], counts: [3, 1], total: 2 };
    const bytes = frame({ output: 'h', kind: 'histogram', facet }, {
        edges: { type: floats, rows: [[0, 1], [0, 1]] },
        count: { type: counts, rows: [[3n], [1n]] },
    });

    const { data, ...header } = decodeFrame(bytes, arrow);

    assert.deepEqual(header, { output: 'h', kind: 'histogram' });
    assert.deepEqual(plain(data), { facet, panels: [{ edges: [0, 1], count: [3] }, { edges: [0, 1], count: [1] }] });
});

test('keys are texts, empty ones null, and big integers stay exact', () => {
    const bytes = frame({ output: 'g', kind: 'groupby' }, {
        'keys.c': { type: texts, rows: [['a', null]] },
        'measures.n': { type: counts, rows: [[9007199254740993n, 7n]] },
        groups: { type: arrow.int64(), rows: [2n] },
    });

    assert.deepEqual(plain(decodeFrame(bytes, arrow).data), {
        keys: { c: ['a', null] }, measures: { n: ['9007199254740993', 7] }, groups: 2,
    });
});

test('the header may be of any length', () => {
    for (let length = 0; length < 9; length++) {
        const bytes = frame({ output: 'x'.repeat(length) }, { edges: { type: floats, rows: [[1]] } });

        assert.deepEqual(plain(decodeFrame(bytes, arrow).data), { edges: [1] });
    }
});

test('on the arrow subprotocol a binary frame becomes a value of its output', async () => {
    const server = await FakeServer.start();
    const session = await connect(server.url, { WebSocket, wire: 'arrow', arrow });
    const output = session.output('h', { kind: 'histogram', table: 't', x: 'a', bins: 1 });
    await output.ready;

    server.pushBytes(Buffer.from(frame({ output: 'h', kind: 'histogram', rows: 1 }, { count: { type: counts, rows: [[1n]] } })));
    const value = await output.once('value');

    assert.equal(server.last.protocol, 'spillway.v1.arrow');
    assert.deepEqual(plain(value.data), { count: [1] });
    session.detach();
    await server.stop();
});
