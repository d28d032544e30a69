// docs/benchmarks.md from the results of the peer benchmark: the goals with what came of them, then a
// table for each workload. What stands below the line "## Notes" is written by hand and stays.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const STEPS = { W2: 'W2: a category is picked, four graphs', W3: 'W3: a brush step, four views', W4: 'W4: a column-wide edit, then fresh views', W5: 'W5: top 20 of 10,000 groups' };

/** {workload, what, sizes, of: result -> number, times, isRate, over?: the peer to beat, default: the best} */
const GOALS = [
    { workload: 'W1', what: 'upload until ready', of: (r) => r.ready, times: 3 },
    { workload: 'W2', what: 'four graphs, p50', of: (r) => r.p50, times: 5 },
    { workload: 'W3', what: 'brush step, p50, beside Mosaic', of: (r) => r.p50, times: 10, over: 'mosaic' },
    { workload: 'W3', what: 'brush step, p50, beside DuckDB', of: (r) => r.p50, times: 50, over: 'duckdb' },
    { workload: 'W3', what: 'the first brush step, beside Mosaic', of: (r) => r.first, times: 30, over: 'mosaic' },
    { workload: 'W4', what: 'edit and fresh views, p50', of: (r) => r.p50, times: 10 },
    { workload: 'W5', what: 'top 20, p50', of: (r) => r.p50, times: 10 },
    { workload: 'W6', what: 'download, MB/s', of: (r) => r.mbPerS, times: 5, isRate: true },
    { workload: 'W7', what: 'fifty users, p99', of: (r) => r.p99, times: 5 },
    { workload: 'W7', what: 'fifty users, MB a session', of: (r) => r.mbPerSession, times: 2.5 },
];

function show(value) {
    if (value === undefined) {
        return '';
    }
    return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function table(head, rows) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

const measured = (results, size, workload) => Object.entries(results[size]?.[workload] ?? {}).filter(([, result]) => !result.why);

/** One line of the goals, or nothing where one of the two was not measured. */
function goalLine(results, size, goal) {
    const all = measured(results, size, goal.workload);
    const own = all.find(([peer]) => peer === 'spillway')?.[1];
    const better = (a, b) => (goal.isRate ? goal.of(b[1]) - goal.of(a[1]) : goal.of(a[1]) - goal.of(b[1]));
    const others = all.filter(([peer]) => peer !== 'spillway' && (goal.over ?? peer) === peer).sort(better);
    if (!own || others.length === 0) {
        return [];
    }
    const [peer, result] = others[0];
    const times = goal.isRate ? goal.of(own) / goal.of(result) : goal.of(result) / goal.of(own);
    const verdict = times >= goal.times ? 'met' : `missed by ${(goal.times / times).toFixed(1)}x`;
    return [[`${goal.workload} ${goal.what}`, size, show(goal.of(own)), `${show(goal.of(result))} (${peer})`, `${show(times)}x`, `${goal.times}x`, verdict]];
}

function workloadTables(results, size) {
    const parts = [];
    const add = (title, workload, head, cells, order = 1) => {
        const rows = measured(results, size, workload).map(([peer, result]) => [peer, ...cells(result)]);
        if (rows.length > 0) {
            rows.sort((a, b) => order * (Number(a[1]) - Number(b[1])));
            parts.push(`### ${title}, ${size} rows`, table(['', ...head], rows));
        }
    };
    add('W1: an upload until its rows can be asked for', 'W1', ['ready ms', 'of it receiving', 'peak RSS MB', 'RSS after MB', 'foreign cores'],
        (r) => [show(r.ready), show(r.received), show(r.peakRss), show(r.restRss), show(r.foreign)]);
    for (const [workload, title] of Object.entries(STEPS)) {
        add(title, workload, ['median ms', 'p95', 'p99', 'first', 'server CPU ms a step', 'steps', 'foreign cores'],
            (r) => [show(r.p50), show(r.p95), show(r.p99), show(r.first), show(r.cpuPerStep), String(r.n), show(r.foreign)]);
    }
    add('W6: a download of 40 % of the rows as CSV', 'W6', ['MB/s', 'total ms', 'first byte ms', 'foreign cores'],
        (r) => [show(r.mbPerS), show(r.total), show(r.firstByte), show(r.foreign)], -1);
    add('W7: fifty users with a table each, a brush step a second', 'W7', ['median ms', 'p95', 'p99', 'MB RSS a session', 'server cores', 'foreign cores'],
        (r) => [show(r.p50), show(r.p95), show(r.p99), show(r.mbPerSession), show(r.cores), show(r.foreign)]);
    return parts;
}

function agreement(check) {
    return Object.entries(check).flatMap(([size, workloads]) => Object.entries(workloads).sort().map(([workload, groups]) => (groups.length === 1
        ? `- ${size} ${workload}: the same from ${groups[0].peers.join(', ')}`
        : `- ${size} ${workload}: DIFFERENT: ${groups.map(({ peers, answer }) => `${peers.join(', ')} say ${JSON.stringify(answer).slice(0, 200)}`).join('; ')}`)));
}

/** `found` is the benchmark's results.json; curl: {size: ms until the answer to a PUT by curl}. */
export function writeReport(file, found, curl, loadBefore) {
    const sizes = ['1m', '10m', '100k'].filter((size) => found.results[size]);
    const notes = existsSync(file) ? readFileSync(file, 'utf8').split(/^## Notes$/m)[1] : undefined;
    const parts = [
        '# Benchmarks',
        'Written by `./dev bench peers`: one run, one client, every peer over a real socket of the loopback, all answers compared. What the workloads are stands in the README of the benchmark. '
        + 'Times are in milliseconds. "Foreign cores" is how much of the machine other programs took meanwhile; where that is much, ratios within the run count, not the figures.',
        `Machine: ${found.machine}. Load average when the run began: ${loadBefore}.`,
        '## Goals',
        table(['', 'rows', 'Spillway', 'best peer', 'ratio', 'goal', ''], GOALS.flatMap((goal) => sizes.flatMap((size) => goalLine(found.results, size, goal)))),
        ...Object.entries(curl).map(([size, ms]) => `W1 at ${size} by \`curl -T\`, until the answer, which comes when the table is ready: ${show(ms)} ms.`),
        ...sizes.flatMap((size) => workloadTables(found.results, size)),
        '## Answers', agreement(found.check).join('\n'),
        '## Versions', table(['', 'versions'], Object.entries(found.versions).map(([peer, text]) => [peer, text])),
    ];
    writeFileSync(file, `${parts.join('\n\n')}\n${notes === undefined ? '' : `\n## Notes${notes}`}`);
}
