import { Emitter } from './emitter.js';

/**
 * The session's inputs. Any number of `set` calls between two frames become one `input.set` with
 * the latest value of each; while the line is down they gather and go out when it is back.
 *
 * Events: `change` {name: value} for every value set here or found at opening.
 */
export class Inputs extends Emitter {
    #rpc;
    #schedule;
    /** @type {Record<string, any>} */
    #values = {};
    /** @type {Record<string, any> | null} */
    #pending = null;
    #epoch;
    /** @type {{epoch: number, resolve: Function, reject: Function}[]} */
    #waiting = [];
    #is_scheduled = false;

    /**
     * @param {import('./rpc.js').Rpc} rpc
     * @param {(run: () => void) => void} schedule runs its argument at the next frame
     */
    constructor(rpc, schedule) {
        super();
        this.#rpc = rpc;
        this.#schedule = schedule;
        // Epochs go on rising over a reload of the page: the session outlives this counter.
        this.#epoch = Date.now();
    }

    /** The epoch of the last `set`. */
    get epoch() {
        return this.#epoch;
    }

    /** Whether every value that was set has been shown, or refused. */
    get isSettled() {
        return this.#waiting.length === 0;
    }

    /** @param {string} name */
    get(name) {
        return this.#values[name] ?? null;
    }

    all() {
        return { ...this.#values };
    }

    /**
     * @param {Record<string, any>} values
     * @returns {Promise<any>} the flush that shows these values, or newer ones
     */
    set(values) {
        Object.assign(this.#values, values);
        if (this.#pending === null) {
            this.#epoch += 1;
            this.#pending = {};
        }
        Object.assign(this.#pending, values);
        this.emit('change', values);
        const epoch = this.#epoch;
        const shown = new Promise((resolve, reject) => this.#waiting.push({ epoch, resolve, reject }));
        shown.catch(() => {}); // most callers look at the outputs, not at this promise
        this.#plan();
        return shown;
    }

    /** The line is up (again). */
    ready() {
        if (this.#pending !== null) {
            this.#plan();
        }
    }

    /** @param {Record<string, any>} values what the server has */
    adopt(values) {
        this.#values = { ...values, ...this.#pending };
        this.emit('change', this.#values);
    }

    /** @param {any} flush */
    flushed(flush) {
        const rest = [];
        for (const wait of this.#waiting) {
            if (flush.epoch >= wait.epoch) {
                wait.resolve(flush);
            } else {
                rest.push(wait);
            }
        }
        this.#waiting = rest;
    }

    /** @param {Error} error */
    fail(error) {
        const waiting = this.#waiting;
        this.#waiting = [];
        this.#pending = null;
        for (const wait of waiting) {
            wait.reject(error);
        }
    }

    #plan() {
        if (!this.#is_scheduled) {
            this.#is_scheduled = true;
            this.#schedule(() => {
                this.#is_scheduled = false;
                this.#flushPending();
            });
        }
    }

    #flushPending() {
        if (this.#pending === null || !this.#rpc.isReady) {
            return;
        }
        const values = this.#pending;
        const epoch = this.#epoch;
        this.#pending = null;
        this.#rpc.call('input.set', { values, epoch }).catch((error) => {
            const refused = this.#waiting.filter((wait) => wait.epoch === epoch);
            this.#waiting = this.#waiting.filter((wait) => wait.epoch !== epoch);
            refused.forEach((wait) => wait.reject(error));
            this.emit('refused', { values, error });
        });
    }
}
