/**
 * The Spillway client: one session on a Spillway server, for browsers and Node 20 and newer.
 * It knows no DOM. docs/client.md shows how it is used, PROTOCOL what goes over the line.
 */
import { Emitter } from './client/emitter.js';
import { CODE, SpillwayError } from './client/errors.js';
import { defaultUrl, nextFrame } from './client/environment.js';
import { decodeFrame } from './client/frame.js';
import { Heartbeat } from './client/heartbeat.js';
import { Inputs } from './client/inputs.js';
import { Outputs } from './client/outputs.js';
import { Rpc } from './client/rpc.js';
import { Socket } from './client/socket.js';
import { defaultStore, memoryStore, storageStore } from './client/store.js';
import { Table } from './client/table.js';
import { Uploads } from './client/uploads.js';

export { CODE, SpillwayError, decodeFrame, memoryStore, storageStore };

const HEARTBEAT_MS = 20_000;
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * Opens a session, or resumes the one whose token the store holds.
 * @param {string | URL} [url] of the server's socket; default: `/ws` where the page came from
 * @param {import('./client/environment.js').ConnectOptions} [options]
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
    #outputs;
    #uploads;
    #heartbeat;
    #arrow = null;
    #first = null;
    state = 'connecting';
    /** @type {any} the result of the last session.open */
    info = null;

    /**
     * Nothing is sent before `start`; that leaves time to listen.
     * @param {URL | string} [at]
     * @param {import('./client/environment.js').ConnectOptions} [options]
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
        this.#outputs = new Outputs(this.#rpc);
        this.#uploads = new Uploads(this, this.#options);
        this.#heartbeat = new Heartbeat({
            period_ms: this.#options.heartbeat_ms,
            ask: () => this.call('session.info').catch(() => {}),
            dead: () => this.#socket.abandon(),
        });
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
     * A table made from others, which it follows; docs/derived.md has the definition.
     * @param {string} table
     * @param {any} definition the params of table.create
     * @param {{signal?: AbortSignal}} [options]
     */
    async createTable(table, definition, options) {
        await this.call('table.create', { table, ...definition }, options);
        return this.table(table);
    }

    /** A named row filter; defining it again replaces it. */
    select(select, table, clauses) {
        return this.call('select.define', { select, table, clauses });
    }

    /**
     * The input is about to move, again and again (a pointer is down on its slider): the server makes ready for it.
     * @param {string} input
     */
    hint(input) {
        return this.call('select.hint', { input });
    }

    /**
     * A reactive output. One that the resumed session already has with the same definition is only attached to.
     * @param {string} name
     * @param {any} spec the params of output.define
     * @returns {import('./client/output.js').Output}
     */
    output(name, spec) {
        return this.#outputs.define(name, spec);
    }

    /** A File, Blob or Buffer on its way into a table; options: see client/upload.js. */
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
        this.#heartbeat.start();
        this.#outputs.opened(info.outputs ?? []);
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

    #receive(data) {
        this.#heartbeat.heard();
        if (typeof data !== 'string') {
            this.#outputs.receive(decodeFrame(data, this.#arrow));
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
        const take = {
            'output.value': () => this.#outputs.receive(params),
            'output.state': () => this.#outputs.receiveState(params),
            flush: () => this.#flushed(params),
            'upload.progress': () => this.#uploads.progress(params),
            'upload.failed': () => this.#uploads.failed(params),
            'table.progress': () => this.emit('making', params),
            'session.notice': () => this.emit('notice', params),
            'table.changed': () => {
                this.emit('table', params);
                if (params.what === 'upload') {
                    this.#uploads.landed(params);
                }
            },
        };
        take[method]?.(); // what a newer server adds is for newer clients
    }

    #flushed(flush) {
        this.inputs.flushed(flush);
        this.emit('flush', flush);
        if (this.#options.flow) {
            // Acknowledged when what the listeners drew has had its frame.
            this.#options.schedule(() => this.#rpc.notify('flush.ack', { epoch: flush.epoch }));
        }
    }

    #down(why) {
        this.#heartbeat.stop();
        this.#rpc.down();
        this.#become({ state: 'reconnecting', ...why });
    }

    #end(change) {
        this.#heartbeat.stop();
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
