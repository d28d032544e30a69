/**
 * Rectangles of cells as spreadsheets put them on the clipboard: tabs between cells, line ends between
 * rows, quotes around a cell that holds one of these. Nothing is null, two quotes are the empty text.
 */

/** @param {string[][]} rows of texts as `cellText` makes them */
export function toTsv(rows) {
    return rows.map((row) => row.map(quoted).join('\t')).join('\n');
}

/**
 * @param {string} text
 * @returns {string[][]} texts as `readCell` reads them
 */
export function fromTsv(text) {
    const rows = [[]];
    let at = 0;
    while (at < text.length) {
        const [cell, next] = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at);
        rows[rows.length - 1].push(cell);
        at = next;
        if (text[at] === '\t') {
            at += 1;
            if (at === text.length) {
                rows[rows.length - 1].push('');
            }
        } else if (at < text.length) {
            at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
            if (at < text.length) {
                rows.push([]);
            }
        }
    }
    rows.forEach((row) => row.length === 0 && row.push(''));
    return rows;
}

function quoted(cell) {
    return cell !== '""' && /[\t\r\n]|^"/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function plainCell(text, from) {
    let to = from;
    while (to < text.length && text[to] !== '\t' && text[to] !== '\n' && text[to] !== '\r') {
        to += 1;
    }
    return [text.slice(from, to), to];
}

/** A quote that nothing closes, or that more text follows, is a character like any other. */
function quotedCell(text, from) {
    let to = from + 1;
    while (to < text.length && (text[to] !== '"' || text[to + 1] === '"')) {
        to += text[to] === '"' ? 2 : 1;
    }
    const is_closed = text[to] === '"' && (to + 1 === text.length || /[\t\r\n]/.test(text[to + 1]));
    if (!is_closed) {
        return plainCell(text, from);
    }
    const cell = text.slice(from + 1, to).replaceAll('""', '"');
    return [cell === '' ? '""' : cell, to + 1];
}
