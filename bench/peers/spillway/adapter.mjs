// Spillway as a peer of the peer benchmark (its README, "Adding a peer"): upload by PUT, everything
// else by reactive outputs over the WebSocket, a step being one input.set answered by its flush.
// It lies in the benchmark's peers/spillway/; SPILLWAY names the server's binary.
import { createReadStream, statSync } from 'node:fs';
import http from 'node:http';
import WebSocket from 'ws';
import { commandServer } from '../../lib/adapter.mjs';

const BINARY = process.env.SPILLWAY ?? 'spillway';
const EDGE = 4;
const COLUMNS = ['id', 'ts', 'category', 'station', 'qty', 'price', 'x', 'y', 'note'];
const DROPDOWN = ['scatter', 'lo', 'hi', 'hist2d', 'contour'];

export const title = 'Spillway';
export const packages = ['ws'];
export const debian = ['libwebsockets17', 'libuv1'];

export const start = (opts) => commandServer(BINARY,
    ['--listen', `127.0.0.1:${opts.port}`, '--state', `${opts.tmp}/state`], opts);

export const connect = ({ port }) => SpillwaySession.open(port);

class SpillwaySession {
    #ws;
    #port;
    #nextId = 1;
    #epoch = 0;
    #replies = new Map();
    #flushes = [];
    #loads = new Map();
    #values = new Map();
    #arrivals = [];
    #defined = new Set();
    #edge = new Set();

    static async open(port) {
        const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['spillway.v1.json'], {
            perMessageDeflate: false, maxPayload: 1 << 30,
        });
        await new Promise((ok, bad) => { ws.once('open', ok); ws.once('error', bad); });
        const session = new SpillwaySession(ws, port);
        session.token = (await session.#call('session.open', {})).token;
        return session;
    }

    constructor(ws, port) {
        this.#ws = ws;
        this.#port = port;
        ws.on('message', (data) => this.#receive(JSON.parse(data)));
        ws.on('close', () => this.#fail(new Error('connection closed')));
    }

    #fail(error) {
        for (const { bad } of [...this.#replies.values(), ...this.#flushes, ...this.#arrivals, ...this.#loads.values()]) {
            bad(error);
        }
    }

    #receive(message) {
        const { method, params } = message;
        if (method === undefined) {
            const { ok, bad } = this.#replies.get(message.id);
            this.#replies.delete(message.id);
            if (message.error) {
                bad(new Error(message.error.message));
            } else {
                ok(message.result);
            }
        } else if (method === 'output.value') {
            this.#values.set(params.output, params.data);
            this.#arrivals = this.#arrivals.filter((wait) => !wait.arrived(params.output));
        } else if (method === 'flush') {
            // A step that a newer one replaced is closed by the newer one's flush.
            const done = this.#flushes.filter(({ epoch }) => epoch <= params.epoch);
            this.#flushes = this.#flushes.filter(({ epoch }) => epoch > params.epoch);
            done.forEach(({ ok }) => ok());
        } else if (method === 'upload.progress' || method === 'table.changed' || method === 'upload.failed') {
            this.#loading(method, params);
        } else if (method === 'output.state' && params.state === 'error') {
            this.#fail(new Error(`${params.output}: ${params.error.message}`));
        }
    }

    #loading(method, params) {
        const wait = this.#loads.get(params.table);
        if (method === 'upload.failed') {
            this.#fail(new Error(params.error.message));
        } else if (wait && method === 'table.changed' && params.what === 'upload') {
            this.#loads.delete(params.table);
            wait.ok(params.rows);
        }
    }

    #call(method, params) {
        const id = this.#nextId++;
        return new Promise((ok, bad) => {
            this.#replies.set(id, { ok, bad });
            this.#ws.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
        });
    }

    /** Sets inputs; resolves when everything that depends on them has arrived. */
    #set(values) {
        const epoch = ++this.#epoch;
        return new Promise((ok, bad) => {
            this.#flushes.push({ epoch, ok, bad });
            this.#ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'input.set', params: { values, epoch } }));
        });
    }

    /** Defines outputs and waits for the first value of each. */
    async #define(outputs) {
        const missing = new Set(Object.keys(outputs));
        const arrived = new Promise((ok, bad) => {
            this.#arrivals.push({ bad, arrived: (name) => missing.delete(name) && missing.size === 0 && (ok(), true) });
        });
        await Promise.all([arrived,
            ...Object.entries(outputs).map(([output, how]) => this.#call('output.define', { output, table: 'trips', ...how }))]);
    }

    /** Runs `define` the first time that a group of outputs is asked for. */
    async #once(group, define) {
        if (!this.#defined.has(group)) {
            this.#defined.add(group);
            await define();
        }
    }

    async upload(path) {
        const t0 = performance.now();
        const loaded = new Promise((ok, bad) => { this.#loads.set('trips', { ok, bad }); });
        await this.#put(path);
        const receivedMs = performance.now() - t0;
        const rows = await loaded;
        const { columns } = await this.#call('table.describe', { table: 'trips' });
        const ts = columns.find(({ name }) => name === 'ts');
        this.span = [Date.parse(ts.min), Date.parse(ts.max) + 1];
        // Our last bin holds its upper edge, the benchmark's does not: leave such rows out, if there are any.
        for (const column of ['x', 'y']) {
            const { rows: at } = await this.#call('table.page', { table: 'trips', offset: 0, limit: 0, where: `${column} = ${EDGE}` });
            if (at > 0) {
                this.#edge.add(column);
            }
        }
        // The benchmark's bins, rounded as it rounds them: a value on an edge may fall to either side of it.
        // They are part of the upload here, and of its time.
        for (const column of ['x', 'y']) {
            await this.#call('table.add_column', {
                table: 'trips', name: `${column}_bin`, expr: `cast(floor((${column} + ${EDGE}) * 6.25) as int)`, frozen: true,
            });
        }
        return { rows, receivedMs };
    }

    #put(path) {
        return new Promise((ok, bad) => {
            const request = http.request({
                host: '127.0.0.1', port: this.#port, method: 'PUT', path: '/upload/trips.csv?table=trips', agent: false,
                headers: { Authorization: `Bearer ${this.token}`, 'Content-Length': statSync(path).size },
            }, (response) => {
                let text = '';
                response.on('data', (piece) => { text += piece; });
                response.on('end', () => (response.statusCode < 300 ? ok() : bad(new Error(text))));
            });
            request.on('error', bad);
            createReadStream(path, { highWaterMark: 1 << 20 }).pipe(request);
        });
    }

    #below(...columns) {
        const where = columns.filter((column) => this.#edge.has(column)).map((column) => `${column} < ${EDGE}`).join(' AND ');
        return where === '' ? {} : { where };
    }

    async dropdown(category) {
        const grid = (bins) => ({
            kind: 'histogram2d', select: 'category', ...this.#below('x', 'y'),
            // Row-major with y outer; the benchmark wants x outer.
            x: { column: 'y', bins, domain: [-EDGE, EDGE] }, y: { column: 'x', bins, domain: [-EDGE, EDGE] },
        });
        const edge = (fn) => ({ kind: 'histogram', select: 'category', x: 'ts', bins: 500, domain: this.span, measure: { fn, column: 'y' } });
        await this.#once('dropdown', async () => {
            await this.#call('select.define', { select: 'category', table: 'trips', clauses: [{ column: 'category', equals: '$category' }] });
            await this.#set({ category });
            await this.#define({
                scatter: { kind: 'scatter', select: 'category', where: 'y IS NOT NULL', x: 'x', y: 'y', points: 1000 },
                lo: edge('min'), hi: edge('max'), hist2d: grid(64), contour: grid(32),
            });
        });
        await this.#set({ category });
        const [scatter, lo, hi, hist2d, contour] = DROPDOWN.map((name) => this.#values.get(name));
        const filled = lo.value.flatMap((value, b) => (value === null ? [] : [b]));
        return {
            scatter: { x: scatter.x, y: scatter.y },
            line: { b: filled, lo: filled.map((b) => lo.value[b]), hi: filled.map((b) => hi.value[b]) },
            hist2d: hist2d.count, contour: contour.count,
        };
    }

    async brush(lo, hi) {
        // The last bin holds its upper edge too: one more, which is left out of the answer.
        const bars = (x, low) => ({ kind: 'histogram', select: 'price', x, bins: 51, domain: [low, low + 51] });
        await this.#once('brush', async () => {
            await this.#call('select.define', { select: 'price', table: 'trips', clauses: [{ column: 'price', between: '$price', ends: '[)' }] });
            await this.#define({
                x: bars('x_bin', 0), y: bars('y_bin', 0), qty: bars('qty', 1),
                cats: {
                    kind: 'groupby', select: 'price', by: ['category'],
                    measures: { n: { fn: 'count' }, mean: { fn: 'mean', column: 'price' } },
                },
            });
        });
        await this.#set({ price: [lo, hi] });
        const cats = this.#values.get('cats');
        const counts = (output) => this.#values.get(output).count.slice(0, 50);
        return {
            x: counts('x'), y: counts('y'), qty: counts('qty'),
            cats: Object.fromEntries(cats.keys.category.map((name, i) => [name, [cats.measures.n[i], cats.measures.mean[i]]])),
        };
    }

    /** The charts of the dropdown are out of sight here, and a chart out of sight does not compute. */
    async modify(category, factor, lo, hi) {
        if (this.#defined.delete('dropdown')) {
            await Promise.all(DROPDOWN.map((output) => this.#call('output.drop', { output })));
        }
        await this.#call('table.update', {
            table: 'trips', where: `category = '${category.replaceAll("'", "''")}'`, set: { price: { expr: `price * ${factor}` } },
        });
        return this.brush(lo, hi);
    }

    /** Defined anew each time, so that every answer is computed. */
    async top() {
        await this.#define({
            top: {
                kind: 'groupby', by: ['station'], limit: 20, order: { measure: 'sum', desc: true },
                measures: { n: { fn: 'count' }, sum: { fn: 'sum', column: 'price' }, mean: { fn: 'mean', column: 'y' } },
            },
        });
        const { keys, measures } = this.#values.get('top');
        return keys.station.map((name, i) => [name, measures.n[i], measures.sum[i], measures.mean[i]]);
    }

    async download(category, onChunk) {
        const { url } = await this.#call('download.create', { table: 'trips', format: 'csv', columns: COLUMNS, where: `category = '${category.replaceAll("'", "''")}'` });
        await new Promise((ok, bad) => {
            http.get({ host: '127.0.0.1', port: this.#port, path: url, agent: false }, (response) => {
                response.on('data', onChunk);
                response.on('error', bad);
                response.on('end', () => (response.statusCode === 200 ? ok() : bad(new Error(`download: ${response.statusCode}`))));
            }).on('error', bad);
        });
    }

    close() { this.#ws.close(); }
}
