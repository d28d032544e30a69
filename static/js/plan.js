import { isNumeric, isTime } from './format.js';

/** More categories than this are not worth a bar chart unasked. */
const BARS_DISTINCT_MAX = 60;
const HISTOGRAMS_MAX = 10;
const BARS_MAX = 4;
/** Fewer rows than this are drawn as they are over time, more as means per step of time. */
const LINE_ROWS_MAX = 20_000;
const TREND_BINS = 200;

/**
 * A chart as the layout keeps it.
 * @typedef {object} ChartDef
 * @property {string} id
 * @property {'histogram' | 'bars' | 'line' | 'trend' | 'density' | 'scatter'} type
 * @property {string} x the column along the axis (of bars: the category)
 * @property {string} [y]
 * @property {string} [color]
 * @property {string} [facet] one small chart per value of this column
 * @property {number} [facet_limit]
 * @property {number} [bins]
 * @property {number} [points]
 * @property {{fn: string, column?: string}} [measure]
 * @property {'heat' | 'contour'} [style]
 * @property {'shape' | 'counts' | 'off'} [ghost]
 */

/**
 * The first dashboard of a table, from its column types alone.
 * @param {{name: string, type: string, nulls: number, min: any, max: any, distinct: number}[]} columns
 * @param {number} rows
 * @returns {Omit<ChartDef, 'id'>[]}
 */
export function planDashboard(columns, rows = 0) {
    const filled = columns.filter((column) => column.min !== null && column.min !== undefined);
    const times = filled.filter((column) => isTime(column.type));
    const numbers = filled.filter((column) => isNumeric(column.type) && !isConstant(column));
    const groups = filled.filter(
        (column) => (column.type === 'string' || column.type === 'bool') && Number(column.distinct) <= BARS_DISTINCT_MAX,
    );
    const measures = numbers.filter((column) => !looksLikeKey(column));
    /** @type {Omit<ChartDef, 'id'>[]} */
    const plan = [];
    if (times.length > 0 && measures.length > 0) {
        const axes = { x: times[0].name, y: preferFloat(measures).name };
        plan.push(rows > LINE_ROWS_MAX ? { type: 'trend', ...axes, bins: TREND_BINS } : { type: 'line', ...axes });
    }
    groups.slice(0, BARS_MAX).forEach((column) => plan.push({ type: 'bars', x: column.name }));
    [...times.filter((column) => !isConstant(column)), ...numbers]
        .slice(0, HISTOGRAMS_MAX)
        .forEach((column) => plan.push({ type: 'histogram', x: column.name }));
    const pair = measures.length >= 2 ? measures : numbers;
    if (pair.length >= 2) {
        plan.push({ type: 'density', x: pair[0].name, y: pair[1].name, style: 'heat' });
    }
    return plan;
}

/** Columns whose mean stands among the key figures. */
export function planFigures(columns) {
    return columns.filter((column) => isNumeric(column.type) && !looksLikeKey(column)).slice(0, 4);
}

function preferFloat(columns) {
    const floats = columns.filter((column) => column.type === 'float');
    // A positive quantity over time says more than a coordinate.
    return floats.find((column) => Number(column.min) >= 0) ?? floats[0] ?? columns[0];
}

function isConstant(column) {
    return String(column.min) === String(column.max);
}

/** A whole number that hardly repeats is a name, not a quantity. */
function looksLikeKey(column) {
    return column.type === 'int' && /(^|_)(id|key|no|nr|zip|code)$/i.test(column.name);
}

/** What can be drawn of a column without asking further. */
export function chartFor(column) {
    return column.type === 'string' || column.type === 'bool'
        ? { type: 'bars', x: column.name }
        : { type: 'histogram', x: column.name };
}

/**
 * A chart after a column of it has another type: the same where that can be drawn, else one of its
 * first column alone. A column that no longer fits as colour or facet is left out.
 * @param {any} def
 * @param {any[]} columns
 */
export function fitChart(def, columns) {
    const type = (name) => columns.find((column) => column.name === name)?.type;
    const isAxis = (name) => isNumeric(type(name)) || isTime(type(name));
    const fits = {
        histogram: () => isAxis(def.x),
        bars: () => !isAxis(def.x),
        line: () => isAxis(def.x) && isNumeric(type(def.y)),
        trend: () => isAxis(def.x) && isNumeric(type(def.y)),
        density: () => isAxis(def.x) && isAxis(def.y),
        scatter: () => isAxis(def.x) && isAxis(def.y),
    };
    const next = fits[def.type]() ? { ...def } : { id: def.id, ...chartFor(columns.find((column) => column.name === def.x)) };
    if (next.measure?.column && !isNumeric(type(next.measure.column))) {
        delete next.measure;
    }
    if (next.facet && isAxis(next.facet)) {
        delete next.facet;
    }
    return next;
}
