// The peer benchmark beside this repository, with Spillway as one more peer: a scratch copy in
// build/peers, our adapter put into it, its own run; docs/benchmarks.md says what came of it.
//
// PEERS names another place than ../shared/peers; PEERS_FIRST=1 gives the run a scheduler group of high
// weight, for machines that others use too (root).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Session, startServer } from './client.mjs';
import { writeReport } from './report.mjs';

const PEERS = ['spillway', 'mosaic', 'duckdb', 'chdb', 'polars', 'pandas', 'shiny'];
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Returns the exit status. */
export async function runPeers(args) {
    const source = path.resolve(ROOT, process.env.PEERS ?? '../shared/peers');
    if (!existsSync(path.join(source, 'run.mjs'))) {
        console.error(`bench: there is no peer benchmark in ${source}; PEERS=FOLDER names another place`);
        return 2;
    }
    const scratch = path.join(ROOT, 'build/peers');
    const data = process.env.PEERS_DATA ?? path.join(scratch, 'data');
    mkdirSync(data, { recursive: true });
    cpSync(source, scratch, { recursive: true, force: true, filter: (file) => !/\/(results|node_modules|data)(\/|$)/.test(file.slice(source.length)) });
    for (const file of ['run.sh', 'setup.sh', 'limits/run.sh']) {
        spawnSync('chmod', ['u+wx', path.join(scratch, file)]);
    }
    rmSync(path.join(scratch, 'peers/spillway'), { recursive: true, force: true });
    cpSync(path.join(ROOT, 'bench/peers/spillway'), path.join(scratch, 'peers/spillway'), { recursive: true });
    mkdirSync(path.join(scratch, 'results/raw'), { recursive: true });
    if (process.env.PEERS_FIRST && !process.env.PEERS_IN_GROUP) {
        return firstOfAll(args);
    }
    const asked = args.length > 0 ? args : ['1m', '10m', ...PEERS, '--budget', '10'];
    const labelled = asked.includes('--label') ? asked : [...asked, '--label', 'spillway'];
    const env = {
        ...process.env, PEERS_DATA: data, SPILLWAY: path.join(ROOT, 'build/release/spillway'),
        SIZES: sizesOf(asked).join(' '),
    };
    const run = (command, commandArgs) => spawnSync(command, commandArgs, { cwd: scratch, env, stdio: 'inherit' }).status ?? 1;
    const label = labelled[labelled.indexOf('--label') + 1];
    const load = loadavg().map((value) => value.toFixed(1)).join(' ');
    const status = prepare(run, asked) || forget(scratch, label) || run('node', ['run.mjs', ...labelled]) || run('node', ['report.mjs', label]);
    if (status === 0) {
        const found = JSON.parse(readFileSync(path.join(scratch, 'results/results.json'), 'utf8'));
        writeReport(path.join(ROOT, 'docs/benchmarks.md'), found, await byCurl(env, sizesOf(asked), data), load);
    }
    return status;
}

/** The whole of it again, in a scheduler group of high weight. */
function firstOfAll(args) {
    const script = 'echo -20 >/proc/self/autogroup; exec nice -n -20 node bench/bench.mjs peers "$@"';
    const options = { cwd: ROOT, env: { ...process.env, PEERS_IN_GROUP: '1' }, stdio: 'inherit' };
    return spawnSync('setsid', ['--wait', 'bash', '-c', script, 'peers', ...args], options).status ?? 1;
}

/** What a run before this one left under the label. */
function forget(scratch, label) {
    rmSync(path.join(scratch, `results/raw/${label}.jsonl`), { force: true });
    return 0;
}

/** ms of `curl -T` until its answer, for each size but the smallest: no client of ours in between. */
async function byCurl(env, sizes, data) {
    const took = {};
    for (const size of sizes.filter((each) => each !== '100k')) {
        const server = await startServer(env.SPILLWAY);
        const session = await Session.open(server.port);
        const started = performance.now();
        const { status } = spawnSync('curl', ['-sf', '-o', '/dev/null', '-T', path.join(data, `trips-${size}.csv`),
            '-H', `Authorization: Bearer ${session.token}`, `http://127.0.0.1:${server.port}/upload/trips.csv?table=trips`]);
        if (status === 0) {
            took[size] = performance.now() - started;
        }
        session.close();
        await server.stop();
    }
    return took;
}

/** The sizes that must be there: those asked for, and the 100k of W7. */
function sizesOf(args) {
    const sizes = args.flatMap((arg) => arg.split(',')).filter((arg) => /^\d+[km]$/.test(arg));
    return [...new Set(['100k', ...(sizes.length > 0 ? sizes : ['1m'])])];
}

const NODE_PEERS = ['spillway', 'duckdb', 'mosaic', 'chdb', 'polars', 'perspective'];
const DEBIAN = {
    pandas: ['python3-pandas', 'python3-websockets', 'python3-numexpr', 'python3-bottleneck'],
    shiny: ['r-base-core', 'r-cran-shiny', 'r-cran-httpuv', 'r-cran-data.table'],
};

/** npm's packages, Debian's of the peers that need some, and the data; peers beyond these need setup.sh. */
function prepare(run, args) {
    const peers = args.filter((arg, i) => !/^\d+[km]$|^flights$/.test(arg) && !arg.startsWith('-') && !args[i - 1]?.startsWith('--'));
    if (peers.length === 0 || peers.some((peer) => !NODE_PEERS.includes(peer) && !DEBIAN[peer])) {
        return run('bash', ['setup.sh']);
    }
    const debian = peers.flatMap((peer) => DEBIAN[peer] ?? []).filter((name) => spawnSync('dpkg', ['-s', name]).status !== 0);
    const script = `set -e
        mkdir -p build "$PEERS_DATA"
        [ $# = 0 ] || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"; }
        [ -d node_modules/ws ] || npm install --no-save --no-audit --no-fund --loglevel=error
        [ build/gen -nt gen/gen.c ] || cc -O2 gen/gen.c -o build/gen -lm
        for size in $SIZES; do
            rows=\${size/k/000}; rows=\${rows/m/000000}
            [ -s "$PEERS_DATA/trips-$size.csv" ] || { build/gen "$rows" > "$PEERS_DATA/.part"; mv "$PEERS_DATA/.part" "$PEERS_DATA/trips-$size.csv"; }
        done`;
    return run('bash', ['-c', script, 'prepare', ...debian]);
}
