// Bytes on a TCP socket, for requests that no well-behaved client would make: HTTP as written, and
// WebSocket frames with every field free.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';

const WAIT_MS = 15_000;

export class Raw {
    #wake = new Set();
    received = Buffer.alloc(0);
    isClosed = false;

    /** @param {import('./server.mjs').Server} server */
    static async connect(server, options = {}) {
        const socket = net.connect({ host: '127.0.0.1', port: server.port, ...options });
        await new Promise((resolve, reject) => {
            socket.once('connect', resolve);
            socket.once('error', reject);
        });
        return new Raw(socket);
    }

    constructor(socket) {
        this.socket = socket;
        this.openedAt = Date.now();
        socket.setNoDelay(true);
        socket.on('data', (data) => {
            this.received = Buffer.concat([this.received, data]);
            this.#rouse();
        });
        socket.on('error', () => {});
        socket.on('close', () => {
            this.isClosed = true;
            this.closedAt = Date.now();
            this.#rouse();
        });
    }

    #rouse() {
        for (const wake of [...this.#wake]) {
            wake();
        }
    }

    send(bytes) {
        if (!this.isClosed) {
            this.socket.write(bytes);
        }
    }

    /** Lines joined with CRLF, and the empty line that ends a head. */
    sendHead(...lines) { this.send(`${lines.join('\r\n')}\r\n\r\n`); }

    /** Waits for check(received) to hold; false when the time is over or the line is closed first. */
    async wait(check, ms = WAIT_MS) {
        const end = Date.now() + ms;
        while (!check(this.received)) {
            const left = end - Date.now();
            if (left <= 0 || this.isClosed) {
                return false;
            }
            await new Promise((resolve) => {
                const wake = () => { this.#wake.delete(wake); clearTimeout(timer); resolve(); };
                const timer = setTimeout(wake, left);
                this.#wake.add(wake);
            });
        }
        return true;
    }

    /** True when the other side ends the line within ms. */
    async closes(ms = WAIT_MS) {
        await this.wait(() => this.isClosed, ms);
        return this.isClosed;
    }

    end() { this.socket.destroy(); }

    text() { return this.received.toString('latin1'); }

    /** The status codes of all the responses so far, by their status lines. */
    statuses() {
        return [...this.text().matchAll(/(?:^|\n|\})HTTP\/1\.[01] (\d{3}) /g)].map((found) => Number(found[1]));
    }

    /** Waits for the n-th final response's status. */
    async status(n = 1, ms = WAIT_MS) {
        await this.wait(() => this.statuses().filter((code) => code >= 200).length >= n, ms);
        return this.statuses().filter((code) => code >= 200)[n - 1];
    }
}

/** One raw request on a line of its own: what came back and whether the line was closed. */
export async function exchange(server, head, body = '', { quietMs = 1500 } = {}) {
    const raw = await Raw.connect(server);
    raw.send(`${head.join('\r\n')}\r\n\r\n${body}`);
    const closed = await raw.closes(quietMs);
    const result = { closed, statuses: raw.statuses(), text: raw.text() };
    raw.end();
    return result;
}

export function handshakeHead(server, changes = {}) {
    const key = changes.key ?? randomBytes(16).toString('base64');
    const headers = {
        Host: `127.0.0.1:${server.port}`,
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Key': key,
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Protocol': 'spillway.v1.json',
        ...changes.headers,
    };
    const lines = Object.entries(headers).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`);
    return { key, lines: [changes.request ?? 'GET /ws HTTP/1.1', ...lines] };
}

export const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** A client frame; `length` announces another length than the payload has. */
export function frame(opcode, payload = '', { fin = true, masked = true, rsv = 0, length } = {}) {
    const body = Buffer.from(payload);
    const size = BigInt(length ?? body.length);
    const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
    const maskBit = masked ? 0x80 : 0;
    let head;
    if (size < 126n) {
        head = Buffer.from([first, maskBit | Number(size)]);
    } else if (size < 65536n) {
        head = Buffer.from([first, maskBit | 126, 0, 0]);
        head.writeUInt16BE(Number(size), 2);
    } else {
        head = Buffer.from([first, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
        head.writeBigUInt64BE(size, 2);
    }
    if (!masked) {
        return Buffer.concat([head, body]);
    }
    const mask = randomBytes(4);
    return Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4])]);
}

/** A WebSocket by hand: what it receives is cut into frames. */
export class RawWebSocket {
    #used = 0;
    frames = [];

    static async connect(server, changes = {}) {
        const raw = await Raw.connect(server, changes.socket);
        const { key, lines } = handshakeHead(server, changes);
        raw.sendHead(...lines);
        assert.equal(await raw.status101(), true, `the handshake was refused: ${raw.text().slice(0, 300)}`);
        const head = raw.text();
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        assert.ok(head.includes(accept), 'the handshake proves the key');
        const ws = new RawWebSocket(raw);
        ws.head = head.slice(0, head.indexOf('\r\n\r\n'));
        ws.#used = head.indexOf('\r\n\r\n') + 4;
        return ws;
    }

    constructor(raw) { this.raw = raw; }

    send(...args) { this.raw.send(frame(...args)); }
    request(id, method, params = {}) {
        this.send(OPCODE.text, JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    }

    /** Cuts what arrived into frames {opcode, fin, rsv, payload}. */
    parse() {
        const data = this.raw.received;
        for (;;) {
            if (data.length < this.#used + 2) {
                return this.frames;
            }
            let at = this.#used + 2;
            let size = data[this.#used + 1] & 0x7f;
            assert.equal(data[this.#used + 1] & 0x80, 0, 'a server does not mask');
            if (size === 126) {
                if (data.length < at + 2) {
                    return this.frames;
                }
                size = data.readUInt16BE(at);
                at += 2;
            } else if (size === 127) {
                if (data.length < at + 8) {
                    return this.frames;
                }
                size = Number(data.readBigUInt64BE(at));
                at += 8;
            }
            if (data.length < at + size) {
                return this.frames;
            }
            const first = data[this.#used];
            this.frames.push({
                opcode: first & 15, fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7,
                payload: data.subarray(at, at + size),
            });
            this.#used = at + size;
        }
    }

    /** Waits for a frame that fits; undefined when none came. */
    async frame(fits, ms = WAIT_MS) {
        await this.raw.wait(() => this.parse().some(fits), ms);
        return this.frames.find(fits);
    }

    /** The code of the close frame that the server sends; null for a close without one. */
    async closeCode(ms = WAIT_MS) {
        const close = await this.frame((f) => f.opcode === OPCODE.close, ms);
        if (!close) {
            assert.ok(this.raw.isClosed, `neither a close frame nor the end of the line within ${ms} ms`);
            return null;
        }
        return close.payload.length >= 2 ? close.payload.readUInt16BE(0) : 1005;
    }

    end() { this.raw.end(); }
}

Raw.prototype.status101 = async function status101(ms = WAIT_MS) {
    await this.wait(() => this.received.includes('\r\n\r\n'), ms);
    return /^HTTP\/1\.1 101 /.test(this.text());
};
