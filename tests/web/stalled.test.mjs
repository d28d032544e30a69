// A reader that does not read: what is meant for it is not kept, the others do not notice, and when it
// wakes it is shown how things stand now.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server } from './support/server.mjs';

const STEPS = 300; /* each of which would send some 50 KB */
const BINS = 3000;
const GROWTH_MB = 12; /* far below what STEPS of them are; a sanitizer keeps some of what is freed */

let server;

before(async () => { server = await Server.start(); });
after(() => server.stop());

function residentMb() {
    return Number(readFileSync(`/proc/${server.pid}/statm`, 'latin1').split(' ')[1]) * 4096 / 2 ** 20;
}

/** A session with one table, whose histogram follows $limit. */
async function open() {
    const client = await Client.open(server);
    const rows = Array.from({ length: 3000 }, (_, i) => `${i},${(i * 7919) % 3000}`);
    await client.upload('readings', `x,y\n${rows.join('\n')}\n`);
    await client.call('select.define', { select: 's', table: 'readings', clauses: [{ column: 'y', between: '$limit' }] });
    await client.output({ output: 'h', kind: 'histogram', table: 'readings', select: 's', x: 'x', bins: BINS });
    return client;
}

test('a reader that stalls costs no memory, slows nobody, and wakes to the last state', { timeout: 120_000 }, async () => {
    const driver = await open();
    const other = await open();
    const reader = await Client.open(server, { token: driver.token });
    await reader.value('h');

    reader.pause();
    let before = 0;
    for (let step = 1; step <= STEPS; step++) {
        await driver.input({ limit: [0, step * 5] });
        if (step % 10 === 0) {
            await other.input({ limit: [0, step] });
            assert.equal(other.values.get('h').data.count.reduce((sum, count) => sum + count, 0), step + 1);
        }
        driver.notifications.length = 0;
        before = step === STEPS / 3 ? residentMb() : before;
    }
    const grown = residentMb() - before;
    assert.ok(grown < GROWTH_MB, `the server grew by ${grown.toFixed(1)} MB while one reader slept`);

    reader.resume();
    const last = driver.values.get('h').data;
    const shown = await reader.value('h', ({ data }) => data.count.join() === last.count.join());
    assert.deepEqual(shown.data, last);
    const seen = reader.notifications.filter(({ method }) => method === 'output.value').length;
    assert.ok(seen < STEPS, `${seen} values of ${STEPS} steps: those that nobody read were not kept`);
    await Promise.all([driver, other, reader].map((client) => client.close()));
});
