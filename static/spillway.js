/**
 * The Spillway client: one session on a Spillway server, for browsers and Node 20 and newer.
 * It knows no DOM. docs/client.md shows how it is used, PROTOCOL what goes over the line.
 */
import { Emitter } from './client/emitter.js';
import { CODE, SpillwayError } from './client/errors.js';
import { decodeFrame } from './client/frame.js';
import { Inputs } from './client/inputs.js';
import { Output } from './client/output.js';
import { Rpc } from './client/rpc.js';
import { Socket } from './client/socket.js';
import { defaultStore, memoryStore, storageStore } from './client/store.js';
import { Table } from './client/table.js';
import { Uploads } from './client/uploads.js';

export { CODE, SpillwayError, decodeFrame, memoryStore, storageStore };

const HEARTBEAT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * @typedef {object} ConnectOptions
 * @property {string} [app] a name that the server tells back to whoever resumes the session
 * @property {import('./client/store.js').TokenStore} [store] keeps the token; default sessionStorage, else memory
 * @property {'json' | 'arrow'} [wire] how series travel; default json
 * @property {any} [arrow] the flechette module, for `wire: 'arrow'`; default: the copy in vendor/
 * @property {any} [tus] the tus-js-client module for uploads; default: in browsers the copy in vendor/, else one plain PUT
 * @property {any} [WebSocket] default: the global one
 * @property {typeof fetch} [fetch] default: the global one
 * @property {{window: number}} [flow] at most this many flushes not yet drawn
 * @property {boolean} [exclusive] push out other sockets of the session
 * @property {(run: () => void) => void} [schedule] runs a function at the next frame
 * @property {() => number} [random] for tests: the jitter of the back-off
 * @property {number} [heartbeat_ms] a silent line is asked for a sign of life this often
 */

/**
 * Opens a session, or resumes the one whose token the store holds.
 * @param {string | URL} [url] of the server's socket; default: `/ws` where the page came from
 * @param {ConnectOptions} [options]
 * @returns {Promise<Session>}
 */
export async function connect(url = defaultUrl(), options = {}) {
    const session = new Session(url, options);
    await session.start();
    return session;
}

/**
 * Events: `connection` {state, ...}, `table` (table.changed), `upload` (an Upload that moved),
 * `flush`, `notice`, `opened` (the result of session.open, after every opening).
 * Connection states: connecting, connected, reconnecting {delay_ms, attempt}, restored, expired, closed {code, reason}.
 */
export class Session extends Emitter {
    #socket;
    #rpc;
    #options;
    /** @type {Map<string, Output>} */
    #outputs = new Map();
    /** @type {Map<string, any>} values of outputs that a resumed session has and nobody asked for yet */
    #unclaimed = new Map();
    #uploads;
    #arrow = null;
    #first = null;
    #heartbeat = null;
    #heard_at = 0;
    state = 'connecting';
    /** @type {any} the result of the last session.open */
    info = null;

    /**
     * Nothing is sent before `start`; that leaves time to listen.
     * @param {URL | string} [at]
     * @param {ConnectOptions} [options]
     */
    constructor(at = defaultUrl(), options = {}) {
        super();
        const url = new URL(at);
        this.#options = { store: defaultStore(), schedule: nextFrame, heartbeat_ms: HEARTBEAT_MS, ...options };
        this.fetch = options.fetch ?? globalThis.fetch?.bind(globalThis);
        this.base = new URL('/', url);
        this.base.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
        this.#socket = new Socket({
            url: url.href,
            protocols: options.wire === 'arrow' ? ['spillway.v1.arrow', 'spillway.v1.json'] : ['spillway.v1.json'],
            WebSocket: options.WebSocket ?? globalThis.WebSocket,
            ...(options.random && { random: options.random }),
        });
        this.#rpc = new Rpc((text) => this.#socket.send(text));
        this.inputs = new Inputs(this.#rpc, this.#options.schedule);
        this.#uploads = new Uploads(this, this.#options);
        this.#socket.on('open', () => this.#open());
        this.#socket.on('message', (data) => this.#receive(data));
        this.#socket.on('down', (why) => this.#down(why));
        this.#socket.on('final', (why) => this.#end({ state: 'closed', ...why }));
    }

    /** @returns {Promise<void>} settles when the session is open for the first time */
    async start() {
        if (this.#options.wire === 'arrow') {
            this.#arrow = this.#options.arrow ?? (await import('./vendor/flechette.js'));
        }
        this.#rpc.revive();
        const first = new Promise((resolve, reject) => {
            this.#first = { resolve, reject };
        });
        this.#become({ state: 'connecting' });
        this.#socket.start();
        return first;
    }

    /** The public name of the session. */
    get name() {
        return this.info?.session ?? null;
    }

    get isConnected() {
        return this.#rpc.isReady;
    }

    /**
     * Any method of the protocol.
     * @param {string} method
     * @param {object} [params]
     * @param {{signal?: AbortSignal}} [options]
     */
    call(method, params, options) {
        return this.#rpc.call(method, params, options);
    }

    /** @param {string} name */
    table(name) {
        return new Table(this, name);
    }

    tables() {
        return this.call('table.list');
    }

    /**
     * A named row filter; defining it again replaces it.
     * @param {string} select
     * @param {string} table
     * @param {object[]} clauses
     */
    select(select, table, clauses) {
        return this.call('select.define', { select, table, clauses });
    }

    /**
     * A reactive output. One that the resumed session already has with the same definition is only attached to.
     * @param {string} name
     * @param {any} spec the params of output.define
     * @returns {Output}
     */
    output(name, spec) {
        const known = this.#outputs.get(name);
        if (known) {
            known.update(spec);
            return known;
        }
        const output = new Output(this.#rpc, name, spec, () => this.#outputs.delete(name));
        this.#outputs.set(name, output);
        const early = this.#unclaimed.get(name);
        this.#unclaimed.delete(name);
        if (early && this.#listed().some((has) => has.output === name && isWithin(spec, { ...has, ...has.params }))) {
            queueMicrotask(() => output.receive(early)); // after the caller had time to listen
        } else {
            output.define().catch(() => {}); // told by the output's state
        }
        return output;
    }

    /**
     * @param {any} source File, Blob or Buffer
     * @param {any} [options] see client/upload.js
     */
    upload(source, options = {}) {
        return this.#uploads.begin(source, options);
    }

    /** Unfinished uploads of this very file (same name, size and date) in this session. */
    previousUploads(file) {
        return this.#uploads.previous(file);
    }

    /** All unfinished uploads of this session, to ask the user for their files. */
    unfinishedUploads() {
        return this.#uploads.unfinished();
    }

    /** Gives up an unfinished upload that `unfinishedUploads` told of. */
    forgetUpload(found) {
        return this.#uploads.forget(found);
    }

    /** @returns {Record<string, string>} the header that HTTP requests of this session carry */
    authorization() {
        return { Authorization: `Bearer ${this.info.token}` };
    }

    retryNow() {
        this.#socket.retryNow();
    }

    /** After `expired`: begins a new, empty session. */
    restart() {
        this.#options.store.delete();
        this.#socket.stop();
        this.#outputs.clear();
        this.#unclaimed.clear();
        return this.start();
    }

    /** Leaves; the session lives on for its idle time and can be resumed. */
    detach() {
        this.#end({ state: 'closed', code: 1000, reason: 'detached' });
    }

    /** Ends the session; all that it holds is gone. */
    async close() {
        await this.call('session.close');
        this.#options.store.delete();
        this.#end({ state: 'closed', code: 1000, reason: 'ended' });
    }

    async #open() {
        const { app, flow, exclusive, store } = this.#options;
        const token = this.info?.token ?? store.get();
        const late = setTimeout(() => this.#socket.abandon(), ANSWER_TIMEOUT_MS);
        try {
            const params = { ...(token && { resume: token }), ...(app && { app }), ...(flow && { flow }), ...(exclusive && { exclusive }) };
            this.#opened(await this.#rpc.call('session.open', params, { is_first: true }));
        } catch (error) {
            this.#refused(error);
        } finally {
            clearTimeout(late);
        }
    }

    #opened(info) {
        const is_return = this.info !== null;
        this.info = info;
        this.#options.store.set(info.token);
        this.#socket.settled();
        this.inputs.adopt(info.inputs ?? {});
        this.#rpc.ready();
        this.inputs.ready();
        this.#beat();
        this.#redefineLost();
        this.#become({ state: is_return ? 'restored' : 'connected', resumed: info.resumed });
        this.emit('opened', info);
        this.#uploads.check();
        this.#first?.resolve();
        this.#first = null;
    }

    #refused(error) {
        if (error.code === CODE.connectionLost) {
            return; // the socket went while we asked; it comes back by itself
        }
        if (error.code !== CODE.unknownToken) {
            this.#first?.reject(error);
            this.#end({ state: 'closed', code: error.code, reason: error.message });
            return;
        }
        this.#options.store.delete();
        if (this.info === null) {
            this.#become({ state: 'expired', is_reopening: true });
            this.#open(); // a page that comes back too late starts with an empty session
            return;
        }
        this.info = null;
        this.#end({ state: 'expired', reason: error.message });
    }

    /** What the session had when it was opened. */
    #listed() {
        return this.info?.outputs ?? [];
    }

    /** A definition that was under way when the line broke may not have arrived. */
    #redefineLost() {
        const names = new Set(this.#listed().map((has) => has.output));
        for (const output of this.#outputs.values()) {
            if (!names.has(output.name) && output.state !== 'defining') {
                output.define().catch(() => {});
            }
        }
    }

    #receive(data) {
        this.#heard_at = Date.now();
        if (typeof data !== 'string') {
            this.#outputValue(decodeFrame(data, this.#arrow));
            return;
        }
        const message = JSON.parse(data);
        if (message.method === undefined) {
            this.#rpc.answer(message);
        } else {
            this.#notified(message.method, message.params);
        }
    }

    #notified(method, params) {
        switch (method) {
            case 'output.value':
                this.#outputValue(params);
                break;
            case 'output.state':
                this.#outputs.get(params.output)?.receiveState(params);
                break;
            case 'flush':
                this.#flushed(params);
                break;
            case 'table.changed':
                this.emit('table', params);
                this.#uploads.check(params.table);
                break;
            case 'upload.progress':
                this.#uploads.progress(params);
                break;
            case 'upload.failed':
                this.#uploads.failed(params);
                break;
            case 'session.notice':
                this.emit('notice', params);
                break;
        }
    }

    #outputValue(value) {
        const output = this.#outputs.get(value.output);
        if (output) {
            output.receive(value);
        } else {
            this.#unclaimed.set(value.output, value);
        }
    }

    #flushed(flush) {
        this.inputs.flushed(flush);
        this.emit('flush', flush);
        if (this.#options.flow) {
            // Acknowledged when what the listeners drew has had its frame.
            this.#options.schedule(() => this.#rpc.notify('flush.ack', { epoch: flush.epoch }));
        }
    }

    /** Finds a dead line that no close event tells of (a sleeping laptop, a pulled cable). */
    #beat() {
        clearInterval(this.#heartbeat);
        const period = this.#options.heartbeat_ms;
        this.#heard_at = Date.now();
        this.#heartbeat = setInterval(() => {
            const silent_ms = Date.now() - this.#heard_at;
            if (silent_ms > 2 * period) {
                this.#socket.abandon();
            } else if (silent_ms >= period) {
                this.call('session.info').catch(() => {});
            }
        }, period / 2);
        this.#heartbeat.unref?.();
    }

    #down(why) {
        clearInterval(this.#heartbeat);
        this.#rpc.down();
        this.#become({ state: 'reconnecting', ...why });
    }

    #end(change) {
        clearInterval(this.#heartbeat);
        this.#socket.stop();
        const error = new SpillwayError(CODE.closed, change.reason || 'The session is closed.');
        this.#rpc.fail(error);
        this.inputs.fail(error);
        this.#become(change);
    }

    #become(change) {
        this.state = change.state;
        this.emit('connection', change);
    }
}

/** The next animation frame; a hidden page has none, so a timer stands in. */
function nextFrame(run) {
    let is_done = false;
    const once = () => {
        if (!is_done) {
            is_done = true;
            run();
        }
    };
    globalThis.requestAnimationFrame?.(once);
    setTimeout(once, globalThis.requestAnimationFrame ? 250 : 16);
}

/**
 * Whether each member of `part` stands in `whole` with the same value.
 * @param {any} part
 * @param {any} whole
 */
function isWithin(part, whole) {
    if (part === null || typeof part !== 'object') {
        return part === whole;
    }
    if (Array.isArray(part) && part.length !== whole?.length) {
        return false;
    }
    return Object.keys(part).every((key) => isWithin(part[key], whole?.[key] ?? null));
}

function defaultUrl() {
    const url = new URL('/ws', globalThis.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url;
}
