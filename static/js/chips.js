import { announce, fill, h, icon } from './dom.js';

/** The filters that are on, each of them removable. */
export class Chips {
    #filters;
    #offs;

    /**
     * @param {import('./filters.js').Filters} filters
     * @param {any} session
     */
    constructor(filters, session) {
        this.#filters = filters;
        this.element = h('div', { class: 'chips', role: 'group', aria: { label: 'Filters' } });
        this.#offs = [filters.on('change', () => this.#draw()), session.on('connection', () => this.#draw())];
        this.#draw();
    }

    destroy() {
        this.#offs.forEach((off) => off());
        this.element.remove();
    }

    #draw() {
        const active = this.#filters.active;
        const focused = document.activeElement?.getAttribute('data-column');
        const waiting = active.filter(({ column }) => this.#filters.isWaiting(column)).map(({ column }) => column);
        const chips = active.map(({ column, label }) =>
            h(
                'button',
                {
                    type: 'button',
                    class: waiting.includes(column) ? 'chip is-waiting' : 'chip',
                    data: { column },
                    aria: { label: `Remove the filter ${label}` },
                    on: { click: () => this.#remove(column, label) },
                },
                h('span', { text: waiting.includes(column) ? `${label} (not applied)` : label }),
                icon('close'),
            ),
        );
        const clear = h('button', { type: 'button', class: 'link-button', text: 'Clear all', on: { click: () => this.#filters.clear() } });
        // The line is always there: if it came and went, charts would move away under the pointer.
        const hint = h('span', { class: 'chips-hint', text: 'Drag across a chart or click a bar to filter all the others.' });
        fill(this.element, ...chips, active.length > 1 ? clear : null, active.length === 0 ? hint : null);
        if (focused !== null && focused !== undefined) {
            this.element.querySelector('button')?.focus();
        }
    }

    #remove(column, label) {
        this.#filters.set({ [column]: null });
        announce(`Filter ${label} removed.`);
    }
}
