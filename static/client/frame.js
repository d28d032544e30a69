/**
 * Binary frames of the subprotocol `spillway.v1.arrow`:
 *
 *     0  u32 LE  length n of the header
 *     4  n bytes JSON header: the params of `output.value` without `data`
 *        zero padding to a multiple of 8
 *        an Arrow IPC stream with one record batch
 *
 * Each array of the series is a List column with one row per panel (an output without facets is
 * one panel), scalars are plain columns, and a nested member is named with a dot: `y.price`.
 */

const text = new TextDecoder();

/**
 * @param {ArrayBuffer} buffer
 * @param {{tableFromIPC: Function}} arrow the flechette module
 * @returns {any} the same object as the params of a JSON `output.value`
 */
export function decodeFrame(buffer, arrow) {
    const header_bytes = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(text.decode(new Uint8Array(buffer, 4, header_bytes)));
    const start = (4 + header_bytes + 7) & ~7;
    const table = arrow.tableFromIPC(new Uint8Array(buffer, start), { useBigInt: true });
    const panels = [];
    for (let row = 0; row < table.numRows; row++) {
        panels.push(readPanel(table, row));
    }
    const { facet, ...value } = header;
    value.data = facet ? { facet, panels } : (panels[0] ?? {});
    return value;
}

/**
 * @param {any} table
 * @param {number} row
 */
function readPanel(table, row) {
    const panel = {};
    for (let i = 0; i < table.schema.fields.length; i++) {
        const name = table.schema.fields[i].name;
        const value = plain(table.getChildAt(i).at(row));
        const dot = name.indexOf('.');
        if (dot < 0) {
            panel[name] = value;
        } else {
            const group = (panel[name.slice(0, dot)] ??= {});
            group[name.slice(dot + 1)] = value;
        }
    }
    return panel;
}

/**
 * 64-bit integers as numbers where they are exact and as decimal strings where not, as in JSON.
 * @param {any} value
 */
function plain(value) {
    if (typeof value === 'bigint') {
        return exact(value);
    }
    if (value instanceof BigInt64Array || value instanceof BigUint64Array) {
        return Array.from(value, exact);
    }
    if (Array.isArray(value)) {
        return value.map(plain);
    }
    if (ArrayBuffer.isView(value) || value === null || typeof value !== 'object') {
        return value;
    }
    return Array.from(value, plain);
}

/** @param {bigint} value */
function exact(value) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
}
