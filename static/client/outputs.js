import { Output } from './output.js';

/** The outputs of one session by name, and the values that come for them. */
export class Outputs {
    #rpc;
    /** @type {Map<string, Output>} */
    #outputs = new Map();
    /** @type {Map<string, any>} values of outputs that a resumed session has and nobody asked for yet */
    #unclaimed = new Map();
    /** @type {any[]} what the session had when it was opened */
    #listed = [];

    /** @param {import('./rpc.js').Rpc} rpc */
    constructor(rpc) {
        this.#rpc = rpc;
    }

    /**
     * @param {string} name
     * @param {any} spec
     * @returns {Output}
     */
    define(name, spec) {
        const known = this.#outputs.get(name);
        if (known) {
            known.update(spec).catch(() => {}); // told by the output's state
            return known;
        }
        const output = new Output(this.#rpc, name, spec, () => this.#outputs.delete(name));
        this.#outputs.set(name, output);
        const early = this.#unclaimed.get(name);
        this.#unclaimed.delete(name);
        const had = this.#listed.find((has) => has.output === name && isWithin(spec, { ...has, ...has.params }));
        if (early && had) {
            output.is_paused = had.state === 'paused'; // its value is from before that
            queueMicrotask(() => output.receive(early)); // after the caller had time to listen
        } else {
            output.define().catch(() => {});
        }
        return output;
    }

    /**
     * The session was opened: a definition that was under way when the line broke may be missing.
     * @param {any[]} listed
     */
    opened(listed) {
        this.#listed = listed;
        const names = new Set(listed.map((has) => has.output));
        for (const output of this.#outputs.values()) {
            if (!names.has(output.name) && output.state !== 'defining') {
                output.define().catch(() => {});
            }
        }
    }

    /** @param {any} value params of `output.value` */
    receive(value) {
        const output = this.#outputs.get(value.output);
        if (output) {
            output.receive(value);
        } else {
            this.#unclaimed.set(value.output, value);
        }
    }

    /** @param {any} change params of `output.state` */
    receiveState(change) {
        this.#outputs.get(change.output)?.receiveState(change);
    }

    clear() {
        this.#outputs.clear();
        this.#unclaimed.clear();
    }
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
