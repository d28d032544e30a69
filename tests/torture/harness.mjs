// The chamber: a server with the shim in front of the system (shim.c), whose disk, memory and clock
// are told by a control page when to misbehave, and whose writes are logged.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Client } from '../web/support/client.mjs';
import { ROOT, Server, binary, temporaryFolder } from '../web/support/server.mjs';

process.setMaxListeners(0); // one server after another, each with a listener

export const ACTION = { none: 0, kill: 1, full: 2, fails: 3, short: 4 };
export const OP = { write: 1, sync: 2, read: 4, create: 8, unlink: 16, rename: 32, truncate: 64, memory: 128 };

/** A server with a sanitizer has malloc of its own. */
export const isSanitized = readFileSync(binary()).includes('__asan_init');

let shim;
function builtShim() {
    if (shim === undefined) {
        const sources = ['shim.c', ...(isSanitized ? [] : ['shim_memory.c'])].map((name) => path.join(ROOT, 'tests/torture', name));
        const folder = path.join(ROOT, 'build/torture');
        const library = path.join(folder, isSanitized ? 'shim_asan.so' : 'shim.so');
        mkdirSync(folder, { recursive: true });
        if (!existsSync(library) || sources.some((source) => statSync(source).mtimeMs > statSync(library).mtimeMs)) {
            execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', library, ...sources]);
        }
        const first = isSanitized ? [execFileSync('gcc', ['-print-file-name=libasan.so']).toString().trim()] : [];
        shim = [...first, library].join(':');
    }
    return shim;
}

/** Numbers from a seed, the same in every run of it. */
export class Random {
    constructor(seed) { this.state = seed >>> 0; }

    below(limit) {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let x = this.state;
        x = Math.imul(x ^ (x >>> 15), x | 1);
        x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
        return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * limit);
    }

    of(list) { return list[this.below(list.length)]; }
}

export function seedFor(t) {
    const seed = Number(process.env.SW_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`SW_SEED=${seed}`);
    return new Random(seed);
}

export class Chamber {
    folder = temporaryFolder('spillway-torture-');
    #control;

    /** @param {{args?: string[], isLogged?: boolean, state?: string, isShimmed?: boolean}} [options] */
    constructor(t, { args = [], isLogged = false, isShimmed = true, files = [] } = {}) {
        this.args = args;
        this.files = files;
        this.isShimmed = isShimmed;
        this.state = path.join(this.folder, 'state');
        this.log = isLogged ? path.join(this.folder, 'log') : undefined;
        mkdirSync(this.state, { mode: 0o700 });
        writeFileSync(path.join(this.folder, 'control'), Buffer.alloc(4096));
        this.#control = openSync(path.join(this.folder, 'control'), 'r+');
        t.after(() => this.end());
    }

    end() {
        this.server?.signal('SIGKILL');
        if (this.#control !== undefined) {
            closeSync(this.#control);
            this.#control = undefined;
        }
        rmSync(this.folder, { recursive: true, force: true });
    }

    async start({ args = [], wrapper } = {}) {
        const env = this.isShimmed ? {
            LD_PRELOAD: builtShim(),
            TORTURE_CONTROL: path.join(this.folder, 'control'),
            TORTURE_STATE: this.state,
            ...(this.log ? { TORTURE_LOG: this.log } : {}),
        } : {};
        this.server = await Server.start({ args: ['--disk-free', '0', ...this.args, ...args], files: this.files, state: this.state, env, wrapper });
        return this.server;
    }

    /** From now on the `nth` matching call is hit, and the `count` that follow with it. */
    arm({ action, ops, nth = 1, count = 1, match = '' }) {
        const page = Buffer.alloc(96);
        page.writeInt32LE(ops, 12);
        page.writeBigInt64LE(BigInt(nth), 16);
        page.writeBigInt64LE(BigInt(count), 24);
        page.write(match, 32, 63, 'utf8');
        this.disarm();
        writeSync(this.#control, page, 12, 84, 12);
        page.writeInt32LE(action, 8);
        writeSync(this.#control, page, 8, 4, 8);
    }

    disarm() { writeSync(this.#control, Buffer.alloc(4), 0, 4, 8); }

    #read(offset) {
        const bytes = Buffer.alloc(8);
        readSync(this.#control, bytes, 0, 8, offset);
        return Number(bytes.readBigInt64LE(0));
    }

    get hits() { return this.#read(96); }
    get logBytes() { return this.#read(104); }

    setClock(seconds) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(Math.round(seconds)) * 1_000_000_000n);
        writeSync(this.#control, bytes, 0, 8, 0);
    }

    /** `mayEnd`: it was told to stop, and may have done so in time. */
    async kill(mayEnd = false) {
        const ended = await this.server.end('SIGKILL');
        this.server.assertClean();
        assert.ok(mayEnd && ended.code === 0 || ended.signal === 'SIGKILL', `${JSON.stringify(ended)} ${this.server.stderr.slice(-3000)}`);
    }

    /** The session, however often the server must be asked while it is being brought back. */
    async open(token) {
        return Client.open(this.server, token === undefined ? {} : { token });
    }
}
