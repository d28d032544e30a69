// Previews: what a cast or an expression would do, without doing it.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server } from './support/server.mjs';

const ROWS = 5000;
const TEXTS = ['12', '7.5', 'much', '', '-3'];
const CSV = `t,n\n${Array.from({ length: ROWS }, (_, i) => `${TEXTS[i % 5]},${i}\n`).join('')}`;

let server;
let client;
before(async () => { server = await Server.start(); });
after(() => server.stop());
beforeEach(async () => {
    client = await Client.open(server);
    await client.upload('a', CSV);
});
afterEach(async () => { await client.close(); });

test('a cast preview counts what the cast then counts, and changes nothing', async () => {
    const before = await client.call('table.page', { table: 'a', limit: 10 });
    for (const [column, type] of [['t', 'int'], ['t', 'float'], ['t', 'date'], ['t', 'string'], ['n', 'bool'], ['n', 'string'], ['n', 'float']]) {
        const seen = await client.call('table.cast_column', { table: 'a', column, type, preview: true });
        assert.equal(seen.version, before.version);
        assert.equal(seen.rows, ROWS);
        assert.equal(seen.nulls, column === 't' ? ROWS / 5 : 0);
        const done = await client.call('table.cast_column', { table: 'a', column, type, on_error: 'null' });
        assert.equal(seen.misfits, done.misfits, `${column} ${type}`);
        assert.deepEqual(seen.examples, done.examples);
        const after = await client.call('table.page', { table: 'a', limit: 20, columns: [column] });
        assert.deepEqual(seen.sample.map((pair) => pair[1]), after.data[0]);
        assert.deepEqual(seen.sample.slice(0, 10).map((pair) => pair[0]), before.data[before.columns.indexOf(column)]);
        if (done.version > before.version) {
            await client.call('table.undo', { table: 'a' });
        }
        before.version = (await client.call('table.page', { table: 'a', limit: 0 })).version;
    }
    assert.equal((await client.call('table.history', { table: 'a' })).filter((step) => !step.undone).length, 0);
});

test('an expression shows its first values, its type, and how many rows a condition fits', async () => {
    const page = await client.call('table.page', { table: 'a', limit: 0 });
    const seen = await client.call('table.preview', { table: 'a', expr: 'n * 2', where: 'n % 1000 = 999', limit: 3 });
    assert.deepEqual(seen, {
        version: page.version, rows: 5, table_rows: ROWS, row_ids: [999, 1999, 2999], type: 'int', values: [1998, 3998, 5998], misfits: 0, examples: [],
    });
    const all = await client.call('table.preview', { table: 'a', expr: "n || '!'" });
    assert.equal(all.rows, ROWS);
    assert.equal(all.type, 'string');
    assert.deepEqual(all.values.slice(0, 2), ['0!', '1!']);
    assert.equal(all.values.length, 20);
    const rows = await client.call('table.preview', { table: 'a', where: "t = 'much'", limit: 0 });
    assert.deepEqual([rows.rows, rows.row_ids, rows.values], [ROWS / 5, [], undefined]);
    assert.deepEqual((await client.call('table.preview', { table: 'a', expr: 'n / 2.0', type: 'int', limit: 4 })).examples.map((one) => one.value), ['0.5', '1.5']);
    assert.deepEqual((await client.call('table.preview', { table: 'a', expr: 'n', type: 'float', limit: 2 })).values, [0, 1]);
    assert.equal((await client.call('table.preview', { table: 'a', expr: 'n', where: '0' })).rows, 0);
    assert.equal((await client.call('table.page', { table: 'a', limit: 0 })).version, page.version);
});

test('what is wrong is said with its place', async () => {
    const wrong = await client.fails('table.preview', { table: 'a', expr: 'n + ' }, -32040);
    assert.ok(wrong.data.position >= 3);
    await client.fails('table.preview', { table: 'a', expr: 'nn + 1' }, -32031, /did you mean/i);
    await client.fails('table.preview', { table: 'a', expr: 'n', where: 'n >' }, -32040);
    await client.fails('table.preview', { table: 'a', expr: 't', type: 'int' }, -32041, /CAST/);
    await client.fails('table.preview', { table: 'a', limit: 1001 }, -32050);
    await client.fails('table.preview', { table: 'nowhere' }, -32030);
    await client.fails('table.batch', { table: 'a', ops: [{ method: 'table.preview', params: { expr: 'n' } }] }, -32602, /preview/);
});

test('the next preview of a socket cancels the one before, an edit goes on', async () => {
    const sent = [];
    for (let i = 0; i < 20; i++) {
        sent.push(client.call('table.preview', { table: 'a', expr: `n + ${i}`, where: `n % 7 = ${i % 7}`, limit: 1 }).then((r) => r, (e) => e));
    }
    const edit = client.call('table.update', { table: 'a', set: { n: -1 }, row_ids: [0] });
    const answers = await Promise.all(sent);
    assert.equal(answers.at(-1).type, 'int');
    for (const answer of answers.slice(0, -1)) {
        assert.ok(answer.type === 'int' || answer.code === -32070);
    }
    assert.equal((await edit).changed, 1);
});
