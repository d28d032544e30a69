// A table with something of everything, the same bytes for the same seed, and SQLite's view of it.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const CATEGORIES = ['apples', 'oranges', 'figs', 'pineapples'];
export const TYPES = {
    category: 'TEXT', x: 'REAL', y: 'REAL', time: 'TEXT', price: 'REAL', quantity: 'INTEGER', station: 'TEXT', note: 'TEXT',
};

function random(seed) {
    let state = seed >>> 0;
    return () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
}

/** Writes the CSV and returns its path. */
export function makeCsv(folder, name, rows, seed = 7) {
    const next = random(seed);
    const lines = ['category,x,y,time,price,quantity,station,note'];
    for (let i = 0; i < rows; i++) {
        const kind = Math.floor(next() ** 1.5 * CATEGORIES.length);
        const x = (next() + next() + next() - 1.5) * 2 + kind * 2;
        const y = Math.sin(x) * 2 + (next() - 0.5) * 2 + kind;
        const time = new Date(Date.UTC(2024, 0, 1) + Math.floor((i / rows) * 366 * 86_400) * 1000).toISOString().replace('.000Z', 'Z');
        const price = next() < 0.02 ? '' : (Math.exp(next() * 3) + kind).toFixed(2);
        const note = next() < 0.5 ? 'plain' : '"said ""hi"", left"';
        lines.push(`${CATEGORIES[kind]},${x.toFixed(4)},${y.toFixed(4)},${time},${price},${1 + Math.floor(next() * next() * 12)},S${String(Math.floor(next() * 10_000)).padStart(5, '0')},${note}`);
    }
    const file = path.join(folder, name);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
}

/**
 * What SQLite says.
 * @param {string} csv
 * @param {[string, any[]][]} queries
 * @param {Record<string, string>} [types]
 * @returns {any[][][]} rows per query
 */
export function oracle(csv, queries, types = TYPES) {
    const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'oracle.py');
    const task = JSON.stringify({ csv, types, queries });
    return JSON.parse(execFileSync('python3', [script], { input: task, maxBuffer: 1 << 28 }).toString());
}
