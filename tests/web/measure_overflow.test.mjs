// Measures of int expressions that overflow in some row: never a number that leaves the row out.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server, temporaryFolder } from './support/server.mjs';
import { oracle } from './support_browser/data.mjs';

const MAX = '9223372036854775807';

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

test('a sum over rows that overflow fails and says what to do; count and stddev take the float', async () => {
    const client = await Client.open(server);
    await client.upload('t', `a,g\n${MAX},x\n1,y\n2,y\n3,y\n`);
    for (const fn of ['sum', 'mean', 'min', 'max', 'median', 'distinct']) {
        await client.call('output.define', { output: fn, kind: 'value', table: 't', measures: { m: { fn, expr: 'a + 1' } } });
        const state = await client.next('output.state', (params) => params.output === fn && params.state === 'error');
        assert.equal(state.error.code, -32041, fn);
        assert.match(state.error.message, /64 bits.*CAST/s);
    }
    const kept = await client.output({
        output: 'kept', kind: 'value', table: 't',
        measures: { n: { fn: 'count', expr: 'a + 1' }, s: { fn: 'stddev', expr: 'a + 1' }, f: { fn: 'sum', expr: 'CAST(a AS REAL) + 1' } },
    });
    assert.equal(kept.data.measures.n, 4);
    assert.ok(Math.abs(kept.data.measures.s / 4.611686018427388e18 - 1) < 1e-12, String(kept.data.measures.s));
    assert.equal(kept.data.measures.f, 9223372036854775808 + 9);

    const rest = await client.output({ output: 'rest', kind: 'value', table: 't', where: "g = 'y'", measures: { m: { fn: 'sum', expr: 'a + 1' } } });
    assert.equal(rest.data.measures.m, 9);
    const grouped = await client.call('output.define', { output: 'by', kind: 'groupby', table: 't', by: ['g'], measures: { m: { fn: 'sum', expr: 'a * 2' } } });
    assert.ok(grouped);
    assert.equal((await client.next('output.state', (params) => params.output === 'by' && params.state === 'error')).error.code, -32041);
    await client.close();
});

/** What SQLite makes of the same rows. */
function sqlite(t, csv, query) {
    const folder = temporaryFolder('spillway-overflow-');
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 't.csv');
    writeFileSync(file, csv);
    return oracle(file, [[query, []]], { a: 'INTEGER', g: 'TEXT' })[0];
}

test('what the messages say to write is what SQLite answers to the expression that overflows', async (t) => {
    const csv = `a,g\n${MAX},x\n1,y\n2,y\n3,y\n,z\n`;
    const [[type, sum, mean, least, most, count]] = sqlite(t, csv,
        'SELECT typeof(sum(a + 1)), sum(a + 1), avg(a + 1), min(a + 1), max(a + 1), count(a + 1) FROM t');
    assert.equal(type, 'real', 'a sum of rows that overflow is a float there, too');
    const groups = sqlite(t, csv, 'SELECT g, sum(a * 2), count(a * 2) FROM t GROUP BY g ORDER BY g');
    const client = await Client.open(server);
    await client.upload('o', csv);
    const real = (fn, expr = '1.0 * a + 1') => ({ fn, expr });
    const ours = (await client.output({
        output: 'o', kind: 'value', table: 'o',
        measures: { sum: real('sum'), mean: real('mean'), least: real('min'), most: real('max'), n: { fn: 'count', expr: 'a + 1' } },
    })).data.measures;
    assert.deepEqual([ours.sum, ours.mean, ours.least, ours.most, Number(ours.n)], [sum, mean, least, most, count]);
    const by = (await client.output({
        output: 'g', kind: 'groupby', table: 'o', by: ['g'], measures: { s: real('sum', 'CAST(a AS REAL) * 2'), n: { fn: 'count', expr: 'a * 2' } },
    })).data;
    assert.deepEqual(by.keys.g.map((g, i) => [g, by.measures.s[i], Number(by.measures.n[i])]), groups);
    const narrow = sqlite(t, csv, "SELECT sum(a + 1), typeof(sum(a + 1)) FROM t WHERE g = 'y'");
    const rest = await client.output({ output: 'r', kind: 'value', table: 'o', where: "g = 'y'", measures: { m: { fn: 'sum', expr: 'a + 1' } } });
    assert.deepEqual([[Number(rest.data.measures.m), 'integer']], narrow);
    await client.close();
});
