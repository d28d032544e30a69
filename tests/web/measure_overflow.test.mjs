// Measures of int expressions that overflow in some row: never a number that leaves the row out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Server } from './support/server.mjs';

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
