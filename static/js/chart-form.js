import { columnChoices } from './charts/specs.js';
import { fill, h } from './dom.js';

const TYPES = [
    ['histogram', 'Histogram of a column'],
    ['bars', 'Bars per category'],
    ['line', 'Line (every extreme kept)'],
    ['trend', 'Mean or sum along a column'],
    ['density', 'Density of two columns'],
    ['scatter', 'Scatter of two columns'],
];
const FIELDS = {
    histogram: ['x', 'bins', 'measure', 'facet', 'ghost'],
    bars: ['group', 'measure', 'ghost'],
    line: ['x', 'y', 'facet'],
    trend: ['x', 'y', 'fn', 'bins', 'facet'],
    density: ['x', 'y', 'bins', 'style', 'facet', 'ghost'],
    scatter: ['x', 'y', 'color', 'points', 'facet'],
};
const NONE = '';

/** The dialog in which a chart is made or changed. */
export class ChartForm {
    #dialog;
    #body;
    #columns = [];
    #def = null;
    #done = null;

    constructor() {
        this.#body = h('div', { class: 'form-fields' });
        const form = h(
            'form',
            { on: { submit: (event) => this.#submit(event) } },
            h('h2', { id: 'chart-form-title', text: 'Chart' }),
            this.#body,
            h(
                'div',
                { class: 'form-buttons' },
                h('button', { type: 'button', text: 'Cancel', on: { click: () => this.#dialog.close() } }),
                h('button', { type: 'submit', class: 'primary', text: 'Show' }),
            ),
        );
        this.#dialog = h('dialog', { class: 'dialog', aria: { labelledby: 'chart-form-title' }, on: { close: () => this.#close(null) } }, form);
        document.body.append(this.#dialog);
    }

    /**
     * @param {any[]} columns
     * @param {any} def what to begin with
     * @returns {Promise<any | null>} the chart, or null when the user thought better of it
     */
    ask(columns, def) {
        this.#columns = columns;
        this.#def = { ...def };
        this.#draw();
        this.#dialog.showModal();
        return new Promise((resolve) => {
            this.#done = resolve;
        });
    }

    #draw() {
        const def = this.#def;
        const fields = FIELDS[def.type];
        const choices = columnChoices(this.#columns);
        const makers = {
            group: () => this.#select('x', 'Category', choices.group.length > 0 ? choices.group : this.#columns.map((column) => column.name)),
            x: () => this.#select('x', 'Along', choices.axis),
            y: () => this.#select('y', def.type === 'density' || def.type === 'scatter' ? 'Up' : 'Value', def.type === 'density' || def.type === 'scatter' ? choices.axis : choices.number),
            color: () => this.#select('color', 'Colour', [NONE, ...choices.color]),
            facet: () => this.#select('facet', 'One small chart per', [NONE, ...choices.group]),
            bins: () => this.#number('bins', 'Bins', 2, def.type === 'density' ? 256 : 2000, def.type === 'density' ? 64 : 80),
            points: () => this.#number('points', 'Points at most', 100, 20_000, 3000),
            measure: () => this.#measure(choices.number),
            fn: () => this.#fn(['mean', 'sum', 'min', 'max']),
            style: () => this.#select('style', 'Drawn as', ['heat', 'contour'], { heat: 'heatmap', contour: 'contours' }),
            ghost: () =>
                this.#select('ghost', 'Without the filters', ['shape', 'counts', 'off'], {
                    shape: 'shape, same height',
                    counts: 'same scale',
                    off: 'not shown',
                }),
        };
        fill(this.#body, this.#type(), ...fields.map((field) => makers[field]()));
    }

    #type() {
        const select = h('select', { on: { change: () => this.#retype(select.value) } }, ...TYPES.map(([value, text]) => h('option', { value, text })));
        select.value = this.#def.type;
        return h('label', { class: 'field' }, 'Kind', select);
    }

    #retype(type) {
        this.#readFields();
        this.#def = { ...this.#def, type };
        this.#draw();
    }

    #select(name, text, values, words = {}) {
        const select = h('select', { name }, ...values.map((value) => h('option', { value, text: words[value] ?? (value === NONE ? 'nothing' : value) })));
        const now = this.#def[name] ?? values[0];
        select.value = values.includes(now) ? now : values[0];
        return h('label', { class: 'field' }, text, select);
    }

    #number(name, text, min, max, normal) {
        return h('label', { class: 'field' }, text, h('input', { name, type: 'number', min, max, value: this.#def[name] ?? normal }));
    }

    #measure(numbers) {
        const values = ['count', ...numbers.flatMap((name) => ['sum', 'mean'].map((fn) => JSON.stringify({ fn, column: name })))];
        const words = Object.fromEntries(values.map((value) => [value, value === 'count' ? 'number of rows' : wordMeasure(JSON.parse(value))]));
        const field = this.#select('measure', 'Height', values, words);
        field.querySelector('select').value = this.#def.measure?.column ? JSON.stringify(this.#def.measure) : 'count';
        return field;
    }

    #fn(values) {
        const field = this.#select('fn', 'Of each bin, the', values, { min: 'smallest', max: 'largest' });
        field.querySelector('select').value = this.#def.measure?.fn ?? 'mean';
        return field;
    }

    #readFields() {
        const { id, type } = this.#def;
        const next = { id, type };
        for (const { name, value } of this.#body.querySelectorAll('[name]')) {
            if (value === NONE || value === 'count') {
                continue;
            }
            if (name === 'bins' || name === 'points') {
                next[name] = Number(value);
            } else if (name === 'measure') {
                next.measure = JSON.parse(value);
            } else if (name === 'fn') {
                next.measure = { fn: value };
            } else {
                next[name] = value;
            }
        }
        this.#def = next;
    }

    #submit(event) {
        event.preventDefault();
        this.#readFields();
        this.#close(this.#def);
        this.#dialog.close();
    }

    #close(result) {
        const done = this.#done;
        this.#done = null;
        done?.(result);
    }
}

function wordMeasure({ fn, column }) {
    return `${fn} of ${column}`;
}
