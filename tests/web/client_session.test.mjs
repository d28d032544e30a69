// The client (static/spillway.js) against a server that answers what each test needs.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import WebSocket from 'ws';
import { CODE, connect, memoryStore } from '../../static/spillway.js';
import { FakeServer } from './support_fake/fake.mjs';

let server;
let opened = [];

beforeEach(async () => {
    server = await FakeServer.start();
    opened = [];
});

afterEach(async () => {
    opened.forEach((session) => session.detach());
    await server.stop();
});

/** Frames come when the test says so. */
function frames() {
    const waiting = [];
    const schedule = (run) => waiting.push(run);
    const next = () => waiting.splice(0).forEach((run) => run());
    return { schedule, next };
}

async function open(options = {}) {
    const session = await connect(server.url, { WebSocket, random: () => 0, ...options });
    opened.push(session);
    return session;
}

const states = (session) => {
    const seen = [];
    session.on('connection', ({ state }) => seen.push(state));
    return seen;
};

const reaches = (session, state) => new Promise((resolve) => {
    const off = session.on('connection', (change) => {
        if (change.state === state) {
            off();
            resolve(change);
        }
    });
});

test('the first call on a socket opens a session and keeps its token', async () => {
    const store = memoryStore();

    const session = await open({ store, app: 'mine', flow: { window: 3 } });

    assert.deepEqual(server.received[0].params, { app: 'mine', flow: { window: 3 } });
    assert.equal(store.get(), 'token-1');
    assert.equal(session.name, 'name-of-token-1');
    assert.deepEqual(session.authorization(), { Authorization: 'Bearer token-1' });
});

test('a kept token resumes the session', async () => {
    server.sessions.set('kept', { inputs: { a: 1 }, outputs: [] });

    const session = await open({ store: memoryStore('kept') });

    assert.equal(server.received[0].params.resume, 'kept');
    assert.equal(session.info.resumed, true);
    assert.equal(session.inputs.get('a'), 1);
});

test('a token that is over leads to a new session, and the page hears of it', async () => {
    const store = memoryStore('over');
    const { Session } = await import('../../static/spillway.js');
    const session = new Session(server.url, { WebSocket, store });
    opened.push(session);
    const seen = states(session);

    await session.start();

    assert.deepEqual(seen, ['connecting', 'expired', 'connected']);
    assert.equal(store.get(), 'token-1');
});

test('a lost socket comes back to the same session', async () => {
    const session = await open();
    const seen = states(session);

    server.cut();
    await reaches(session, 'restored');

    assert.deepEqual(seen, ['reconnecting', 'restored']);
    assert.equal(server.all('session.open')[1].params.resume, 'token-1');
});

test('tries go on while the server is away, each within its bound of the back-off', async () => {
    const bounds = [];
    const session = await open({ random: () => { bounds.push(1); return 0.001; } });
    const delays = [];
    session.on('connection', ({ state, delay_ms }) => state === 'reconnecting' && delays.push(delay_ms));

    server.refuses = true;
    server.cut();
    while (delays.length < 4) {
        await session.once('connection');
    }
    server.refuses = false;
    await reaches(session, 'restored');

    assert.deepEqual(delays.slice(0, 4), [1, 1, 2, 4], 'a thousandth of 500, 1000, 2000 and 4000 ms');
});

test('a session that ended while the line was down is told as expired', async () => {
    const session = await open();
    const call = session.call('table.append', { table: 't' });
    call.catch(() => {});
    server.sessions.clear();

    server.cut();
    await reaches(session, 'expired');

    await assert.rejects(session.call('session.info'), undefined);
});

test('after expired a new session can be started on the same object', async () => {
    const session = await open();
    server.sessions.clear();
    server.cut();
    await reaches(session, 'expired');

    await session.restart();

    assert.equal(session.state, 'connected');
    assert.equal(session.info.token, 'token-2');
});

for (const [code, why] of [[4003, 'not allowed'], [4008, 'limit'], [4409, 'taken over']]) {
    test(`close code ${code} (${why}) is final`, async () => {
        const session = await open();

        server.close(code, why);
        const change = await reaches(session, 'closed');

        assert.equal(change.code, code);
        assert.equal(change.reason, why);
        await assert.rejects(session.call('table.list'), { code: CODE.closed });
    });
}

for (const code of [1001, 1012, 1013, 4001]) {
    test(`after close code ${code} the client comes back`, async () => {
        const session = await open();

        server.close(code, 'later');

        await reaches(session, 'restored');
    });
}

test('calls made while the line is down wait for it', async () => {
    const session = await open();
    server.methods['table.list'] = () => ['t'];

    server.cut();
    await reaches(session, 'reconnecting');
    const tables = await session.tables();

    assert.deepEqual(tables, ['t']);
    assert.equal(server.all('table.list')[0].connection, 1);
});

test('a question under way when the line breaks is asked again', async () => {
    const session = await open();
    server.methods['table.describe'] = (params, connection) => (connection === 0 ? undefined : { table: params.table });

    const answer = session.table('t').describe();
    await server.nth('table.describe');
    server.cut();

    assert.deepEqual(await answer, { table: 't' });
    assert.equal(server.all('table.describe').length, 2);
});

test('a change under way when the line breaks fails, since it may have been made', async () => {
    const session = await open();
    server.methods['table.append'] = () => undefined;

    const answer = session.call('table.append', { table: 't' });
    await server.nth('table.append');
    server.cut();

    await assert.rejects(answer, { code: CODE.connectionLost });
});

test('a cancelled call is cancelled at the server', async () => {
    const session = await open();
    server.methods['table.page'] = () => undefined;
    const controller = new AbortController();

    const answer = session.table('t').page({ offset: 0, limit: 10 }, { signal: controller.signal });
    const { id } = await server.nth('table.page');
    controller.abort();

    await assert.rejects(answer, { code: CODE.cancelled });
    assert.deepEqual((await server.nth('$/cancel')).params, { id });
});

test('an error answer becomes an error with its code, message and data', async () => {
    const session = await open();
    server.methods['table.describe'] = () => { throw { code: -32030, message: 'There is no table `x`.' }; };

    await assert.rejects(session.table('x').describe(), { code: -32030, message: 'There is no table `x`.' });
});

test('inputs set between two frames go out as one message with the latest values', async () => {
    const { schedule, next } = frames();
    const session = await open({ schedule });
    const before = session.inputs.epoch;

    session.inputs.set({ a: 1 });
    session.inputs.set({ a: 2, b: 'x' });
    next();
    const { params } = await server.nth('input.set');

    assert.deepEqual(params, { values: { a: 2, b: 'x' }, epoch: before + 1 });
    assert.equal(server.all('input.set').length, 1);
});

test('each frame with news has an epoch of its own', async () => {
    const { schedule, next } = frames();
    const session = await open({ schedule });

    session.inputs.set({ a: 1 });
    next();
    session.inputs.set({ a: 2 });
    next();
    const second = await server.nth('input.set', 2);

    assert.equal(second.params.epoch, server.all('input.set')[0].params.epoch + 1);
});

test('inputs set while the line is down go out once it is back', async () => {
    const session = await open();
    server.cut();
    await reaches(session, 'reconnecting');

    session.inputs.set({ a: 1 });
    session.inputs.set({ a: 5 });

    assert.deepEqual((await server.nth('input.set')).params.values, { a: 5 });
    assert.equal(server.all('input.set').length, 1);
});

test('a set settles with the flush of its epoch or of a later one', async () => {
    const { schedule, next } = frames();
    const session = await open({ schedule });
    const first = session.inputs.set({ a: 1 });
    next();
    const second = session.inputs.set({ a: 2 });
    next();

    server.push('flush', { epoch: session.inputs.epoch, versions: {}, outputs: [], queue_ms: 0, compute_ms: 0 });

    assert.equal((await first).epoch, session.inputs.epoch);
    assert.equal((await second).epoch, session.inputs.epoch);
});

test('an input that the server refuses fails its set', async () => {
    const session = await open();
    server.methods['input.set'] = () => { throw { code: -32602, message: 'That is no range.' }; };

    await assert.rejects(session.inputs.set({ a: 'x' }), { code: -32602 });
});

test('with a flow window each flush is acknowledged after its frame', async () => {
    const { schedule, next } = frames();
    const session = await open({ schedule, flow: { window: 1 } });

    server.push('flush', { epoch: 7, versions: {}, outputs: [] });
    await session.once('flush');
    assert.equal(server.all('flush.ack').length, 0);
    next();

    assert.deepEqual((await server.nth('flush.ack')).params, { epoch: 7 });
});

test('an output hands on values and states', async () => {
    const session = await open();
    const output = session.output('h', { kind: 'histogram', table: 't', x: 'a', bins: 2 });
    await output.ready;
    const seen = [];
    output.on('state', ({ state }) => seen.push(state));

    server.push('output.state', { output: 'h', state: 'busy', progress: 0.5 });
    server.push('output.value', { output: 'h', kind: 'histogram', epoch: 1, version: 1, seq: 1, rows: 3, total: 3, data: { edges: [0, 1, 2], count: [1, 2] } });
    const value = await output.once('value');

    assert.deepEqual(value.data.count, [1, 2]);
    assert.deepEqual(seen, ['busy', 'ok']);
    assert.equal(output.value.rows, 3);
});

test('an output that is refused is in error and can be tried again', async () => {
    const session = await open();
    server.methods['output.define'] = () => { throw { code: -32031, message: 'There is no column `z`.' }; };
    const output = session.output('h', { kind: 'histogram', table: 't', x: 'z', bins: 2 });
    await assert.rejects(output.ready, { code: -32031 });
    assert.equal(output.state, 'error');
    assert.match(output.error.message, /no column/);

    server.methods['output.define'] = () => ({});
    await output.retry();

    assert.equal(output.state, 'ok');
    assert.equal(output.error, null);
});

test('an error in one output leaves the connection and the others alone', async () => {
    const session = await open();
    const good = session.output('good', { kind: 'value', table: 't' });
    const bad = session.output('bad', { kind: 'value', table: 't' });

    server.push('output.state', { output: 'bad', state: 'error', error: { code: -32040, message: 'no' } });
    await bad.once('state');
    server.push('output.value', { output: 'good', data: {} });

    await good.once('value');
    assert.equal(bad.error.code, -32040);
});

test('a resumed session shows its outputs without defining them anew', async () => {
    const spec = { kind: 'histogram', table: 't', x: 'a', bins: 2 };
    server.sessions.set('kept', { inputs: {}, outputs: [{ output: 'h', kind: 'histogram', table: 't', state: 'ok', params: { output: 'h', ...spec } }] });
    const session = await open({ store: memoryStore('kept') });
    server.push('output.value', { output: 'h', kind: 'histogram', data: { count: [1] } });
    server.push('flush', { epoch: 0, versions: {}, outputs: ['h'] });
    await session.once('flush');

    const value = await session.output('h', spec).once('value');

    assert.deepEqual(value.data.count, [1]);
    assert.equal(server.all('output.define').length, 0);
});

test('an output that a resumed session has in another shape is defined anew', async () => {
    server.sessions.set('kept', { inputs: {}, outputs: [{ output: 'h', kind: 'histogram', table: 't', params: { x: 'a', bins: 2 } }] });
    const session = await open({ store: memoryStore('kept') });
    server.push('output.value', { output: 'h', kind: 'histogram', data: { count: [1] } });
    server.push('flush', { epoch: 0, versions: {}, outputs: ['h'] });
    await session.once('flush');

    await session.output('h', { kind: 'histogram', table: 't', x: 'a', bins: 3 }).ready;

    assert.equal(server.all('output.define')[0].params.bins, 3);
});

test('an output whose definition was lost with the line is defined again', async () => {
    const session = await open();
    const output = session.output('h', { kind: 'value', table: 't' });
    await output.ready;

    server.cut();
    await reaches(session, 'restored');

    assert.equal((await server.nth('output.define', 2)).params.output, 'h');
});

test('a line that went dead without a word is found and replaced', async () => {
    const session = await open({ heartbeat_ms: 40 });
    server.methods['session.info'] = () => undefined;

    await reaches(session, 'restored');

    assert.ok(server.all('session.info').length >= 1);
});

test('close ends the session and forgets the token', async () => {
    const store = memoryStore();
    const session = await open({ store });

    await session.close();

    assert.equal(store.get(), null);
    assert.equal(session.state, 'closed');
});

test('notices, table changes and flushes reach their listeners', async () => {
    const session = await open();
    const seen = [];
    for (const event of ['notice', 'table', 'flush']) {
        session.on(event, (params) => seen.push([event, params]));
    }

    server.push('session.notice', { level: 'info', text: 'hello' });
    server.push('table.changed', { table: 't', version: 2, rows: 5, what: 'upload' });
    server.push('flush', { epoch: 1, versions: { t: 2 }, outputs: [] });
    await session.once('flush');

    assert.deepEqual(seen.map(([event]) => event), ['notice', 'table', 'flush']);
});

test('a listener that throws does not silence the others', async () => {
    const session = await open();
    const caught = new Promise((resolve) => { globalThis.reportError = resolve; });
    let is_heard = false;
    session.on('notice', () => { throw new Error('mine'); });
    session.on('notice', () => { is_heard = true; });

    server.push('session.notice', { level: 'info', text: 'hello' });

    assert.equal((await caught).message, 'mine');
    delete globalThis.reportError;
    assert.ok(is_heard);
});
