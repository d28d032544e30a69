import { h, setAria } from '../dom.js';
import { formatCount, formatNumber, formatShare } from '../format.js';
import { BARS_LIMIT } from './specs.js';

/**
 * Rows (or a measure) per category. The bars are elements, not pixels: long names, clicks and
 * keys work as in any list. Their order is that of the whole table, so that they stay in place
 * while filters move.
 */
export class BarsChart {
    #host;
    #list;
    #note;
    /** @type {Map<any, {row: HTMLElement, bar: HTMLElement, ghost: HTMLElement, number: HTMLElement}>} */
    #rows = new Map();
    #limit = BARS_LIMIT;
    main = null;
    all = null;

    /**
     * @param {HTMLElement} host
     * @param {import('../plan.js').ChartDef} def
     * @param {import('./base.js').ChartContext} context
     */
    constructor(host, def, context) {
        this.#host = host;
        this.def = def;
        this.context = context;
        this.#list = h('div', {
            class: 'bars',
            role: 'listbox',
            aria: { multiselectable: true, label: `${def.x}: choose values to filter by` },
            on: { keydown: (event) => this.#key(event) },
        });
        this.#note = h('button', { type: 'button', class: 'link-button', hidden: true, on: { click: () => this.#more() } });
        host.classList.add('bars-host');
        host.append(this.#list, this.#note);
    }

    update({ main, all }) {
        this.main = main;
        this.all = all ?? main;
        this.#draw();
    }

    showFilters() {
        if (this.main) {
            this.#draw();
        }
    }

    /** Colours come from the style sheet. */
    restyle() {}

    destroy() {
        this.#host.replaceChildren();
    }

    get canvas() {
        return null;
    }

    /**
     * Value and number of every category, biggest of the whole table first. Where there are more
     * categories than the server sends, one that did not come is not zero but unknown: then the
     * biggest of the filtered rows are shown, in their order.
     * @returns {{key: any, now: number, all: number | null}[]}
     */
    entries() {
        const { x } = this.def;
        const is_cut = Number(this.main.groups) > this.main.keys[x].length;
        const [shown, other] = is_cut ? [this.main, this.all] : [this.all, this.main];
        const others = new Map(Array.from(other.keys[x], (key, i) => [key, i]));
        return Array.from(shown.keys[x], (key, i) => {
            const at = others.get(key);
            const value = this.#number(shown, i);
            const counterpart = at === undefined ? null : this.#number(other, at);
            return is_cut ? { key, now: value, all: counterpart } : { key, now: counterpart ?? 0, all: value };
        });
    }

    summary() {
        const [first] = this.entries();
        return first ? `${formatCount(this.all.groups)} values, most often ${first.key ?? 'empty'}.` : 'No values.';
    }

    #number(data, i) {
        return data.measures.value?.[i] ?? data.measures.n[i] ?? 0;
    }

    #draw() {
        const entries = this.entries();
        const shown = entries.slice(0, this.#limit);
        const rest = Number(this.all.groups) - shown.length;
        const most = Math.max(...shown.map((entry) => entry.now), 0);
        const most_all = Math.max(...shown.map((entry) => entry.all ?? 0), 0);
        const scale = this.def.ghost === 'counts' ? most_all : most;
        const chosen = this.context.filters.get(this.def.x);
        this.#keepRows(shown);
        for (const { key, now, all } of shown) {
            const { row, bar, ghost, number } = this.#rows.get(key);
            const is_chosen = chosen?.includes(key) ?? false;
            bar.style.width = `${scale > 0 ? (Math.max(now, 0) / scale) * 100 : 0}%`;
            ghost.style.width = `${most_all > 0 ? (Math.max(all ?? 0, 0) / most_all) * 100 : 0}%`;
            ghost.hidden = this.def.ghost === 'off';
            number.textContent = this.def.measure?.column ? formatNumber(now) : formatCount(now);
            row.classList.toggle('is-off', chosen !== null && !is_chosen);
            setAria(row, { selected: is_chosen });
            row.title = `${key ?? 'empty'}: ${formatNumber(now)}${all === null ? '' : ` of ${formatNumber(all)} (${formatShare(now, all)})`}`;
        }
        this.#note.hidden = rest <= 0;
        this.#note.textContent =
            this.#limit < entries.length ? `${formatCount(rest)} more values: show` : `${formatCount(rest)} more values are not shown`;
        this.#note.disabled = this.#limit >= entries.length;
    }

    /** Rows are kept between updates: focus and scroll stay where they are. */
    #keepRows(shown) {
        const keys = new Set(shown.map((entry) => entry.key));
        for (const [key, { row }] of this.#rows) {
            if (!keys.has(key)) {
                row.remove();
                this.#rows.delete(key);
            }
        }
        shown.forEach(({ key }, i) => {
            const parts = this.#rows.get(key) ?? this.#makeRow(key);
            if (this.#list.children[i] !== parts.row) {
                this.#list.insertBefore(parts.row, this.#list.children[i] ?? null);
            }
        });
        const rows = [...this.#list.children];
        if (!rows.some((row) => /** @type {HTMLElement} */ (row).tabIndex === 0) && rows[0]) {
            /** @type {HTMLElement} */ (rows[0]).tabIndex = 0;
        }
    }

    #makeRow(key) {
        const ghost = h('span', { class: 'bar-ghost' });
        const bar = h('span', { class: 'bar' });
        const number = h('span', { class: 'bar-number' });
        const is_null = key === null;
        const row = h(
            'div',
            {
                class: 'bar-row',
                role: 'option',
                tabindex: -1,
                aria: { selected: false, disabled: is_null ? true : null },
                on: { click: (event) => this.#choose(key, event.ctrlKey || event.metaKey || event.shiftKey) },
            },
            h('span', { class: is_null ? 'bar-name is-null' : 'bar-name', text: is_null ? 'empty' : String(key) }),
            h('span', { class: 'bar-track' }, ghost, bar),
            number,
        );
        const parts = { row, bar, ghost, number };
        this.#rows.set(key, parts);
        return parts;
    }

    /** SQL's IN never matches NULL, so the bar of empty cells only shows their number. */
    #choose(key, is_adding) {
        if (key !== null) {
            this.context.filters.toggle(this.def.x, key, is_adding);
        }
    }

    #more() {
        this.#limit = Infinity;
        this.#draw();
    }

    #key(event) {
        const rows = [...this.#list.children];
        const at = rows.indexOf(document.activeElement);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
        if (to !== undefined) {
            const next = rows[Math.min(Math.max(to, 0), rows.length - 1)];
            rows.forEach((row) => row.setAttribute('tabindex', row === next ? '0' : '-1'));
            next.focus();
            event.preventDefault();
        } else if (event.key === 'Enter' || event.key === ' ') {
            const key = [...this.#rows].find(([, parts]) => parts.row === rows[at])?.[0];
            if (key !== undefined) {
                this.#choose(key, event.key === ' ' || event.ctrlKey);
            }
            event.preventDefault();
        } else if (event.key === 'Escape') {
            this.context.filters.set({ [this.def.x]: null });
        }
    }
}
