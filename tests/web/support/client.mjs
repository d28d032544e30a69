// A small JSON-RPC client on `ws` for tests: it keeps every notification in order, and holds all that
// arrives against schema/.
import assert from 'node:assert/strict';
import http from 'node:http';
import WebSocket from 'ws';
import { schemas } from './schema.mjs';

const WAIT_MS = 30_000;

export class RpcError extends Error {
    constructor(method, { code, message, data }) {
        super(`${method}: ${code} ${message}`);
        this.code = code;
        this.text = message;
        this.data = data;
    }
}

export class Client {
    #ws;
    #next = 1;
    #waiting = new Map();
    #wake = new Set();
    #broken = null;
    notifications = [];
    /** The newest output.value of each output. */
    values = new Map();
    closed;

    /** @param {import('./server.mjs').Server} server */
    static async connect(server, { protocol, origin, headers } = {}) {
        const ws = new WebSocket(server.url, protocol ? [protocol] : [], {
            perMessageDeflate: false, origin, headers,
        });
        ws.binaryType = 'nodebuffer';
        const client = new Client(server, ws);
        await new Promise((resolve, reject) => {
            ws.once('open', resolve);
            ws.once('error', reject);
        });
        return client;
    }

    /** A connected client with a session of its own, or the one of `token`. */
    static async open(server, { token, params = {}, ...options } = {}) {
        const client = await Client.connect(server, options);
        await client.open(token === undefined ? params : { ...params, resume: token });
        return client;
    }

    constructor(server, ws) {
        this.server = server;
        this.#ws = ws;
        ws.on('message', (data, isBinary) => {
            try {
                this.#receive(data, isBinary);
            } catch (error) {
                this.#break(error);
            }
        });
        ws.on('error', () => {});
        this.closed = new Promise((resolve) => {
            ws.on('close', (code, reason) => {
                for (const waiter of this.#waiting.values()) {
                    waiter.reject(new Error(`${waiter.method}: the socket closed (${code} ${reason})`));
                }
                this.#waiting.clear();
                resolve({ code, reason: String(reason) });
                this.#rouse();
            });
        });
    }

    get isOpen() { return this.#ws.readyState === WebSocket.OPEN; }
    get protocol() { return this.#ws.protocol; }

    /** What arrived does not fit the schema: everything that waits fails with that. */
    #break(error) {
        this.#broken ??= error;
        for (const waiter of this.#waiting.values()) {
            waiter.reject(error);
        }
        this.#waiting.clear();
        this.#rouse();
    }

    #rouse() {
        for (const wake of [...this.#wake]) {
            wake();
        }
    }

    #receive(data, isBinary) {
        const message = isBinary ? readFrame(data) : JSON.parse(data.toString('utf8'));
        assert.equal(message.jsonrpc ?? (isBinary ? '2.0' : undefined), '2.0');
        if ('method' in message) {
            if (!isBinary) {
                schemas().notification(message.method, message.params);
            }
            if (message.method === 'output.value') {
                this.values.set(message.params.output, message.params);
            }
            if (message.arrow) {
                this.onArrow?.(message.arrow);
            }
            this.notifications.push(message);
            this.#rouse();
            return;
        }
        const waiter = this.#waiting.get(message.id);
        if (!waiter) {
            this.unasked?.(message);
            return;
        }
        this.#waiting.delete(message.id);
        if ('error' in message) {
            schemas().error(waiter.method, message.error);
            waiter.reject(new RpcError(waiter.method, message.error));
        } else {
            schemas().result(waiter.method, message.result);
            waiter.resolve(message.result);
        }
    }

    sendText(text) { this.#ws.send(text, { binary: false }); }
    sendBinary(bytes) { this.#ws.send(bytes, { binary: true }); }

    /** Sends a request without holding it against the schema first. */
    callAsIs(method, params, id = this.#next++) {
        if (this.#broken) {
            return Promise.reject(this.#broken);
        }
        const answer = new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#waiting.delete(id);
                reject(new Error(`${method}: no answer within ${WAIT_MS} ms`));
            }, WAIT_MS);
            const settle = (how) => (value) => { clearTimeout(timer); how(value); };
            this.#waiting.set(id, { method, resolve: settle(resolve), reject: settle(reject) });
        });
        this.sendText(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
        return answer;
    }

    call(method, params = {}) {
        schemas().request(method, params);
        return this.callAsIs(method, params);
    }

    notify(method, params) {
        this.sendText(JSON.stringify({ jsonrpc: '2.0', method, params }));
    }

    /** The error that a call must end in. */
    async fails(method, params, code, pattern) {
        try {
            await this.callAsIs(method, params);
        } catch (error) {
            assert.ok(error instanceof RpcError, `${method}: ${error.stack}`);
            assert.equal(error.code, code, `${method}: ${error.message}`);
            if (pattern) {
                assert.match(error.text, pattern);
            }
            return error;
        }
        return assert.fail(`${method} ${JSON.stringify(params)} was expected to fail with ${code}`);
    }

    async open(params = {}) {
        this.info = await this.call('session.open', params);
        this.token = this.info.token;
        return this.info;
    }

    /** Takes the first kept notification that fits, or the next one that will. */
    async next(method, fits = () => true, ms = WAIT_MS) {
        const found = () => this.notifications.findIndex((m) => m.method === method && fits(m.params));
        await this.#until(`${method}`, () => found() >= 0, ms);
        return this.notifications.splice(found(), 1)[0].params;
    }

    async #until(what, check, ms) {
        const end = Date.now() + ms;
        while (!check()) {
            if (this.#broken) {
                throw this.#broken;
            }
            if (!this.isOpen) {
                throw new Error(`waiting for ${what}: the socket is closed`);
            }
            const left = end - Date.now();
            assert.ok(left > 0, `waited ${ms} ms for ${what}; kept: ${this.notifications.map((m) => m.method).join(' ')}`);
            await new Promise((resolve) => {
                const wake = () => { this.#wake.delete(wake); clearTimeout(timer); resolve(); };
                const timer = setTimeout(wake, left);
                this.#wake.add(wake);
            });
        }
    }

    /** Sets inputs and waits for the flush of their epoch (or of one that replaced it). */
    async input(values, epoch = this.#epoch++) {
        this.call('input.set', { values, epoch }).catch((error) => this.#break(error));
        return this.next('flush', (params) => params.epoch >= epoch);
    }
    #epoch = 1000;

    /** Defines an output and waits for its first value. */
    async output(params) {
        this.values.delete(params.output);
        await this.call('output.define', params);
        return this.value(params.output);
    }

    async value(output, fits = () => true) {
        await this.#until(`a value of ${output}`, () => this.values.has(output) && fits(this.values.get(output)), WAIT_MS);
        return this.values.get(output);
    }

    /** Uploads CSV text or bytes as a table with PUT and waits until it is loaded. */
    async upload(table, body, query = {}) {
        const answer = await this.put(`/upload/${encodeURIComponent(table)}.csv?${new URLSearchParams({ table, ...query })}`, body);
        assert.ok(answer.status >= 200 && answer.status < 300, `PUT: ${answer.status} ${answer.text}`);
        await this.loaded(JSON.parse(answer.text).table);
        return JSON.parse(answer.text);
    }

    /** Waits until a table's upload is complete; returns the change that says so. */
    async loaded(table) {
        const ends = (m) => m.params?.table === table
            && (m.method === 'upload.failed' || (m.method === 'table.changed' && m.params.what === 'upload'));
        await this.#until(`${table} to be loaded`, () => this.notifications.some(ends), WAIT_MS);
        const [end] = this.notifications.splice(this.notifications.findIndex(ends), 1);
        assert.equal(end.method, 'table.changed', `the upload failed: ${JSON.stringify(end.params)}`);
        return end.params;
    }

    put(path, body, headers = {}) {
        return request(this.server, 'PUT', path, { body, headers: { Authorization: `Bearer ${this.token}`, ...headers } });
    }

    /** Reads nothing more from the line, and reads on. */
    pause() { this.#ws.pause(); }
    resume() { this.#ws.resume(); }

    /** Ends the socket politely and waits for the end. */
    async close() {
        this.#ws.close(1000);
        return this.closed;
    }

    /** Cuts the line without a close frame. */
    async cut() {
        this.#ws.terminate();
        return this.closed;
    }
}

/** An Arrow frame: the header as the notification that it stands for, the stream beside it. */
function readFrame(bytes) {
    const length = bytes.readUInt32LE(0);
    const params = JSON.parse(bytes.subarray(4, 4 + length).toString('utf8'));
    const start = Math.ceil((4 + length) / 8) * 8;
    assert.ok(start <= bytes.length, 'the padding lies inside the frame');
    assert.ok(bytes.subarray(4 + length, start).every((byte) => byte === 0), 'padding is zero');
    return { jsonrpc: '2.0', method: 'output.value', params, arrow: bytes.subarray(start) };
}

/** One HTTP request; resolves to {status, headers, text, bytes}. */
export function request(server, method, path, { body, headers = {}, agent = false } = {}) {
    return new Promise((resolve, reject) => {
        const bytes = body === undefined ? null : Buffer.from(body);
        const length = bytes === null ? {} : { 'Content-Length': bytes.length };
        const req = http.request({
            host: '127.0.0.1', port: server.port, method, path, agent, headers: { ...length, ...headers },
        }, (response) => {
            const pieces = [];
            response.on('data', (piece) => pieces.push(piece));
            response.on('error', reject);
            response.on('end', () => {
                const all = Buffer.concat(pieces);
                resolve({ status: response.statusCode, headers: response.headers, bytes: all, text: all.toString('utf8') });
            });
        });
        req.on('error', reject);
        req.end(bytes ?? undefined);
    });
}
