import { Emitter } from './emitter.js';

/** Close codes after which coming back by itself would be wrong (PROTOCOL, transport). */
const FINAL_CODES = new Set([4003, 4008, 4409]);

/**
 * A WebSocket that comes back: after a loss it waits a random time between nothing and a bound
 * that doubles with every try (full jitter), so that a thousand clients of a restarted server
 * do not arrive in one instant.
 *
 * Events: `open`, `message` (string or ArrayBuffer), `down` {code, reason, delay_ms, attempt},
 * `final` {code, reason} (the server does not want this client back).
 */
export class Socket extends Emitter {
    #options;
    /** @type {WebSocket | null} */
    #ws = null;
    #attempt = 0;
    #timer = null;
    #stopped = true;

    /**
     * @param {object} options
     * @param {string} options.url
     * @param {string[]} options.protocols
     * @param {typeof WebSocket} options.WebSocket
     * @param {() => number} [options.random] for tests
     * @param {number} [options.delay_ms_base]
     * @param {number} [options.delay_ms_max]
     * @param {number} [options.connect_timeout_ms]
     */
    constructor(options) {
        super();
        this.#options = {
            random: Math.random,
            delay_ms_base: 500,
            delay_ms_max: 15_000,
            connect_timeout_ms: 10_000,
            ...options,
        };
    }

    get isOpen() {
        return this.#ws !== null && this.#ws.readyState === 1;
    }

    /** The subprotocol that the server chose, or ''. */
    get protocol() {
        return this.#ws?.protocol ?? '';
    }

    start() {
        this.#stopped = false;
        this.#connect();
    }

    /** Says that the connection proved itself, so the next loss starts with a short wait. */
    settled() {
        this.#attempt = 0;
    }

    retryNow() {
        if (this.#timer !== null && !this.#stopped) {
            clearTimeout(this.#timer);
            this.#timer = null;
            this.#connect();
        }
    }

    /** Drops a connection that no longer answers; the usual coming back follows. */
    abandon() {
        const ws = this.#ws;
        if (ws) {
            this.#lost(ws, 1006, 'no answer');
            ws.close();
        }
    }

    /**
     * On a line that is closing nothing is sent: its loss is about to be told, and who waits for an
     * answer asks again then.
     * @param {string} text
     */
    send(text) {
        if (this.isOpen) {
            this.#ws?.send(text);
        }
    }

    stop() {
        this.#stopped = true;
        clearTimeout(this.#timer);
        this.#timer = null;
        const ws = this.#ws;
        this.#ws = null;
        ws?.close(1000);
    }

    #connect() {
        const { WebSocket, url, protocols, connect_timeout_ms } = this.#options;
        const ws = new WebSocket(url, protocols);
        ws.binaryType = 'arraybuffer';
        this.#ws = ws;
        const late = setTimeout(() => {
            this.#lost(ws, 1006, 'no answer to the connection attempt');
            ws.close();
        }, connect_timeout_ms);
        ws.onopen = () => {
            clearTimeout(late);
            if (ws === this.#ws) {
                this.emit('open');
            }
        };
        ws.onmessage = (event) => {
            if (ws === this.#ws) {
                this.emit('message', event.data);
            }
        };
        ws.onerror = () => {}; // a close event follows with all that is known
        ws.onclose = (event) => {
            clearTimeout(late);
            this.#lost(ws, event.code, event.reason);
        };
    }

    /**
     * @param {WebSocket} ws
     * @param {number} code
     * @param {string} reason
     */
    #lost(ws, code, reason) {
        if (ws !== this.#ws) {
            return;
        }
        this.#ws = null;
        if (this.#stopped) {
            return;
        }
        if (FINAL_CODES.has(code)) {
            this.#stopped = true;
            this.emit('final', { code, reason });
            return;
        }
        const { random, delay_ms_base, delay_ms_max } = this.#options;
        const bound = Math.min(delay_ms_max, delay_ms_base * 2 ** this.#attempt);
        const delay_ms = Math.round(random() * bound);
        this.#attempt = Math.min(this.#attempt + 1, 20);
        this.#timer = setTimeout(() => {
            this.#timer = null;
            this.#connect();
        }, delay_ms);
        this.emit('down', { code, reason, delay_ms, attempt: this.#attempt });
    }
}
