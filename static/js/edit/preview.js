import { fill, h } from '../dom.js';
import { formatCell } from '../format.js';

/** A few values side by side: what an expression would make, or what would become null. */
export class Preview {
    /** @param {string} label */
    constructor(label) {
        this.element = h('div', { class: 'preview', role: 'region', tabindex: 0, aria: { label, live: 'polite' } });
    }

    /** @param {string} text */
    say(text) {
        fill(this.element, h('p', { class: 'hint', text }));
    }

    /**
     * @param {string} about
     * @param {{name: string, type: string}[]} columns
     * @param {any[][]} rows
     */
    show(about, columns, rows) {
        const head = h('tr', {}, ...columns.map(({ name, type }) => h('th', { scope: 'col' }, `${name} `, h('span', { class: `type type-${type}`, text: type }))));
        const lines = rows.map((row) => h('tr', {}, ...row.map((value, i) => cell(value, columns[i].type))));
        fill(this.element, h('p', { class: 'hint', text: about }), rows.length > 0 ? h('table', { class: 'plain-table' }, h('thead', {}, head), h('tbody', {}, ...lines)) : null);
    }
}

function cell(value, type) {
    const text = value === null ? 'null' : value === '' ? '""' : formatCell(value, type);
    return h('td', { class: value === null ? 'is-null' : '', text: text.length > 60 ? `${text.slice(0, 59)}…` : text });
}
