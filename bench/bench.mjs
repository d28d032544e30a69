// ./dev bench [NAME ...]: measures, and prints one table: workload, Spillway, twin or limit, ratio, and
// for the goals of the project (goals.mjs) which one it is and whether it is met.
//
//   ./dev bench                    everything below but peers
//   ./dev bench fold ingest        the programs of bench/*_bench.c by name
//   ./dev bench socket             brush latency, memory of idle sessions, echo among 5,000 sockets
//   ./dev bench load               fifty users, 1,000 sockets on one table, 10,000 idle ones
//   ./dev bench peers [ARGS]       the peer benchmark in ../shared/peers with Spillway among the peers;
//                                  ARGS as its run.mjs takes them; writes docs/benchmarks.md
//
// SW_BENCH_ROWS (default 1000000) sets the size of the table.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readdirSync, renameSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { elsewhere, withGoal } from './goals.mjs';
import { measureLoad } from './load.mjs';
import { runPeers } from './peers.mjs';
import { measureSocket } from './socket.mjs';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const BUILD = path.join(ROOT, 'build/release');
const ROWS = Number(process.env.SW_BENCH_ROWS ?? 1_000_000);

/** The demo table of that many rows, generated once. */
function dataFile(rows) {
    const folder = path.join(ROOT, 'build/bench');
    const file = path.join(folder, `trips-${rows}.csv`);
    if (!existsSync(file) || statSync(file).size === 0) {
        mkdirSync(folder, { recursive: true });
        const out = openSync(`${file}.part`, 'w');
        execFileSync(path.join(BUILD, 'demo_data'), [String(rows)], { stdio: ['ignore', out, 'inherit'] });
        closeSync(out);
        renameSync(`${file}.part`, file);
    }
    return file;
}

/** A program prints lines of JSON, {workload, unit, ours, twin?, twin_name?}; others are shown as they are. */
function runProgram(name, file) {
    const result = spawnSync(path.join(BUILD, 'bench', name), [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    if (result.status !== 0) {
        return [{ workload: name, unit: '', failed: `ended with ${result.status ?? result.signal}` }];
    }
    const lines = result.stdout.split('\n').filter(Boolean);
    lines.filter((line) => !line.startsWith('{')).forEach((line) => console.log(line));
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

function number(value) {
    if (value === undefined || value === null) {
        return '';
    }
    return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Ratios above 1 are in our favour, whether the unit is a rate or a cost. */
function ratio({ ours, twin, unit }) {
    if (!twin || !ours) {
        return '';
    }
    return (/\/s$/.test(unit) ? ours / twin : twin / ours).toFixed(2);
}

function verdict({ ours, limit, unit }) {
    if (limit === undefined || ours === undefined) {
        return '';
    }
    return (/\/s$/.test(unit) ? ours >= limit : ours <= limit) ? 'met' : 'missed';
}

function printTable(rows) {
    const cells = [['', 'workload', 'unit', 'Spillway', 'twin or limit', 'ratio', 'goal', '', 'what the twin is']].concat(rows.map((row) => [
        row.id ?? '', row.workload, row.unit, row.failed ?? number(row.ours), number(row.twin), ratio(row), number(row.limit), verdict(row), row.twin_name ?? '',
    ]));
    const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
    cells.forEach((row, at) => {
        console.log(row.map((cell, i) => (i < 3 || i > 6 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ').trimEnd());
        if (at === 0) {
            console.log(widths.map((width) => '-'.repeat(width)).join('  '));
        }
    });
}

async function main(names) {
    if (names[0] === 'peers') {
        process.exitCode = await runPeers(names.slice(1));
        return;
    }
    const folder = path.join(BUILD, 'bench');
    const programs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('_bench')).sort() : [];
    const server = path.join(BUILD, 'spillway');
    const sockets = {
        socket: (file) => measureSocket(server, file, ROWS),
        load: () => measureLoad(server, dataFile(100_000), dataFile(1_000_000)),
    };
    const known = [...programs.map((name) => name.replace(/_bench$/, '')), ...Object.keys(sockets)];
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) {
        console.error(`bench: no such measurement: ${unknown.join(' ')}; there are ${known.join(' ')} peers`);
        process.exitCode = 2;
        return;
    }
    const wanted = names.length > 0 ? names : known;
    const file = dataFile(ROWS);
    const rows = [];
    for (const name of wanted) {
        console.error(`bench: ${name}`);
        rows.push(...(name in sockets ? await sockets[name](file) : runProgram(`${name}_bench`, file)).map(withGoal));
    }
    if (names.length === 0) {
        console.log(`load average when done: ${loadavg().map((value) => value.toFixed(1)).join(' ')}`);
    }
    printTable(names.length > 0 ? rows : [...rows, ...elsewhere(rows)]);
    process.exitCode = rows.some((row) => row.failed) ? 1 : 0;
}

await main(process.argv.slice(2));
