/**
 * Rows of a table of any length, fetched in pages around what is looked at.
 *
 * `get` never waits: it gives the row, or null while its page is under way. Pages that went out of
 * date stay to be looked at until the fresh ones are there. Far jumps wait until the scrolling
 * rests, requests for pages out of sight are cancelled, the page ahead is fetched in advance.
 */
export class PageCache {
    #fetch;
    #arrived;
    #failed;
    #options;
    /** @type {Map<number, {page: any, generation: number}>} in order of use */
    #pages = new Map();
    /** @type {Map<number, AbortController>} */
    #under_way = new Map();
    #generation = 0;
    #timer = null;
    #wanted = { first: 0, last: 0 };
    #rows = 0;

    /**
     * @param {object} options
     * @param {(offset: number, limit: number, signal: AbortSignal) => Promise<any>} options.fetch a table.page
     * @param {(first: number, last: number, page: any) => void} options.arrived
     * @param {(error: Error) => void} [options.failed]
     * @param {number} [options.page_rows]
     * @param {number} [options.pages_max]
     * @param {number} [options.rest_ms]
     */
    constructor({ fetch, arrived, failed = () => {}, ...options }) {
        this.#fetch = fetch;
        this.#arrived = arrived;
        this.#failed = failed;
        this.#options = { page_rows: 200, pages_max: 60, rest_ms: 60, ...options };
    }

    get length() {
        return this.#rows;
    }

    set length(rows) {
        this.#rows = rows;
    }

    /**
     * @param {number} row
     * @returns {{id: any, values: any[], version: number, kept?: Map<number, string>} | null} `version` of its page; `kept`: texts that do not fit their column
     */
    get(row) {
        const { page_rows } = this.#options;
        const number = Math.floor(row / page_rows);
        const entry = this.#pages.get(number);
        const at = row - number * page_rows;
        if (!entry || at >= entry.page.row_ids.length) {
            return null;
        }
        const { row_ids, data, version, exceptions } = entry.page;
        const kept = exceptions && new Map(exceptions.filter((one) => one[1] === at).map(([column, , text]) => [column, text]));
        return { id: row_ids[at], values: data.map((column) => column[at]), version: Number(version), kept };
    }

    /**
     * Where a row stands now, among the pages that are not out of date.
     * @param {any} id
     * @returns {number} -1 when none of them has it
     */
    find(id) {
        for (const [number, { page, generation }] of this.#pages) {
            const at = generation === this.#generation ? page.row_ids.indexOf(id) : -1;
            if (at >= 0) {
                return number * this.#options.page_rows + at;
            }
        }
        return -1;
    }

    /** Whether the page of a row is not out of date. */
    isFresh(row) {
        return this.#pages.get(Math.floor(row / this.#options.page_rows))?.generation === this.#generation;
    }

    /** The newest version that any page is of. */
    get version() {
        return Math.max(0, ...[...this.#pages.values()].map(({ page }) => Number(page.version)));
    }

    /** What is there is of no use any more, not even to be looked at. */
    forget() {
        this.#pages.clear();
    }

    /**
     * These rows are in sight.
     * @param {number} first
     * @param {number} last
     */
    look(first, last) {
        const is_ahead = first >= this.#wanted.first;
        this.#wanted = { first, last };
        const needed = this.#numbers(is_ahead);
        for (const [number, controller] of this.#under_way) {
            if (!needed.includes(number)) {
                controller.abort();
                this.#under_way.delete(number);
            }
        }
        const is_near = needed.some((number) => this.#pages.has(number));
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#request(needed), is_near ? 0 : this.#options.rest_ms);
    }

    /** Filter, order or version changed: what is in sight is fetched anew. */
    invalidate() {
        this.#generation += 1;
        for (const controller of this.#under_way.values()) {
            controller.abort();
        }
        this.#under_way.clear();
        this.look(this.#wanted.first, this.#wanted.last);
    }

    stop() {
        clearTimeout(this.#timer);
        this.#under_way.forEach((controller) => controller.abort());
        this.#under_way.clear();
    }

    #numbers(is_ahead) {
        const { page_rows } = this.#options;
        const last_page = Math.max(0, Math.ceil(this.#rows / page_rows) - 1);
        const first = Math.floor(this.#wanted.first / page_rows);
        const last = Math.min(Math.floor(this.#wanted.last / page_rows), last_page);
        const numbers = [];
        for (let number = first; number <= last; number++) {
            numbers.push(number);
        }
        const next = is_ahead ? last + 1 : first - 1;
        return next >= 0 && next <= last_page ? [...numbers, next] : numbers;
    }

    #request(numbers) {
        for (const number of numbers) {
            const entry = this.#pages.get(number);
            if (this.#under_way.has(number) || entry?.generation === this.#generation) {
                continue;
            }
            this.#load(number);
        }
    }

    async #load(number) {
        const { page_rows } = this.#options;
        const controller = new AbortController();
        const generation = this.#generation;
        this.#under_way.set(number, controller);
        try {
            const page = await this.#fetch(number * page_rows, page_rows, controller.signal);
            if (generation === this.#generation) {
                this.#keep(number, page);
            }
        } catch (error) {
            if (!controller.signal.aborted) {
                this.#failed(error);
            }
        } finally {
            if (this.#under_way.get(number) === controller) {
                this.#under_way.delete(number);
            }
        }
    }

    #keep(number, page) {
        const { page_rows, pages_max } = this.#options;
        this.#pages.delete(number);
        this.#pages.set(number, { page, generation: this.#generation });
        for (const old of this.#pages.keys()) {
            if (this.#pages.size <= pages_max) {
                break;
            }
            this.#pages.delete(old);
        }
        this.#rows = Number(page.rows);
        this.#arrived(number * page_rows, number * page_rows + page_rows - 1, page);
    }
}
