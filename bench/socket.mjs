// What a client feels: an upload until it can be charted, a brush step over a real socket, the memory
// of a session that does nothing, and an echo while 5,000 sockets are idle.
import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';

const IDLE_SESSIONS = 500;
const IDLE_SOCKETS = 5000;
const BRUSH_STEPS = 200;
const ECHOES = 2000;
const SMALL_EDITS = 1000;

function residentBytes(pid) {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096;
}

function median(times) {
    return [...times].sort((a, b) => a - b)[times.length >> 1];
}

async function startServer(binary) {
    const state = mkdtempSync(path.join(tmpdir(), 'spillway-bench-'));
    const command = [binary, '--listen', '127.0.0.1:0', '--state', state];
    const child = spawn('prlimit', ['--nofile=16384', ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
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
    const stop = () => new Promise((resolve) => {
        child.once('exit', () => { rmSync(state, { recursive: true, force: true }); resolve(); });
        child.kill('SIGTERM');
    });
    return { port, pid: child.pid, stop };
}

class Session {
    #ws;
    #next = 1;
    #replies = new Map();
    #waits = [];

    static async open(port) {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['spillway.v1.json'], { perMessageDeflate: false, maxPayload: 1 << 30 });
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

    async set(values, epoch) {
        const flushed = this.until((method, params) => method === 'flush' && params.epoch >= epoch);
        this.#ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'input.set', params: { values, epoch } }));
        return flushed;
    }

    close() { this.#ws.terminate(); }
}

function put(port, token, file) {
    return new Promise((resolve, reject) => {
        const request = http.request({
            host: '127.0.0.1', port, method: 'PUT', path: '/upload/trips.csv?table=trips', agent: false,
            headers: { Authorization: `Bearer ${token}`, 'Content-Length': statSync(file).size },
        }, (response) => { response.resume(); response.on('end', resolve); });
        request.on('error', reject);
        createReadStream(file, { highWaterMark: 1 << 20 }).pipe(request);
    });
}

async function upload(server, session, file, rows) {
    const before = residentBytes(server.pid);
    const started = performance.now();
    const loaded = session.until((method, params) => method === 'table.changed' && params.what === 'upload');
    await Promise.all([put(server.port, session.token, file), loaded]);
    const seconds = (performance.now() - started) / 1000;
    return [
        { workload: `upload of ${rows} rows by PUT, until complete`, unit: 'MB/s', ours: statSync(file).size / 1e6 / seconds },
        {
            workload: 'memory of the loaded table', unit: 'B/row', ours: (residentBytes(server.pid) - before) / rows,
            twin: statSync(file).size / rows, twin_name: 'the CSV itself',
        },
    ];
}

async function brush(session) {
    await session.call('select.define', { select: 's', table: 'trips', clauses: [{ column: 'price', between: '$price', ends: '[)' }] });
    const outputs = {
        x: { kind: 'histogram', x: 'x', bins: 50, domain: [-4, 4] },
        y: { kind: 'histogram', x: 'y', bins: 50, domain: [-4, 4] },
        quantity: { kind: 'histogram', x: 'quantity', bins: 50, domain: [1, 51] },
        categories: { kind: 'groupby', by: ['category'], measures: { n: { fn: 'count' }, mean: { fn: 'mean', column: 'price' } } },
    };
    for (const [output, how] of Object.entries(outputs)) {
        await session.call('output.define', { output, table: 'trips', select: 's', ...how });
    }
    const times = [];
    for (let step = 0; step < BRUSH_STEPS; step++) {
        const started = performance.now();
        await session.set({ price: [2 + step / 8, 12 + step / 8] }, step + 1);
        times.push(performance.now() - started);
    }
    return [{ workload: 'one brush step, four outputs, over the socket (median)', unit: 'ms', ours: median(times), twin: 16.7, twin_name: 'one frame of a 60 Hz screen' }];
}

/** Edits until the flush that shows them. */
async function changes(session, rows) {
    const version = async () => (await session.call('table.list', {})).find((table) => table.table === 'trips').version;
    const timed = async (workload, times, limit, next) => {
        const took = [];
        for (let i = 0; i < times; i++) {
            const [method, params] = next(i);
            const before = await version();
            const flushed = session.until((name, { versions }) => name === 'flush' && versions.trips > before);
            const send = session.prepare(method, { table: 'trips', ...params });
            const started = performance.now();
            await Promise.all([send(), flushed]);
            took.push(performance.now() - started);
        }
        return { workload: `${workload}, ${rows} rows, four fresh outputs (median)`, unit: 'ms', ours: median(took), twin: limit, twin_name: 'the limit set' };
    };
    const added = Array.from({ length: 10000 }, (_, i) => i);
    const columns = {
        price: added.map((i) => (i % 6000) / 100), x: added.map((i) => ((i * 7919) % 8000) / 1000 - 4), y: added.map((i) => ((i * 104729) % 8000) / 1000 - 4),
        quantity: added.map((i) => 1 + i % 50), category: added.map((i) => ['apples', 'figs', 'oranges'][i % 3]),
    };
    await session.set({ price: null }, BRUSH_STEPS + 1);
    return [
        await timed('edit of one cell', 50, 2, (i) => ['table.update', { set: { price: 10 + i / 4 }, row_ids: [(i * 7919) % rows] }]),
        await timed('append of 10,000 rows', 15, 5, () => ['table.append', { columns }]),
        await timed('undo of that', 10, 2, () => ['table.undo', {}]),
        await timed('price * 1.1 for a category', 10, 60, () => ['table.update', { set: { price: { expr: 'price * 1.1' } }, where: "category = 'figs'" }]),
    ];
}

/** What the history of many small edits holds: of each the chunk that it replaced. */
async function historyMemory(session, rows) {
    const held = async () => Number((await session.call('session.info', {})).memory_bytes);
    const before = await held();
    for (let i = 0; i < SMALL_EDITS; i++) {
        await session.call('table.update', { table: 'trips', set: { price: i / 4 }, row_ids: [(i * 7919) % rows] });
    }
    const each = (await held() - before) / SMALL_EDITS / 1024;
    return [{
        workload: `memory of one of ${SMALL_EDITS} cell edits with its undo, ${rows} rows`, unit: 'KiB', ours: each,
        twin: 512, twin_name: 'a chunk of doubles',
    }];
}

async function idleMemory(server) {
    const before = residentBytes(server.pid);
    const sessions = [];
    for (let i = 0; i < IDLE_SESSIONS; i++) {
        sessions.push(await Session.open(server.port));
    }
    const each = (residentBytes(server.pid) - before) / IDLE_SESSIONS / 1024;
    sessions.forEach((session) => session.close());
    return [{ workload: `memory of an idle session with its socket (of ${IDLE_SESSIONS})`, unit: 'KiB', ours: each, twin: 5.3, twin_name: 'a bare libwebsockets socket' }];
}

async function echo(server) {
    const idle = [];
    for (let i = 0; i < IDLE_SOCKETS; i += 100) {
        idle.push(...await Promise.all(Array.from({ length: 100 }, () => Session.open(server.port))));
    }
    const busy = await Session.open(server.port);
    const times = [];
    for (let i = 0; i < ECHOES; i++) {
        const started = performance.now();
        await busy.call('input.list', {});
        times.push(performance.now() - started);
    }
    [...idle, busy].forEach((session) => session.close());
    return [{ workload: `echo among ${IDLE_SOCKETS} idle sessions (median)`, unit: 'ms', ours: median(times), twin: 5, twin_name: 'the limit set' }];
}

export async function measureSocket(binary, file, rows) {
    const server = await startServer(binary);
    try {
        const session = await Session.open(server.port);
        return [
            ...await upload(server, session, file, rows),
            ...await brush(session),
            ...await changes(session, rows),
            ...await historyMemory(session, rows),
            ...await idleMemory(server),
            ...await echo(server),
        ];
    } finally {
        await server.stop();
    }
}
