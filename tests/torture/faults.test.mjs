// The system fails while the server works: the disk is full, fails or writes half, memory ends,
// descriptors run out, the clock jumps, files are spoilt.  Each change is acknowledged or refused
// with a sentence; afterwards the server goes on, and what it acknowledged outlives a kill.
// SW_TORTURE_FAULTS, _MEMORY and _SPOILT say how many; a run is repeated by its SW_SEED.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Client, request } from '../web/support/client.mjs';
import { until } from '../web/support/server.mjs';
import { ACTION, Chamber, OP, Random, isSanitized, seedFor } from './harness.mjs';
import { Story } from './story.mjs';

const number = (name, otherwise) => Number(process.env[`SW_TORTURE_${name}`] ?? otherwise);

const FAULTS = {
    'disk full': { action: ACTION.full, ops: OP.write | OP.create },
    'short write': { action: ACTION.short, ops: OP.write },
    'failed write': { action: ACTION.fails, ops: OP.write | OP.truncate },
    'failed sync': { action: ACTION.fails, ops: OP.sync },
    'failed create': { action: ACTION.fails, ops: OP.create },
    'failed read': { action: ACTION.fails, ops: OP.read, match: '/sessions/' },
    'failed removal': { action: ACTION.fails, ops: OP.unlink },
};

/** Steps until one is refused; false: none was. Whatever else goes wrong is a failure. */
async function stepsUntilRefused(story, client, steps) {
    for (let i = 0; i < steps; i++) {
        try {
            await story.step(client);
        } catch (error) {
            assert.ok(Story.isRefusal(error), `${error.stack}\n${client.server.stderr.slice(-2000)}`);
            story.wasRefused = true;
            return true;
        }
    }
    return false;
}

/** The trouble is over: changes are taken again, soon. */
async function untilWell(client) {
    await until('changes to be taken again', () => client.call('input.set', { values: { well: 1 } }).then(() => true, () => false), 30_000);
    await client.call('input.set', { values: { well: null } });
}

for (const mode of ['process', 'power']) test(`a disk that fails refuses changes, loses none and recovers: ${mode}`, async (t) => {
    const random = seedFor(t);
    const chamber = new Chamber(t, { args: ['--park-after', '0', '--durability', mode] });
    const story = new Story(random);
    const hits = {};
    await chamber.start();
    let client = await chamber.open();
    const { token } = client;
    await story.step(client);
    for (let round = 0; round < number('FAULTS', 4); round++) {
        const name = random.of(Object.keys(FAULTS));
        const context = `round ${round}, ${name}`;
        const before = chamber.hits;
        chamber.arm({ ...FAULTS[name], nth: 1 + random.below(12), count: random.of([1, 2, 1_000_000]) });
        const wasRefused = await stepsUntilRefused(story, client, 12);
        if (!wasRefused && random.below(2) === 0) { // it may be parked and read again in the middle of it
            await client.close();
            await new Promise((resolve) => { setTimeout(resolve, 1300); });
            client = await chamber.open(token).catch(() => null);
        }
        chamber.disarm();
        hits[name] = (hits[name] ?? 0) + chamber.hits - before;
        client ??= await until('the session', () => chamber.open(token).catch((error) => {
            assert.notEqual(error.code, -32010, `${context}: ${error.message}\n${chamber.server.stderr.slice(-3000)}`);
            return null;
        }));
        await untilWell(client);
        await story.verify(client, undefined, context);
        story.wasRefused = false;
        const log = chamber.server.stderr;
        await chamber.kill();
        await chamber.start();
        client = await chamber.open(token).catch((error) => assert.fail(`${context}: ${error.message}\n${log.slice(-3000)}---\n${chamber.server.stderr}`));
        await story.verify(client, undefined, `${context}, after a kill`);
        await story.verifyUndo(client);
    }
    t.diagnostic(`failed calls: ${JSON.stringify(hits)}; ${story.told} acknowledgements`);
    await chamber.server.stop();
});

// A sanitizer has a malloc of its own.
if (!isSanitized) test('memory that ends at any call refuses what needed it, and no more', async (t) => {
    const random = seedFor(t);
    const chamber = new Chamber(t, { args: ['--park-after', '0'] });
    const story = new Story(random);
    await chamber.start();
    let client = await chamber.open();
    const { token } = client;
    await story.step(client);
    const before = chamber.hits;
    for (let round = 0; round < number('MEMORY', 30); round++) {
        chamber.arm({ action: ACTION.full, ops: OP.memory, nth: 1 + random.below(400), count: random.of([1, 1, 5]) });
        try {
            await stepsUntilRefused(story, client, 15);
        } catch (error) {
            assert.ok(!client.isOpen || /socket closed|ECONNRESET|hang up/.test(error.message), error.stack); // a line may end for want of memory
        }
        chamber.disarm();
        await until('the session', async () => { // a line that is ended by the server may look open for a moment
            client = client.isOpen ? client : await chamber.open(token).catch((error) => assert.fail(`round ${round}: ${error.message}\n${chamber.server.stderr.slice(-3000)}`));
            return client.call('input.set', { values: { well: 1 } }).then(() => true, () => false);
        });
        await untilWell(client);
        await story.verify(client, undefined, `round ${round}`);
        if (round % 5 === 0) {
            await chamber.kill();
            await chamber.start();
            client = await chamber.open(token);
            await story.verify(client, undefined, `round ${round}, after a kill`);
        }
    }
    t.diagnostic(`${chamber.hits - before} allocations failed; ${story.told} acknowledgements`);
    await chamber.server.stop();
});

test('a server without descriptors goes on with those it has', async (t) => {
    const chamber = new Chamber(t, { isShimmed: false });
    await chamber.start({ wrapper: ['prlimit', '--nofile=400:400'] });
    const client = await chamber.open();
    await client.upload('t', 'id,x\n1,2\n');
    const crowd = [];
    while (!crowd.includes(null) && crowd.length < 400) {
        const one = Client.connect(chamber.server).catch(() => null);
        crowd.push(await Promise.race([one, new Promise((resolve) => { setTimeout(resolve, 1000, null); })]));
    }
    assert.ok(crowd.includes(null), 'some found no place');
    for (let i = 0; i < 10; i++) {
        await client.call('table.append', { table: 't', rows: [{ id: i, x: i }] });
    }
    await Promise.all(crowd.filter(Boolean).map((one) => one.cut()));
    await until('a place', () => Client.connect(chamber.server).then((one) => one.cut().then(() => true), () => false));
    await chamber.kill();
    await chamber.start();
    const back = await chamber.open(client.token);
    assert.equal((await back.call('table.page', { table: 't', limit: 0 })).rows, 11);
    await chamber.server.stop();
});

test('a clock that jumps ends no session and loses nothing', async (t) => {
    const random = seedFor(t);
    const chamber = new Chamber(t, { args: ['--park-after', '1', '--idle-timeout', '5'] });
    const story = new Story(random);
    await chamber.start();
    let client = await chamber.open();
    for (const seconds of [3600, -3600, 10 * 365 * 86400, -5 * 365 * 86400, 0]) {
        chamber.setClock(seconds);
        assert.equal(await stepsUntilRefused(story, client, 5), false);
        await story.verify(client, undefined, `clock ${seconds}`);
        await chamber.kill();
        await chamber.start();
        client = await chamber.open(client.token);
        await story.verify(client, undefined, `clock ${seconds}, after a kill`);
    }
    await chamber.server.stop();
});

test('a spoilt file is its own session\'s trouble alone', async (t) => {
    const random = seedFor(t);
    const chamber = new Chamber(t, { isShimmed: false });
    const stories = [new Story(random), new Story(new Random(random.below(2 ** 31)))];
    const ends = { 'as it was': 0, 'set aside': 0 };
    for (let round = 0; round < number('SPOILT', 3); round++) {
        await chamber.start();
        const [victim, other] = [await chamber.open(stories[1].token), await chamber.open(stories[0].token)];
        const story = new Story(random);
        const fresh = stories[1].token === undefined;
        if (fresh) {
            stories[1] = story;
        }
        for (let i = 0; i < 10; i++) {
            await stories[1].step(victim);
            await stories[0].step(other);
        }
        await chamber.server.stop();
        const folder = path.join(chamber.state, 'sessions');
        const name = random.of(readdirSync(folder).filter((file) => file.startsWith(victim.info.session)));
        const bytes = readFileSync(path.join(folder, name));
        const kind = random.below(4);
        if (kind === 0) {
            bytes[random.below(bytes.length)] ^= 1 << random.below(8);
        } else if (kind === 1) {
            bytes.fill(random.below(256), random.below(bytes.length));
        } else if (kind === 2) {
            bytes.fill(0, 0, 100);
        }
        writeFileSync(path.join(folder, name), kind === 3 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
        await chamber.start();
        const back = await chamber.open(victim.token).catch((error) => error);
        if (back instanceof Client) {
            await stories[1].verify(back, undefined, `round ${round}: ${name} spoilt`); // it was in nobody's way
            ends['as it was'] += 1;
            stories[1].token = victim.token;
        } else {
            assert.equal(back.code, -32010, back.message);
            assert.match(back.message, /damaged.*set aside/);
            ends['set aside'] += 1;
            stories[1] = new Story(random);
        }
        stories[0].token = other.token;
        await stories[0].verify(await chamber.open(other.token), undefined, `round ${round}: its neighbour`);
        await chamber.server.stop();
    }
    t.diagnostic(JSON.stringify(ends));
});

test('a full disk is said before the first byte, and an upload goes on when there is space', async (t) => {
    const chamber = new Chamber(t);
    await chamber.start();
    const client = await chamber.open();
    const headers = { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${client.token}` };
    const bytes = Buffer.from('a\n' + '1234567\n'.repeat(200_000));
    const created = await request(chamber.server, 'POST', '/files', { headers: { ...headers, 'Upload-Length': String(bytes.length), 'Upload-Metadata': `table ${btoa('t')}` } });
    const patch = (offset) => request(chamber.server, 'PATCH', created.headers.location, {
        body: bytes.subarray(offset), headers: { ...headers, 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' },
    });
    chamber.arm({ action: ACTION.full, ops: OP.write, match: '/uploads/', nth: 3, count: 1_000_000 });
    const refused = await patch(0);
    assert.equal(refused.status, 507);
    assert.match(refused.text, /disk is full/);
    const head = await request(chamber.server, 'HEAD', created.headers.location, { headers });
    const offset = Number(head.headers['upload-offset']);
    assert.ok(offset > 0 && offset < bytes.length, `at ${offset}`);
    chamber.disarm();
    assert.equal((await patch(offset)).status, 204);
    assert.equal((await client.call('table.page', { table: 't', limit: 1 })).rows, 200_000);
    await chamber.server.stop();
});
