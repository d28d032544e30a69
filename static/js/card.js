import { CODE } from '../client/errors.js';
import { makeChart } from './charts/make.js';
import { seriesTable, showField, toCsv } from './charts/series.js';
import { chartTitle, outputSpecs } from './charts/specs.js';
import { announce, fill, h, iconButton, say, setAria } from './dom.js';
import { chartPicture, fileName, saveBlob } from './export.js';
import { formatCount } from './format.js';

/** The server says "busy" after 100 ms; the page shows it after 250. */
const BUSY_MS = { defining: 250, busy: 150 };
const COLUMN_GONE_MS = 1500;
const TABLE_ROWS_MAX = 500;

/**
 * One chart on the page: its outputs, its picture, its state, its table view and its buttons.
 */
export class Card {
    #context;
    #outputs = [];
    #chart = null;
    #data = { main: null, all: null };
    #busy_timer = null;
    #problem_timer = null;
    /** @type {boolean | null} null: not known yet */
    #is_hidden = null;
    #wants_table = false;
    #offs = [];
    #parts;
    #adjust;
    /** @type {string[]} columns that the table does not have any more */
    #lost = [];

    /**
     * @param {object} context
     * @param {any} context.session
     * @param {string} context.table
     * @param {import('./filters.js').Filters} context.filters
     * @param {import('./theme.js').Theme} context.theme
     * @param {{configure?: Function, move?: Function, remove?: Function}} context.actions
     * @param {import('./plan.js').ChartDef} def
     * @param {(main: any) => any} [adjust] changes the spec of the main output
     */
    constructor(context, def, adjust = (main) => main) {
        this.#context = context;
        this.#adjust = adjust;
        this.def = def;
        this.element = this.#build();
        this.#offs.push(
            context.theme.on('change', () => this.#chart?.restyle()),
            context.filters.on('change', () => this.#chart?.showFilters()),
        );
        this.#watchVisibility();
        this.#setUp();
    }

    get title() {
        return chartTitle(this.def);
    }

    /** @param {import('./plan.js').ChartDef} def */
    configure(def) {
        this.def = def;
        this.#lost = [];
        this.#chart?.destroy();
        this.#chart = null;
        this.#data = { main: null, all: null };
        this.#dropOutputs();
        this.#parts.body.replaceChildren();
        this.#setUp();
    }

    get isLost() {
        return this.#lost.length > 0;
    }

    /** Columns of it are gone: it keeps its place, for an undo brings them back. */
    lose(names) {
        if (!this.isLost) {
            this.#dropOutputs();
            this.#chart?.destroy();
            this.#chart = null;
            this.#data = { main: null, all: null };
            this.#parts.body.replaceChildren();
        }
        this.#lost = names;
        this.#state({ state: 'error' });
    }

    /** The table's columns changed: define again what is defined differently now. */
    refresh() {
        if (this.isLost) {
            return;
        }
        const specs = this.#specs();
        this.#outputs.forEach(({ role, output }) => {
            if (JSON.stringify(output.spec) !== JSON.stringify(specs[role])) {
                output.update(specs[role]).catch(() => {});
            }
        });
    }

    destroy() {
        clearTimeout(this.#busy_timer);
        clearTimeout(this.#problem_timer);
        this.#offs.forEach((off) => off());
        this.#dropOutputs();
        this.#chart?.destroy();
        this.element.remove();
    }

    #specs() {
        const { table, filters } = this.#context;
        const specs = outputSpecs(this.def, table, filters);
        return { ...specs, main: this.#adjust(specs.main) };
    }

    #setUp() {
        const { session, filters } = this.#context;
        const specs = this.#specs();
        say(this.#parts.title, this.title);
        setAria(this.#parts.body, { label: this.title });
        this.element.classList.toggle('is-wide', Boolean(this.def.facet));
        for (const role of ['main', 'all']) {
            if (specs[role]) {
                const name = `${filters.select}_${this.def.id}${role === 'all' ? '_all' : ''}`;
                const output = session.output(name, specs[role]);
                this.#outputs.push({ role, output });
                this.#offs.push(output.on('value', (value) => this.#receive(role, value)));
                this.#offs.push(output.on('state', (change) => this.#state(change)));
                if (output.value) {
                    this.#receive(role, output.value);
                }
            }
        }
        this.#state({ state: 'defining' });
        this.#followVisibility();
    }

    #dropOutputs() {
        this.#outputs.forEach(({ output }) => output.drop().catch(() => {}));
        this.#outputs = [];
    }

    #receive(role, value) {
        this.#data[role] = value.data;
        if (role === 'main') {
            say(this.#parts.count, `${formatCount(Number(value.rows))} rows`);
        }
        if (this.#data.main === null) {
            return;
        }
        const { theme, filters } = this.#context;
        this.#chart ??= makeChart(this.#parts.body, this.def, { theme, filters, readout: (text) => say(this.#parts.readout, text) });
        this.#chart.update(this.#data);
        say(this.#parts.summary, this.#chart.summary());
        this.#showLegend();
        if (this.#wants_table) {
            this.#showTable();
        }
    }

    #showLegend() {
        const entries = this.#chart.legend?.() ?? [];
        const swatch = (color) => {
            const mark = h('span', { class: 'swatch' });
            mark.style.background = color;
            return mark;
        };
        fill(this.#parts.legend, ...entries.map(({ text, color }) => h('span', { class: 'legend-entry' }, swatch(color), text)));
        this.#parts.legend.hidden = entries.length === 0;
    }

    /** @param {{state: string, progress?: number}} change */
    #state({ state, progress }) {
        const failed = this.#outputs.find(({ output }) => output.state === 'error')?.output;
        const wait = this.#outputs.find(({ output }) => output.state in BUSY_MS)?.output;
        this.#showProblem(failed);
        if (wait && !failed) {
            this.#busy_timer ??= setTimeout(() => this.#showBusy(true), BUSY_MS[state] ?? 150);
            this.#parts.progress.value = progress ?? null;
            if (typeof progress !== 'number') {
                this.#parts.progress.removeAttribute('value');
            }
        } else {
            clearTimeout(this.#busy_timer);
            this.#busy_timer = null;
            this.#showBusy(false);
        }
    }

    /** A column that was just dropped or renamed is found out about in a moment: no alarm before that. */
    #showProblem(failed) {
        clearTimeout(this.#problem_timer);
        if (failed?.error?.code === CODE.noSuchColumn && !this.isLost && this.#parts.error.hidden) {
            this.#problem_timer = setTimeout(() => this.#tellProblem(failed), COLUMN_GONE_MS);
        } else {
            this.#tellProblem(failed);
        }
    }

    #tellProblem(failed) {
        const is_failed = Boolean(failed) || this.isLost;
        this.#parts.error.hidden = !is_failed;
        this.element.classList.toggle('is-failed', is_failed);
        if (this.isLost) {
            say(this.#parts.message, `The table has no column ${this.#lost.join(', ')} any more. An undo brings it back; else remove this chart.`);
        } else if (failed) {
            say(this.#parts.message, failed.error?.message ?? 'This chart could not be computed.');
        }
        this.#parts.retry.hidden = this.isLost;
        this.#parts.body.hidden = this.isLost || this.#wants_table;
        this.#parts.error_remove.hidden = !this.#context.actions.remove;
    }

    #showBusy(is_busy) {
        this.element.classList.toggle('is-busy', is_busy);
        setAria(this.#parts.body, { busy: is_busy ? true : null });
    }

    #retry() {
        this.#outputs.filter(({ output }) => output.state === 'error').forEach(({ output }) => output.retry().catch(() => {}));
    }

    /** A chart out of sight computes nothing. */
    #watchVisibility() {
        const observer = new IntersectionObserver(
            (entries) => {
                this.#is_hidden = !entries[entries.length - 1].isIntersecting;
                this.#followVisibility();
            },
            { rootMargin: '300px' },
        );
        observer.observe(this.element);
        this.#offs.push(() => observer.disconnect());
    }

    /** An output of a resumed session may be paused although its card is in sight, or the other way round. */
    #followVisibility() {
        const wrong = this.#outputs.filter(({ output }) => this.#is_hidden !== null && output.is_paused !== this.#is_hidden);
        wrong.forEach(({ output }) => (this.#is_hidden ? output.pause() : output.resume()).catch(() => {}));
    }

    #build() {
        const { actions } = this.#context;
        const id = `card-${this.def.id}`;
        const title = h('h2', { class: 'card-title', id: `${id}-title` });
        const readout = h('div', { class: 'card-readout', aria: { hidden: true } });
        const summary = h('p', { class: 'offscreen', id: `${id}-summary` });
        const count = h('span', { class: 'card-count' });
        const body = h('div', { class: 'plot', role: 'figure', aria: { describedby: `${id}-summary` } });
        const message = h('p');
        const retry = h('button', { type: 'button', text: 'Try again', on: { click: () => this.#retry() } });
        const error_remove = h('button', { type: 'button', text: 'Remove this chart', hidden: true, on: { click: () => actions.remove(this) } });
        const error = h('div', { class: 'card-error', role: 'alert', hidden: true }, message, retry, error_remove);
        const progress = h('progress', { class: 'card-progress', aria: { label: 'Computing' } });
        const legend = h('div', { class: 'legend', hidden: true });
        const table = h('div', { class: 'card-table', tabindex: 0, role: 'region', aria: { label: 'Chart as a table' }, hidden: true });
        const table_button = iconButton('table', 'Show as a table', () => this.#toggleTable(), { aria: { label: 'Show as a table', pressed: false } });
        this.#parts = { title, readout, summary, count, body, message, error, retry, error_remove, progress, legend, table, table_button };
        const buttons = [
            actions.move && iconButton('left', 'Move back', () => actions.move(this, -1)),
            actions.move && iconButton('right', 'Move on', () => actions.move(this, 1)),
            table_button,
            iconButton('save', 'Save the series as CSV', () => this.#saveCsv()),
            iconButton('image', 'Save as PNG', () => this.#savePicture()),
            actions.configure && iconButton('gear', 'Change this chart', () => actions.configure(this)),
            actions.remove && iconButton('close', 'Remove this chart', () => actions.remove(this)),
        ];
        return h(
            'article',
            { class: 'card', aria: { labelledby: `${id}-title` }, data: { chart: this.def.id } },
            h('header', { class: 'card-head' }, title, h('div', { class: 'card-buttons' }, ...buttons)),
            h('div', { class: 'card-sub' }, count, readout),
            progress,
            body,
            legend,
            error,
            summary,
            table,
        );
    }

    #typeOf(name) {
        return this.#context.filters.column(name)?.type;
    }

    #series() {
        return seriesTable(this.def, this.#data.main, (name) => this.#typeOf(name));
    }

    #toggleTable() {
        this.#wants_table = !this.#wants_table;
        this.#parts.table.hidden = !this.#wants_table;
        this.#parts.body.hidden = this.#wants_table;
        setAria(this.#parts.table_button, { pressed: this.#wants_table });
        if (this.#wants_table && this.#data.main) {
            this.#showTable();
        }
    }

    #showTable() {
        const { columns, rows } = this.#series();
        const head = h('tr', {}, ...columns.map((name) => h('th', { scope: 'col', text: name })));
        const lines = rows.slice(0, TABLE_ROWS_MAX).map((row) => h('tr', {}, ...row.map((value) => h('td', { text: showField(value) }))));
        const more = rows.length - lines.length;
        const caption = h('caption', {
            text: `${this.title}${more > 0 ? ` (the first ${lines.length} of ${formatCount(rows.length)} lines; all are in the CSV)` : ''}`,
        });
        fill(this.#parts.table, h('table', { class: 'plain-table' }, caption, h('thead', {}, head), h('tbody', {}, ...lines)));
    }

    #saveCsv() {
        if (this.#data.main) {
            saveBlob(fileName(this.title, 'csv'), new Blob([toCsv(this.#series())], { type: 'text/csv' }));
            announce(`${this.title} saved as CSV.`);
        }
    }

    async #savePicture() {
        if (this.#chart) {
            saveBlob(fileName(this.title, 'png'), await chartPicture(this.#chart, this.title, this.#context.theme));
            announce(`${this.title} saved as PNG.`);
        }
    }
}
