// The torture program: the server is killed at named points, its disk, memory, descriptors and clock
// fail, its files are spoilt; afterwards everything that was acknowledged must be there, whole.
// A bounded share runs with the tests; the numbers of ./dev torture come by the environment:
// SW_TORTURE_KILLS, _CUTS, _FAULTS, _MEMORY. A run is repeated by its SW_SEED.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { ACTION, Chamber, OP, isSanitized, seedFor } from './harness.mjs';
import { Disk, readLog } from './cuts.mjs';
import { Story } from './story.mjs';

const number = (name, otherwise) => Number(process.env[`SW_TORTURE_${name}`] ?? otherwise);

/* Where the server dies: which call, on which file. */
const POINTS = {
    upload: { ops: OP.write, match: '/uploads/', most: 12 },
    edit: { ops: OP.write, match: '.db-wal$', most: 40 },
    spill: { ops: OP.write, match: '.chunks$', most: 20, isStopped: true },
    checkpoint: { ops: OP.write, match: '.db$', most: 20, isStopped: true },
    create: { ops: OP.create, match: '', most: 4 },
    sync: { ops: OP.sync, match: '', most: 10, isStopped: true },
    unlink: { ops: OP.unlink, match: '', most: 3 },
    park: { ops: OP.write | OP.sync, match: '', most: 60, isParked: true },
    stop: { ops: OP.write, match: '', most: 60, isStopped: true },
    restore: { ops: OP.read, match: '/sessions/', most: 60, isRestored: true },
    'any moment': null,
};

async function untilDead(chamber, ms) {
    let timer;
    const dead = await Promise.race([chamber.server.exited, new Promise((resolve) => { timer = setTimeout(resolve, ms); })]);
    clearTimeout(timer);
    return dead !== undefined;
}

/** Changes until the server is dead or `steps` are done. */
async function live(story, client, steps) {
    try {
        for (let i = 0; i < steps && client.isOpen; i++) {
            await story.step(client);
        }
    } catch (error) {
        assert.ok(!Story.isRefusal(error), `${error.message} (the server was to be killed)`);
        assert.notEqual(error.code, 'ERR_ASSERTION', error.message);
    }
}

test('nothing acknowledged is lost by kills at named points', async (t) => {
    const random = seedFor(t);
    const chamber = new Chamber(t, { args: ['--park-after', '0'] });
    const story = new Story(random);
    const hits = {};
    await chamber.start();
    let client = await chamber.open();
    const { token } = client;
    await story.step(client);
    for (let cycle = 0; cycle < number('KILLS', 6); cycle++) {
        const name = random.of(Object.keys(POINTS));
        const point = POINTS[name];
        if (point) {
            chamber.arm({ action: ACTION.kill, ...point, nth: 1 + random.below(point.most) });
        }
        const hitsBefore = chamber.hits;
        if (point?.isRestored || point?.isParked) {
            await live(story, client, 5);
            await client.close();
            await untilDead(chamber, 30 + random.below(1500));
            await chamber.open(token).then((back) => live(story, back, 3), () => {});
        } else if (point?.isStopped) {
            await live(story, client, 8);
            chamber.server.signal('SIGTERM');
            await untilDead(chamber, 10_000);
        } else {
            const steps = live(story, client, point ? 60 : 1000);
            await (point ? steps : untilDead(chamber, random.below(800)));
            if (!point) {
                chamber.server.signal('SIGKILL');
                await steps;
            }
        }
        hits[name] = (hits[name] ?? 0) + (point ? chamber.hits - hitsBefore : 1);
        chamber.disarm();
        await chamber.kill(point?.isStopped);
        await chamber.start();
        client = await chamber.open(token);
        await story.verify(client, undefined, `cycle ${cycle}, ${name}`);
        await story.verifyUndo(client);
    }
    t.diagnostic(`kills by point: ${JSON.stringify(hits)}; ${story.told} acknowledgements`);
    await chamber.server.stop();
});

test('nothing acknowledged with --durability power is lost by power cuts', async (t) => {
    const random = seedFor(t);
    const cuts = number('CUTS', 5);
    const chamber = new Chamber(t, { args: ['--durability', 'power', '--park-after', '0'], isLogged: true });
    const story = new Story(random);
    await chamber.start();
    let client = await chamber.open();
    const { token } = client;
    const told = []; // {bytes: the log's length when it was told, model}
    for (let i = 0; i < 40 + Math.min(160, cuts / 10); i++) {
        await story.step(client);
        told.push({ bytes: chamber.logBytes, model: story.model });
        if (random.below(15) === 0) { // to be parked, and read again
            await client.close();
            await new Promise((resolve) => { setTimeout(resolve, 1200); });
            client = await chamber.open(token);
        }
    }
    await chamber.server.stop();
    const records = readLog(chamber.log);
    const whole = records.at(-1).end;
    const moments = Array.from({ length: cuts }, () => told[0].bytes + random.below(whole - told[0].bytes)).sort((a, b) => a - b);
    const disk = new Disk(records);
    const after = new Chamber(t, { args: chamber.args, isShimmed: false });
    for (const moment of moments) {
        disk.play(moment);
        disk.cut(after.state, random);
        const last = told.findLastIndex(({ bytes }) => bytes <= moment);
        const models = [told[last].model, ...(last + 1 < told.length ? [told[last + 1].model] : [])];
        await after.start();
        const back = await after.open(token).catch((error) => assert.fail(`cut at ${moment} of ${whole}, after change ${last}: ${error.message}\n${after.server.stderr}`));
        await new Story(random).verify(back, models, `cut at ${moment} of ${whole}, after change ${last}`);
        await after.kill();
    }
    t.diagnostic(`${cuts} cuts in ${whole} bytes written, ${told.length} acknowledgements`);
});
