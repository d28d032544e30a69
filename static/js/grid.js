import { h } from './dom.js';
import { formatCell, formatCount, isNumeric } from './format.js';
import { GridAria } from './grid-aria.js';
import { PageCache } from './page-cache.js';
import { StrictGrid } from './slick.js';

const ROW_PX = 26;
const WIDTH_PX = { bool: 80, int: 110, float: 120, date: 110, timestamp: 216, string: 160 };
const REFRESH_MS = 150;

/** The rows of a table under its filters, in any order, of any length. */
export class Grid {
    #table;
    #select;
    #columns = [];
    #cache;
    #grid = null;
    #aria = null;
    #host;
    #sort = [];
    #timer = null;
    #problem;

    /**
     * @param {import('../client/table.js').Table} table
     * @param {string} select the selection that filters it
     * @param {(text: string) => void} problem
     */
    constructor(table, select, problem) {
        this.#table = table;
        this.#select = select;
        this.#problem = problem;
        this.#host = h('div', { class: 'grid' });
        this.element = this.#host;
        this.#cache = new PageCache({
            fetch: (offset, limit, signal) =>
                table.page({ offset, limit, select, columns: this.#names(), ...(this.#sort.length > 0 && { sort: this.#sort }) }, { signal }),
            arrived: (first, last) => this.#arrived(first, last),
            failed: (error) => problem(`Rows could not be read: ${error.message}`),
        });
    }

    /** @param {any[]} columns of table.describe */
    describe(columns) {
        const is_new = JSON.stringify(columns.map(typed)) !== JSON.stringify(this.#columns.map(typed));
        this.#columns = columns;
        if (is_new) {
            this.#grid?.setColumns(this.#slickColumns());
            this.#cache.invalidate();
        }
    }

    /** The panel became visible, or has another width. */
    show() {
        if (this.#grid) {
            this.#grid.resizeCanvas();
        } else if (this.#host.isConnected && this.#columns.length > 0) {
            this.#make();
        }
    }

    /** Filters or table moved: other rows, perhaps fewer. */
    refresh(rows) {
        this.#setLength(rows);
        clearTimeout(this.#timer);
        if (this.#columns.length > 0) {
            this.#timer = setTimeout(() => this.#cache.invalidate(), REFRESH_MS);
        }
    }

    /** @param {number} row */
    goTo(row) {
        this.#grid?.scrollRowToTop(row);
        this.#grid?.setActiveCell(row, 0);
        this.#grid?.focus();
    }

    get sort() {
        return this.#sort;
    }

    destroy() {
        clearTimeout(this.#timer);
        this.#cache.stop();
        this.#grid?.destroy();
        this.#host.remove();
    }

    #names() {
        return this.#columns.map((column) => column.name);
    }

    #make() {
        const data = {
            getLength: () => this.#cache.length,
            getItem: (row) => this.#cache.get(row) ?? { is_missing: true },
            getItemMetadata: (row) => (this.#cache.get(row) ? null : { cssClasses: 'is-loading' }),
        };
        this.#grid = new StrictGrid(this.#host, data, this.#slickColumns(), {
            rowHeight: ROW_PX,
            enableCellNavigation: true,
            enableColumnReorder: false,
            enableHtmlRendering: false,
            enableTextSelectionOnCells: true,
            multiColumnSort: true,
            numberedMultiColumnSort: true,
            tristateMultiColumnSort: true,
            enableMouseWheelScrollHandler: false, // it would move a row more than the browser already does
            autoEdit: false,
            editable: false,
        });
        this.#grid.onViewportChanged.subscribe(() => this.#look());
        this.#grid.onSort.subscribe((event, { sortCols }) => this.#sorted(sortCols ?? [], event));
        this.#aria = new GridAria(this.#host, this.#grid);
        this.#describeToReaders();
        this.#look();
    }

    #slickColumns() {
        const id = { id: '#id', name: 'row', field: 'id', width: 96, sortable: false, cssClass: 'cell-id', formatter: (row, c, v, d, item) => rowNumber(row, item) };
        return [
            id,
            ...this.#columns.map((column, i) => ({
                id: column.name,
                name: column.name,
                toolTip: `${column.name} (${column.type})`,
                field: String(i),
                width: Math.max(WIDTH_PX[column.type] ?? 120, Math.min(column.name.length * 9 + 36, 320)),
                sortable: true,
                cssClass: isNumeric(column.type) ? 'cell-number' : '',
                formatter: (row, cell, value, definition, item) => this.#format(item, i, column.type),
            })),
        ];
    }

    #format(item, i, type) {
        if (item.is_missing) {
            return '';
        }
        const value = item.values[i];
        return value === null ? { text: 'null', addClasses: 'is-null' } : { text: formatCell(value, type) };
    }

    /** Only a part of the rows is in the document: tell how many there are. */
    #describeToReaders() {
        this.#aria?.count(this.#cache.length, this.#columns.length + 1);
    }

    /** A click sorts by that column alone; with Shift it adds one to those that sort already. */
    #sorted(sort_columns, { target, shiftKey, ctrlKey, metaKey }) {
        const clicked = target.closest('.slick-header-column').dataset.id;
        const is_adding = shiftKey || ctrlKey || metaKey;
        const kept = is_adding ? sort_columns : sort_columns.filter(({ columnId }) => columnId === clicked);
        if (kept.length < sort_columns.length) {
            this.#grid.setSortColumns(kept.map(({ columnId, sortAsc }) => ({ columnId, sortAsc })));
        }
        this.#sort = kept.map(({ columnId, sortAsc }) => ({ column: String(columnId), ...(!sortAsc && { desc: true }) }));
        this.#aria.showSort(this.#sort);
        this.#grid.scrollRowToTop(0);
        this.#look();
        this.#cache.invalidate();
    }

    #look() {
        const { top, bottom } = this.#grid.getViewport();
        this.#cache.look(Math.max(top, 0), Math.max(bottom, 0));
    }

    #setLength(rows) {
        if (this.#cache.length !== rows) {
            this.#cache.length = rows;
            this.#grid?.updateRowCount();
            this.#describeToReaders();
        }
    }

    #arrived(first, last) {
        if (!this.#grid) {
            return; // it asks for its rows when it is made
        }
        this.#grid.updateRowCount();
        const { top, bottom } = this.#grid.getRenderedRange();
        const rows = [];
        for (let row = Math.max(first, top); row <= Math.min(last, bottom); row++) {
            rows.push(row);
        }
        this.#grid.invalidateRows(rows);
        this.#grid.render();
        this.#describeToReaders();
        this.#problem('');
    }
}

/** People count from 1, and what they see; the row's own number in the table is its id. */
function rowNumber(row, item) {
    return { text: formatCount(row + 1), ...(!item.is_missing && { toolTip: `row id ${item.id}` }) };
}

function typed(column) {
    return [column.name, column.type];
}
