// What the measurements over real sockets share: a server of their own, a session, an upload, and
// what to say about many times.
import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';

export function residentBytes(pid) {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096;
}

/** Milliseconds of CPU that the process has taken so far, over all its threads. */
export function processorMs(pid) {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, id) => sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'latin1').split(' ')[0]), 0) / 1e6;
}

export function quantile(times, part) {
    return [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))];
}

export const median = (times) => quantile(times, 0.5);
export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A server on a free port of the loopback; `more` are options, and files that become data sets. */
export async function startServer(binary, more = []) {
    const state = mkdtempSync(path.join(tmpdir(), 'spillway-bench-'));
    const command = [binary, '--listen', '127.0.0.1:0', '--state', state, '--log', 'error', ...more];
    const child = spawn('prlimit', ['--nofile=16384', ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    const end = () => child.kill('SIGKILL'); /* with us, however we end */
    process.once('exit', end);
    process.once('SIGTERM', () => process.exit(1));
    process.once('SIGINT', () => process.exit(1));
    const port = await new Promise((resolve, reject) => {
        let text = '';
        child.stdout.on('data', (data) => {
            text += data;
            const found = /^listening on http:\/\/.*:(\d+)/m.exec(text);
            if (found) {
                resolve(Number(found[1]));
            }
        });
        child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    const isReady = () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok);
    while (!await isReady()) {
        await sleep(50);
    }
    const stop = () => new Promise((resolve) => {
        process.off('exit', end);
        child.once('exit', () => { rmSync(state, { recursive: true, force: true }); resolve(); });
        child.kill('SIGTERM');
    });
    return { port, pid: child.pid, stop };
}

export class Session {
    #ws;
    #next = 1;
    #epoch = 0;
    #replies = new Map();
    #waits = [];

    /** `address`: the loopback address to come from; one of them may have only so many sockets. */
    static async open(port, address = '127.0.0.1') {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['spillway.v1.json'], { perMessageDeflate: false, maxPayload: 1 << 30, localAddress: address });
        await new Promise((resolve, reject) => { ws.once('open', resolve); ws.once('error', reject); });
        const session = new Session(ws);
        session.token = (await session.call('session.open', {})).token;
        return session;
    }

    constructor(ws) {
        this.#ws = ws;
        ws.on('message', (data) => {
            const message = JSON.parse(data);
            if (message.method === undefined) {
                const { resolve, reject } = this.#replies.get(message.id);
                this.#replies.delete(message.id);
                if (message.error) {
                    reject(new Error(message.error.message));
                } else {
                    resolve(message.result);
                }
            } else {
                this.#waits = this.#waits.filter((wait) => !wait(message.method, message.params));
            }
        });
    }

    /** The call, written already: what sends it and waits for its reply. */
    prepare(method, params) {
        const id = this.#next++;
        const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
        return () => new Promise((resolve, reject) => {
            this.#replies.set(id, { resolve, reject });
            this.#ws.send(text);
        });
    }

    call(method, params) { return this.prepare(method, params)(); }

    until(fits) {
        return new Promise((resolve) => {
            this.#waits.push((method, params) => fits(method, params) && (resolve(params), true));
        });
    }

    /** Sets inputs; resolves with the flush that shows them, or a later one. */
    async set(values) {
        const epoch = ++this.#epoch;
        const flushed = this.until((method, params) => method === 'flush' && params.epoch >= epoch);
        this.#ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'input.set', params: { values, epoch } }));
        return flushed;
    }

    /** Uploads by PUT; resolves with when the last byte went out and when the table was there. */
    async upload(port, file) {
        const loaded = this.until((method, params) => method === 'table.changed' && params.what === 'upload').then(() => performance.now());
        const sent = new Promise((resolve, reject) => {
            const request = http.request({
                host: '127.0.0.1', port, method: 'PUT', path: '/upload/trips.csv?table=trips', agent: false,
                headers: { Authorization: `Bearer ${this.token}`, 'Content-Length': statSync(file).size },
            }, (response) => response.resume());
            request.on('finish', () => resolve(performance.now()));
            request.on('error', reject);
            createReadStream(file, { highWaterMark: 1 << 20 }).pipe(request);
        });
        const [sentAt, readyAt] = await Promise.all([sent, loaded]);
        return { sentAt, readyAt };
    }

    /** The four views of a brush on price: three histograms and a group-by with a mean. */
    async defineBrush(table = 'trips') {
        await this.call('select.define', { select: 's', table, clauses: [{ column: 'price', between: '$price', ends: '[)' }] });
        const outputs = {
            x: { kind: 'histogram', x: 'x', bins: 50, domain: [-4, 4] },
            y: { kind: 'histogram', x: 'y', bins: 50, domain: [-4, 4] },
            quantity: { kind: 'histogram', x: 'quantity', bins: 50, domain: [1, 51] },
            categories: { kind: 'groupby', by: ['category'], measures: { n: { fn: 'count' }, mean: { fn: 'mean', column: 'price' } } },
        };
        for (const [output, how] of Object.entries(outputs)) {
            await this.call('output.define', { output, table, select: 's', ...how });
        }
    }

    close() { this.#ws.terminate(); }
}
