/** What a cell takes, by the type of its column, and what its editor begins with. */

/** How the text of an empty string is written where nothing at all means null. */
export const EMPTY = '""';
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
const WORDS = { true: true, t: true, yes: true, 1: true, false: false, f: false, no: false, 0: false };
export const EXAMPLES = {
    bool: 'true or false', int: '42', float: '3.14', string: 'text', date: '2024-01-31', timestamp: '2024-01-31 12:00:00',
};

const READERS = { bool: readBool, int: readInt, float: readFloat, date: readDate, timestamp: readMoment };

/**
 * Nothing is null; `""` is the empty text.
 * @param {string} text as typed
 * @param {string} type of the column
 * @returns {{value: any} | {problem: string}} the value as the protocol carries it, or what is wrong with it
 */
export function readCell(text, type) {
    if (text === '') {
        return { value: null };
    }
    if (type === 'string') {
        return { value: text === EMPTY ? '' : text };
    }
    return READERS[type](text.trim());
}

/**
 * @param {any} value as a page carries it
 * @param {string} type
 */
export function cellText(value, type) {
    if (value === null || value === undefined) {
        return '';
    }
    if (value === '') {
        return EMPTY;
    }
    return type === 'timestamp' ? String(value).replace('T', ' ').replace(/\.000Z$|Z$/, '') : String(value);
}

/** Whether two values of a column are one and the same, whichever way they travelled. */
export function isSame(a, b) {
    return a === b || (a !== null && b !== null && a !== undefined && b !== undefined && String(a) === String(b));
}

function readBool(text) {
    const value = WORDS[text.toLowerCase()];
    return value === undefined ? wrong(text, 'true or false') : { value };
}

function readInt(text) {
    const digits = /^([+-]?\d+)(?:\.0*)?$/.exec(text)?.[1];
    if (digits === undefined) {
        const is_fraction = /^[+-]?\d*\.\d+$/.test(text);
        return is_fraction
            ? { problem: `“${text}” is no whole number. Change the type of the column to float first.` }
            : wrong(text, 'a whole number, such as 42');
    }
    const whole = BigInt(digits.replace('+', ''));
    if (whole < INT_MIN || whole > INT_MAX) {
        return { problem: `“${text}” is too large for an int.` };
    }
    return { value: Number.isSafeInteger(Number(whole)) ? Number(whole) : whole.toString() };
}

function readFloat(text) {
    const special = { nan: 'NaN', infinity: 'Infinity', '+infinity': 'Infinity', '-infinity': '-Infinity' }[text.toLowerCase()];
    if (special) {
        return { value: special };
    }
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
        return wrong(text, /^[+-]?\d+,\d+$/.test(text) ? `a number; write ${text.replace(',', '.')}` : 'a number, such as 3.14');
    }
    const value = Number(text);
    return Number.isFinite(value) ? { value } : { problem: `“${text}” is too large for a float.` };
}

function readDate(text) {
    return isDay(text) ? { value: text } : wrong(text, 'a date, such as 2024-01-31');
}

function readMoment(text) {
    const found = MOMENT.exec(text);
    if (!found || !isDay(found[1])) {
        return wrong(text, 'a time, such as 2024-01-31 12:00:00');
    }
    const [, day, hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = found;
    const offset = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
    const at = Date.parse(`${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0')}${offset}`);
    return Number.isNaN(at) ? wrong(text, 'a time, such as 2024-01-31 12:00:00') : { value: new Date(at).toISOString().replace('.000Z', 'Z') };
}

function isDay(text) {
    const found = DAY.exec(text);
    const at = found ? Date.parse(`${text}T00:00:00Z`) : NaN;
    return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 10) === text;
}

function wrong(text, wanted) {
    return { problem: `“${text.length > 40 ? `${text.slice(0, 39)}…` : text}” is not ${wanted}.` };
}
