import { h, say } from './dom.js';
import { counted, formatNumber } from './format.js';

/** The foot of the page: how long the last answer took, where the time went. */
export class Meter {
    #text;

    /** @param {any} session */
    constructor(session) {
        this.#text = h('span');
        this.element = h('div', { class: 'meter' }, this.#text);
        let asked_at = null;
        const tellState = () => (this.element.dataset.state = session.inputs.isSettled ? 'settled' : 'waiting');
        session.inputs.on('change', () => {
            asked_at ??= performance.now();
            queueMicrotask(tellState);
        });
        session.on('flush', (flush) => {
            tellState();
            if ((flush.outputs ?? []).length === 0) {
                return;
            }
            const trip = asked_at === null ? '' : `, ${formatNumber(Math.round(performance.now() - asked_at))} ms from input to answer`;
            asked_at = null;
            say(this.#text, `Last answer: ${counted(flush.outputs.length, 'output')}, ${ms(flush.compute_ms)} ms computing, ${ms(flush.queue_ms)} ms waiting${trip}.`);
        });
    }
}

function ms(value) {
    return Number(value ?? 0).toFixed(1);
}
