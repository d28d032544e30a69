// Cells that do not fit, from the upload to the download: listed, shown in pages, left out of sums,
// exported as they came, and given back as text by one call.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client, request } from './support/client.mjs';
import { Server, temporaryFolder } from './support/server.mjs';

const ROWS = 3000;
const BAD = new Map([[10, 'n.a.'], [1500, '12 "abc", approx.']]);
const quote = (text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const CSV = `price,n\n${Array.from({ length: ROWS }, (_, i) => `${quote(BAD.get(i) ?? String(i))},${i}\n`).join('')}`;
const SUM = (ROWS * (ROWS - 1)) / 2 - 10 - 1500;

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

const column = async (client, table, name = 'price') =>
    (await client.call('table.describe', { table })).columns.find((one) => one.name === name);

async function download(client, table, params = {}) {
    const { url } = await client.call('download.create', { table, ...params });
    const answer = await request(server, 'GET', new URL(url, server.origin).pathname);
    assert.equal(answer.status, 200);
    return answer.text;
}

test('a few cells that do not fit are listed, paged, summed over, exported and given back', async () => {
    const client = await Client.open(server);
    await client.upload('t', CSV);

    const price = await column(client, 't');
    assert.equal(price.type, 'int');
    assert.equal(price.nulls, 2);
    assert.deepEqual(price.exceptions, { count: 2, first: [...BAD].map(([row_id, value]) => ({ row_id, value })) });
    assert.equal((await column(client, 't', 'n')).exceptions, undefined);

    const page = await client.call('table.page', { table: 't', offset: 8, limit: 4 });
    assert.deepEqual(page.data[0], [8, 9, null, 11]);
    assert.deepEqual(page.exceptions, [[0, 2, 'n.a.']]);
    const last = await client.call('table.page', { table: 't', sort: [{ column: 'price', desc: true }], columns: ['n', 'price'], offset: ROWS - 2, limit: 2 });
    assert.deepEqual(last.exceptions.map(([c, row, text]) => [c, last.data[0][row], text]), [[1, 10, 'n.a.'], [1, 1500, BAD.get(1500)]]);
    assert.equal((await client.call('table.page', { table: 't', limit: 2 })).exceptions, undefined);

    const sum = await client.output({ output: 's', kind: 'value', table: 't', measures: { sum: { fn: 'sum', column: 'price' } } });
    assert.equal(sum.data.measures.sum, SUM);
    const nulls = await client.call('table.page', { table: 't', where: 'price IS NULL', limit: 5 });
    assert.equal(nulls.rows, 2);

    assert.equal(await download(client, 't'), CSV);

    const cast = await client.call('table.cast_column', { table: 't', column: 'price', type: 'string' });
    assert.equal(cast.misfits, 0);
    const text = await client.call('table.page', { table: 't', offset: 9, limit: 2 });
    assert.deepEqual(text.data[0], ['9', 'n.a.']);
    assert.equal(await download(client, 't'), CSV);

    await client.call('table.undo', { table: 't' });
    assert.equal((await column(client, 't')).exceptions.count, 2);
    await client.close();
});

test('edits replace the exception of their cell and keep the others, undo brings it back', async () => {
    const client = await Client.open(server);
    await client.upload('t', CSV);

    await client.call('table.update', { table: 't', row_ids: [10], set: { price: 7 } });
    assert.deepEqual((await column(client, 't')).exceptions.first.map((one) => one.row_id), [1500]);
    await client.call('table.delete_rows', { table: 't', where: 'n < 20' });
    await client.call('table.append', { table: 't', rows: [{ price: 1, n: 5 }] });
    assert.deepEqual((await column(client, 't')).exceptions.first, [{ row_id: 1500, value: BAD.get(1500) }]);
    for (let i = 0; i < 3; i++) {
        await client.call('table.undo', { table: 't' });
    }
    assert.equal((await column(client, 't')).exceptions.count, 2);
    assert.equal(await download(client, 't'), CSV);
    await client.close();
});

test('strict keeps such a column text, whichever way the file comes', async () => {
    const client = await Client.open(server);
    await client.upload('put', CSV, { strict: 'true' });
    assert.equal((await column(client, 'put')).type, 'string');
    await client.upload('loose', CSV, { strict: 'false' });
    assert.equal((await column(client, 'loose')).type, 'int');

    const form = `--b\r\nContent-Disposition: form-data; name="table"\r\n\r\nform\r\n--b\r\nContent-Disposition: form-data; name="strict"\r\n\r\ntrue\r\n`
        + `--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n${CSV}\r\n--b--\r\n`;
    const headers = { Authorization: `Bearer ${client.token}` };
    const posted = await request(server, 'POST', '/upload', { body: form, headers: { ...headers, 'Content-Type': 'multipart/form-data; boundary=b' } });
    assert.ok(posted.status < 300, posted.text);
    await client.loaded('form');
    assert.equal((await column(client, 'form')).type, 'string');

    const key = (text) => Buffer.from(text).toString('base64');
    const tus = { ...headers, 'Tus-Resumable': '1.0.0', 'Content-Type': 'application/offset+octet-stream' };
    const made = await request(server, 'POST', '/files', {
        body: CSV, headers: { ...tus, 'Upload-Length': String(Buffer.byteLength(CSV)), 'Upload-Metadata': `filename ${key('tus.csv')},strict ${key('true')}` },
    });
    assert.equal(made.status, 201, made.text);
    await client.loaded('tus');
    assert.equal((await column(client, 'tus')).type, 'string');

    const wrong = await client.put('/upload/w.csv?strict=maybe', CSV);
    assert.equal(wrong.status, 400, wrong.text);
    assert.match(wrong.text, /strict: true or false/);
    await client.close();
});

test('--strict says how the files of the command line are read', async () => {
    const file = path.join(temporaryFolder(), 'd.csv');
    writeFileSync(file, CSV);
    for (const [strict, type] of [['true', 'string'], ['false', 'int']]) {
        const own = await Server.start({ files: [file], args: ['--strict', strict] });
        const client = await Client.open(own);
        let entry;
        do {
            entry = await client.call('table.describe', { table: 'd' });
        } while (entry.status === 'loading');
        assert.equal(entry.columns[0].type, type);
        await client.close();
        await own.stop();
    }
});

test('a table output shows exceptions like a page', async () => {
    const client = await Client.open(server);
    await client.upload('t', CSV);
    const value = await client.output({ output: 'rows', kind: 'table', table: 't', offset: 10, limit: 1 });
    assert.deepEqual(value.data.exceptions, [[0, 0, 'n.a.']]);
    const arrow = await Client.open(server, { token: client.token, protocol: 'spillway.v1.arrow' });
    const framed = await arrow.value('rows');
    assert.deepEqual(framed.exceptions, [[0, 0, 'n.a.']]);
    await arrow.close();
    await client.close();
});
