// What one session, one address and all of them together may take: each limit at its edge, with an
// error that names it and says what to do.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Server, until } from './support/server.mjs';

const MiB = 1 << 20;
const csv = (bytes) => 'a,b\n' + '12345,67890\n'.repeat(Math.ceil(bytes / 12));
const servers = [];
after(() => Promise.all(servers.map((server) => server.stop())));

async function start(...args) {
    const server = await Server.start({ args });
    servers.push(server);
    return server;
}

const tus = (client, method, path, headers, body) => request(client.server, method, path, {
    body, headers: { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${client.token}`, ...headers },
});

function patch(client, url, offset, bytes) {
    return tus(client, 'PATCH', url, { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' }, bytes);
}

/** A PUT whose body never ends by itself. */
function slowPut(server, client, name, headers = '') {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (piece) => { text += piece; });
    socket.write(`PUT /upload/${name}.csv HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${client.token}\r\n${headers}Content-Length: 100\r\n\r\na\n1\n`);
    return { end: () => socket.destroy(), answer: () => until('an answer', () => / \d{3} .*\r\n\r\n[^]/.test(text) && text) };
}

test('an upload for which the disk has no room is refused before its first byte', async () => {
    const server = await start('--disk-free', '1000000T');
    const client = await Client.open(server);
    const words = /are free, and --disk-free leaves 1099511627776000000 of them alone; .*ask the operator/;
    const put = await client.put('/upload/t.csv', csv(1000));
    assert.equal(put.status, 507);
    assert.match(put.text, words);
    const created = await tus(client, 'POST', '/files', { 'Upload-Length': '1000' }, '');
    assert.equal(created.status, 507);
    assert.match(created.text, words);
    const form = await request(server, 'POST', '/upload', {
        headers: { Authorization: `Bearer ${client.token}`, 'Content-Type': 'multipart/form-data; boundary=x' },
        body: `--x\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\n${csv(1000)}\r\n--x--\r\n`,
    });
    assert.equal(form.status, 507);
    assert.deepEqual(await client.call('table.list'), []);
    await client.close();
});

test('an upload that grows beyond --session-disk is stopped there, and goes on when there is room', async () => {
    const server = await start('--session-disk', '12M');
    const client = await Client.open(server);
    const known = await tus(client, 'POST', '/files', { 'Upload-Length': String(12 * MiB + 1) }, '');
    assert.equal(known.status, 413);
    assert.match(known.text, /session_disk_bytes.*12582912.*--session-disk/);
    const [one, two] = await Promise.all([0, 1].map(() => tus(client, 'POST', '/files', { 'Upload-Defer-Length': '1' }, '')));
    const whole = Buffer.from(csv(7 * MiB));
    assert.equal((await patch(client, one.headers.location, 0, whole)).status, 204);
    const second = await patch(client, two.headers.location, 0, whole);
    assert.equal(second.status, 413);
    assert.match(second.text, /session_disk_bytes/);
    assert.equal((await tus(client, 'DELETE', one.headers.location, {})).status, 204);
    await until('the rest', async () => { // bytes that were taken before may still be on their way to the disk
        const offset = Number((await tus(client, 'HEAD', two.headers.location, {})).headers['upload-offset']);
        assert.ok(offset < whole.length, String(offset));
        return (await patch(client, two.headers.location, offset, whole.subarray(offset))).status === 204;
    });
    await client.close();
});

test('--disk bounds the uploads of all sessions together', async () => {
    const server = await start('--disk', '8M');
    const [one, two] = [await Client.open(server), await Client.open(server)];
    const first = await tus(one, 'POST', '/files', { 'Upload-Defer-Length': '1' }, '');
    assert.equal((await patch(one, first.headers.location, 0, Buffer.from(csv(3 * MiB)))).status, 204);
    const second = await tus(two, 'POST', '/files', { 'Upload-Length': String(7 * MiB) }, '');
    assert.equal(second.status, 413);
    assert.match(second.text, /disk_bytes.*8388608.*--disk/);
    await Promise.all([one.close(), two.close()]);
});

test('a session has as many sockets and unfinished uploads as the options say', async () => {
    const server = await start('--session-sockets', '2', '--session-uploads', '1');
    const client = await Client.open(server);
    assert.equal(client.info.limits.sockets, 2);
    assert.equal(client.info.limits.uploads, 1);
    const second = await Client.open(server, { token: client.token });
    const third = await Client.connect(server);
    const error = await third.fails('session.open', { resume: client.token }, -32050, /--session-sockets/);
    assert.equal(error.data.limit, 'sockets');
    await second.close();
    await until('a free place', () => third.open({ resume: client.token }).then(() => true, () => false));
    const one = await tus(client, 'POST', '/files', { 'Upload-Length': '10' }, '');
    assert.equal(one.status, 201);
    const two = await tus(client, 'POST', '/files', { 'Upload-Length': '10' }, '');
    assert.equal(two.status, 413);
    assert.match(two.text, /uploads.*--session-uploads/);
    assert.equal((await tus(client, 'DELETE', one.headers.location, {})).status, 204);
    assert.equal((await tus(client, 'POST', '/files', { 'Upload-Length': '10' }, '')).status, 201);
    await Promise.all([client.close(), third.close()]);
});

test('an address has as many uploads under way as --address-uploads says', async () => {
    const server = await start('--address-uploads', '1');
    const client = await Client.open(server);
    const first = slowPut(server, client, 'one', 'X-Forwarded-For: 10.0.0.1\r\n');
    await until('the first', async () => (await client.call('table.list')).length === 1);
    const second = await client.put('/upload/two.csv', 'a\n1\n', { 'X-Forwarded-For': '10.0.0.2' }); // nobody believes it
    assert.equal(second.status, 429);
    assert.match(second.text, /address_uploads.*--address-uploads/);
    first.end();
    await until('room', async () => (await client.put('/upload/two.csv', 'a\n1\n')).status === 201);
    await client.close();
});

test('behind a trusted proxy the address that it names is the one that counts', async () => {
    const server = await start('--trust-forwarded', 'true', '--address-connections', '2', '--address-uploads', '1');
    const from = (address) => ({ headers: { 'X-Forwarded-For': `198.51.100.7, ${address}` } });
    const [one, two] = [await Client.open(server, from('10.0.0.1')), await Client.open(server, from('10.0.0.1'))];
    await assert.rejects(Client.open(server, from('10.0.0.1')));
    const other = await Client.open(server, from('10.0.0.2'));
    const more = await Client.open(server, from('[2001:db8::1]:4711'));
    assert.equal((await request(server, 'GET', '/healthz', from('10.0.0.1'))).status, 429);
    assert.equal((await request(server, 'GET', '/healthz')).status, 200);
    await one.close();
    const upload = slowPut(server, other, 'one', 'X-Forwarded-For: 10.0.0.2\r\n');
    await until('the upload', async () => (await other.call('table.list')).length === 1);
    assert.equal((await two.put('/upload/two.csv', 'a\n1\n', from('10.0.0.3').headers)).status, 201);
    assert.equal((await two.put('/upload/two.csv', 'a\n1\n', from('2001:db8::2').headers)).status, 201);
    await more.close();
    upload.end();
    await Promise.all([two.close(), other.close()]);
});

test('options of budgets that will not do are named', async () => {
    for (const [name, value] of [['session-sockets', '0'], ['session-uploads', '300'], ['address-uploads', 'x'], ['flush-timeout', '0'], ['trust-forwarded', 'yes']]) {
        await assert.rejects(Server.start({ args: [`--${name}`, value] }), new RegExp(`--${name}: .*will not do`));
    }
});
