// Derived tables over a raw socket: random changes of sources and inputs against a plain model, one
// computation for all that read it, limits, cancels.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { connect, memoryStore } from '../../static/spillway.js';
import { Client, request } from './support/client.mjs';
import { Server, temporaryFolder, until } from './support/server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

/** mulberry32 */
function randomFrom(seed) {
    let state = seed >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}

async function rowsOf(client, table) {
    const rows = [];
    let page;
    do {
        page = await client.call('table.page', { table, offset: rows.length, limit: 1000 });
        for (let i = 0; i < page.row_ids.length; i++) {
            rows.push(Object.fromEntries([['row_id', page.row_ids[i]], ...page.columns.map((name, c) => [name, page.data[c][i]])]));
        }
    } while (rows.length < page.rows);
    return rows;
}

const plain = (rows) => rows.map(({ row_id, ...row }) => row);
const last = (a, b) => (a === null) - (b === null) || (a > b) - (a < b);

/** What the derived tables of the test hold, by the rows of their sources. */
function model(trips, places, inputs) {
    const least = inputs.least ?? 0;
    const joined = trips.filter((row) => row.price !== null && row.price >= least).flatMap((row) => {
        const there = places.filter((place) => place.k === row.k && row.k !== null);
        return (there.length === 0 ? [{ name: null }] : there).map(({ name }) => ({ id: row.id, k: row.k, price: row.price, name }));
    });
    const groups = new Map();
    for (const row of joined) {
        const group = groups.get(row.name) ?? { name: row.name, n: 0, sum: 0 };
        groups.set(row.name, { ...group, n: group.n + 1, sum: group.sum + row.price });
    }
    const sums = [...groups.values()].sort((a, b) => last(a.name, b.name));
    const top = sums.filter((row) => inputs.names === undefined || inputs.names.includes(row.name))
        .map((row) => ({ name: row.name, each: row.sum / row.n }))
        .sort((a, b) => last(b.each, a.each) || last(a.name, b.name)).slice(0, 3);
    return { joined, sums, top };
}

async function change(client, pick, inputs) {
    const ids = (await rowsOf(client, 'trips')).map((row) => row.row_id);
    const value = () => (pick(6) === 0 ? null : pick(40) / 4);
    switch (pick(9)) {
    case 0:
        return client.call('table.update', { table: 'trips', row_ids: [ids[pick(ids.length)]], set: { price: value(), k: pick(12) } });
    case 1:
        return client.call('table.update', { table: 'trips', where: `k = ${pick(12)}`, set: { price: { expr: 'price + 0.25' } } });
    case 2:
        return client.call('table.append', { table: 'trips', rows: [{ id: 1000 + pick(1000), k: pick(12), price: value() }] });
    case 3:
        return client.call('table.delete_rows', { table: 'trips', where: `id % 50 = ${pick(50)}` });
    case 4:
        return client.call('table.update', { table: 'places', where: `k = ${pick(12)}`, set: { name: `place ${pick(5)}` } });
    case 5:
        return client.call('table.undo', { table: pick(2) ? 'trips' : 'places' }).catch((error) => assert.equal(error.code, -32020));
    case 6:
        return client.call('table.redo', { table: 'trips' }).catch((error) => assert.equal(error.code, -32020));
    case 7:
        inputs.least = pick(20) / 2;
        return client.input({ least: inputs.least });
    default:
        inputs.names = pick(2) ? undefined : [`place ${pick(5)}`, 'place 1'];
        return client.input({ names: inputs.names ?? null });
    }
}

test('derived tables hold what a plain model says after every change', { timeout: 120_000 }, async () => {
    const seed = Number(process.env.SW_SEED ?? Date.now() % 1e9);
    console.log(`# SW_SEED=${seed}`);
    const pick = randomFrom(seed);
    const client = await Client.open(server);
    const inputs = {};
    const trips = Array.from({ length: 400 }, (_, i) => `${i},${pick(8) ? pick(12) : ''},${pick(8) ? pick(40) / 4 : ''}`);
    const places = Array.from({ length: 14 }, (_, i) => `${i % 10},place ${pick(5)}`);
    await client.upload('trips', `id,k,price\n${trips.join('\n')}\n`, { types: '{"price":"float","k":"int"}' });
    await client.upload('places', `k,name\n${places.join('\n')}\n`);
    await client.call('table.create', {
        table: 'joined', from: 'trips', join: { table: 'places', on: ['k'], kind: 'left' }, where: 'price >= coalesce($least, 0)',
        columns: ['id', 'k', 'price', 'name'],
    });
    await client.call('table.create', {
        table: 'sums', from: 'joined', group_by: ['name'], measures: { n: { fn: 'count' }, sum: { fn: 'sum', column: 'price' } },
    });
    await client.call('select.define', { select: 'named', table: 'sums', clauses: [{ column: 'name', in: '$names' }] });
    await client.call('table.create', {
        table: 'top', from: 'sums', select: 'named', columns: ['name', { name: 'each', expr: 'sum / n' }],
        sort: [{ column: 'each', desc: true }], limit: 3,
    });
    await client.output({ output: 'n', kind: 'value', table: 'joined', measures: { n: { fn: 'count' } } });
    for (let step = 0; step < 60; step++) {
        await change(client, pick, inputs);
        const want = model(await rowsOf(client, 'trips'), await rowsOf(client, 'places'), inputs);
        const order = step % 2 ? ['top', 'sums', 'joined'] : ['joined', 'sums', 'top'];
        for (const table of order) {
            assert.deepEqual(plain(await rowsOf(client, table)), want[table], `step ${step}: ${table}`);
        }
        if (step % 10 === 0) {
            await client.value('n', (value) => value.data.measures.n === want.joined.length);
        }
    }
    await client.close();
});

test('an expensive step that four charts share is made once', async () => {
    const client = await Client.open(server);
    await client.upload('t', `a,b\n${Array.from({ length: 2000 }, (_, i) => `${i % 7},${i}`).join('\n')}\n`);
    await client.call('table.create', { table: 'd', from: 't', group_by: ['a'], measures: { s: { fn: 'sum', column: 'b' } } });
    const outputs = ['one', 'two', 'three', 'four'];
    for (const output of outputs) {
        await client.output({ output, kind: 'value', table: 'd', measures: { s: { fn: 'sum', column: 's' } } });
        await client.next('flush', (params) => params.outputs.includes(output));
    }
    client.notifications.length = 0;
    await client.call('table.update', { table: 't', where: 'b = 3', set: { b: 4 } });
    const flush = await client.next('flush', (params) => params.outputs.length > 0);
    assert.deepEqual(flush.outputs, outputs);
    assert.equal(flush.versions.d, 2);
    for (const output of outputs) {
        assert.equal(client.values.get(output).data.measures.s, 1999001);
    }
    assert.equal(client.notifications.filter((m) => m.method === 'table.changed' && m.params.table === 'd').length, 1);
    await client.close();
});

test('over a limit nothing is made, and the rows of before stay', async () => {
    const small = await Server.start({ args: ['--session-memory', '48M'] });
    const client = await Client.open(small);
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i},1,${i * 0.37}`);
    await client.upload('t', `id,one,x\n${rows.join('\n')}\n`);
    await client.call('table.create', { table: 'd', from: 't', where: 'id < $top', columns: ['id', { name: 'y', expr: 'x * 1.5' }] });
    await client.fails('table.create', { table: 'e', from: 't', join: { table: 't', on: ['one'] } }, -32050, /derived_rows/);
    await client.input({ top: 500 });
    assert.equal((await client.call('table.page', { table: 'd' })).rows, 500);
    const error = await client.fails('table.create',
        { table: 'd', from: 't', join: { table: 't', on: ['one'] }, where: 'id < 40', replace: true }, -32050);
    assert.equal(error.data.limit, 'session_memory_bytes');
    assert.ok(error.data.hint.length > 0);
    assert.equal((await client.call('table.page', { table: 'd' })).rows, 500);
    assert.deepEqual((await client.call('table.list')).map((entry) => entry.table), ['t', 'd']);
    await client.close();
    await small.stop();
});

test('a table that is being made can be cancelled, by its call and by the end of its session', async () => {
    const client = await Client.open(server);
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i},${i % 50},text ${i}`);
    await client.upload('t', `id,k,s\n${rows.join('\n')}\n`);
    const heavy = { from: 't', join: { table: 't', on: ['k'] }, sort: [{ column: 's_2' }, { column: 's' }] };
    const made = client.callAsIs('table.create', { table: 'd', ...heavy }, 'made');
    client.notify('$/cancel', { id: 'made' });
    await assert.rejects(made, (error) => error.code === -32070);
    assert.deepEqual((await client.call('table.list')).map((entry) => entry.table), ['t']);
    // two at once of one name: one of them is the first to be done
    const both = await Promise.allSettled(['d', 'd'].map((table) => client.call('table.create', { table, from: 't', group_by: ['k'] })));
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(both.find(({ reason }) => reason)?.reason.code, -32011);
    client.callAsIs('table.create', { table: 'e', ...heavy }, 'lost').catch(() => {});
    await client.call('session.close');
    await client.close();
});

test('the client makes a table and charts it like any other', async () => {
    const session = await connect(server.url, { WebSocket, store: memoryStore() });
    const source = session.upload(Buffer.from('a,b\n1,2\n1,3\n2,4\n'), { table: 't' });
    await source.done;
    const sums = await session.createTable('sums', { from: 't', group_by: ['a'], measures: { b: { fn: 'sum', column: 'b' } } });
    const output = session.output('b', { kind: 'value', table: 'sums', measures: { b: { fn: 'max', column: 'b' } } });
    const first = await output.once('value');
    assert.deepEqual(first.data.measures, { b: 5 });
    const changed = output.once('value');
    await session.table('t').update({ where: 'a = 2', set: { b: 40 } });
    assert.deepEqual((await changed).data.measures, { b: 40 });
    assert.equal((await sums.page({})).rows, 2);
    await session.close();
});

test('a table is derived from a data set of the server, and follows when that becomes the session\'s own', async () => {
    const file = path.join(temporaryFolder(), 'shared.csv');
    writeFileSync(file, `a,b\n${Array.from({ length: 100 }, (_, i) => `${i % 4},w${i % 3}`).join('\n')}\n`);
    const other = await Server.start({ files: [file] });
    await until('the data set to be loaded', async () => (await request(other, 'GET', '/readyz')).status === 200);
    const client = await Client.open(other);
    const params = { table: 'd', from: 'shared', group_by: ['b'], measures: { n: { fn: 'count' } } };
    assert.equal((await client.call('table.create', params)).rows, 3);
    await client.fails('table.create', { ...params, table: 'shared', replace: true }, -32602, /itself/);
    await client.fails('table.create', { ...params, table: 'shared', snapshot: true, replace: true }, -32011, /data set/);
    await client.call('table.update', { table: 'shared', where: 'a = 0', set: { b: 'new' } });
    assert.deepEqual((await client.call('table.page', { table: 'd' })).data, [['new', 'w0', 'w1', 'w2'], [25, 25, 25, 25]]);
    const second = await Client.open(other);
    assert.deepEqual((await second.call('table.list')).map((entry) => entry.table), ['shared']);
    await second.close();
    await client.close();
    await other.stop();
});

test('a table that takes long says how far it is until it is there', { timeout: 120_000 }, async () => {
    const client = await Client.open(server);
    await client.upload('wide', `k,v\n${Array.from({ length: 2800 }, (_, i) => `${i % 4},${i}\n`).join('')}`);
    const made = client.call('table.create', { table: 'long', from: 'wide', join: { table: 'wide', on: ['k'] }, columns: ['k', 'v', { name: 'w', expr: 'v * 2.5 + v_2' }], sort: [{ column: 'w', desc: true }], limit: 10 });
    const first = await client.next('table.progress', ({ table }) => table === 'long');
    const { rows } = await made;
    assert.equal(rows, 10);
    const told = client.notifications.filter(({ method }) => method === 'table.progress').map(({ params }) => params.progress);
    assert.deepEqual([first.progress, ...told], [first.progress, ...told].sort((a, b) => a - b), 'it never goes back');
    const until = client.notifications.findIndex(({ method, params }) => method === 'table.changed' && params.table === 'long');
    assert.ok(client.notifications.findLastIndex(({ method }) => method === 'table.progress') < until, 'nothing of it comes after the table');
    await client.close();
});
