// What a client feels: an upload until it can be charted, a brush step over a real socket, the memory
// of a session that does nothing, and an echo while 5,000 sockets are idle.
import { statSync } from 'node:fs';
import http from 'node:http';
import { median, processorMs, quantile, residentBytes, Session, startServer } from './client.mjs';

const IDLE_SESSIONS = 500;
const IDLE_SOCKETS = 5000;
const BRUSH_STEPS = 200;
const INDEX_STEPS = 400;
const PICKS = 40;
const ECHOES = 2000;
const SMALL_EDITS = 1000;
const FRAME = { twin: 16.7, twin_name: 'one frame of a 60 Hz screen' };

async function upload(server, session, file, rows) {
    const before = residentBytes(server.pid);
    const started = performance.now();
    const { sentAt, readyAt } = await session.upload(server.port, file);
    return [
        { workload: `upload of ${rows} rows by PUT, until complete`, unit: 'MB/s', ours: statSync(file).size / 1e3 / (readyAt - started) },
        { workload: 'the table is ready after the last byte', unit: 'ms', ours: readyAt - sentAt, twin: 100, twin_name: 'the limit set' },
        {
            workload: 'memory of the loaded table', unit: 'B/row', ours: (residentBytes(server.pid) - before) / rows,
            twin: statSync(file).size / rows, twin_name: 'the CSV itself',
        },
    ];
}

/** Steps until one is answered from the index: the second begins to make it. */
async function waitForIndex(session) {
    await session.set({ price: [1, 11] });
    const started = performance.now();
    for (let step = 0; step < INDEX_STEPS; step++) {
        const { compute_ms: took } = await session.set({ price: [1, 11 + step / 64] });
        if (step > 0 && took < 0.5) {
            break;
        }
    }
    return performance.now() - started;
}

async function brush(session) {
    await session.defineBrush();
    const first = performance.now();
    await session.set({ price: [2, 12] });
    const firstTook = performance.now() - first;
    const index = await waitForIndex(session);
    const times = [];
    const inside = [];
    for (let step = 0; step < BRUSH_STEPS; step++) {
        const started = performance.now();
        inside.push((await session.set({ price: [2 + step / 8, 12 + step / 8] })).compute_ms);
        times.push(performance.now() - started);
    }
    return [
        { workload: 'the first brush step, four outputs', unit: 'ms', ours: firstTook, ...FRAME },
        { workload: 'the index of a brush over four views, from its second step', unit: 'ms', ours: index, twin: 60, twin_name: 'the limit set' },
        { workload: 'one brush step, four outputs, over the socket (median)', unit: 'ms', ours: median(times), ...FRAME },
        { workload: 'one brush step, four outputs, over the socket (p99)', unit: 'ms', ours: quantile(times, 0.99), ...FRAME },
        { workload: 'a brush step inside the server, p99', unit: 'ms', ours: quantile(inside, 0.99), twin: 0.2, twin_name: 'the limit set' },
    ];
}

/** A category for four graphs, in outputs of their own that go afterwards. */
async function picks(session) {
    const grid = (bins) => ({ kind: 'histogram2d', x: { column: 'x', bins, domain: [-4, 4] }, y: { column: 'y', bins, domain: [-4, 4] } });
    const outputs = {
        pick_scatter: { kind: 'scatter', x: 'x', y: 'y', points: 1000 }, pick_line: { kind: 'line', x: 'time', y: ['price'], points: 500 },
        pick_fine: grid(64), pick_coarse: grid(32),
    };
    await session.call('select.define', { select: 'pick', table: 'trips', clauses: [{ column: 'category', equals: '$category' }] });
    await session.set({ category: 'apples' });
    for (const [output, how] of Object.entries(outputs)) {
        await session.call('output.define', { output, table: 'trips', select: 'pick', ...how });
    }
    const times = [];
    for (let i = 0; i < PICKS; i++) {
        const started = performance.now();
        await session.set({ category: ['figs', 'apples', 'oranges'][i % 3] });
        times.push(performance.now() - started);
    }
    for (const output of Object.keys(outputs)) {
        await session.call('output.drop', { output });
    }
    return [
        { workload: 'the first pick of a category, four graphs', unit: 'ms', ours: times[0], ...FRAME },
        { workload: 'a later pick of a category, four graphs (median)', unit: 'ms', ours: median(times.slice(3)), ...FRAME },
    ];
}

async function download(server, session) {
    const { url } = await session.call('download.create', { table: 'trips', format: 'csv', where: "category = 'figs'" });
    const started = performance.now();
    const bytes = await new Promise((resolve, reject) => {
        let sum = 0;
        http.get({ host: '127.0.0.1', port: server.port, path: url, agent: false }, (response) => {
            response.on('data', (piece) => { sum += piece.length; });
            response.on('end', () => resolve(sum));
        }).on('error', reject);
    });
    return [{ workload: 'download of filtered rows as CSV', unit: 'MB/s', ours: bytes / 1e3 / (performance.now() - started) }];
}

/** Edits until the reply and the flush that shows them; and what they take of the processor, for machines that others use, too. */
async function changes(server, session, rows) {
    const version = async () => (await session.call('table.list', {})).find((table) => table.table === 'trips').version;
    const timed = async (workload, times, limit, next) => {
        const took = [];
        const cpu = [];
        for (let i = 0; i < times; i++) {
            const [method, params] = next(i);
            const before = await version();
            const flushed = session.until((name, { versions }) => name === 'flush' && versions.trips > before);
            const send = session.prepare(method, { table: 'trips', ...params });
            const before_ms = processorMs(server.pid);
            const started = performance.now();
            await Promise.all([send(), flushed]);
            took.push(performance.now() - started);
            cpu.push(processorMs(server.pid) - before_ms);
        }
        const limits = { unit: 'ms', twin: limit, twin_name: 'the limit set' };
        return [
            { workload: `${workload}, ${rows} rows, four fresh outputs (median)`, ours: median(took), ...limits },
            { workload: `${workload}, the best of ${times}`, ours: Math.min(...took), ...limits },
            { workload: `${workload}, CPU of the server over all threads (median)`, unit: 'ms', ours: median(cpu) },
        ];
    };
    const added = Array.from({ length: 10000 }, (_, i) => i);
    const columns = {
        price: added.map((i) => (i % 6000) / 100), x: added.map((i) => ((i * 7919) % 8000) / 1000 - 4), y: added.map((i) => ((i * 104729) % 8000) / 1000 - 4),
        quantity: added.map((i) => 1 + i % 50), category: added.map((i) => ['apples', 'figs', 'oranges'][i % 3]),
    };
    const listed = added.map((i) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[i]])));
    await session.set({ price: null });
    return [
        ...await timed('edit of one cell', 50, 2, (i) => ['table.update', { set: { price: 10 + i / 4 }, row_ids: [(i * 7919) % rows] }]),
        ...await timed('append of 10,000 rows as columns', 25, 5, () => ['table.append', { columns }]),
        ...await timed('append of 10,000 rows as rows', 25, 5, () => ['table.append', { rows: listed }]),
        ...await timed('undo of that', 10, 2, () => ['table.undo', {}]),
        ...await timed('price * 1.1 for a category', 10, 60, () => ['table.update', { set: { price: { expr: 'price * 1.1' } }, where: "category = 'figs'" }]),
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
            ...await picks(session),
            ...await download(server, session),
            ...await changes(server, session, rows),
            ...await historyMemory(session, rows),
            ...await idleMemory(server),
            ...await echo(server),
        ];
    } finally {
        await server.stop();
    }
}
