import { Emitter } from './emitter.js';
import { SpillwayError } from './errors.js';

/**
 * One reactive output. Its newest value is in `value`, its state in `state`.
 *
 * Events: `value` (the params of `output.value`), `state` {state, progress?, error?}.
 */
export class Output extends Emitter {
    #rpc;
    #forget;
    /** @type {any} */
    value = null;
    /** @type {'defining' | 'busy' | 'ok' | 'error' | 'paused' | 'dropped'} */
    state = 'defining';
    /** Whether the server computes nothing for it: as last asked for, or as a resumed session had it. */
    is_paused = false;
    /** @type {SpillwayError | null} */
    error = null;
    /** @type {Promise<any>} settles when the server has taken the definition */
    ready = Promise.resolve();

    /**
     * @param {import('./rpc.js').Rpc} rpc
     * @param {string} name
     * @param {any} spec
     * @param {(output: Output) => void} forget
     */
    constructor(rpc, name, spec, forget) {
        super();
        this.#rpc = rpc;
        this.name = name;
        this.spec = spec;
        this.#forget = forget;
    }

    /** Sends the definition (again: this is also how a failed output is tried once more). */
    define() {
        this.#become({ state: 'defining' });
        const spec = this.spec;
        this.ready = this.#rpc.call('output.define', { output: this.name, ...spec });
        if (this.is_paused) {
            this.pause().catch(() => {}); // a new definition begins unpaused
        }
        this.ready.then(
            () => {
                if (spec === this.spec && this.state === 'defining') {
                    this.#become({ state: 'ok' });
                }
            },
            (error) => {
                if (spec === this.spec && this.state !== 'dropped') {
                    this.#become({ state: 'error', error });
                }
            },
        );
        return this.ready;
    }

    /** @param {any} spec replaces the old definition */
    update(spec) {
        this.spec = spec;
        return this.define();
    }

    retry() {
        return this.define();
    }

    /** While paused (a hidden chart) the server computes nothing for it. */
    pause() {
        this.is_paused = true;
        return this.#rpc.call('output.pause', { output: this.name });
    }

    resume() {
        this.is_paused = false;
        return this.#rpc.call('output.resume', { output: this.name });
    }

    async drop() {
        this.#become({ state: 'dropped' });
        this.#forget(this);
        await this.#rpc.call('output.drop', { output: this.name });
    }

    /** @param {any} value params of `output.value` */
    receive(value) {
        this.value = value;
        if (this.state !== 'ok') {
            this.#become({ state: 'ok' });
        }
        this.emit('value', value);
    }

    /** @param {any} change params of `output.state` */
    receiveState(change) {
        this.#become(change);
    }

    /** @param {any} change */
    #become({ state, error, progress }) {
        this.state = state;
        this.error = error ? SpillwayError.from(error) : null;
        this.emit('state', { state, error: this.error, progress });
    }
}
