import { Emitter } from '../client/emitter.js';
import { condition } from './condition.js';
import { axisToInput, formatAxis, inputToAxis, isNumeric, isTime } from './format.js';

/**
 * The filters of one table: a range per numeric or time column, a list of values per other column.
 * They are one selection of the session (`select`), each clause fed by an input of its own, so that
 * a chart can leave out the clauses that it brushes itself.
 *
 * Event: `change` {column}.
 */
export class Filters extends Emitter {
    #session;
    #columns;
    #table;
    #prefix;
    /** @type {Map<string, {kind: 'between' | 'in', input: string}>} */
    #clauses = new Map();
    /** @type {Map<string, any>} column: [lo, hi] on the axis, or a list of values */
    #active = new Map();
    #defining = null;
    /** @type {Map<string, any>} column: the promise of its newest value; gone when the server showed that value */
    #unshown = new Map();
    /** @type {Map<string, any>} column: the value before the first one that the server has not shown */
    #before = new Map();

    /**
     * @param {any} session
     * @param {string} table
     * @param {any[]} columns of table.describe
     * @param {string} [page] pages of one session that filter the same table apart from each other
     */
    constructor(session, table, columns, page = 'e') {
        super();
        this.#session = session;
        this.#table = table;
        this.#columns = new Map(columns.map((column) => [column.name, column]));
        this.#prefix = `${page}f${hash(table)}`;
        this.select = `${page}s${hash(table)}`;
    }

    /** @param {string} name */
    column(name) {
        return this.#columns.get(name);
    }

    /** All columns, in the order of the table. */
    get columns() {
        return [...this.#columns.values()];
    }

    /**
     * The description changed. A column whose type did has another kind of filter now, one that was
     * renamed keeps its own, one that is gone has none.
     * @param {any[]} columns
     * @param {Map<string, string>} [renamed] old name: new name
     */
    describe(columns, renamed = new Map()) {
        const before = this.#columns;
        this.#columns = new Map(columns.map((column) => [column.name, column]));
        const used = [...this.#clauses.keys()];
        const is_other = used.filter((name) => this.column(name)?.type !== before.get(name)?.type);
        if (is_other.length === 0) {
            return;
        }
        const kept = [...renamed].filter(([from, to]) => this.#active.has(from) && before.get(from)?.type === this.column(to)?.type);
        const values = Object.fromEntries(kept.map(([from, to]) => [to, this.#active.get(from)]));
        this.#forget(is_other);
        const again = used.map((name) => renamed.get(name) ?? name).filter((name) => this.#columns.has(name));
        again.forEach((name) => this.#clause(name));
        if (this.#clauses.size > 0) {
            this.#define();
            this.#defining.catch(() => {}); // the outputs that read it say so themselves
        }
        if (kept.length > 0) {
            this.set(values);
        }
    }

    #forget(names) {
        const inputs = {};
        for (const name of names) {
            inputs[this.#clauses.get(name).input] = null;
            this.#clauses.delete(name);
            this.#active.delete(name);
            this.#unshown.delete(name);
        }
        this.#session.inputs.set(inputs);
        names.forEach((column) => this.emit('change', { column }));
    }

    /**
     * Makes sure that the selection has clauses for these columns, and defines it.
     * @param {string[]} names
     */
    async use(names) {
        const before = this.#clauses.size;
        names.forEach((name) => this.#clause(name));
        if (this.#clauses.size > before || this.#defining === null) {
            this.#define();
        }
        await this.#defining;
    }

    /** @returns {string} the name of the clause on this column, for `except` */
    clauseName(name) {
        return this.#clause(name).input;
    }

    /** @param {string} name */
    get(name) {
        return this.#active.get(name) ?? null;
    }

    get active() {
        return [...this.#active].map(([column, value]) => ({ column, value, label: this.label(column) }));
    }

    /**
     * @param {Record<string, any>} values column: [lo, hi], list of values, or null for off
     * @returns {Promise<any>} the flush that shows it
     */
    set(values) {
        const inputs = {};
        for (const [name, value] of Object.entries(values)) {
            const { input, kind } = this.#clause(name);
            if (!this.#unshown.has(name)) {
                this.#before.set(name, this.get(name));
            }
            const is_off = value === null || (kind === 'in' && value.length === 0);
            if (is_off) {
                this.#active.delete(name);
            } else {
                this.#active.set(name, value);
            }
            inputs[input] = is_off ? null : this.#toInput(name, value);
        }
        const shown = this.#session.inputs.set(inputs);
        this.#follow(values, shown);
        Object.keys(values).forEach((column) => this.emit('change', { column }));
        return shown;
    }

    /** The filter is about to move: the server makes ready for it. */
    announce(name) {
        const { input } = this.#clause(name);
        this.#session.hint(input).catch(() => {}); // its moves work all the same
    }

    /** Whether what this filter says has not reached the charts, and cannot now. */
    isWaiting(name) {
        return this.#unshown.has(name) && !this.#session.isConnected;
    }

    /** Adds or takes away one value of a list filter. */
    toggle(name, value, is_adding) {
        const now = this.get(name) ?? [];
        const without = now.filter((other) => other !== value);
        if (without.length < now.length) {
            return this.set({ [name]: is_adding || now.length === 1 ? without : [value] });
        }
        return this.set({ [name]: is_adding ? [...now, value] : [value] });
    }

    clear() {
        return this.set(Object.fromEntries([...this.#active.keys()].map((name) => [name, null])));
    }

    /** Takes over what a resumed session still filters by. */
    adopt(inputs) {
        for (const name of this.#columns.keys()) {
            const value = inputs[this.#input(name)];
            if (value !== null && value !== undefined) {
                this.#clause(name);
                this.#active.set(name, this.#fromInput(name, value));
                this.emit('change', { column: name });
            }
        }
    }

    /** A value that the server never took (the session ended) is taken back. */
    #follow(values, shown) {
        const names = Object.keys(values);
        const isNewest = (name) => this.#unshown.get(name) === shown;
        names.forEach((name) => this.#unshown.set(name, shown));
        shown.then(
            () => names.forEach((name) => (isNewest(name) ? this.#unshown.delete(name) : this.#before.set(name, values[name]))),
            () => names.filter(isNewest).forEach((name) => this.#takeBack(name)),
        );
    }

    #takeBack(name) {
        const before = this.#before.get(name);
        this.#unshown.delete(name);
        if (before === null) {
            this.#active.delete(name);
        } else {
            this.#active.set(name, before);
        }
        this.emit('change', { column: name });
    }

    /** @param {string} name what the chip says */
    label(name) {
        const value = this.get(name);
        const { type } = this.column(name);
        if (this.#clause(name).kind === 'in') {
            return value.length > 3 ? `${name}: ${value.length} values` : `${name}: ${value.join(', ')}`;
        }
        const [low, high] = value;
        const span = low !== null && high !== null ? high - low : 0;
        return `${name}: ${formatAxis(low, type, span)} – ${formatAxis(high, type, span)}`;
    }

    /**
     * The filters as a condition, for a change of the rows that pass them.
     * @returns {string | null} null: no filter is on
     */
    where() {
        const parts = [...this.#active.keys()].map((name) => condition(this.column(name), this.#toInput(name, this.get(name)), this.#clause(name).kind));
        return parts.length > 0 ? parts.join(' AND ') : null;
    }

    #clause(name) {
        let clause = this.#clauses.get(name);
        if (!clause) {
            const { type } = this.column(name);
            clause = { kind: isNumeric(type) || isTime(type) ? 'between' : 'in', input: this.#input(name) };
            this.#clauses.set(name, clause);
        }
        return clause;
    }

    /** By the column's name: columns come and go, and their numbers with them. */
    #input(name) {
        return `${this.#prefix}_${hash(name)}${name.length}`;
    }

    #define() {
        const clauses = [...this.#clauses].map(([column, { kind, input }]) => ({ column, [kind]: `$${input}`, name: input }));
        this.#defining = this.#session.select(this.select, this.#table, clauses);
    }

    #toInput(name, value) {
        const { type } = this.column(name);
        return this.#clause(name).kind === 'in' ? value : value.map((end) => axisToInput(end, type));
    }

    #fromInput(name, value) {
        const { type } = this.column(name);
        return this.#clause(name).kind === 'in' ? value : value.map((end) => inputToAxis(end, type));
    }
}

/** A short name made of the table's, which may hold any character. */
function hash(text) {
    let value = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) {
        value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
    }
    return (value >>> 0).toString(36);
}
