import { Emitter } from '../../client/emitter.js';
import { CODE } from '../../client/errors.js';
import { isSame } from './values.js';

/** Each row of a paste is one change of a table.batch. */
export const ROWS_MAX = 1000;
const SAVED_SHOWS_MS = 1500;

/**
 * What the user does to one table, one thing after another, and what became of it.
 *
 * A cell that was changed stands here until the page of its row is as new as the change:
 *
 *     pending -> saved     answered; shown until the rows are fetched anew
 *             -> refused   with the reason; what was typed stays until it is given up or typed again
 *
 * Changes of cells go out under the version that the user saw. When the table moved on meanwhile, those
 * whose cells are as they were are sent again, the others are refused: nothing is overwritten unseen.
 *
 * Events: `cells` when the state of some changed, `done` {what, can_undo}, `failed` {text}.
 */
export class Changes extends Emitter {
    #table;
    #look;
    #tail = Promise.resolve();
    #version = 0;
    /** @type {{id: any, row: number, version: number} | null} the row that was changed last, where it stood */
    last = null;
    /** @type {Map<any, Map<string, any>>} row id: column: entry */
    #rows = new Map();

    /**
     * @param {import('../../client/table.js').Table} table
     * @param {(id: any, column: string, version: number) => Promise<any>} look the value of a cell as of that version or later; undefined when it is out of sight
     */
    constructor(table, look) {
        super();
        this.#table = table;
        this.#look = look;
    }

    /** @returns {any} what was typed into a cell, while it is not simply the cell's value */
    get(id, column) {
        return this.#rows.get(id)?.get(column);
    }

    get refused() {
        return [...this.#rows.values()].flatMap((row) => [...row.values()]).filter(({ state }) => state === 'refused');
    }

    /**
     * Sets cells, all or none of them.
     * @param {{id: any, column: string, text: string, value: any, was: any, seen: number}[]} cells
     * @param {{rows?: object[], what?: string}} [more] `rows`: to append with them
     */
    setCells(cells, { rows = [], what = '' } = {}) {
        cells.forEach((cell) => this.#keep({ ...cell, state: 'pending' }));
        this.emit('cells');
        return this.#queue(() => this.#send(cells.map(({ id, column }) => this.get(id, column)), rows, what));
    }

    /** Shows a text that the cell's type does not take, without asking the server. */
    refuse(cells, reason) {
        cells.forEach((cell) => this.#keep({ ...cell, state: 'refused', reason: cell.reason ?? reason }));
        this.emit('cells');
    }

    /** The condition that nobody has changed what the user sees. @param {number} version of the rows on the page */
    seen(version) {
        return { if_version: Math.max(this.#version, version) };
    }

    /** Gives up what was refused: one cell, or all. */
    discard(cell = null) {
        (cell ? [cell] : this.refused).forEach((entry) => this.#forget(entry));
        this.emit('cells');
    }

    /**
     * Any other change.
     * @param {string} what in words, for when it is done
     * @param {(table: any) => Promise<any>} act
     * @returns {Promise<any>} its result; rejects with what the server says
     */
    run(what, act) {
        return this.#queue(async () => {
            const result = await act(this.#table);
            this.#version = Number(result.version ?? this.#version);
            this.emit('done', { what: typeof what === 'function' ? what(result) : what, can_undo: true });
            return result;
        });
    }

    /** @param {'undo' | 'redo'} method */
    async step(method) {
        try {
            await this.#queue(async () => {
                const result = await this.#table[method]();
                this.#version = Number(result.version);
                const words = method === 'undo' ? `Taken back: ${result.undone}` : `Done again: ${result.redone ?? result.undone}`;
                this.emit('done', { what: sentence(words), can_undo: false });
            });
            return true;
        } catch (error) {
            this.emit('failed', { text: sentence(error.message) });
            return false;
        }
    }

    /** @param {(id: any) => number | null} version of an id: the version of the page that a row is shown from */
    settle(version) {
        for (const entry of [...this.#rows.values()].flatMap((row) => [...row.values()])) {
            const shown = entry.state === 'saved' && entry.until < performance.now() ? version(entry.id) : null;
            if (shown !== null && shown >= entry.version) {
                this.#forget(entry);
            }
        }
    }

    #queue(act) {
        const done = this.#tail.then(act);
        this.#tail = done.catch(() => {});
        return done;
    }

    async #send(cells, rows, what) {
        const seen = Math.max(this.#version, ...cells.map((cell) => cell.seen));
        try {
            await this.#sendAs(cells, rows, what, seen);
        } catch (error) {
            if (error.code === CODE.conflict) {
                await this.#sendAgain(cells, rows, what, Number(error.data?.version));
            } else {
                this.#fail(cells, error);
            }
        }
    }

    async #sendAs(cells, rows, what, if_version) {
        const ops = [...updates(cells), ...(rows.length > 0 ? [{ method: 'append', params: { rows } }] : [])];
        const is_one = ops.length === 1 && rows.length === 0;
        const result = is_one ? await this.#table.update({ ...ops[0].params, if_version }) : await this.#table.batch(ops, { if_version });
        this.#version = Number(result.version);
        const until = performance.now() + SAVED_SHOWS_MS;
        cells.forEach((cell) => Object.assign(cell, { state: 'saved', version: this.#version, until }));
        const rows_meant = new Set(cells.map(({ id }) => id));
        this.last = rows_meant.size === 1 && cells[0].row !== undefined ? { id: cells[0].id, row: cells[0].row, version: this.#version } : null;
        this.emit('cells');
        setTimeout(() => this.emit('cells'), SAVED_SHOWS_MS + 50);
        if (what) {
            this.emit('done', { what, can_undo: true });
        }
    }

    async #sendAgain(cells, rows, what, version) {
        this.#version = version;
        const now = await Promise.all(cells.map(({ id, column }) => this.#look(id, column, version)));
        const other = cells.findIndex((cell, i) => now[i] === undefined || !isSame(now[i], cell.was));
        if (other < 0) {
            await this.#sendAs(cells, rows, what, version).catch((error) => this.#fail(cells, error));
            return;
        }
        cells.forEach((cell, i) => Object.assign(cell, { reason: conflictWords(cell, now[i]), was: now[i] ?? cell.was, seen: version }));
        this.#refuse(cells, cells[other]);
    }

    #fail(cells, error) {
        const gone = /\brow id\b|no row/i.test(error.message) && error.code === -32602;
        const text = sentence(error.message) + (gone ? ' Someone has deleted this row.' : '');
        const op = Number(/^change (\d+):/.exec(error.message)?.[1] ?? 1) - 1;
        const blamed = cells.filter((cell) => cell.op === op);
        cells.forEach((cell) => Object.assign(cell, { is_beside: cell.op !== op, reason: cell.op === op ? text : `Not taken, because another cell was refused. ${text}` }));
        this.#refuse(cells, blamed[0] ?? cells[0] ?? { reason: text });
    }

    #refuse(cells, blamed) {
        cells.forEach((cell) => Object.assign(cell, { state: 'refused' }));
        this.emit('cells');
        this.emit('failed', { text: blamed.reason, cell: blamed.id === undefined ? null : blamed, cells: cells.length });
    }

    #keep(entry) {
        const row = this.#rows.get(entry.id) ?? new Map();
        row.set(entry.column, entry);
        this.#rows.set(entry.id, row);
    }

    #forget({ id, column }) {
        const row = this.#rows.get(id);
        row?.delete(column);
        if (row?.size === 0) {
            this.#rows.delete(id);
        }
    }
}

/** One change per row, and one for all rows that get the same; each cell is told which it is in. */
function updates(cells) {
    const sets = new Map();
    for (const cell of cells) {
        const row = sets.get(cell.id) ?? { set: {}, cells: [] };
        row.set[cell.column] = cell.value;
        row.cells.push(cell);
        sets.set(cell.id, row);
    }
    const ops = new Map();
    for (const [id, { set, cells: own }] of sets) {
        const key = JSON.stringify(set);
        const op = ops.get(key) ?? { at: ops.size, row_ids: [], set };
        op.row_ids.push(id);
        ops.set(key, op);
        own.forEach((cell) => Object.assign(cell, { op: op.at }));
    }
    return [...ops.values()].map(({ set, row_ids }) => ({ method: 'update', params: { set, row_ids } }));
}

function conflictWords({ text }, now) {
    const kept = `Yours (${text === '' ? 'null' : text}) was not written: enter it again to have it.`;
    return now === undefined
        ? `The table changed meanwhile, and this row is not in sight any more. ${kept}`
        : `Someone changed this cell to ${now === null ? 'null' : now} meanwhile. ${kept}`;
}

/** What the server says, as a sentence of the page. @param {string} text */
export function sentence(text) {
    const first = text.charAt(0).toUpperCase() + text.slice(1).replace(/`([^`]*)`/g, '“$1”');
    return /[.!?]$/.test(first) ? first : `${first}.`;
}
