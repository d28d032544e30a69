// Data sets of the command line are parsed once; the next start opens what came of it.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Server, temporaryFolder, until } from './support/server.mjs';

const folder = temporaryFolder('spillway-data-sets-');
after(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = (count, word) => 'id,word,price\n' +
    Array.from({ length: count }, (_, i) => `${i},${word}${i % 5},${i % 100}.25\n`).join('');

/** A server over a state folder of its own that is started again and again. */
class Starts {
    constructor(t, name) {
        this.state = path.join(folder, `${name}-state`);
        this.file = path.join(folder, name, 'goods.csv');
        mkdirSync(path.dirname(this.file));
        t.after(() => this.server?.signal('SIGKILL'));
    }

    async start({ files = [this.file], args = [], isReady = true } = {}) {
        this.server = await Server.start({ state: this.state, files, args });
        if (isReady) {
            await until('the data sets', async () => (await request(this.server, 'GET', '/readyz')).status === 200);
        }
        return this.server;
    }

    async stop() {
        await this.server.stop();
        return this.server.stderr;
    }

    /** The log has the line, by now or soon. */
    async logs(pattern) { await until(`the log: ${pattern}`, () => pattern.test(this.server.stderr)); }

    stores() { return readdirSync(path.join(this.state, 'sessions')).filter((name) => /^file-.*\.db$/.test(name)); }

    async look() {
        const client = await Client.open(this.server);
        const seen = {
            page: await client.call('table.page', { table: 'goods', limit: 50, offset: 100 }),
            about: await client.call('table.describe', { table: 'goods' }),
        };
        await client.close();
        delete seen.about.bytes; // what it takes in memory depends on what was read of it
        delete seen.about.spilled_bytes;
        return seen;
    }
}

test('a data set is parsed once, and opened as it was by the next start', async (t) => {
    const starts = new Starts(t, 'once');
    writeFileSync(starts.file, rowsOf(70_000, 'w') + 'one,two,three,four\n');
    await starts.start();
    const seen = await starts.look();
    assert.equal(seen.page.rows, 70_001);
    await starts.logs(/data set kept table=goods/);
    assert.doesNotMatch(await starts.stop(), /data set opened/);
    for (let i = 0; i < 2; i++) {
        await starts.start();
        assert.deepEqual(await starts.look(), seen);
        assert.match(await starts.stop(), /data set opened table=goods rows=70001/);
        assert.doesNotMatch(starts.server.stderr, /data set (ready|kept|changed)/);
    }
    assert.equal(starts.stores().length, 1);
});

test('what was parsed is forgotten with its file, and read otherwise where it is read otherwise', async (t) => {
    const starts = new Starts(t, 'other');
    writeFileSync(starts.file, rowsOf(2000, 'w'));
    await starts.start();
    await starts.logs(/data set kept/);
    await starts.stop();
    await starts.start({ args: ['--strict', 'true'] });
    await starts.logs(/data set kept/);
    await until('the other reading to go', () => starts.stores().length === 1);
    assert.match(await starts.stop(), /data set ready table=goods/);
    await starts.start({ files: [] });
    await until('the store to go', () => starts.stores().length === 0);
    await starts.stop();
});

test('a file that was only touched is opened, after a look at its bytes', async (t) => {
    const starts = new Starts(t, 'touched');
    writeFileSync(starts.file, rowsOf(2000, 'w'));
    await starts.start();
    const seen = await starts.look();
    await starts.logs(/data set kept/);
    await starts.stop();
    utimesSync(starts.file, new Date(), new Date(Date.now() + 5000));
    await starts.start();
    assert.deepEqual(await starts.look(), seen);
    await starts.logs(/data set kept/); // under its new time
    assert.match(await starts.stop(), /data set opened/);
    await starts.start();
    assert.doesNotMatch(await starts.stop(), /data set (kept|ready|changed)/);
});

for (const [how, change] of [
    ['of another size', (file) => writeFileSync(file, rowsOf(2001, 'w'))],
    ['of the same size', (file) => writeFileSync(file, rowsOf(2000, 'v'))],
]) test(`a changed file ${how} is read anew, and sessions that used it are told`, async (t) => {
    const starts = new Starts(t, `changed ${how}`);
    writeFileSync(starts.file, rowsOf(2000, 'w'));
    await starts.start();
    await starts.logs(/data set kept/);
    const [saved, edited] = [await Client.open(starts.server), await Client.open(starts.server)];
    await saved.call('input.set', { values: { a: 1 } });
    await edited.call('table.update', { table: 'goods', where: 'id = 3', set: { price: 9 } });
    await starts.stop();
    await starts.start();
    const fresh = await Client.open(starts.server);
    await fresh.call('input.set', { values: { a: 1 } });
    assert.equal((await starts.server.end('SIGKILL')).signal, 'SIGKILL'); // its log alone knows of the file
    change(starts.file);
    await starts.start();
    assert.match(starts.server.stderr, /data set changed table=goods: .*read anew/);
    const { page } = await starts.look();
    for (const [name, client] of Object.entries({ saved, fresh })) {
        const back = await Client.open(starts.server, { token: client.token });
        const { text } = await back.next('session.notice');
        assert.match(text, /file of the table "goods" is not the one/, name);
        assert.equal((await back.call('table.page', { table: 'goods', limit: 50, offset: 100 })).rows, page.rows);
        await back.close();
        const again = await Client.open(starts.server, { token: client.token });
        await again.call('table.list');
        assert.equal(again.notifications.filter(({ method }) => method === 'session.notice').length, 0, 'told once');
        await again.close();
    }
    const own = await Client.open(starts.server, { token: edited.token });
    assert.equal((await own.call('table.page', { table: 'goods', limit: 1, offset: 3 })).rows, 2000);
    assert.equal(own.notifications.filter(({ method }) => method === 'session.notice').length, 0, 'it has rows of its own');
    await starts.stop();
});

test('other bytes under the same size and time are noticed while the server runs', async (t) => {
    const starts = new Starts(t, 'hidden');
    writeFileSync(starts.file, rowsOf(2000, 'w'));
    utimesSync(starts.file, 1_700_000_000, 1_700_000_000);
    await starts.start();
    await starts.logs(/data set kept/);
    const client = await Client.open(starts.server);
    await client.call('input.set', { values: { a: 1 } });
    await starts.stop();
    writeFileSync(starts.file, rowsOf(2000, 'v'));
    utimesSync(starts.file, 1_700_000_000, 1_700_000_000);
    await starts.start({ isReady: false });
    await starts.logs(/data set changed/);
    await until('the data set', async () => (await request(starts.server, 'GET', '/readyz')).status === 200);
    const { page } = await starts.look();
    assert.match(JSON.stringify(page), /"v0"/);
    const back = await Client.open(starts.server, { token: client.token });
    assert.match((await back.next('session.notice')).text, /"goods"/);
    await starts.logs(/data set kept/);
    await starts.stop();
    await starts.start();
    assert.match(await starts.stop(), /data set opened/);
    assert.equal(starts.stores().length, 1);
});

test('a session hears that a table is gone with its file', async (t) => {
    const starts = new Starts(t, 'gone');
    writeFileSync(starts.file, rowsOf(20, 'w'));
    await starts.start();
    const client = await Client.open(starts.server);
    await client.call('input.set', { values: { a: 1 } });
    await starts.stop();
    await starts.start({ files: [] });
    const back = await Client.open(starts.server, { token: client.token });
    assert.match((await back.next('session.notice')).text, /"goods" is gone/);
    await starts.stop();
});

test('a damaged store of a data set is set aside, and the file read anew', async (t) => {
    const starts = new Starts(t, 'damaged');
    writeFileSync(starts.file, rowsOf(2000, 'w'));
    await starts.start();
    const seen = await starts.look();
    await starts.logs(/data set kept/);
    await starts.stop();
    const file = path.join(starts.state, 'sessions', starts.stores()[0]);
    writeFileSync(file, Buffer.alloc(statSync(file).size, 0xa5));
    await starts.start();
    assert.deepEqual(await starts.look(), seen);
    assert.match(await starts.stop(), /data set not opened.*read anew/);
    assert.ok(readdirSync(path.join(starts.state, 'damaged')).some((name) => name.startsWith('file-')));
});
