// Conversations: tests/conversation/*.io, each one a test against the real server. The format is
// explained in tests/conversation/README.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Client, RpcError, request } from './client.mjs';

const ABSENT = '*none';

/** Replaces %name% by what was captured: whole strings by the value, parts by its text. */
function fill(value, captured) {
    if (typeof value === 'string') {
        const whole = /^%(\w+)%$/.exec(value);
        if (whole && captured.has(whole[1])) {
            return captured.get(whole[1]);
        }
        return value.replace(/%(\w+)%/g, (all, name) => (captured.has(name) ? String(captured.get(name)) : all));
    }
    if (Array.isArray(value)) {
        return value.map((item) => fill(item, captured));
    }
    if (value !== null && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, captured)]));
    }
    return value;
}

function matchText(pattern, value, captured, where) {
    const capture = /^%(\w+)%$/.exec(pattern);
    const near = /^~(-?[\d.eE+-]+)$/.exec(pattern);
    const regex = /^\/(.*)\/(i?)$/.exec(pattern);
    if (pattern === '*') {
        assert.notEqual(value, undefined, `${where} is missing`);
    } else if (pattern === '*string' || pattern === '*number' || pattern === '*boolean') {
        assert.equal(typeof value, pattern.slice(1), `${where}: ${JSON.stringify(value)}`);
    } else if (capture) {
        assert.notEqual(value, undefined, `${where} is missing`);
        captured.set(capture[1], value);
    } else if (near) {
        const want = Number(near[1]);
        assert.ok(typeof value === 'number' && Math.abs(value - want) <= 1e-9 * Math.max(1, Math.abs(want)),
            `${where}: ${value} is not about ${want}`);
    } else if (regex) {
        assert.ok(typeof value === 'string' && new RegExp(regex[1], regex[2]).test(value),
            `${where}: ${JSON.stringify(value)} does not match ${pattern}`);
    } else {
        assert.equal(value, pattern, where);
    }
}

/** Holds a value against a pattern; members that the pattern does not name are free. */
export function match(pattern, value, captured, where = '') {
    if (typeof pattern === 'string') {
        matchText(fill(pattern, captured), value, captured, where);
    } else if (Array.isArray(pattern)) {
        assert.ok(Array.isArray(value), `${where} is a list: ${JSON.stringify(value)}`);
        const open = pattern.at(-1) === '...';
        const items = open ? pattern.slice(0, -1) : pattern;
        assert.ok(open ? value.length >= items.length : value.length === items.length,
            `${where} has ${items.length} items: ${JSON.stringify(value).slice(0, 500)}`);
        items.forEach((item, i) => match(item, value[i], captured, `${where}[${i}]`));
    } else if (pattern !== null && typeof pattern === 'object') {
        assert.ok(value !== null && typeof value === 'object' && !Array.isArray(value),
            `${where} is an object: ${JSON.stringify(value)}`);
        for (const [key, item] of Object.entries(pattern)) {
            if (item === ABSENT) {
                assert.equal(key in value, false, `${where}.${key} is absent`);
            } else {
                match(item, value[key], captured, `${where}.${key}`);
            }
        }
    } else {
        assert.deepEqual(value, pattern, where);
    }
}

/** The file as steps {line, sign, text, body}. */
export function parse(text) {
    const steps = [];
    const about = [];
    let last = null;
    text.split('\n').forEach((raw, index) => {
        const found = /^(>>|[><!@#|+]) ?(.*)$/.exec(raw);
        if (raw.trim() === '') {
            return;
        }
        assert.ok(found, `line ${index + 1}: a line begins with > >> < ! @ | + or #: ${raw}`);
        const [, sign, rest] = found;
        if (sign === '#') {
            about.push(rest);
        } else if (sign === '|') {
            last.body.push(rest);
        } else if (sign === '+') {
            last.text += ` ${rest.trim()}`;
        } else {
            last = { line: index + 1, sign, text: rest, body: [] };
            steps.push(last);
        }
    });
    return { title: about[0] ?? '', steps };
}

class Conversation {
    captured = new Map();
    sockets = new Map();
    name = 'main';
    replies = new Map();
    /** Of each socket: what waits for the answers to frames sent as written, which have no known id. */
    #raw = new Map();

    constructor(server) { this.server = server; }

    get client() {
        const client = this.sockets.get(this.name);
        assert.ok(client, `there is no socket '${this.name}'`);
        return client;
    }

    async connect(name, protocol) {
        const client = await Client.connect(this.server, { protocol });
        client.unasked = (message) => this.#raw.get(name).shift()?.({ error: message.error });
        this.#raw.set(name, []);
        this.sockets.set(name, client);
        this.replies.set(name, []);
        this.name = name;
    }

    pending(name = this.name) { return this.replies.get(name); }

    json(text) {
        return fill(JSON.parse(text), this.captured);
    }

    send(step) {
        const message = this.json(step.text);
        if (message.notify) {
            this.client.notify(message.notify, message.params);
            return;
        }
        const asked = this.client.callAsIs(message.method, message.params).then(
            (result) => {
                if (message.method === 'session.open') {
                    this.client.token = result.token;
                }
                return { result };
            },
            (error) => {
                if (error instanceof RpcError) {
                    return { error: { code: error.code, message: error.text, data: error.data } };
                }
                return { broken: error };
            });
        this.pending().push(asked);
    }

    sendAsWritten(text) {
        const answered = new Promise((resolve) => { this.#raw.get(this.name).push(resolve); });
        this.pending().push(Promise.race([answered, this.client.closed.then((end) => ({ broken: new Error(`closed ${end.code}`) }))]));
        this.client.sendText(text);
    }

    /** A pattern that names an output, table or epoch waits for that one; others for the next of the method. */
    #isMeant(pattern, params) {
        return ['output', 'table', 'epoch', 'upload'].every((name) => {
            const want = fill(pattern[name], this.captured);
            const isPlain = typeof want === 'number' || (typeof want === 'string' && !/^[*%/]/.test(want));
            return !isPlain || !(name in params) || params[name] === want;
        });
    }

    async expect(step) {
        const pattern = JSON.parse(step.text);
        if ('method' in pattern) {
            const params = await this.client.next(pattern.method, (p) => this.#isMeant(pattern.params ?? {}, p));
            match(pattern.params ?? {}, params, this.captured, pattern.method);
            return;
        }
        const asked = this.pending().shift();
        assert.ok(asked, 'no request is waiting for an answer');
        const answer = await asked;
        if (answer.broken) {
            throw answer.broken;
        }
        match(pattern, answer, this.captured, '');
    }

    /** ! pattern: no such notification has arrived. */
    never(step) {
        const pattern = JSON.parse(step.text);
        const found = this.client.notifications.find((m) => {
            if (m.method !== pattern.method) {
                return false;
            }
            try {
                match(pattern.params ?? {}, m.params, new Map(this.captured));
                return true;
            } catch {
                return false;
            }
        });
        assert.ok(!found, `this came all the same: ${JSON.stringify(found)}`);
    }

    async direct(step) {
        const [verb, ...words] = step.text.trim().split(/\s+/);
        const directives = {
            socket: async (name, protocol) => {
                if (this.sockets.has(name)) {
                    this.name = name;
                } else {
                    await this.connect(name, protocol);
                }
            },
            upload: async (table, query = '') => {
                const body = step.body.map((line) => `${line}\n`).join('');
                await this.client.upload(table, body, Object.fromEntries(new URLSearchParams(query)));
                this.client.notifications = this.client.notifications.filter((m) => !/^(upload|table)\./.test(m.method));
            },
            close: () => this.client.close(),
            cut: () => this.client.cut(),
            closed: async (code) => assert.equal((await this.client.closed).code, Number(code), 'the close code'),
            forget: () => { this.client.notifications = []; },
            get: (path, status) => this.http('GET', path, status, step.body),
            put: (path, status) => this.http('PUT', path, status, [], step.body.map((line) => `${line}\n`).join('')),
        };
        assert.ok(directives[verb], `there is no directive @${verb}`);
        await directives[verb](...words);
    }

    async http(method, path, status, lines, body) {
        const answer = await request(this.server, method, fill(path, this.captured),
            { body, headers: { Authorization: `Bearer ${this.client.token}` } });
        assert.equal(answer.status, Number(status), answer.text.slice(0, 500));
        if (lines.length > 0) {
            assert.equal(answer.text, lines.map((line) => `${line}\n`).join(''));
        }
    }

    async step(step) {
        const verbs = {
            '>': () => this.send(step),
            '>>': () => this.sendAsWritten(step.text),
            '<': () => this.expect(step),
            '!': () => this.never(step),
            '@': () => this.direct(step),
        };
        await verbs[step.sign]();
    }

    async end() {
        for (const client of this.sockets.values()) {
            if (client.isOpen) {
                await client.close();
            }
        }
    }
}

/** Plays one file against the server; an error names the line. */
export async function play(server, file) {
    const { steps } = parse(readFileSync(file, 'utf8'));
    const conversation = new Conversation(server);
    await conversation.connect('main');
    try {
        for (const step of steps) {
            try {
                await conversation.step(step);
            } catch (error) {
                error.message = `line ${step.line}: ${step.sign} ${step.text}\n${error.message}`;
                throw error;
            }
        }
    } finally {
        await conversation.end();
    }
}
