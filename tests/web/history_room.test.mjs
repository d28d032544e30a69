// The history of edits gives way to what else a session needs memory for: uploads and charts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server } from './support/server.mjs';

const ROWS = 60000;
const CSV = `a,b\n${Array.from({ length: ROWS }, (_, i) => `${i * 7919 % 1000003},${i}\n`).join('')}`;

let server;
before(async () => { server = await Server.start({ args: ['--session-memory', '12M', '--memory', '64M'] }); });
after(() => server.stop());

/** Edits, each of which keeps another copy of a column, until steps have been given up. */
async function fill(client, table) {
    for (let i = 0; i < 60; i++) {
        await client.call('table.update', { table, set: { a: { expr: `(a * 31 + ${i}) % 1000003` } } });
    }
    return (await client.call('table.history', { table })).length;
}

test('an upload that needs the memory of old steps gets it', async () => {
    const client = await Client.open(server);
    await client.upload('first', CSV);
    const steps = await fill(client, 'first');
    assert.ok(steps > 1 && steps < 60, `${steps} steps`);

    // What is being saved meanwhile holds memory, too, and what is saved may leave it: how many uploads
    // it takes differs, and steps need not go at all where the chunks of the first uploads do.
    let left = steps;
    const names = ['first'];
    while (left === steps && names.length < 25) {
        names.push(`more_${names.length}`);
        await client.upload(names.at(-1), CSV);
        left = (await client.call('table.history', { table: 'first' })).length;
    }

    assert.ok(left < steps || names.length === 25, `${left} of ${steps} steps are left`);
    for (const name of names) {
        assert.equal((await client.call('table.page', { table: name, limit: 0 })).rows, ROWS);
    }
    for (let i = 0; i < left; i++) {
        await client.call('table.undo', { table: 'first' });
    }
    await client.fails('table.undo', { table: 'first' }, -32020, /given up/);
    await client.close();
});

test('an upload that does not fit without any history is refused by the name of the limit', async () => {
    const client = await Client.open(server);
    await client.upload('first', CSV);
    await fill(client, 'first');
    const answer = client.put('/upload/large.csv?table=large', CSV.repeat(30));
    const failed = await client.next('upload.failed');
    assert.equal(failed.error.code, -32050);
    await answer;
    assert.equal((await client.call('table.page', { table: 'first', limit: 0 })).rows, ROWS);
    await client.close();
});

test('a sorted table of rows finds the memory of old steps', async () => {
    const client = await Client.open(server);
    await client.upload('first', CSV);
    await fill(client, 'first');
    const value = await client.output({ output: 'rows', kind: 'table', table: 'first', sort: [{ column: 'a' }], limit: 3 });
    assert.equal(value.data.rows, ROWS);
    await client.close();
});

test('a sorted page finds the memory of old steps', async () => {
    const client = await Client.open(server);
    await client.upload('first', CSV);
    const steps = await fill(client, 'first');
    for (let i = 0; i < 12; i++) {
        const sort = [{ column: i % 2 ? 'a' : 'b', desc: i % 4 > 1 }];
        const page = await client.call('table.page', { table: 'first', sort, where: `b >= ${i}`, limit: 2 });
        assert.equal(page.rows, ROWS - i);
    }
    assert.ok((await client.call('table.history', { table: 'first' })).length <= steps);
    await client.close();
});

test('formulas that nobody reads now give way to others, and have the same values later', async () => {
    const client = await Client.open(server);
    await client.upload('first', CSV);
    const first = [];
    for (let i = 0; i < 40; i++) { // each takes half a megabyte once it is read: together more than there is
        await client.call('table.add_column', { table: 'first', name: `f${i}`, expr: `a / ${i + 3}.0 + b` });
        first.push(await client.call('table.page', { table: 'first', columns: [`f${i}`, 'b'], where: `f${i} > ${i}`, offset: 100, limit: 5 }));
    }
    for (let i = 0; i < 40; i += 3) {
        const again = await client.call('table.page', { table: 'first', columns: [`f${i}`, 'b'], where: `f${i} > ${i}`, offset: 100, limit: 5 });
        assert.deepEqual(again.data, first[i].data);
    }
    const { memory_bytes, memory_limit_bytes } = await client.call('session.info');
    assert.ok(memory_bytes <= memory_limit_bytes, `${memory_bytes} of ${memory_limit_bytes}`);
    await client.close();
});
