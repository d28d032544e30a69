import { Card } from './card.js';
import { columnChoices } from './charts/specs.js';
import { fill, h, say } from './dom.js';
import { Filters } from './filters.js';
import { formatCount } from './format.js';

const EVERYTHING = '';
/** At most this many categories are offered; the commonest come first. */
const CATEGORIES_MAX = 500;
const COMPARED_AT_FIRST = 6;
const TABLE_KEY = 'spillway.dropdown.table';

/**
 * The dropdown app: a category that drives a scatter, a line, a 2-D histogram and its contours,
 * and a list of categories that makes one small chart for each of them.
 */
export class DropdownApp {
    #session;
    #theme;
    #places;
    #table = null;
    #about = null;
    #filters = null;
    #categories = null;
    #cards = [];
    #compare_input = null;
    #hint = null;

    /**
     * @param {any} session
     * @param {import('./theme.js').Theme} theme
     * @param {Record<'picker' | 'controls' | 'problem' | 'driven' | 'choices' | 'compared', any>} places
     */
    constructor(session, theme, places) {
        this.#session = session;
        this.#theme = theme;
        this.#places = places;
        places.picker.addEventListener('change', () => this.#open(places.picker.value));
        places.controls.addEventListener('submit', (event) => event.preventDefault());
        session.on('opened', (info) => this.#opened(info));
    }

    #opened({ tables }) {
        const { picker } = this.#places;
        fill(picker, ...tables.map(({ table, rows }) => h('option', { value: table, text: `${table} (${formatCount(Number(rows))} rows)` })));
        if (tables.length === 0) {
            this.#say('There is no table yet. Upload one on the page “Explore any table”, or start the server with a file.');
        } else if (this.#table === null) {
            const last = sessionStorage.getItem(TABLE_KEY);
            const fitting = tables.find(({ table }) => table === last) ?? tables.find(({ shared }) => shared) ?? tables[0];
            picker.value = fitting.table;
            this.#open(fitting.table);
        }
    }

    async #open(table) {
        try {
            this.#table = table;
            sessionStorage.setItem(TABLE_KEY, table);
            this.#about = await this.#session.table(table).describe();
            this.#begin();
        } catch (error) {
            this.#say(error.message);
        }
    }

    /** Chooses columns as someone would who sees the table for the first time. */
    #begin() {
        const choices = columnChoices(this.#about.columns);
        const by_size = [...choices.group].sort((a, b) => this.#distinct(a) - this.#distinct(b));
        const category =
            by_size.find((name) => name === 'category') ?? by_size.find((name) => this.#distinct(name) > 2) ?? by_size[by_size.length - 1];
        const numbers = choices.number;
        const x = numbers.includes('x') ? 'x' : numbers[0];
        const y = numbers.includes('y') ? 'y' : numbers.find((name) => name !== x);
        if (!category || !x || !y) {
            this.#clear();
            fill(this.#places.controls);
            this.#say(`${this.#table} does not have what this app shows: it takes a text column and two columns of numbers.`);
            return;
        }
        this.#say('');
        const first = { category, x, y, along: choices.axis.find((name) => this.#isTime(name)) ?? x };
        this.#showColumns({ ...first, ...this.#chosenBefore(choices) });
    }

    /** The columns as they were before the page was loaded anew, those that the table still has. */
    #chosenBefore(choices) {
        const kept = JSON.parse(sessionStorage.getItem(this.#key()) ?? '{}');
        const places = { category: choices.group, x: choices.number, y: choices.number, along: choices.axis };
        return Object.fromEntries(Object.entries(kept).filter(([place, name]) => places[place]?.includes(name)));
    }

    #key() {
        return `spillway.dropdown.${this.#session.name}.${this.#table}`;
    }

    #distinct(name) {
        return Number(this.#about.columns.find((column) => column.name === name).distinct);
    }

    #isTime(name) {
        return /^(date|timestamp)$/.test(this.#about.columns.find((column) => column.name === name).type);
    }

    async #showColumns(columns) {
        this.#clear();
        const { category, x, y, along } = columns;
        this.#filters = new Filters(this.#session, this.#table, this.#about.columns, 'd');
        this.#filters.adopt(this.#session.inputs.all());
        this.#dropUnseen(Object.values(columns));
        sessionStorage.setItem(this.#key(), JSON.stringify(columns));
        await this.#filters.use([category, x, y, along]);
        const names = columnChoices(this.#about.columns);
        const select = (key, text, options) => {
            const element = h('select', {}, ...options.map((value) => h('option', { value, text: value })));
            element.value = columns[key];
            element.addEventListener('change', () => this.#showColumns({ ...columns, [key]: element.value }));
            return h('label', {}, text, element);
        };
        this.#categories = h('select', { id: 'category' }, h('option', { value: EVERYTHING, text: 'everything' }));
        this.#categories.addEventListener('change', () => this.#choose(category));
        fill(
            this.#places.controls,
            h('label', { class: 'is-main' }, category, this.#categories),
            select('category', 'Category column', names.group),
            select('x', 'x', names.number),
            select('y', 'y', names.number),
            select('along', 'Along', names.axis),
        );
        this.#drive(columns);
        this.#offer(columns);
    }

    /** A filter on a column that no chart here shows could neither be seen nor taken off. */
    #dropUnseen(seen) {
        const unseen = this.#filters.active.map(({ column }) => column).filter((column) => !seen.includes(column));
        if (unseen.length > 0) {
            this.#filters.set(Object.fromEntries(unseen.map((column) => [column, null])));
        }
    }

    #drive({ category, x, y, along }) {
        const defs = [
            { id: 'scatter', type: 'scatter', x, y, color: category },
            { id: 'line', type: 'line', x: along, y },
            { id: 'heat', type: 'density', x, y, style: 'heat' },
            { id: 'contour', type: 'density', x, y, style: 'contour' },
        ];
        defs.forEach((def) => this.#show(def, this.#places.driven));
    }

    #show(def, place, adjust) {
        const context = { session: this.#session, table: this.#table, filters: this.#filters, theme: this.#theme, actions: {} };
        const card = new Card(context, def, adjust);
        this.#cards.push(card);
        place.append(card.element);
        return card;
    }

    /** The categories come from the data, with their numbers of rows; so does how many charts there are. */
    #offer({ category, x }) {
        const output = this.#session.output(`${this.#filters.select}_categories`, {
            kind: 'groupby',
            table: this.#table,
            by: [category],
            measures: { n: { fn: 'count' } },
            order: { measure: 'n', desc: true },
            limit: CATEGORIES_MAX,
        });
        const off = output.on('value', ({ data }) => {
            const values = Array.from(data.keys[category]).filter((value) => value !== null);
            this.#listCategories(category, values, data.measures.n);
            this.#compare(category, x, values);
        });
        const off_state = output.on('state', ({ error }) => error && this.#say(error.message));
        this.#cards.push({
            destroy: () => {
                off();
                off_state();
                output.drop().catch(() => {});
            },
        });
    }

    #listCategories(category, values, counts) {
        const now = this.#filters.get(category)?.[0] ?? EVERYTHING;
        const options = values.map((value, i) => h('option', { value: String(value), text: `${value} (${formatCount(Number(counts[i]))})` }));
        fill(this.#categories, h('option', { value: EVERYTHING, text: 'everything' }), ...options);
        this.#categories.value = now;
    }

    #choose(category) {
        const value = this.#categories.value;
        this.#filters.set({ [category]: value === EVERYTHING ? null : [this.#typed(category, value)] });
    }

    #typed(category, text) {
        const { type } = this.#filters.column(category);
        return type === 'bool' ? text === 'true' : text;
    }

    /** The multi-select and the small charts: `facet` makes as many as values pass the list. */
    async #compare(category, x, values) {
        const { choices, compared } = this.#places;
        if (this.#compare_input !== null) {
            return; // new rows of a growing table: the choice stays
        }
        this.#compare_input = `${this.#filters.select}_compared_${this.#about.columns.findIndex(({ name }) => name === category)}`;
        const kept = this.#session.inputs.get(this.#compare_input);
        const chosen = new Set(kept ?? values.slice(0, COMPARED_AT_FIRST));
        const boxes = values.map((value) => {
            const box = h('input', { type: 'checkbox', name: 'compared', value: String(value) });
            box.checked = chosen.has(value);
            box.addEventListener('change', () => {
                if (box.checked) {
                    chosen.add(value);
                } else {
                    chosen.delete(value);
                }
                this.#setCompared(chosen);
            });
            return h('label', {}, box, String(value));
        });
        this.#hint = h('p', { class: 'hint', text: 'Nothing is chosen: tick the values that shall have a chart.' });
        fill(choices, h('legend', { text: `Values of ${category} to compare` }), ...boxes, this.#hint);
        this.#setCompared(chosen);
        const select = `${this.#filters.select}_compare`;
        await this.#session.select(select, this.#table, [{ column: category, in: `$${this.#compare_input}`, name: 'compared' }]);
        const def = { id: 'compared', type: 'histogram', x, facet: category, facet_limit: CATEGORIES_MAX };
        this.#show(def, compared, ({ except, ...main }) => ({ ...main, select }));
    }

    /** No choice means no chart; a null input would mean all of them. */
    #setCompared(chosen) {
        this.#session.inputs.set({ [this.#compare_input]: [...chosen] });
        this.#hint.hidden = chosen.size > 0;
    }

    #clear() {
        this.#cards.forEach((card) => card.destroy());
        this.#cards = [];
        this.#compare_input = null;
        this.#filters?.clear();
        this.#places.compared.replaceChildren();
    }

    #say(text) {
        this.#places.problem.hidden = text === '';
        say(this.#places.problem, text);
    }
}
