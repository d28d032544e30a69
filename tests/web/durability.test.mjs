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

for (const mode of ['process', 'power']) test(`a killed server has all that it acknowledged when it runs again: ${mode}`, async (t) => {
    const lives = new Lives(t, { args: ['--durability', mode] });
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

/** tus by hand: a PATCH of `bytes` at `offset`. */
function patch(server, url, token, offset, bytes) {
    return request(server, 'PATCH', url, {
        body: bytes,
        headers: { 'Tus-Resumable': '1.0.0', 'Upload-Offset': String(offset), Authorization: `Bearer ${token}`, 'Content-Type': 'application/offset+octet-stream' },
    });
}

/** The answer of a request once its session is back in memory. */
async function awake(ask) {
    return until('the session to be back', async () => {
        const answer = await ask();
        if (answer.status === 503) {
            assert.equal(answer.headers['retry-after'], '1');
        }
        return answer.status !== 503 && answer;
    });
}

test('an upload goes on after a kill from the bytes that were acknowledged', async (t) => {
    const lives = new Lives(t);
    await lives.start();
    const client = await Client.open(lives.server);
    const whole = Buffer.from(CSV);
    const half = 20_000;
    const headers = { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${client.token}` };
    const created = await request(lives.server, 'POST', '/files', {
        headers: { ...headers, 'Upload-Length': String(whole.length), 'Upload-Metadata': `filename ${btoa('trips.csv')}` },
    });
    assert.equal(created.status, 201);
    const url = created.headers.location;
    assert.equal((await patch(lives.server, url, client.token, 0, whole.subarray(0, half))).status, 204);
    await lives.again();
    const head = await awake(() => request(lives.server, 'HEAD', url, { headers }));
    assert.equal(head.status, 200);
    assert.equal(head.headers['upload-offset'], String(half));
    assert.equal(head.headers['upload-metadata'], `filename ${btoa('trips.csv')}`);
    assert.equal((await patch(lives.server, url, client.token, half, whole.subarray(half))).status, 204);
    await lives.again();
    const after = await Client.open(lives.server, { token: client.token });
    const page = await after.call('table.page', { table: 'trips', limit: 1 });
    assert.equal(page.rows, 3000);
    const ended = await request(lives.server, 'HEAD', url, { headers });
    assert.equal(ended.headers['upload-offset'], String(whole.length));
    await lives.end();
});

test('a parked session gives its memory back and comes back as it was', async (t) => {
    const lives = new Lives(t, { args: ['--park-after', '0'] });
    const server = await lives.start();
    const metric = async (name) => Number(new RegExp(`^spillway_${name} (\\d+)`, 'm').exec((await request(server, 'GET', '/metrics')).text)[1]);
    const before = await Client.open(server);
    await someWork(before);
    const seen = await sight(before);
    await before.close();
    await until('the session to be parked', async () => (await metric('sessions_stored')) === 1);
    await until('its memory', async () => (await metric('memory_bytes')) < 100_000);
    assert.equal(await metric('sessions'), 0);
    const after = await Client.open(server, { token: before.token });
    assert.deepEqual(await sight(after), seen);
    assert.ok((await after.call('session.info')).disk_bytes > 0);
    await lives.end();
});

test('edits of a data set of the command line survive, and its other sessions do not see them', async (t) => {
    const lives = new Lives(t);
    const file = path.join(lives.state, 'fruit.csv');
    writeFileSync(file, 'name,price\napple,1\npear,2\n');
    lives.options = { files: [file] };
    await lives.start();
    const client = await Client.open(lives.server);
    await until('the data set', async () => (await request(lives.server, 'GET', '/readyz')).status === 200);
    await client.call('input.set', { values: { more: 10 } });
    await client.call('table.update', { table: 'fruit', where: "name = 'pear'", set: { price: { expr: 'price + $more' } } });
    await client.call('input.set', { values: { more: 99 } });
    const seen = await sight(client);
    assert.deepEqual(seen.pages.fruit.data.at(-1), [1, 12]);
    await lives.again();
    const after = await Client.open(lives.server, { token: client.token });
    assert.deepEqual(await sight(after), seen);
    const other = await Client.open(lives.server);
    assert.deepEqual((await other.call('table.page', { table: 'fruit' })).data.at(-1), [1, 2]);
    await lives.end();
});

test('a closed session leaves no byte, and its token opens nothing after a restart', async (t) => {
    const lives = new Lives(t);
    await lives.start();
    const client = await Client.open(lives.server);
    await client.upload('secret', 'word\ncanary-of-a-mine\n');
    await client.call('input.set', { values: { w: 'canary-of-a-mine' } });
    assert.ok(lives.holding('canary-of-a-mine').length > 0);
    await client.call('session.close');
    assert.deepEqual(lives.holding('canary-of-a-mine'), []);
    await lives.again();
    const late = await Client.connect(lives.server);
    await late.fails('session.open', { resume: client.token }, -32010);
    await lives.end();
});

test('a damaged file is set aside for its session alone', async (t) => {
    const lives = new Lives(t);
    await lives.start();
    const [one, two] = [await Client.open(lives.server), await Client.open(lives.server)];
    await someWork(one);
    await someWork(two);
    const seen = await sight(two);
    await lives.server.stop();
    const file = path.join(lives.state, 'sessions', `${one.info.session}.db`);
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 + 200, bytes.length - 100);
    writeFileSync(file, bytes);
    await lives.start();
    const late = await Client.connect(lives.server);
    await late.fails('session.open', { resume: one.token }, -32010, /damaged.*set aside/);
    const after = await Client.open(lives.server, { token: two.token });
    assert.deepEqual(await sight(after), seen);
    assert.ok(readdirSync(path.join(lives.state, 'damaged')).some((name) => name.startsWith(one.info.session)));
    await lives.end();
});

test('no acknowledgement is lost by kills at random moments', async (t) => {
    const seed = Number(process.env.SW_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`SW_SEED=${seed}`);
    let state = seed;
    const random = (below) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
    const lives = new Lives(t);
    await lives.start();
    let client = await Client.open(lives.server);
    const { token } = client;
    await client.upload('t', 'id,x\n' + Array.from({ length: 200 }, (_, i) => `${i},${i}\n`).join(''));
    let rows = 200;
    const inputs = {};
    let uploads = 0;
    const whole = new Set();
    for (let life = 0; life < Number(process.env.SW_LIVES ?? 5); life++) {
        const asked = { rows, inputs: {}, uploads };
        const told = { rows, version: 0, inputs: {} };
        let isAlive = true;
        const work = (async () => {
            for (let i = 0; isAlive; i++) {
                const kind = random(4);
                if (kind === 0) {
                    asked.rows += 1;
                    const { version } = await client.call('table.append', { table: 't', rows: [{ id: asked.rows, x: life }] });
                    told.rows = asked.rows;
                    told.version = version;
                } else if (kind === 1) {
                    asked.inputs.k = i + 1000 * life;
                    await client.call('input.set', { values: { k: asked.inputs.k } });
                    told.inputs.k = asked.inputs.k;
                } else if (kind === 2) {
                    const { version } = await client.call('table.update', { table: 't', where: `id < ${random(50)}`, set: { x: { expr: 'x + 1' } } });
                    told.version = Math.max(told.version, version);
                } else {
                    asked.uploads += 1;
                    const answer = await client.put(`/upload/u${asked.uploads}.csv`, `a\n${asked.uploads}\n`);
                    assert.equal(answer.status, 201);
                    whole.add(JSON.parse(answer.text).table);
                }
            }
        })().catch(() => {});
        await new Promise((resolve) => { setTimeout(resolve, 20 + random(400)); });
        isAlive = false;
        await lives.kill();
        await work;
        await lives.start();
        client = await Client.open(lives.server, { token }).catch((error) => assert.fail(`life ${life}: ${error.message}\n${lives.server.stderr}`));
        const page = await client.call('table.page', { table: 't', limit: 0 });
        assert.ok(page.rows === told.rows || page.rows === asked.rows, `rows ${page.rows}: told ${told.rows}, asked ${asked.rows}`);
        assert.ok(page.version >= told.version, `version ${page.version}: told ${told.version}`);
        const now = await client.call('input.list');
        if (told.inputs.k !== undefined) {
            assert.ok([told.inputs.k, asked.inputs.k].includes(now.k), `input ${now.k}: told ${told.inputs.k}, asked ${asked.inputs.k}`);
        }
        const tables = (await client.call('table.list')).map(({ table }) => table);
        for (const name of whole) {
            assert.ok(tables.includes(name), `${name} was acknowledged`);
        }
        rows = page.rows;
        uploads = asked.uploads;
        Object.assign(inputs, now);
    }
    await lives.end();
});

test('a snapshot has the inputs that it saw, whatever they became before the kill', async (t) => {
    const lives = new Lives(t);
    const client = await Client.open(await lives.start());
    await client.upload('trips', CSV);
    await client.call('input.set', { values: { low: 900 } });
    const made = client.call('table.create', {
        table: 'dear', from: 'trips', where: 'price >= $low', columns: ['city', { name: 'over', expr: 'price - $low' }], snapshot: true,
    });
    await client.call('input.set', { values: { low: 10 } });
    const { rows } = await made;
    const before = await client.call('table.page', { table: 'dear', limit: 1000 });
    assert.ok(rows > 100 && rows < 1000, `${rows} rows`);
    const { token } = client;

    const again = await Client.open(await lives.again(), { token });
    assert.deepEqual(await again.call('table.page', { table: 'dear', limit: 1000 }), before);
    await again.close();
    await lives.end();
});
