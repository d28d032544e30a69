import { ColumnsView } from './columns-view.js';
import { h, icon, say, setAria } from './dom.js';
import { NewTable } from './edit/new-table.js';
import { TableEditing } from './edit/table-editing.js';
import { saveUrl } from './export.js';
import { formatCount } from './format.js';
import { Grid } from './grid.js';

/** Below the charts: the rows that pass the filters, the columns, the history, and the way to take the rows home. */
export class RowsPanel {
    #session;
    #table;
    #filters;
    #grid;
    #columns;
    #count;
    #problem;
    #tabs;
    #resize;
    #editing;

    /**
     * @param {any} session
     * @param {string} table
     * @param {import('./filters.js').Filters} filters
     * @param {(column: any) => void} add
     * @param {{tables: () => any[], open: (table: string) => void}} to
     */
    constructor(session, table, filters, add, to) {
        this.#session = session;
        this.#table = table;
        this.#filters = filters;
        this.#count = h('span', { class: 'rows-count' });
        this.#problem = h('p', { class: 'problem', role: 'alert', hidden: true });
        this.#editing = new TableEditing(session.table(table), filters, add, () => new NewTable(session, session.table(table), filters, to).open());
        this.#grid = new Grid(session.table(table), filters.select, (text) => this.#say(text), this.#editing.changes, this.#editing.listener);
        this.#editing.grid = this.#grid;
        this.#columns = new ColumnsView(add, (name, opener) => this.#editing.menu(name, opener));
        this.#tabs = [
            this.#tab('rows', 'Rows', this.#grid.element),
            this.#tab('columns', 'Columns', this.#columns.element),
            this.#tab('history', 'History', this.#editing.history.element),
        ];
        this.element = h(
            'section',
            { class: 'rows-panel', aria: { label: 'Rows and columns' } },
            h('div', { class: 'rows-bar' }, this.#tabList(), this.#count, this.#goTo(), this.#downloads()),
            this.#editing.element,
            this.#problem,
            ...this.#tabs.map((tab) => tab.panel),
        );
        this.#resize = new ResizeObserver(() => this.#grid.show());
        this.#resize.observe(this.#grid.element);
        this.#choose(0);
    }

    /** @param {any} about table.describe */
    describe(about) {
        this.#columns.describe(about);
        this.#grid.describe(about.columns);
        this.#editing.describe(about);
        this.#grid.show();
    }

    /** The table has another version: the figures may not tell, when none of them depends on what was changed. */
    tableChanged() {
        this.#grid.refreshRows();
        this.#editing.fetchHistory();
    }

    /** @param {{rows: number, total: number}} rows */
    rowsChanged({ rows, total }) {
        say(this.#count, rows === total ? `${formatCount(total)} rows` : `${formatCount(rows)} of ${formatCount(total)} rows`);
        this.#grid.refresh(rows);
        this.#say(rows === 0 && total > 0 ? 'No row passes all filters. Take one of them off above.' : '');
    }

    destroy() {
        this.#resize.disconnect();
        this.#grid.destroy();
        this.#editing.destroy();
        this.element.remove();
    }

    #say(text) {
        this.#problem.hidden = text === '';
        say(this.#problem, text);
    }

    #tab(key, text, content) {
        const panel = h('div', { role: 'tabpanel', id: `panel-${key}`, aria: { labelledby: `tab-${key}` } }, content);
        const button = h('button', { type: 'button', role: 'tab', id: `tab-${key}`, class: 'tab', text, aria: { controls: `panel-${key}` } });
        return { button, panel };
    }

    #tabList() {
        const list = h('div', { class: 'tabs', role: 'tablist', aria: { label: 'Rows, columns or history' } }, ...this.#tabs.map((tab) => tab.button));
        this.#tabs.forEach(({ button }, i) => button.addEventListener('click', () => this.#choose(i)));
        list.addEventListener('keydown', (event) => {
            if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
                const now = this.#tabs.findIndex(({ button }) => button === document.activeElement);
                const next = (now + (event.key === 'ArrowRight' ? 1 : this.#tabs.length - 1)) % this.#tabs.length;
                this.#choose(next);
                this.#tabs[next].button.focus();
                event.preventDefault();
            }
        });
        return list;
    }

    #choose(chosen) {
        this.#tabs.forEach(({ button, panel }, i) => {
            setAria(button, { selected: i === chosen });
            button.tabIndex = i === chosen ? 0 : -1;
            panel.hidden = i !== chosen;
        });
        this.#editing.history.show(chosen === 2);
        this.#grid.show();
    }

    #goTo() {
        const input = h('input', { type: 'number', min: 1, class: 'go-to', aria: { label: 'Go to row number' }, title: 'Row number' });
        return h(
            'form',
            {
                class: 'go-to-form',
                on: {
                    submit: (event) => {
                        event.preventDefault();
                        this.#grid.goTo(Math.max(0, Number(input.value) - 1));
                    },
                },
            },
            input,
            h('button', { type: 'submit', text: 'Go' }),
        );
    }

    #downloads() {
        const button = (text, is_filtered) =>
            h('button', { type: 'button', on: { click: () => this.#download(is_filtered) } }, icon('save'), text);
        return h('div', { class: 'downloads' }, button('Filtered CSV', true), button('Whole CSV', false));
    }

    async #download(is_filtered) {
        try {
            const ticket = await this.#session.table(this.#table).download({
                format: 'csv',
                ...(is_filtered && { select: this.#filters.select, ...(this.#grid.sort.length > 0 && { sort: this.#grid.sort }) }),
            });
            saveUrl(ticket.url);
        } catch (error) {
            this.#say(`The download could not begin: ${error.message}`);
        }
    }
}
