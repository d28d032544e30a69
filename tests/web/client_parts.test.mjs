// The page's parts that need no document: page cache, first dashboard, filters, specs, series as CSV.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../../static/client/emitter.js';
import { binning } from '../../static/js/charts/bins.js';
import { lineRuns } from '../../static/js/charts/runs.js';
import { columnRange, outputSpecs } from '../../static/js/charts/specs.js';
import { seriesTable, toCsv } from '../../static/js/charts/series.js';
import { Filters } from '../../static/js/filters.js';
import { axisToInput, formatAxis, formatBytes, formatCell, formatNumber } from '../../static/js/format.js';
import { PageCache } from '../../static/js/page-cache.js';
import { planDashboard, planFigures } from '../../static/js/plan.js';
import { schemas } from './support/schema.mjs';

const settle = () => new Promise((resolve) => { setTimeout(resolve, 5); });

/** A table of `rows` rows whose only column holds the row number times ten. */
function numbers(rows, options = {}) {
    const asked = [];
    const arrived = [];
    const cache = new PageCache({
        fetch: async (offset, limit, signal) => {
            asked.push([offset, limit]);
            await options.gate?.(offset);
            assert.ok(!signal.aborted || options.lets_abort);
            const count = Math.max(0, Math.min(limit, rows - offset));
            const ids = Array.from({ length: count }, (_, i) => offset + i);
            return { version: 3, rows, offset, row_ids: ids, data: [ids.map((id) => id * 10)], exceptions: [[0, 5, 'n.b.']] };
        },
        arrived: (first, last) => arrived.push([first, last]),
        page_rows: 10,
        rest_ms: 0,
        ...options,
    });
    cache.length = rows;
    return { cache, asked, arrived };
}

test('the page cache fetches what is looked at and one page ahead', async () => {
    const { cache, asked } = numbers(1000);

    cache.look(12, 25);
    await settle();

    assert.deepEqual(asked, [[10, 10], [20, 10], [30, 10]]);
    assert.deepEqual(cache.get(24), { id: 24, values: [240], version: 3, kept: new Map() });
    assert.deepEqual(cache.get(25).kept, new Map([[0, 'n.b.']]));
    assert.deepEqual([cache.find(25), cache.find(45), cache.version], [25, -1, 3]);
    assert.equal(cache.get(45), null);
});

test('the page cache reaches the last row of a hundred million', async () => {
    const { cache, asked } = numbers(100_000_000);

    cache.look(99_999_990, 99_999_999);
    await settle();

    assert.deepEqual(asked, [[99_999_990, 10]]);
    assert.deepEqual(cache.get(99_999_999).values, [999_999_990]);
});

test('scrolling back fetches the page before', async () => {
    const { cache, asked } = numbers(1000);
    cache.look(500, 509);
    await settle();

    cache.look(490, 499);
    await settle();

    assert.deepEqual(asked, [[500, 10], [510, 10], [490, 10], [480, 10]]);
});

test('requests for pages out of sight are cancelled and never shown', async () => {
    let open;
    const held = new Promise((resolve) => { open = resolve; });
    const { cache, arrived } = numbers(1000, { gate: (offset) => (offset < 100 ? held : null), lets_abort: true, failed: () => assert.fail('an abort is no failure') });
    cache.look(0, 9);
    await settle();

    cache.look(500, 509);
    await settle();
    open();
    await settle();

    assert.equal(cache.get(505).id, 505);
    assert.ok(arrived.every(([first]) => first >= 500 || cache.get(first) !== null));
});

test('after an invalidation old rows stay until the new ones are there', async () => {
    const { cache, asked } = numbers(100);
    cache.look(0, 9);
    await settle();

    cache.invalidate();

    assert.equal(cache.get(3).id, 3);
    await settle();
    assert.equal(asked.filter(([offset]) => offset === 0).length, 2);
});

test('the page cache forgets the pages longest not fetched', async () => {
    const { cache } = numbers(10_000, { pages_max: 3 });

    for (const row of [0, 1000, 2000, 3000]) {
        cache.look(row, row);
        await settle();
    }

    assert.equal(cache.get(0), null);
    assert.notEqual(cache.get(3000), null);
});

test('a page that fails is told and can be fetched again', async () => {
    let fails = true;
    const failures = [];
    const { cache } = numbers(100, { gate: () => { if (fails) { throw new Error('no'); } }, failed: (error) => failures.push(error.message) });
    cache.look(0, 5);
    await settle();

    fails = false;
    cache.look(0, 5);
    await settle();

    assert.ok(failures.length >= 1);
    assert.equal(cache.get(0).id, 0);
});

const DEMO = [
    { name: 'category', type: 'string', nulls: 0, min: 'apples', max: 'pineapples', distinct: 4 },
    { name: 'x', type: 'float', nulls: 0, min: -5.5, max: 9.25, distinct: 100_000 },
    { name: 'y', type: 'float', nulls: 0, min: -3, max: 3, distinct: 100_000 },
    { name: 'time', type: 'timestamp', nulls: 0, min: '2024-01-01T00:00:00Z', max: '2024-12-31T00:00:00Z', distinct: 100_000 },
    { name: 'price', type: 'float', nulls: 12, min: 0.5, max: 99.5, distinct: 5000 },
    { name: 'quantity', type: 'int', nulls: 0, min: 1, max: 12, distinct: 12 },
    { name: 'station', type: 'string', nulls: 0, min: 'S0', max: 'S9', distinct: 10_000 },
    { name: 'id', type: 'int', nulls: 0, min: 1, max: 100_000, distinct: 100_000 },
    { name: 'empty', type: 'string', nulls: 100_000, min: null, max: null, distinct: 0 },
];

test('the first dashboard has a line, bars, histograms and a density', () => {
    const plan = planDashboard(DEMO);
    const of = (type) => plan.filter((def) => def.type === type);

    assert.deepEqual(of('line'), [{ type: 'line', x: 'time', y: 'price' }]);
    assert.deepEqual(of('bars').map((def) => def.x), ['category']);
    assert.deepEqual(of('histogram').map((def) => def.x), ['time', 'x', 'y', 'price', 'quantity', 'id']);
    assert.deepEqual(of('density').map((def) => [def.x, def.y]), [['x', 'y']]);
});

test('many rows over time are drawn as means, few as they are', () => {
    assert.equal(planDashboard(DEMO, 1_000_000)[0].type, 'trend');
    assert.equal(planDashboard(DEMO, 1000)[0].type, 'line');
});

test('a table of texts alone still gets bars, an empty one nothing', () => {
    assert.deepEqual(planDashboard([DEMO[0], DEMO[6]]).map((def) => def.type), ['bars']);
    assert.deepEqual(planDashboard([DEMO[8]]), []);
    assert.deepEqual(planDashboard([]), []);
});

test('key figures leave out what is only a name', () => {
    assert.deepEqual(planFigures(DEMO).map((column) => column.name), ['x', 'y', 'price', 'quantity']);
});

test('small whole numbers get a bin each, more of them bins of equally many numbers', () => {
    assert.deepEqual(binning(DEMO[5], 80), { bins: 12, domain: [0.5, 12.5] });
    assert.deepEqual(binning({ type: 'int', min: 0, max: 219 }, 80), { bins: 110, domain: [-0.5, 219.5] });
    assert.deepEqual(binning(DEMO[7], 80), { bins: 100, domain: [0.5, 100_000.5] });
    assert.deepEqual(binning({ type: 'int', min: 5, max: 5 }, 80), { bins: 1, domain: [4.5, 5.5] });
    assert.deepEqual(binning({ type: 'int', min: null, max: null }, 80), { bins: 80 });
    assert.deepEqual(binning(DEMO[1], 80), { bins: 80 });
    assert.deepEqual(binning({ type: 'int', min: '9223372036854775806', max: '9223372036854775807' }, 80), { bins: 80 });
});

test('days are binned by the day, more of them by whole weeks', () => {
    const day = 86_400_000;
    const days = (n) => ({ type: 'date', min: '2024-01-01', max: new Date(Date.UTC(2024, 0, n)).toISOString().slice(0, 10) });
    const first = Date.UTC(2024, 0, 1);

    assert.deepEqual(binning(days(120), 80), { bins: 120, domain: [first, first + 120 * day] });
    assert.deepEqual(binning(days(200), 80), { bins: 100, domain: [first, first + 200 * day] });
    assert.deepEqual(binning(days(366), 80), { bins: 53, domain: [first, first + 53 * 7 * day] });
});

test('times are binned by round pieces of the clock that begin when it is round', () => {
    const width = (min, max) => {
        const { bins, domain } = binning({ type: 'timestamp', min, max }, 80);
        const [from, to] = domain;
        assert.ok(from <= Date.parse(min) && to > Date.parse(max), `${min} to ${max}`);
        assert.ok(bins >= 20 && bins <= 120, `${bins} bins`);
        assert.equal(from % Math.min((to - from) / bins, 86_400_000), 0);
        return (to - from) / bins / 1000;
    };

    assert.equal(width('2024-01-01T00:00:00.5Z', '2024-01-01T00:01:40Z'), 1);
    assert.equal(width('2024-01-01T00:00:01Z', '2024-01-01T01:00:00Z'), 60);
    assert.equal(width('2024-01-01T03:10:01Z', '2024-01-01T10:00:00.123456Z'), 300);
    assert.equal(width('2024-01-01T03:10:01Z', '2024-01-04T10:00:00Z'), 3600);
    assert.equal(width('2024-01-01T03:10:01Z', '2024-03-30T10:00:00Z'), 86_400);
    assert.equal(width('2024-01-01T03:10:01Z', '2024-12-31T10:00:00Z'), 7 * 86_400);
});

test('every bin of whole numbers or days can hold equally many of them', () => {
    for (let span = 1; span < 3000; span += 7) {
        const { bins, domain } = binning({ type: 'int', min: -13, max: -13 + span }, 80);
        assert.equal((domain[1] - domain[0]) % bins, 0, `${span + 1} numbers in ${bins} bins`);
        assert.ok(domain[1] > -13 + span && domain[1] - (domain[1] - domain[0]) / bins <= -13 + span + 0.5, 'no bin too many');
        const dates = binning({ type: 'date', min: '1970-01-01', max: new Date(span * 86_400_000).toISOString().slice(0, 10) }, 80);
        assert.equal(((dates.domain[1] - dates.domain[0]) / dates.bins) % 86_400_000, 0);
    }
});

test('a line steps over empty bins, breaks where much is empty, and keeps every value', () => {
    const x = [0, 1, 2, 3, 4, 50, 99, 100];
    const y = [5, null, 6, NaN, 7, 8, null, 9];

    assert.deepEqual(lineRuns(x, y, 10), [[0, 2, 4, 5], [7]]);
    assert.deepEqual(lineRuns(x, [null, 1, null, null, null, null, null, 2], 10), [[1], [7]]);
    assert.deepEqual(lineRuns(x, [null, null, null, null, null, null, null, null], 10), []);
});

test('the range of an axis is never empty', () => {
    assert.deepEqual(columnRange({ type: 'float', min: 2, max: 2 }), [1.5, 2.5]);
    assert.deepEqual(columnRange({ type: 'float', min: null, max: null }), [-0.5, 0.5]);
    assert.deepEqual(columnRange({ type: 'date', min: '1970-01-01', max: '1970-01-02' }), [0, 86_400_000]);
});

/** A session that only remembers what it was asked. */
function listener() {
    const inputs = [];
    const selects = [];
    return {
        inputs_set: inputs,
        selects,
        inputs: Object.assign(new Emitter(), { set: (values) => { inputs.push(values); return Promise.resolve(); }, all: () => ({}) }),
        select: (name, table, clauses) => { selects.push({ name, table, clauses }); return Promise.resolve(); },
    };
}

test('a chart is not filtered by the columns that it brushes itself', async () => {
    const session = listener();
    const filters = new Filters(session, 'demo', DEMO);
    await filters.use(['x', 'y', 'category']);

    const { main, all } = outputSpecs({ id: 'c1', type: 'density', x: 'x', y: 'y' }, 'demo', filters);

    assert.equal(main.select, filters.select);
    assert.deepEqual(main.except, [filters.clauseName('x'), filters.clauseName('y')]);
    assert.equal(all.select, undefined);
    assert.deepEqual(session.selects[0].clauses.map(({ column, between, in: list }) => [column, Boolean(between), Boolean(list)]), [
        ['x', true, false], ['y', true, false], ['category', false, true],
    ]);
});

test('what charts of every kind define fits the schema', async () => {
    const session = listener();
    const filters = new Filters(session, 'demo', DEMO);
    await filters.use(['x', 'y', 'category', 'time', 'quantity']);
    const sum = { fn: 'sum', column: 'price' };
    const defs = [
        ...planDashboard(DEMO),
        { type: 'histogram', x: 'quantity', measure: sum, facet: 'category' },
        { type: 'trend', x: 'time', y: 'price', measure: { fn: 'max' } },
        { type: 'bars', x: 'category', measure: sum },
        { type: 'line', x: 'time', y: 'price', facet: 'category', points: 300 },
        { type: 'density', x: 'x', y: 'quantity', bins: 32, measure: sum, style: 'contour' },
        { type: 'scatter', x: 'x', y: 'y', color: 'category' },
        { type: 'scatter', x: 'x', y: 'y', facet: 'category', facet_limit: 500 },
    ];

    for (const def of defs) {
        const { main, all } = outputSpecs({ id: 'c1', ...def }, 'demo', filters);
        schemas().request('output.define', { output: 'c1', ...main });
        if (all) {
            schemas().request('output.define', { output: 'c1_all', ...all });
        }
    }
    for (const { name, table, clauses } of session.selects) {
        schemas().request('select.define', { select: name, table, clauses });
    }
});

test('names of inputs and selections are plain words whatever the table is called', () => {
    const filters = new Filters(listener(), 'täble "1"; drop', DEMO);

    assert.match(filters.select, /^[a-z0-9_]+$/);
    assert.match(filters.clauseName('x'), /^[a-z0-9_]+$/);
});

test('a range on a time goes out as time, on a number as number', async () => {
    const session = listener();
    const filters = new Filters(session, 'demo', DEMO);

    await filters.set({ time: [0, 1500], x: [1, 2] });

    assert.deepEqual(session.inputs_set[0], {
        [filters.clauseName('time')]: ['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:01.500Z'],
        [filters.clauseName('x')]: [1, 2],
    });
});

test('a click chooses one value, with a key held more, and again none', () => {
    const session = listener();
    const filters = new Filters(session, 'demo', DEMO);

    filters.toggle('category', 'figs', false);
    filters.toggle('category', 'apples', true);
    assert.deepEqual(filters.get('category'), ['figs', 'apples']);

    filters.toggle('category', 'figs', true);
    filters.toggle('category', 'apples', false);
    assert.equal(filters.get('category'), null);
    assert.equal(session.inputs_set.at(-1)[filters.clauseName('category')], null);
});

test('filters of a resumed session come back as they were', () => {
    const session = listener();
    const before = new Filters(session, 'demo', DEMO);
    before.set({ time: [0, 1500], category: ['figs'] });
    const after = new Filters(session, 'demo', DEMO);

    after.adopt(Object.assign({}, ...session.inputs_set));

    assert.deepEqual(after.get('time'), [0, 1500]);
    assert.deepEqual(after.get('category'), ['figs']);
});

test('a column that changes its type loses its filter and gets a clause of the new kind', async () => {
    const session = listener();
    const filters = new Filters(session, 'demo', DEMO);
    await filters.use(['quantity']);
    await filters.set({ quantity: [1, 3] });

    filters.describe(DEMO.map((column) => (column.name === 'quantity' ? { ...column, type: 'string' } : column)));

    assert.equal(filters.get('quantity'), null);
    assert.deepEqual(session.selects.at(-1).clauses.map((clause) => 'in' in clause), [true]);
});

test('a histogram as CSV gives the edges of each bin', () => {
    const table = seriesTable({ type: 'histogram', x: 'a' }, { edges: [0, 1, 2], count: [3, 4] }, () => 'int');

    assert.equal(toCsv(table), 'a from,a to,rows\r\n0,1,3\r\n1,2,4\r\n');
});

test('times in a series are written as times', () => {
    const { rows } = seriesTable({ type: 'line', x: 't', y: 'v' }, { x: [0], y: { v: [1.5] } }, (name) => (name === 't' ? 'timestamp' : 'float'));

    assert.deepEqual(rows, [['1970-01-01T00:00:00Z', 1.5]]);
});

test('a density as a table leaves out empty cells', () => {
    const { rows } = seriesTable({ type: 'density', x: 'a', y: 'b' }, { x_edges: [0, 1, 2], y_edges: [0, 5, 10], count: [0, 2, 0, 7] }, () => 'float');

    assert.deepEqual(rows, [[1, 2, 0, 5, 2], [1, 2, 5, 10, 7]]);
});

test('a faceted series names its facet in each line', () => {
    const data = { facet: { column: 'c', values: ['a', null], counts: [1, 1], total: 2 }, panels: [{ edges: [0, 1], count: [1] }, { edges: [0, 1], count: [2] }] };

    assert.deepEqual(seriesTable({ type: 'histogram', x: 'v', facet: 'c' }, data, () => 'float'), {
        columns: ['c', 'v from', 'v to', 'rows'], rows: [['a', 0, 1, 1], [null, 0, 1, 2]],
    });
});

test('CSV quotes what needs it and tells empty text from nothing', () => {
    assert.equal(toCsv({ columns: ['a,b'], rows: [['say "hi"\n'], [''], [null]] }), '"a,b"\r\n"say ""hi""\n"\r\n""\r\n\r\n');
});

test('numbers, sizes and times read well', () => {
    assert.equal(formatNumber(1234567.891), '1,234,568');
    assert.equal(formatNumber(0.1 + 0.2), '0.3');
    assert.equal(formatNumber(null), '–');
    assert.equal(formatBytes(999), '999 B');
    assert.equal(formatBytes(1_500_000), '1.5 MB');
    assert.equal(formatAxis(0, 'date'), '1970-01-01');
    assert.equal(formatAxis(61_000, 'timestamp', 1000), '1970-01-01 00:01:01');
    assert.equal(formatCell('2024-01-01T10:00:00.000Z', 'timestamp'), '2024-01-01 10:00:00');
    assert.equal(formatCell('9007199254740993', 'int'), '9007199254740993');
    assert.equal(axisToInput(86_400_000, 'date'), '1970-01-02');
});
