import { inputToAxis, isNumeric, isTime } from '../format.js';
import { binning } from './bins.js';

/** Bars beyond these are summed up in "other". */
export const BARS_LIMIT = 24;
const BARS_FETCH = 500;
const BINS = 80;
const GRID_BINS = 64;
const POINTS = { line: 1600, scatter: 3000 };
const FACETS = 12;

/** Columns that the chart itself filters by when it is brushed. */
export function brushedColumns(def) {
    switch (def.type) {
        case 'density':
        case 'scatter':
            return [def.x, def.y];
        default:
            return [def.x];
    }
}

/**
 * The outputs of a chart: `main` follows the filters but the chart's own, `all` is the unfiltered
 * shape behind it.
 * @param {import('../plan.js').ChartDef} def
 * @param {string} table
 * @param {import('../filters.js').Filters} filters
 * @returns {{main: any, all: any | null}}
 */
export function outputSpecs(def, table, filters) {
    /** @type {any} */
    const series = { table, ...seriesSpec(def, (name) => filters.column(name)) };
    if (def.facet) {
        series.facet = { column: def.facet, limit: def.facet_limit ?? FACETS };
    }
    const except = brushedColumns(def).map((name) => filters.clauseName(name));
    const has_ghost = def.type !== 'scatter' && def.ghost !== 'off' && !def.facet;
    return { main: { ...series, select: filters.select, except }, all: has_ghost ? series : null };
}

/**
 * @param {any} def
 * @param {(name: string) => any} column
 */
function seriesSpec(def, column) {
    switch (def.type) {
        case 'histogram':
            return { kind: 'histogram', x: def.x, ...binning(column(def.x), def.bins ?? BINS), ...measureSpec(def) };
        case 'trend':
            return {
                kind: 'histogram',
                x: def.x,
                ...binning(column(def.x), def.bins ?? BINS),
                measure: { fn: def.measure?.fn ?? 'mean', column: def.y },
            };
        case 'bars':
            return {
                kind: 'groupby',
                by: [def.x],
                measures: { n: { fn: 'count' }, ...(def.measure && { value: def.measure }) },
                order: { measure: 'n', desc: true },
                limit: BARS_FETCH,
            };
        case 'line':
            return { kind: 'line', x: def.x, y: [def.y], points: def.points ?? POINTS.line, method: 'm4' };
        case 'density':
            return {
                kind: 'histogram2d',
                x: { column: def.x, ...binning(column(def.x), def.bins ?? GRID_BINS) },
                y: { column: def.y, ...binning(column(def.y), def.bins ?? GRID_BINS) },
                ...measureSpec(def),
            };
        case 'scatter':
            return { kind: 'scatter', x: def.x, y: def.y, ...(def.color && { color: def.color }), points: def.points ?? POINTS.scatter };
    }
    throw new Error(`There is no chart of type ${def.type}.`);
}

function measureSpec(def) {
    return def.measure && def.measure.fn !== 'count' ? { measure: def.measure } : {};
}

/**
 * The range of an axis before anything is drawn: that of the whole column.
 * @returns {[number, number]}
 */
export function columnRange(column) {
    const low = inputToAxis(column?.min, column?.type);
    const high = inputToAxis(column?.max, column?.type);
    return low === null || high === null || low === high ? [(low ?? 0) - 0.5, (high ?? 0) + 0.5] : [low, high];
}

const FN_WORDS = { count: 'rows', sum: 'sum', mean: 'mean', min: 'smallest', max: 'largest' };

/** What a chart is called when nobody named it. */
export function chartTitle(def) {
    const measure = def.measure?.column ? `${FN_WORDS[def.measure.fn] ?? def.measure.fn} of ${def.measure.column}` : null;
    const facet = def.facet ? `, by ${def.facet}` : '';
    switch (def.type) {
        case 'histogram':
            return `${measure ? `${measure} by ` : ''}${def.x}${facet}`;
        case 'bars':
            return `${measure ? `${measure} by ` : ''}${def.x}`;
        case 'line':
            return `${def.y} over ${def.x}${facet}`;
        case 'trend':
            return `${FN_WORDS[def.measure?.fn ?? 'mean']} of ${def.y} over ${def.x}${facet}`;
        case 'density':
            return `${def.y} against ${def.x}, ${def.style === 'contour' ? 'contours' : 'density'}${facet}`;
        default:
            return `${def.y} against ${def.x}, sample${facet}`;
    }
}

/** Columns that each place of a chart can take. */
export function columnChoices(columns) {
    const names = (test) => columns.filter(test).map((column) => column.name);
    return {
        axis: names((column) => isNumeric(column.type) || isTime(column.type)),
        number: names((column) => isNumeric(column.type)),
        group: names((column) => column.type === 'string' || column.type === 'bool'),
        color: names((column) => column.type !== 'string' || Number(column.distinct) <= 1000),
    };
}
