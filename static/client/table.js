/** A table of the session by name; every method is the protocol's method of that name. */
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
        return this.#session.call('table.describe', { table: this.name });
    }

    /**
     * @param {{offset: number, limit: number, columns?: string[], sort?: {column: string, desc?: boolean}[], where?: string, select?: string}} query
     * @param {{signal?: AbortSignal}} [options]
     */
    page(query, options) {
        return this.#session.call('table.page', { table: this.name, ...query }, options);
    }

    drop() {
        return this.#session.call('table.drop', { table: this.name });
    }

    /**
     * @param {{format?: 'csv' | 'arrow', where?: string, select?: string, columns?: string[], sort?: any[], filename?: string}} [query]
     * @returns {Promise<{url: string, expires_s: number, rows?: number}>} the address is good for one download
     */
    async download(query = {}) {
        const ticket = await this.#session.call('download.create', { table: this.name, format: 'csv', ...query });
        return { ...ticket, url: new URL(ticket.url, this.#session.base).href };
    }
}
