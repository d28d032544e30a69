// What was acknowledged is there after the server was killed, stopped or had parked the session.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Server, temporaryFolder, until } from './support/server.mjs';

const CSV = 'city,price,day\n' + Array.from({ length: 3000 },
    (_, i) => `town${i % 7},${(i * 37) % 1000}.5,2024-01-${String(1 + (i % 28)).padStart(2, '0')}\n`).join('');

/** A server over a state folder of its own that can be killed and started again. */
class Lives {
    state = temporaryFolder('spillway-lives-');

    constructor(t, options = {}) {
        this.options = options;
        t.after(() => {
            this.server?.signal('SIGKILL');
            rmSync(this.state, { recursive: true, force: true });
        });
    }

    async start(args = []) {
        this.server = await Server.start({ ...this.options, args: [...(this.options.args ?? []), ...args], state: this.state });
        return this.server;
    }

    async kill() {
        const ended = await this.server.end('SIGKILL');
        assert.equal(ended.signal, 'SIGKILL');
        this.server.assertClean();
    }

    async again(how = 'SIGKILL') {
        await (how === 'SIGKILL' ? this.kill() : this.server.stop());
        return this.start();
    }

    async end() { await this.server.stop(); }

    /** Files below the state folder that hold the text. */
    holding(text) {
        return readdirSync(this.state, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
            .filter((file) => readFileSync(file).includes(text));
    }
}

/** All that a user can see of a session, but for charts. */
async function sight(client) {
    const tables = await client.call('table.list');
    const seen = { tables, pages: {}, history: {} };
    for (const { table } of tables) {
        seen.pages[table] = await client.call('table.page', { table, limit: 500 });
        seen.history[table] = await client.call('table.history', { table });
    }
    seen.inputs = await client.call('input.list');
    seen.outputs = (await client.call('output.list')).map(({ output, kind, table, params }) => ({ output, kind, table, params }));
    return seen;
}

async function someWork(client) {
    await client.upload('trips', CSV);
    await client.call('input.set', { values: { low: 100, high: 700 }, epoch: 7 });
    await client.call('select.define', { select: 'all', table: 'trips', clauses: [{ name: 'price', column: 'price', between: ['$low', '$high'] }] });
    await client.output({ output: 'hist', kind: 'histogram', table: 'trips', x: 'price', bins: 10, select: 'all' });
    await client.output({ output: 'towns', kind: 'groupby', table: 'trips', by: ['city'], measures: { n: { fn: 'count' } } });
    await client.call('output.pause', { output: 'towns' });
    await client.call('table.update', { table: 'trips', where: "city = 'town3'", set: { price: { expr: 'price + $low' } } });
    await client.call('input.set', { values: { low: 50 } });
    await client.call('table.append', { table: 'trips', rows: [{ city: 'added', price: 1.5, day: '2024-03-01' }] });
    await client.call('table.delete_rows', { table: 'trips', where: "city = 'town5'" });
    await client.call('table.undo', { table: 'trips' });
    await client.call('table.rename_column', { table: 'trips', from: 'day', to: 'date' });
}

test('a killed server has all that it acknowledged when it runs again', async (t) => {
    const lives = new Lives(t);
    await lives.start();
    const before = await Client.open(lives.server);
    await someWork(before);
    const seen = await sight(before);
    const value = await before.value('hist');
    await lives.again();
    const after = await Client.open(lives.server, { token: before.token });
    assert.equal(after.info.resumed, true);
    assert.equal(after.info.session, before.info.session);
    assert.deepEqual(await sight(after), seen);
    assert.deepEqual((await after.value('hist')).data, value.data);
    await after.call('table.redo', { table: 'trips' }).catch((error) => assert.equal(error.code, -32020));
    await after.call('table.undo', { table: 'trips' });
    await lives.end();
});

test('a stopped server tells its clients to come back, and has their sessions', async (t) => {
    const lives = new Lives(t);
    await lives.start();
    const before = await Client.open(lives.server);
    await someWork(before);
    const seen = await sight(before);
    await lives.again('SIGTERM');
    assert.equal((await before.closed).code, 1012);
    const after = await Client.open(lives.server, { token: before.token });
    assert.deepEqual(await sight(after), seen);
    await lives.end();
});
