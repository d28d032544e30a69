import { formatAxis } from '../format.js';

/**
 * A series as a table: the same numbers that the picture shows, for the table view and for CSV.
 * @typedef {{columns: string[], rows: any[][]}} SeriesTable
 */

/**
 * @param {import('../plan.js').ChartDef} def
 * @param {any} data of the output
 * @param {(name: string) => string} typeOf column type
 * @returns {SeriesTable}
 */
export function seriesTable(def, data, typeOf) {
    if (data.panels) {
        const parts = data.panels.map((panel) => panelTable(def, panel, typeOf));
        return {
            columns: [data.facet.column, ...(parts[0]?.columns ?? [])],
            rows: parts.flatMap((part, i) => part.rows.map((row) => [data.facet.values[i], ...row])),
        };
    }
    return panelTable(def, data, typeOf);
}

function panelTable(def, data, typeOf) {
    const x = (value) => axisValue(value, typeOf(def.x));
    const y = (value) => axisValue(value, typeOf(def.y));
    switch (def.type) {
        case 'histogram':
        case 'trend':
            return histogramTable(def, data, x);
        case 'bars':
            return columnsTable({ [def.x]: data.keys[def.x], ...named(def, data.measures) });
        case 'line':
            return columnsTable({ [def.x]: Array.from(data.x, x), [def.y]: data.y[def.y] });
        case 'scatter':
            return columnsTable({
                row: data.row_ids,
                [def.x]: Array.from(data.x, x),
                [def.y]: Array.from(data.y, y),
                ...(data.color && { [def.color]: data.color }),
            });
        case 'density':
            return gridTable(def, data, x, y);
    }
    throw new Error(`There is no chart of type ${def.type}.`);
}

function named(def, measures) {
    const { n, value } = measures;
    return { rows: n, ...(value && { [`${def.measure.fn} of ${def.measure.column}`]: value }) };
}

function histogramTable(def, data, x) {
    const { edges } = data;
    return columnsTable({
        [`${def.x} from`]: Array.from(edges.slice(0, -1), x),
        [`${def.x} to`]: Array.from(edges.slice(1), x),
        rows: data.count,
        ...(data.value && { [`${def.measure?.fn ?? 'mean'} of ${def.measure?.column ?? def.y}`]: data.value }),
    });
}

/** Only cells that hold something. */
function gridTable(def, data, x, y) {
    const { x_edges, y_edges, count } = data;
    const nx = x_edges.length - 1;
    const rows = [];
    for (let i = 0; i < count.length; i++) {
        if (count[i] > 0) {
            const column = i % nx;
            const line = Math.floor(i / nx);
            rows.push([x(x_edges[column]), x(x_edges[column + 1]), y(y_edges[line]), y(y_edges[line + 1]), count[i]]);
        }
    }
    return { columns: [`${def.x} from`, `${def.x} to`, `${def.y} from`, `${def.y} to`, 'rows'], rows };
}

/** @param {Record<string, ArrayLike<any>>} columns */
function columnsTable(columns) {
    const names = Object.keys(columns);
    const length = names.length > 0 ? columns[names[0]].length : 0;
    const rows = Array.from({ length }, (_, i) => names.map((name) => columns[name][i]));
    return { columns: names, rows };
}

function axisValue(value, type) {
    return type === 'date' || type === 'timestamp' ? new Date(value).toISOString().replace('.000Z', 'Z') : value;
}

/**
 * RFC 4180.
 * @param {SeriesTable} table
 */
export function toCsv({ columns, rows }) {
    return [columns, ...rows].map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n';
}

function csvField(value) {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) || (text === '' && value === '') ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A number of the table view. */
export function showField(value) {
    return typeof value === 'number' ? formatAxis(value, 'float') : (value ?? '');
}
