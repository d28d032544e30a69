// The server as its operator and its users meet it: options, health, headers, data sets, lifetimes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Raw } from './support/raw.mjs';
import { Server, binary, temporaryFolder, until } from './support/server.mjs';

let server;
let folder;
let file;
before(async () => {
    folder = temporaryFolder();
    file = path.join(folder, 'orders.csv');
    writeFileSync(file, `id,kind,price\n${Array.from({ length: 1000 }, (_, i) => `${i},${'abc'[i % 3]},${i / 4}`).join('\n')}\n`);
    server = await Server.start({ files: [file] });
    await until('the data set', async () => (await request(server, 'GET', '/readyz')).status === 200);
});

function runs(...args) {
    const { status, stdout, stderr } = spawnSync(binary(), args, { encoding: 'utf8', timeout: 20_000 });
    return { status, text: stdout + stderr };
}

test('--help lists every option, --version the version', () => {
    const { status, text } = runs('--help');
    assert.equal(status, 0);
    for (const option of ['--listen', '--state', '--threads', '--memory', '--session-memory', '--idle-timeout',
        '--allow-origin', '--log', '--help', '--version']) {
        assert.ok(text.includes(option), option);
    }
    const version = runs('--version');
    assert.equal(version.status, 0);
    assert.match(version.text, /^spillway \d+\.\d+\.\d+/);
});

for (const [option, value] of [['--listen', 'nowhere'], ['--listen', '127.0.0.1:99999'], ['--threads', 'many'], ['--threads', '-1'],
    ['--memory', '12Q'], ['--session-memory', ''], ['--idle-timeout', 'soon'], ['--colour', 'red']]) {
    test(`a wrong ${option} '${value}' ends with one line that names it`, () => {
        const { status, text } = runs(option, value);
        assert.notEqual(status, 0);
        assert.ok(text.includes(option), text);
        assert.doesNotMatch(text, /Sanitizer/);
    });
}

test('an option may come from the environment', () => {
    const { status, stderr, stdout } = spawnSync(binary(), [], {
        encoding: 'utf8', timeout: 20_000, env: { ...process.env, SPILLWAY_THREADS: 'many' },
    });
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /threads/i);
});

test('a file that is not there is named', () => {
    const { status, text } = runs('--listen', '127.0.0.1:0', '--state', path.join(folder, 'state'), path.join(folder, 'missing.csv'));
    assert.notEqual(status, 0);
    assert.match(text, /missing\.csv/);
});

test('a port that is taken, or not of this machine, is one line that names the option', () => {
    for (const [listen, said] of [[`127.0.0.1:${server.port}`, /in use/], ['192.0.2.7:18090', /192\.0\.2\.7/]]) {
        const { status, text } = runs('--listen', listen, '--state', path.join(folder, 'state'));
        assert.equal(status, 2, text);
        assert.match(text, said);
        assert.match(text, /--listen/);
        assert.equal(text.trim().split('\n').length, 1, text);
    }
});

test('the state folder is made with those above it', async () => {
    const state = path.join(folder, 'a', 'b', 'state');
    const other = await Server.start({ state });
    assert.equal(statSync(state).mode & 0o777, 0o700);
    await other.stop();
});

test('health, readiness and metrics', async () => {
    assert.equal((await request(server, 'GET', '/healthz')).status, 200);
    assert.equal((await request(server, 'GET', '/readyz')).status, 200);
    const metrics = await request(server, 'GET', '/metrics');
    assert.equal(metrics.status, 200);
    assert.match(metrics.headers['content-type'], /^text\/plain/);
    assert.match(metrics.text, /^# TYPE spillway_sessions gauge$/m);
});

test('every answer carries the security headers', async () => {
    for (const [method, target] of [['GET', '/'], ['GET', '/healthz'], ['GET', '/nothing/here'], ['PUT', '/upload/x.csv'],
        ['OPTIONS', '/files'], ['GET', '/download/none'], ['DELETE', '/']]) {
        const { headers, status } = await request(server, method, target, method === 'PUT' ? { body: '' } : {});
        const what = `${method} ${target} (${status})`;
        assert.match(headers['content-security-policy'] ?? '', /default-src 'none'|default-src 'self'/, what);
        assert.doesNotMatch(headers['content-security-policy'], /unsafe-eval|script-src[^;]*unsafe-inline|\*/, what);
        assert.equal(headers['x-content-type-options'], 'nosniff', what);
        assert.ok(headers['referrer-policy'], what);
        assert.ok(headers['cross-origin-opener-policy'], what);
        assert.ok(headers['cross-origin-resource-policy'], what);
    }
});

test('the page and its modules are served with their types, and can be revalidated', async () => {
    const page = await request(server, 'GET', '/');
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    const script = await request(server, 'GET', '/spillway.js');
    assert.equal(script.status, 200);
    assert.match(script.headers['content-type'], /javascript/);
    const again = await request(server, 'GET', '/spillway.js', { headers: { 'If-None-Match': script.headers.etag } });
    assert.equal(again.status, 304);
    const head = await request(server, 'HEAD', '/spillway.js');
    assert.equal(head.status, 200);
    assert.equal(Number(head.headers['content-length']), script.bytes.length);
});

test('no path leads out of the page\'s folder', async () => {
    for (const target of ['/../src/main.c', '/%2e%2e/src/main.c', '/..%2fsrc/main.c', '//etc/passwd', '/js/../../src/main.c',
        '/static/../../etc/passwd', '/js/%00', '/.git/HEAD']) {
        const raw = await Raw.connect(server);
        raw.sendHead(`GET ${target} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, 'Connection: close');
        await raw.closes();
        assert.doesNotMatch(raw.text(), /HTTP\/1\.1 200/, target);
        raw.end();
    }
});

test('a data set of the command line is there for every session, without a copy', async () => {
    const one = await Client.open(server);
    const two = await Client.open(server);
    for (const client of [one, two]) {
        const tables = await client.call('table.list');
        assert.deepEqual(tables.map(({ table, rows, shared }) => ({ table, rows, shared })), [{ table: 'orders', rows: 1000, shared: true }]);
        const info = await client.call('session.info');
        assert.ok(info.memory_bytes < 100_000, `${info.memory_bytes} bytes of its own`);
    }
    const value = await one.output({ output: 'n', kind: 'value', table: 'orders', measures: { sum: { fn: 'sum', column: 'price' } } });
    assert.equal(value.data.measures.sum, 999 * 1000 / 2 / 4);
    await one.close();
    await two.close();
});

test('a table can be described, paged and charted while it arrives', async () => {
    const client = await Client.open(server);
    const rows = 400_000;
    const body = Buffer.from(`x,y\n${Array.from({ length: rows }, (_, i) => `${i},${i % 7}`).join('\n')}\n`);
    const raw = await Raw.connect(server);
    raw.sendHead('PUT /upload/slow.csv HTTP/1.1', `Host: 127.0.0.1:${server.port}`, `Authorization: Bearer ${client.token}`,
        `Content-Length: ${body.length}`);
    raw.send(body.subarray(0, Math.floor(body.length * 0.9)));
    const progress = await client.next('upload.progress', (params) => params.rows > 0);
    assert.equal(progress.table, 'slow');
    assert.equal(progress.total, body.length);
    const { data, rows: seen } = await client.call('table.page', { table: 'slow', offset: 0, limit: 2 });
    assert.deepEqual(data, [[0, 1], [0, 1]]);
    assert.ok(seen > 0 && seen < rows);
    const early = await client.output({ output: 'h', kind: 'histogram', table: 'slow', x: 'y', bins: 6 });
    assert.ok(early.total > 0 && early.total < rows);
    raw.send(body.subarray(Math.floor(body.length * 0.9)));
    await client.loaded('slow');
    const whole = await client.value('h', (value) => value.total === rows);
    assert.equal(whole.data.count.reduce((a, b) => a + b), rows);
    raw.end();
    await client.close();
});

test('a newer value of an input replaces one that has not started, and every epoch is closed', async () => {
    const client = await Client.open(server);
    await client.call('select.define', { select: 's', table: 'orders', clauses: [{ column: 'price', between: '$price' }] });
    await client.output({ output: 'h', kind: 'histogram', table: 'orders', select: 's', x: 'id', bins: 10 });
    for (let epoch = 1; epoch <= 200; epoch++) {
        client.notify('input.set', { values: { price: [0, epoch] }, epoch });
    }
    await client.next('flush', (params) => params.epoch === 200);
    const last = client.values.get('h');
    assert.equal(last.epoch, 200);
    assert.equal(last.rows, 801);
    const epochs = client.notifications.filter((m) => m.method === 'output.value').map((m) => m.params.epoch);
    assert.deepEqual(epochs, [...epochs].sort((a, b) => a - b), 'epochs never go back');
    await client.close();
});

test('an unknown origin may be allowed by option', async () => {
    const own = await Server.start({ args: ['--allow-origin', 'https://app.example'] });
    const client = await Client.open(own, { origin: 'https://app.example' });
    await client.close();
    await assert.rejects(Client.open(own, { origin: 'https://other.example' }));
    await own.stop();
});

test('a session without a socket ends after the idle time, and its memory is given back', { timeout: 90_000 }, async () => {
    const own = await Server.start({ args: ['--idle-timeout', '2'] });
    const resident = () => Number(readFileSync(`/proc/${own.pid}/statm`, 'latin1').split(' ')[1]) * 4096 / 2 ** 20;
    const client = await Client.open(own);
    const rows = Array.from({ length: 300_000 }, (_, i) => `${i * 1.000001},${i},name ${i}`).join('\n');
    await client.upload('big', `a,b,c\n${rows}\n`);
    const { memory_bytes: held } = await client.call('session.info');
    assert.ok(held > 1 << 20);
    const full = resident();
    await client.cut();
    const metric = async (name) => Number(new RegExp(`^spillway_${name} (\\d+)`, 'm').exec((await request(own, 'GET', '/metrics')).text)[1]);
    await until('the session to end', async () => (await metric('sessions')) === 0, 30_000);
    await until('the accounts to say that it is free', async () => (await metric('memory_bytes')) < held / 10, 30_000);
    const late = await Client.connect(own);
    await late.fails('session.open', { resume: client.token }, -32010);
    await late.close();
    if (!/dev\/spillway$/.test(binary())) {
        await until('the system to say so too', () => resident() < full - held / 2 ** 21, 30_000); // ASan keeps freed memory apart
    }
    await own.stop();
});

test('the state folder is private, and nothing is left of ended sessions', async () => {
    const own = await Server.start({ state: path.join(folder, 'kept') });
    assert.equal(statSync(own.state).mode & 0o077, 0);
    const client = await Client.open(own);
    await client.upload('t', 'a\n1\n');
    await client.call('session.close');
    await client.close();
    await own.stop();
    const left = readdirSync(own.state, { recursive: true }).filter((name) => statSync(path.join(own.state, name)).isFile());
    assert.ok(left.every((name) => !/spool|upload/.test(name)), left.join(' '));
});

test('a session over its memory says so by name, and a neighbour does not notice', async () => {
    const own = await Server.start({ args: ['--session-memory', '4M'] });
    const greedy = await Client.open(own);
    const neighbour = await Client.open(own);
    await neighbour.upload('small', 'a\n1\n');
    const rows = Array.from({ length: 300_000 }, (_, i) => `${i * 1.000001},${i * 7919 % 1000003},name ${i}`).join('\n');
    await greedy.put('/upload/big.csv?table=big', `a,b,c\n${rows}\n`).catch(() => {});
    const failed = await greedy.next('upload.failed');
    assert.equal(failed.error.code, -32050, JSON.stringify(failed));
    assert.match(failed.error.message, /memory/);
    assert.equal((await neighbour.call('table.page', { table: 'small', offset: 0, limit: 1 })).rows, 1);
    await greedy.close();
    await neighbour.close();
    await own.stop();
});

test('no token and no cell is in the log', async () => {
    const own = await Server.start({ args: ['--log', 'debug'] });
    const client = await Client.open(own);
    await client.upload('secret', 'a\nverysecretcell\n');
    await client.fails('table.page', { table: 'nothing', offset: 0, limit: 1 }, -32030);
    await client.close();
    await own.stop();
    assert.ok(!own.stderr.includes(client.token) && !own.stdout.includes(client.token));
    assert.doesNotMatch(own.stderr, /verysecretcell/);
});

test('the server ends cleanly', async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
});
