/** Numbers, times and cells as people read them. Data are shown in UTC, as they are stored. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

export const isTime = (type) => type === 'date' || type === 'timestamp';
export const isNumeric = (type) => type === 'int' || type === 'float';

export const formatCount = (n) => whole.format(n);
/** `1 row`, `1,200 rows` */
export const counted = (n, word) => `${whole.format(n)} ${word}${n === 1 ? '' : 's'}`;
export const formatShort = (n) => short.format(n);
export const formatShare = (part, all) => percent.format(all > 0 ? part / all : 0);

/** @param {number | null} value */
export function formatNumber(value) {
    if (value === null || value === undefined) {
        return '–';
    }
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e15)) {
        return value.toExponential(3);
    }
    return size >= 1e6 ? whole.format(value) : exact.format(value);
}

/** @param {number} bytes */
export function formatBytes(bytes) {
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let value = bytes;
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** @param {number} seconds */
export function formatDuration(seconds) {
    if (seconds < 90) {
        return `${Math.max(1, Math.round(seconds))} s`;
    }
    return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * A position on an axis: a number, or for times milliseconds since 1970.
 * @param {number} value
 * @param {string} type of the column
 * @param {number} [span_ms] of what is looked at: days need no clock
 */
export function formatAxis(value, type, span_ms = 0) {
    if (!isTime(type)) {
        return formatNumber(value);
    }
    const text = new Date(value).toISOString();
    if (type === 'date' || span_ms > 40 * 86_400_000) {
        return text.slice(0, 10);
    }
    return `${text.slice(0, 10)} ${span_ms > 2 * 3_600_000 ? text.slice(11, 16) : text.slice(11, 19)}`;
}

/**
 * A cell of the grid.
 * @param {any} value as it came in a page
 * @param {string} type
 */
export function formatCell(value, type) {
    if (value === null || value === undefined) {
        return '';
    }
    if (type === 'timestamp') {
        return String(value).replace('T', ' ').replace(/\.000Z$|Z$/, '');
    }
    return String(value);
}

/** What an input of a range on this column takes for an axis position. */
export function axisToInput(value, type) {
    if (value === null) {
        return null;
    }
    if (type === 'date') {
        return new Date(value).toISOString().slice(0, 10);
    }
    return type === 'timestamp' ? new Date(value).toISOString() : value;
}

/** The axis position of a value as pages, descriptions and inputs carry it. */
export function inputToAxis(value, type) {
    if (value === null || value === undefined) {
        return null;
    }
    return isTime(type) ? Date.parse(value) : Number(value);
}
