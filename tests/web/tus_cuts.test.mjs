// Uploads through a line that is cut at any byte: tus-js-client goes on by itself, and what arrived is
// what was sent, by its hash.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Upload } from 'tus-js-client';
import { Client, request } from './support/client.mjs';
import { Server } from './support/server.mjs';

const seed = Number(process.env.SW_SEED ?? Date.now() % 1_000_000);
console.log(`# SW_SEED=${seed}`);

let server;
let client;
before(async () => {
    server = await Server.start();
    client = await Client.open(server);
});
after(async () => {
    await client.close();
    await server.stop();
});

/** A small generator: the same numbers for the same seed. */
function randomOf(start) {
    let state = start >>> 0;
    return (below) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor(state / 2 ** 32 * below);
    };
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A proxy that cuts each line after a random number of bytes from the client, while it may. */
async function cuttingProxy(random, most, cuts) {
    const proxy = net.createServer((line) => {
        const inner = net.connect(server.port, '127.0.0.1');
        let left = cuts.left > 0 ? random(most) + 1 : Infinity;
        const drop = () => { line.destroy(); inner.destroy(); };
        line.on('data', (data) => {
            if (data.length >= left) {
                inner.write(data.subarray(0, left), drop);
                cuts.left--;
                cuts.made++;
                left = Infinity;
            } else {
                left -= data.length;
                inner.write(data);
            }
        });
        inner.on('data', (data) => line.write(data));
        line.on('close', () => inner.destroy());
        inner.on('close', () => line.destroy());
        line.on('error', () => {});
        inner.on('error', () => {});
    });
    await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
    return proxy;
}

for (const [index, chunkSize] of [Infinity, 100_000, 7_777].entries()) {
    test(`an upload cut a dozen times arrives whole, in chunks of ${chunkSize}`, { timeout: 120_000 }, async () => {
        const random = randomOf(seed + index);
        const rows = Array.from({ length: 20_000 }, (_, i) => `${i},text ${random(1e9)}`);
        const csv = Buffer.from(`id,note\n${rows.join('\n')}\n`);
        const cuts = { left: 12, made: 0 };
        const proxy = await cuttingProxy(random, Math.min(csv.length / 8, chunkSize * 4), cuts);
        const table = `cut_${index}`;

        await new Promise((resolve, reject) => {
            new Upload(csv, {
                endpoint: `http://127.0.0.1:${proxy.address().port}/files`,
                headers: { Authorization: `Bearer ${client.token}` },
                metadata: { filename: 'a.csv', table }, chunkSize,
                retryDelays: Array(60).fill(5), onSuccess: resolve, onError: reject,
            }).start();
        });

        assert.equal(cuts.made, 12);
        await client.loaded(table);
        const { url } = await client.call('download.create', { table, format: 'csv' });
        const back = await request(server, 'GET', url);
        assert.equal(hash(back.bytes), hash(csv));
        proxy.close();
    });
}

test('a slow loader pauses the line again and again, and loses nothing', { timeout: 120_000 }, async () => {
    const rows = Array.from({ length: 400_000 }, (_, i) => `${i},a rather long text that takes its place ${i * 7919}`);
    const csv = `id,note\n${rows.join('\n')}\n`;
    await client.upload('paused', csv);
    const { url } = await client.call('download.create', { table: 'paused', format: 'csv' });
    const back = await request(server, 'GET', url);
    assert.equal(hash(back.bytes), hash(Buffer.from(csv)));
});
