// The real server as a child process: the build that ./dev test makes, on a free port, with a state
// folder of its own. Every stop asserts a clean end: exit status 0 and no word of a sanitizer.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const START_MS = 30_000;
const STOP_MS = 30_000;

// A test that fails before it stops its server must not leave it behind: the file would not end. A
// file's own hooks, which may stop theirs, come after this one.
const running = new Set();
after(() => { setTimeout(() => running.forEach((child) => child.kill('SIGKILL')), STOP_MS + 5_000).unref(); });

/** The program under test: SPILLWAY in the environment, or the sanitizer build. */
export function binary() {
    const file = path.resolve(ROOT, process.env.SPILLWAY ?? 'build/dev/spillway');
    assert.ok(existsSync(file), `${file} is not built: run ./dev test, or cmake --build --preset dev`);
    return file;
}

export function temporaryFolder(name = 'spillway-test-') {
    return mkdtempSync(path.join(tmpdir(), name));
}

export class Server {
    #child;
    #state;
    #keepState;
    #exited;
    stdout = '';
    stderr = '';

    /**
     * @param {object} [options]
     * @param {string[]} [options.files] data sets on the command line
     * @param {string[]} [options.args] further options
     * @param {object} [options.env] further environment
     * @param {string} [options.state] a state folder that outlives this server
     * @param {string} [options.listen] default: a free port of 127.0.0.1
     * @param {string[]} [options.wrapper] a command that runs the server, such as prlimit
     */
    static async start(options = {}) {
        const server = new Server(options);
        await server.#ready();
        return server;
    }

    constructor({ files = [], args = [], env = {}, state, listen = '127.0.0.1:0', wrapper = [] }) {
        this.#keepState = state !== undefined;
        this.#state = state ?? temporaryFolder();
        const command = [...wrapper, binary(), '--listen', listen, '--state', this.#state, ...args, ...files];
        this.#child = spawn(command[0], command.slice(1), {
            cwd: ROOT,
            stdio: ['ignore', 'pipe', 'pipe'],
            env: {
                ...process.env,
                // A small quarantine: resident memory is measured, too.
                ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0:quarantine_size_mb=8',
                UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
                ...env,
            },
        });
        this.#child.stdout.setEncoding('utf8').on('data', (text) => { this.stdout += text; });
        this.#child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
        this.#exited = new Promise((resolve) => {
            this.#child.once('close', (code, signal) => resolve({ code, signal }));
            this.#child.once('error', (error) => resolve({ code: null, signal: null, error }));
        });
        running.add(this.#child);
        this.#exited.then(() => running.delete(this.#child));
        process.once('exit', () => this.#child.kill('SIGKILL'));
    }

    get pid() { return this.#child.pid; }
    get state() { return this.#state; }
    get exited() { return this.#exited; }

    async #ready() {
        let found = null;
        const until = Date.now() + START_MS;
        while (!found) {
            found = /^listening on (http:\/\/([^\s:]+|\[[^\]]*\]):(\d+))\/?$/m.exec(this.stdout);
            if (!found) {
                const ended = await Promise.race([this.#exited, pause(10)]);
                assert.ok(!ended, `the server ended before it listened: ${JSON.stringify(ended)}\n${this.stderr}`);
                assert.ok(Date.now() < until, `the server did not listen within ${START_MS} ms\n${this.stderr}`);
            }
        }
        this.origin = found[1];
        this.port = Number(found[3]);
        this.url = `ws://127.0.0.1:${this.port}/ws`;
    }

    signal(name) { this.#child.kill(name); }

    /** Ends the server with a signal and returns how it ended. */
    async end(signal = 'SIGTERM') {
        this.signal(signal);
        const ended = await Promise.race([this.#exited, pause(STOP_MS)]);
        if (!ended) {
            this.signal('SIGKILL');
        }
        assert.ok(ended, `the server did not end within ${STOP_MS} ms of ${signal}\n${this.stderr.slice(-2000)}`);
        return ended;
    }

    /** SIGTERM; asserts exit status 0 and a clean report. */
    async stop() {
        const ended = await this.end('SIGTERM');
        if (!this.#keepState) {
            rmSync(this.#state, { recursive: true, force: true });
        }
        this.assertClean();
        assert.deepEqual(ended, { code: 0, signal: null }, `how the server ended\n${this.stderr.slice(-4000)}`);
    }

    assertClean() {
        const report = /(ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error:|WARNING: ThreadSanitizer|assertion)[^]*/i;
        assert.ok(!report.test(this.stderr), report.exec(this.stderr)?.[0].slice(0, 6000));
    }
}

export function pause(ms) {
    return new Promise((resolve) => { setTimeout(resolve, ms).unref?.(); });
}

/** Polls until check() gives something true; says what it waited for when it does not. */
export async function until(what, check, ms = 20_000) {
    const end = Date.now() + ms;
    for (;;) {
        const value = await check();
        if (value) {
            return value;
        }
        assert.ok(Date.now() < end, `waited ${ms} ms for ${what}`);
        await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
}
