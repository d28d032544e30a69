import { h, iconButton } from '../dom.js';

/** Lines of fields that are added and taken away: keys, measures, columns. */
export class LineList {
    #make;
    #lines = [];
    #host = h('div', { class: 'lines' });
    #changed;
    #name;

    /**
     * @param {string} label
     * @param {string} name of one line, for "Add …"
     * @param {() => {element: any, value: () => any}} make
     * @param {{count?: number, changed?: () => void}} [options]
     */
    constructor(label, name, make, { count = 1, changed = () => {} } = {}) {
        this.#make = make;
        this.#changed = changed;
        this.#name = name;
        const add = h('button', { type: 'button', class: 'link-button', text: `Add ${name}`, on: { click: () => this.add().focus() } });
        this.element = h('fieldset', { class: 'line-list' }, h('legend', { text: label }), this.#host, add);
        for (let i = 0; i < count; i++) {
            this.add();
        }
    }

    get values() {
        return this.#lines.map(({ value }) => value()).filter((value) => value !== null);
    }

    clear() {
        this.#lines = [];
        this.#host.replaceChildren();
    }

    /** @returns {any} its first field */
    add() {
        const line = this.#make();
        const remove = iconButton('close', `Remove this ${this.#name}`, () => {
            this.#lines = this.#lines.filter((other) => other !== line);
            whole.remove();
            this.#changed();
            /** @type {any} */ (this.element.querySelector('.link-button')).focus();
        });
        const whole = h('div', { class: 'line' }, line.element, remove);
        whole.addEventListener('change', () => this.#changed());
        this.#lines.push(line);
        this.#host.append(whole);
        this.#changed();
        return whole.querySelector('select, input');
    }
}
