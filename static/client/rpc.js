import { CODE, SpillwayError } from './errors.js';

/** Asking one of these twice does no more than asking once, so a lost answer is asked for again. */
const REPEATABLE = new Set([
    'session.info',
    'table.list',
    'table.describe',
    'table.page',
    'table.preview',
    'table.history',
    'input.set',
    'input.list',
    'select.define',
    'select.hint',
    'output.define',
    'output.drop',
    'output.pause',
    'output.resume',
    'output.list',
    'download.create',
]);

/**
 * JSON-RPC 2.0 over whatever `send` is. While the line is down calls wait; those that were under
 * way when it broke are sent again if that is harmless, and fail with `connectionLost` if not.
 */
export class Rpc {
    #send;
    #next_id = 1;
    #is_ready = false;
    /** @type {SpillwayError | null} why nothing is sent any more */
    #over = null;
    /** @type {Map<number, {text: string, method: string, resolve: Function, reject: Function, is_sent: boolean}>} */
    #calls = new Map();

    /** @param {(text: string) => void} send */
    constructor(send) {
        this.#send = send;
    }

    get isReady() {
        return this.#is_ready;
    }

    /**
     * @param {string} method
     * @param {object} [params]
     * @param {{signal?: AbortSignal, is_first?: boolean}} [options] `is_first`: the opening call, sent although the line is not ready
     * @returns {Promise<any>}
     */
    call(method, params = {}, { signal, is_first = false } = {}) {
        return new Promise((resolve, reject) => {
            if (signal?.aborted) {
                reject(new SpillwayError(CODE.cancelled, 'The request was cancelled.'));
                return;
            }
            if (this.#over) {
                reject(this.#over);
                return;
            }
            const id = this.#next_id++;
            const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
            const call = { text, method, resolve, reject, is_sent: false };
            this.#calls.set(id, call);
            signal?.addEventListener('abort', () => this.#cancel(id), { once: true });
            if (this.#is_ready || is_first) {
                call.is_sent = true;
                this.#send(text);
            }
        });
    }

    /**
     * @param {string} method
     * @param {object} [params]
     * @returns {boolean} whether it could be sent
     */
    notify(method, params = {}) {
        if (this.#is_ready) {
            this.#send(JSON.stringify({ jsonrpc: '2.0', method, params }));
        }
        return this.#is_ready;
    }

    /**
     * @param {any} message an answer
     */
    answer(message) {
        const call = this.#calls.get(message.id);
        if (!call) {
            return;
        }
        this.#calls.delete(message.id);
        if (message.error) {
            call.reject(SpillwayError.from(message.error));
        } else {
            call.resolve(message.result);
        }
    }

    /** The session is open on this socket: send what waited. */
    ready() {
        this.#is_ready = true;
        for (const call of this.#calls.values()) {
            if (!call.is_sent) {
                call.is_sent = true;
                this.#send(call.text);
            }
        }
    }

    /** The socket is gone. */
    down() {
        this.#is_ready = false;
        for (const [id, call] of this.#calls) {
            if (!call.is_sent) {
                continue;
            }
            if (REPEATABLE.has(call.method)) {
                call.is_sent = false;
            } else {
                this.#calls.delete(id);
                call.reject(
                    new SpillwayError(
                        CODE.connectionLost,
                        `The connection broke before ${call.method} was answered; it may or may not have been carried out.`,
                    ),
                );
            }
        }
    }

    /** After `fail`: calls may wait for a line again. */
    revive() {
        this.#over = null;
    }

    /**
     * Nothing will be answered any more.
     * @param {SpillwayError} error
     */
    fail(error) {
        this.#over = error;
        this.#is_ready = false;
        const calls = [...this.#calls.values()];
        this.#calls.clear();
        for (const call of calls) {
            call.reject(error);
        }
    }

    /** @param {number} id */
    #cancel(id) {
        const call = this.#calls.get(id);
        if (!call) {
            return;
        }
        this.#calls.delete(id);
        if (call.is_sent) {
            this.notify('$/cancel', { id });
        }
        call.reject(new SpillwayError(CODE.cancelled, 'The request was cancelled.'));
    }
}
