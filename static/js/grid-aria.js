import { h, setAria } from './dom.js';

/**
 * What SlickGrid leaves out for those who do not see it or do not use a mouse: one tab stop for the
 * rows and one per heading instead of one per pane, sorting by key, and where in the whole table the
 * few rows stand that are in the document.
 */
export class GridAria {
    #grid;
    #inner;

    /**
     * @param {HTMLElement} host
     * @param {any} grid a SlickGrid
     */
    constructor(host, grid) {
        this.#grid = grid;
        this.#inner = wrapPanes(host);
        host.addEventListener('focusin', (event) => this.#enter(event));
        host.addEventListener('keydown', leaveByTab, { capture: true });
        grid.onHeaderCellRendered.subscribe((_, { node }) => this.#head(node));
        grid.onRendered.subscribe(() => this.#numberRows());
        host.querySelectorAll('.slick-header-column').forEach((node) => this.#head(node));
        this.#numberRows();
    }

    /** @param {number} rows @param {number} columns */
    count(rows, columns) {
        setAria(this.#inner, { rowcount: rows + 1, colcount: columns, label: 'Rows of the table' });
    }

    /** @param {{column: string, desc?: boolean}[]} sort */
    showSort(sort) {
        for (const node of this.#inner.querySelectorAll('.slick-header-column')) {
            const order = sort.find(({ column }) => column === node.dataset.id);
            setAria(node, { sort: order ? (order.desc ? 'descending' : 'ascending') : null });
        }
    }

    #head(node) {
        const column = this.#grid.getColumns().find(({ id }) => id === node.dataset.id);
        if (!column?.sortable || node.tabIndex === 0) {
            return;
        }
        node.tabIndex = 0;
        node.addEventListener('keydown', (event) => {
            if (event.key === 'Enter' || event.key === ' ') {
                node.dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: event.shiftKey }));
                event.preventDefault();
            }
        });
    }

    /** Coming in by Tab begins at the first row in sight. */
    #enter(event) {
        const is_head = event.target.closest('.slick-header-column');
        if (is_head) {
            const header = is_head.closest('.slick-header');
            // The focus scrolls the headings alone; the rows have to come along.
            requestAnimationFrame(() => (this.#inner.querySelector('.slick-viewport').scrollLeft = header.scrollLeft));
        }
        if (!is_head && this.#grid.getActiveCell() === null && this.#grid.getDataLength() > 0) {
            this.#grid.setActiveCell(Math.max(this.#grid.getViewport().top, 0), 0);
        }
    }

    #numberRows() {
        const { top, bottom } = this.#grid.getRenderedRange();
        for (let row = top; row <= bottom; row++) {
            const node = this.#grid.getCellNode(row, 0)?.parentElement;
            if (node) {
                setAria(node, { rowindex: row + 2 });
            }
        }
    }
}

/** SlickGrid would walk through every cell of the table before Tab leaves it; arrows are for that. A field has its own ideas. */
function leaveByTab(event) {
    if (event.key === 'Tab' && !event.target.closest('.cell-editor')) {
        event.stopPropagation();
    }
}

/** The panes become the grid; the elements that only catch the focus stay outside of it. */
function wrapPanes(host) {
    const panes = [...host.querySelectorAll(':scope > .slick-pane')];
    const inner = h('div', { role: 'grid' });
    panes[0].before(inner);
    inner.append(...panes);
    host.removeAttribute('role');
    for (const element of inner.querySelectorAll('.slick-pane, .slick-viewport')) {
        element.removeAttribute('tabindex');
    }
    inner.querySelectorAll('.grid-canvas').forEach((canvas) => canvas.setAttribute('role', 'rowgroup'));
    return inner;
}
