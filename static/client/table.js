/**
 * A table of the session by name; every method is the protocol's method of that name.
 * Every change takes `{if_version}` among its parameters: where that is not the current version it is
 * refused with `CODE.conflict`, and `error.data.version` is the current one.
 */
export class Table {
    #session;

    /**
     * @param {import('../spillway.js').Session} session
     * @param {string} name
     */
    constructor(session, name) {
        this.#session = session;
        this.name = name;
    }

    /** Columns with type, nulls, range and distinct count; works while the table is loading. */
    describe() {
        return this.#call('describe');
    }

    /**
     * @param {{offset?: number, limit?: number, columns?: string[], sort?: {column: string, desc?: boolean}[], where?: string, select?: string}} query
     * @param {{signal?: AbortSignal}} [options]
     */
    page(query, options) {
        return this.#call('page', query, options);
    }

    /**
     * The first values of an expression, its type, and how many rows a condition means; changes nothing.
     * @param {{expr?: string, type?: string, where?: string, limit?: number}} query
     * @param {{signal?: AbortSignal}} [options]
     */
    preview(query, options) {
        return this.#call('preview', query, options);
    }

    /**
     * @param {{set: Record<string, any>, where?: string, row_ids?: any[], if_version?: number}} change `set`: column: value or {expr}
     * @returns {Promise<{version: number, changed: number}>}
     */
    update(change) {
        return this.#call('update', change);
    }

    /** @param {{rows?: object[], columns?: Record<string, any[]>, if_version?: number}} change */
    append(change) {
        return this.#call('append', change);
    }

    /** @param {{where?: string, row_ids?: any[], if_version?: number}} change */
    deleteRows(change) {
        return this.#call('delete_rows', change);
    }

    /** @param {{name: string, expr?: string, type?: string, frozen?: boolean, if_version?: number}} change with `expr` a formula, unless `frozen` */
    addColumn(change) {
        return this.#call('add_column', change);
    }

    /** @param {{column: string, if_version?: number}} change */
    dropColumn(change) {
        return this.#call('drop_column', change);
    }

    /** @param {{from: string, to: string, if_version?: number}} change */
    renameColumn(change) {
        return this.#call('rename_column', change);
    }

    /**
     * @param {{column: string, type: string, on_error?: 'fail' | 'keep' | 'null', preview?: boolean, if_version?: number}} change `preview`: only says what would not fit
     * @param {{signal?: AbortSignal}} [options]
     */
    castColumn(change, options) {
        return this.#call('cast_column', change, options);
    }

    /** @param {{column: string, expr: string, type?: string, if_version?: number}} change */
    setFormula(change) {
        return this.#call('set_formula', change);
    }

    /** A formula becomes the values that it has now. @param {{column: string, if_version?: number}} change */
    freezeColumn(change) {
        return this.#call('freeze_column', change);
    }

    /**
     * All or nothing, one version, one step of the history.
     * @param {{method: string, params: object}[]} ops `method` with or without `table.`
     * @param {{if_version?: number}} [options]
     */
    batch(ops, options = {}) {
        const named = ops.map(({ method, params }) => ({ method: method.startsWith('table.') ? method : `table.${method}`, params }));
        return this.#call('batch', { ops: named, ...options });
    }

    /** @param {{if_version?: number}} [options] */
    undo(options = {}) {
        return this.#call('undo', options);
    }

    /** @param {{if_version?: number}} [options] */
    redo(options = {}) {
        return this.#call('redo', options);
    }

    /** @returns {Promise<{version: number, what: string, rows: number, time: string, undone?: true}[]>} oldest first */
    history() {
        return this.#call('history');
    }

    drop() {
        return this.#call('drop');
    }

    /**
     * @param {{format?: 'csv' | 'arrow', where?: string, select?: string, columns?: string[], sort?: any[], filename?: string}} [query]
     * @returns {Promise<{url: string, expires_s: number, rows?: number}>} the address is good for one download
     */
    async download(query = {}) {
        const ticket = await this.#session.call('download.create', { table: this.name, format: 'csv', ...query });
        return { ...ticket, url: new URL(ticket.url, this.#session.base).href };
    }

    #call(method, params = {}, options = undefined) {
        return this.#session.call(`table.${method}`, { table: this.name, ...params }, options);
    }
}
