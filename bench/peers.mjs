// The peer benchmark beside this repository, with Spillway as one more peer: a scratch copy in
// build/peers, our adapter put into it, its own run and report.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Returns the exit status. */
export function runPeers(args) {
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
    const asked = args.length > 0 ? args : ['1m', 'spillway', 'duckdb'];
    const labelled = asked.includes('--label') ? asked : [...asked, '--label', 'spillway'];
    const env = {
        ...process.env, PEERS_DATA: data, SPILLWAY: path.join(ROOT, 'build/release/spillway'),
        SIZES: sizesOf(asked).join(' '),
    };
    const run = (command, commandArgs) => spawnSync(command, commandArgs, { cwd: scratch, env, stdio: 'inherit' }).status ?? 1;
    const label = labelled[labelled.indexOf('--label') + 1];
    return prepare(run, asked) || run('node', ['run.mjs', ...labelled]) || run('node', ['report.mjs', label]);
}

/** The sizes that must be there: those asked for, and the 100k of W7. */
function sizesOf(args) {
    const sizes = args.flatMap((arg) => arg.split(',')).filter((arg) => /^\d+[km]$/.test(arg));
    return [...new Set(['100k', ...(sizes.length > 0 ? sizes : ['1m'])])];
}

/** With Spillway and the node peers alone, npm's packages and the data are enough; the others need setup.sh. */
function prepare(run, args) {
    const light = ['spillway', 'duckdb', 'mosaic', 'chdb', 'polars', 'perspective'];
    const peers = args.filter((arg, i) => !/^\d+[km]$|^flights$/.test(arg) && !arg.startsWith('-') && !args[i - 1]?.startsWith('--'));
    const isLight = peers.length > 0 && peers.every((peer) => light.includes(peer));
    if (!isLight) {
        return run('bash', ['setup.sh']);
    }
    const script = `set -e
        mkdir -p build "$PEERS_DATA"
        [ -d node_modules/ws ] || npm install --no-save --no-audit --no-fund --loglevel=error
        [ build/gen -nt gen/gen.c ] || cc -O2 gen/gen.c -o build/gen -lm
        for size in $SIZES; do
            rows=\${size/k/000}; rows=\${rows/m/000000}
            [ -s "$PEERS_DATA/trips-$size.csv" ] || { build/gen "$rows" > "$PEERS_DATA/.part"; mv "$PEERS_DATA/.part" "$PEERS_DATA/trips-$size.csv"; }
        done`;
    return run('bash', ['-c', script]);
}
