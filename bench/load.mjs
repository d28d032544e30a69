// Many users at once, on the loopback and for a bounded time: fifty with a table each, a thousand
// brushing one shared table, ten thousand that do nothing.
import { median, quantile, residentBytes, Session, sleep, startServer } from './client.mjs';

const USERS = 50;
const SHARERS = 1000;
const IDLERS = 10000;
const SECONDS = 10;
const LATE_MS = 20_000; /* steps that are not answered so long after the last was due count as that */
const AT_ONCE = 50; /* sockets that are opened side by side */

/** `open(i)` for all i below the count, some side by side. */
async function openAll(count, open) {
    const sessions = [];
    for (let i = 0; i < count; i += AT_ONCE) {
        const part = Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, k) => open(i + k));
        sessions.push(...await Promise.all(part));
    }
    return sessions;
}

/** Each steps once a second, at a time of its own; latencies count from when a step was due. */
async function stepEachSecond(sessions) {
    const times = [];
    const start = performance.now() + 200;
    const end = start + SECONDS * 1000 + LATE_MS;
    const late = sleep(end - performance.now());
    await Promise.all(sessions.map(async (session, k) => {
        for (let second = 0; second < SECONDS; second++) {
            const due = start + (second + k / sessions.length) * 1000;
            await sleep(Math.max(0, due - performance.now()));
            const low = 2 + (second * 7 + k) % 100 / 4;
            await Promise.race([session.set({ price: [low, low + 10] }), late]);
            times.push(performance.now() - due);
        }
    }));
    return times;
}

function ofSteps(what, times, limit) {
    return [
        { workload: `${what}, median`, unit: 'ms', ours: median(times), twin: limit, twin_name: 'the limit set' },
        { workload: `${what}, p99`, unit: 'ms', ours: quantile(times, 0.99), twin: limit, twin_name: 'the limit set' },
    ];
}

async function withServer(binary, files, measure) {
    const server = await startServer(binary, files);
    try {
        return await measure(server);
    } finally {
        await server.stop();
    }
}

const fifty = (binary, file) => withServer(binary, [], async (server) => {
    const before = residentBytes(server.pid);
    const sessions = [];
    for (let i = 0; i < USERS; i++) {
        const session = await Session.open(server.port);
        await session.upload(server.port, file);
        sessions.push(session);
    }
    const loaded = (residentBytes(server.pid) - before) / USERS / 1e6;
    for (const session of sessions) {
        await session.defineBrush();
        await session.set({ price: [3, 9] });
    }
    const times = await stepEachSecond(sessions);
    const each = (residentBytes(server.pid) - before) / USERS / 1e6;
    sessions.forEach((session) => session.close());
    return [
        ...ofSteps('fifty users, a brush step a second', times, 5),
        { workload: 'memory of one of fifty users, 100,000 rows', unit: 'MB', ours: loaded, twin: 4, twin_name: 'the limit set' },
        { workload: 'the same with four views and their index', unit: 'MB', ours: each },
    ];
});

const shared = (binary, file) => withServer(binary, [file], async (server) => {
    const sessions = await openAll(SHARERS, () => Session.open(server.port));
    const tables = await sessions[0].call('table.list', {});
    const before = residentBytes(server.pid);
    await openAll(SHARERS, async (i) => {
        await sessions[i].defineBrush(tables[0].table);
        await sessions[i].set({ price: [3, 9] });
    });
    const times = await stepEachSecond(sessions);
    const each = (residentBytes(server.pid) - before) / SHARERS / 1e6;
    sessions.forEach((session) => session.close());
    return [
        ...ofSteps('1,000 sockets on a shared table, a step a second', times, 20),
        { workload: 'memory of one of 1,000 sessions with four views and their index', unit: 'MB', ours: each },
    ];
});

const idle = (binary) => withServer(binary, [], async (server) => {
    const before = residentBytes(server.pid);
    const sessions = await openAll(IDLERS, (i) => Session.open(server.port, i % 2 === 0 ? '127.0.0.1' : '127.0.0.2'));
    const each = (residentBytes(server.pid) - before) / IDLERS / 1024;
    const times = [];
    for (let i = 0; i < 2000; i++) {
        const started = performance.now();
        await sessions[0].call('input.list', {});
        times.push(performance.now() - started);
    }
    sessions.forEach((session) => session.close());
    return [
        { workload: 'memory of one of 10,000 idle sockets with its session', unit: 'KiB', ours: each, twin: 8, twin_name: 'the limit set' },
        { workload: 'echo among 10,000 idle sockets, p99', unit: 'ms', ours: quantile(times, 0.99), twin: 5, twin_name: 'the limit set' },
    ];
});

/** `small` has 100,000 rows, `large` those of the shared table; both are named trips. */
export async function measureLoad(binary, small, large) {
    return [...await fifty(binary, small), ...await shared(binary, large), ...await idle(binary)];
}
