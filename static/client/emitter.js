/** To the console, as an error that nobody caught, without ending what goes on. */
function report(error) {
    if (globalThis.reportError) {
        globalThis.reportError(error);
    } else {
        queueMicrotask(() => {
            throw error;
        });
    }
}

/** Named events with any number of listeners; a listener that throws does not silence the others. */
export class Emitter {
    /** @type {Map<string, Set<(value: any) => void>>} */
    #listeners = new Map();

    /**
     * @param {string} event
     * @param {(value: any) => void} listener
     * @returns {() => void} takes the listener away again
     */
    on(event, listener) {
        let set = this.#listeners.get(event);
        if (!set) {
            set = new Set();
            this.#listeners.set(event, set);
        }
        set.add(listener);
        return () => set.delete(listener);
    }

    /**
     * The next time the event happens.
     * @param {string} event
     * @returns {Promise<any>}
     */
    once(event) {
        return new Promise((resolve) => {
            const off = this.on(event, (value) => {
                off();
                resolve(value);
            });
        });
    }

    /**
     * @param {string} event
     * @param {any} [value]
     */
    emit(event, value) {
        for (const listener of [...(this.#listeners.get(event) ?? [])]) {
            try {
                listener(value);
            } catch (error) {
                report(error);
            }
        }
    }
}
