// A formula that cannot be computed with the inputs of now takes no page with it: its cells are null,
// and the reply says why.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server } from './support/server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

async function broken() {
    const client = await Client.open(server);
    await client.upload('t', 'a,b\n1,x\n2,y\n3,\n');
    await client.call('input.set', { values: { f: 2 } });
    await client.call('table.add_column', { table: 't', name: 'good', expr: 'a * 10' });
    await client.call('table.add_column', { table: 't', name: 'follows', expr: 'a * $f' });
    await client.call('table.add_column', { table: 't', name: 'over', expr: 'follows + 1' });
    assert.deepEqual((await client.call('table.page', { table: 't' })).data, [[1, 2, 3], ['x', 'y', null], [10, 20, 30], [2, 4, 6], [3, 5, 7]]);
    await client.call('input.set', { values: { f: [1, 2] } });
    return client;
}

test('a page of all columns has nulls and the reason for what cannot be computed', async () => {
    const client = await broken();
    const page = await client.call('table.page', { table: 't' });
    assert.deepEqual(page.data, [[1, 2, 3], ['x', 'y', null], [10, 20, 30], [null, null, null], [null, null, null]]);
    assert.deepEqual(page.formula_errors.map(({ column }) => column), ['follows', 'over']);
    for (const { message } of page.formula_errors) {
        assert.match(message, /`follows`.*is a list/s);
    }
    const named = await client.call('table.page', { table: 't', columns: ['over', 'a'], sort: [{ column: 'a', desc: true }], limit: 2 });
    assert.deepEqual([named.data, named.formula_errors.length], [[[null, null], [3, 2]], 1]);
    assert.equal((await client.call('table.page', { table: 't', columns: ['a', 'good'] })).formula_errors, undefined);
    assert.equal((await client.call('table.page', { table: 't', limit: 0 })).formula_errors.length, 2);

    await client.call('input.set', { values: { f: 3 } });
    const mended = await client.call('table.page', { table: 't', columns: ['over'] });
    assert.deepEqual([mended.data, mended.formula_errors], [[[4, 7, 10]], undefined]);
    await client.close();
});

test('what needs its values is still refused with the reason', async () => {
    const client = await broken();
    await client.fails('table.page', { table: 't', sort: [{ column: 'over' }] }, -32040, /`follows`.*is a list/s);
    await client.fails('table.page', { table: 't', where: 'follows > 1' }, -32040, /`follows`.*is a list/s);
    await client.fails('download.create', { table: 't', format: 'csv' }, -32040, /`follows`.*is a list/s);
    await client.call('download.create', { table: 't', format: 'csv', columns: ['a', 'good'] });
    await client.close();
});
