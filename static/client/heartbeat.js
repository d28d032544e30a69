/** Finds a dead line that no close event tells of: a sleeping laptop, a pulled cable. */
export class Heartbeat {
    #options;
    #timer = null;
    #heard_at = 0;

    /**
     * @param {object} options
     * @param {number} options.period_ms silence after which a sign of life is asked for
     * @param {() => void} options.ask
     * @param {() => void} options.dead nothing came for two periods
     */
    constructor(options) {
        this.#options = options;
    }

    heard() {
        this.#heard_at = Date.now();
    }

    start() {
        this.stop();
        this.heard();
        this.#timer = setInterval(() => this.#beat(), this.#options.period_ms / 2);
        this.#timer.unref?.(); // in Node it keeps no process alive
    }

    stop() {
        clearInterval(this.#timer);
    }

    #beat() {
        const { period_ms, ask, dead } = this.#options;
        const silent_ms = Date.now() - this.#heard_at;
        if (silent_ms > 2 * period_ms) {
            dead();
        } else if (silent_ms >= period_ms) {
            ask();
        }
    }
}
