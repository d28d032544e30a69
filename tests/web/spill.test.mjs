// A table several times larger than the memory of its session: everything works, with the answers of a
// server that holds it all.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Server, temporaryFolder } from './support/server.mjs';

const ROWS = 500_000;
const LIMIT = 10 << 20; // of the session; the table takes more than twice that
const CONSTANT = 700 << 20; // beside --memory: the program, a sanitizer's shadow and quarantine

/** Numbers that need all of their eight bytes, the same each time. */
function csv() {
    const parts = ['n,g,a,b,c,d,e\n'];
    let state = 12345;
    const next = () => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        return Math.sin(state) * 1000;
    };
    for (let i = 0; i < ROWS; i++) {
        parts.push(`${i},g${i % 13},${next()},${next()},${next()},${next()},${i % 97 === 5 ? '' : next()}\n`);
    }
    return Buffer.from(parts.join(''));
}
const CSV = csv();

function residentBytes(server) {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1024;
}

async function download(client, table) {
    const { url } = await client.call('download.create', { table, format: 'csv' });
    const answer = await request(client.server, 'GET', url);
    assert.equal(answer.status, 200);
    return answer.text;
}

/** Sets inputs; charts of before no longer count. */
async function set(client, values) {
    client.epoch = (client.epoch ?? 0) + 1;
    await client.call('input.set', { values, epoch: client.epoch });
}

/** Charts of all columns, filtered by the input `low`. */
async function define(client) {
    await set(client, { low: -500, high: 250 });
    await client.call('select.define', { select: 'some', table: 't', clauses: [{ name: 'a', column: 'a', between: ['$low', '$high'] }] });
    await client.output({ output: 'bins', kind: 'histogram', table: 't', x: 'b', bins: 20, select: 'some' });
    await client.output({ output: 'plane', kind: 'histogram2d', table: 't', x: { column: 'c', bins: 8 }, y: { column: 'd', bins: 8 }, select: 'some' });
    await client.output({ output: 'sums', kind: 'groupby', table: 't', by: ['g'], measures: { n: { fn: 'count' }, e: { fn: 'mean', column: 'e' } }, select: 'some' });
}

async function charts(client) {
    const seen = {};
    for (const name of ['bins', 'plane', 'sums']) {
        seen[name] = (await client.value(name, ({ epoch }) => epoch >= client.epoch)).data;
    }
    return seen;
}

/** Rows, but for the number of the version: that of an upload depends on how its bytes came. */
async function page(client, how) {
    const { version, ...rest } = await client.call('table.page', { table: 't', ...how });
    assert.ok(version > 0);
    return rest;
}

async function pages(client) {
    return {
        sorted: await page(client, { sort: [{ column: 'e', desc: true }, { column: 'n' }], offset: 1000, limit: 50 }),
        far: await page(client, { offset: ROWS - 150, limit: 20 }),
    };
}

/** What a user does; what he sees on the way. */
async function life(client) {
    const seen = [];
    await define(client);
    seen.push(await charts(client), await pages(client));
    for (const low of [-900, -100, 100]) {
        await set(client, { low });
        seen.push(await charts(client));
    }
    await client.call('table.update', { table: 't', where: 'n % 3 = 0', set: { b: { expr: 'b + c' } } });
    await client.call('table.delete_rows', { table: 't', where: 'd > 990' });
    await set(client, { low: -400 });
    seen.push(await charts(client), await pages(client));
    await client.call('table.undo', { table: 't' });
    seen.push(await pages(client));
    return seen;
}

test('a table larger than its session\'s memory is as good as any', async (t) => {
    const state = temporaryFolder('spillway-spill-');
    const options = { state, args: ['--spill', 'on', '--session-memory', `${LIMIT >> 20}M`, '--memory', '64M', '--threads', '2'] };
    const wide = await Server.start();
    let tight = await Server.start(options);
    t.after(() => {
        wide.signal('SIGKILL');
        tight.signal('SIGKILL');
        rmSync(state, { recursive: true, force: true });
    });
    const want = await Client.open(wide);
    let have = await Client.open(tight);
    await want.upload('t', CSV);
    await have.upload('t', CSV);

    const whole = await have.call('table.describe', { table: 't' });
    const info = await have.call('session.info');
    assert.ok(whole.bytes > 2 * LIMIT, `${whole.bytes} bytes`);
    assert.ok(whole.spilled_bytes > LIMIT, `${whole.spilled_bytes} spilled`);
    assert.ok(info.memory_bytes <= LIMIT && info.spilled_bytes > LIMIT, JSON.stringify(info));

    const seen = await life(want);
    assert.deepEqual(await life(have), seen);
    const text = await download(want, 't');
    assert.equal(await download(have, 't'), text);
    assert.ok(residentBytes(tight) < (64 << 20) + CONSTANT, `${residentBytes(tight)} bytes resident`);

    await tight.end('SIGKILL');
    tight = await Server.start(options);
    have = await Client.open(tight, { token: have.token });
    const back = await have.call('session.info');
    assert.ok(back.memory_bytes <= LIMIT, JSON.stringify(back));
    assert.deepEqual(await pages(have), seen.at(-1));
    assert.equal(await download(have, 't'), text);
    await tight.stop();
    await wide.stop();
});
