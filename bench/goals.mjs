// The goals of the project, P1 to P27, and which line of the table shows each. A line carries the goal
// as a number in its own unit where there is one, so that the table can say how far it is; goals
// that another command measures, or that tests hold, are named with that command.

/** {id, goal, lines: [pattern of a workload, number?]..., by?: command for what the table cannot show} */
export const GOALS = [
    { id: 'P1', goal: 'structural scan of a CSV, per core', lines: [['scan of a CSV, the best scanner here', 6.5]] },
    { id: 'P2', goal: 'typed ingest, per core', lines: [['ingest of a CSV, one thread, memory warm', 1000], ['ingest of a CSV, one thread, first time', 800]] },
    { id: 'P3', goal: 'an upload is ready', lines: [['the table is ready after the last byte', 100], [/^upload of \d+ rows/]] },
    { id: 'P4', goal: 'filter, 3 histograms, 4-group mean', lines: [['a brush: filter, 3 histograms, 4 groups', 2.5], ['the same, no bin codes kept', 6]] },
    { id: 'P5', goal: 'one filtered histogram', lines: [['filter and histogram of price', 0.5]] },
    { id: 'P6', goal: 'building the index of four views', lines: [['the index of a brush over four views, from its second step', 60]] },
    { id: 'P7', goal: 'a brush move inside the server', lines: [['a brush step inside the server, p99', 0.2]] },
    { id: 'P8', goal: 'a brush step, socket to socket', lines: [['one brush step, four outputs, over the socket (median)', 0.15], ['one brush step, four outputs, over the socket (p99)', 1]] },
    { id: 'P9', goal: 'a category is picked', lines: [['the first pick of a category, four graphs', 4], ['a later pick of a category, four graphs (median)', 0.5]] },
    { id: 'P10', goal: 'a column-wide edit', lines: [[/^price \* 1\.1 for a category/, 6], [/^undo of that/, 0.5]] },
    { id: 'P11', goal: 'an edit of one cell', lines: [[/^edit of one cell/, 0.4]] },
    { id: 'P12', goal: 'top 20 of 10,000 groups', lines: [['groupby 10,000, count and sum', 2], ['group by 10,000 stations, top 20', 2]] },
    { id: 'P13', goal: 'export of filtered rows as CSV', lines: [['download of filtered rows as CSV', 800]] },
    { id: 'P14', goal: 'fifty users with a table each', lines: [['fifty users, a brush step a second, p99', 5], ['memory of one of fifty users, 100,000 rows', 4]], by: './dev bench load; ./dev bench peers (W7)' },
    { id: 'P15', goal: 'steps through one loop', lines: [['1,000 sockets on a shared table, a step a second, p99', 20]], by: './dev bench load' },
    { id: 'P16', goal: 'an idle session', lines: [[/^memory of one of [\d,]+ idle sockets/, 8], [/^memory of an idle session/, 8], [/^echo among/, 5]], by: './dev bench load' },
    { id: 'P17', goal: 'M4 of millions of points', lines: [['line m4 of 1,000', 1]] },
    { id: 'P18', goal: 'exact median', lines: [['value: median', 3]] },
    { id: 'P19', goal: 'a derived column of five operators', lines: [[/^case when .*> 0.5 then/, 2.5]] },
    { id: 'P20', goal: 'a first load is spilled', lines: [['what it adds to the ingest of the CSV, CPU', 10], ["writing a table's chunks, CPU, synced"]] },
    { id: 'P21', goal: 'a scan of a spilled table', lines: [[/^histogram of price, its chunks on disk/]] },
    { id: 'P22', goal: 'a change in the log', lines: [[/^a change in the log, --durability process, median/, 20]] },
    { id: 'P23', goal: 'resume after a restart', lines: [['restoring a table, all of it, CPU']] },
    { id: 'P24', goal: 'memory of the trips file', lines: [['memory of the table, chunks and dictionaries', 40], ['memory of the process after the load', 40]] },
    { id: 'P25', goal: 'cancellation and fairness', lines: [], by: 'tests/unit/exec/{scan,pool,turns}_test.c: one row group a turn' },
    { id: 'P26', goal: 'the same bits on any number of workers', lines: [], by: './dev test: the random comparisons of tests/unit/{fold,exec}' },
    { id: 'P27', goal: 'machines without AVX2', lines: [['scan of a CSV, the scanner for any machine', 3]] },
];

function fits(pattern, workload) {
    return typeof pattern === 'string' ? pattern === workload : pattern.test(workload);
}

/** The row with its goal: {...row, id, limit?}. */
export function withGoal(row) {
    for (const { id, lines } of GOALS) {
        const line = lines.find(([pattern]) => fits(pattern, row.workload));
        if (line) {
            return { ...row, id, limit: line[1] };
        }
    }
    return row;
}

/** Rows for the goals that no row shows: what measures them. */
export function elsewhere(rows) {
    const shown = new Set(rows.map(({ id }) => id));
    return GOALS.filter(({ id }) => !shown.has(id)).map(({ id, goal, by }) => ({
        id, workload: goal, unit: '', twin_name: by ?? './dev bench, without a NAME',
    }));
}
