import { h, iconButton, say, setAria } from '../dom.js';
import { EXAMPLES, readCell } from './values.js';

const ROOM_PX = { bool: 96, int: 120, float: 130, string: 200, date: 150, timestamp: 230 };
const PICKER = { date: 'date', timestamp: 'datetime-local' };

/**
 * The field over the cell that is being edited. It lives beside the rows, not in one of them: rows that
 * arrive while someone types replace cells, never the field.
 *
 * Enter and Tab take what was typed (with Shift they go the other way), Escape gives it up, leaving the
 * field takes it too. A text that the column's type does not take keeps the field open and says why;
 * when the field is left all the same, it is handed on as refused.
 */
export class CellEditor {
    #taken;
    #left;
    /** @type {any} */
    #open = null;

    /**
     * @param {object} to
     * @param {(cell: any, typed: {text: string, value?: any, problem?: string}, move: string | null) => void} to.taken
     * @param {() => void} to.left given up
     */
    constructor({ taken, left }) {
        this.#taken = taken;
        this.#left = left;
    }

    get cell() {
        return this.#open?.cell ?? null;
    }

    /**
     * @param {HTMLElement} canvas
     * @param {any} cell {name, type, row, ...} handed back to `taken`
     * @param {{top: number, left: number, right: number, bottom: number}} box of the cell in the canvas
     * @param {{text: string, reason?: string, is_typing?: boolean}} begin `is_typing`: the text is a first key, not the value
     */
    open(canvas, cell, box, { text, reason = '', is_typing = false }) {
        this.close();
        const field = this.#field(cell, text);
        const problem = h('p', { class: 'cell-problem', id: 'cell-problem', role: 'alert', hidden: true });
        const picker = PICKER[cell.type] ? this.#picker(cell.type, field) : null;
        const element = h('div', { class: 'cell-editor', data: { type: cell.type } }, h('div', { class: 'cell-field' }, field, picker), problem);
        this.#open = { cell, element, field, problem, before: text, is_typing };
        element.addEventListener('keydown', (event) => this.#key(event));
        element.addEventListener('focusout', (event) => this.#focusLeft(event));
        for (const name of ['mousedown', 'click', 'dblclick', 'contextmenu', 'copy', 'cut', 'paste']) {
            element.addEventListener(name, (event) => event.stopPropagation()); // the grid underneath has its own ideas
        }
        field.addEventListener('input', () => this.#check(false));
        this.place(box, canvas.parentElement.clientWidth);
        canvas.append(element);
        this.#showProblem(reason);
        field.focus({ preventScroll: true });
        if (!is_typing) {
            field.select?.();
        }
    }

    /** The rows moved under it. */
    place({ top, left, right, bottom }, width) {
        const { element, cell } = this.#open;
        const room = Math.max(right - left, ROOM_PX[cell.type]);
        element.style.top = `${top}px`;
        element.style.left = `${Math.max(0, left - 1)}px`;
        element.style.width = `${Math.min(room + 1, width)}px`;
        element.style.setProperty('--cell-height', `${bottom - top}px`);
    }

    /** Takes what is there, as when the field is left. */
    commit(move = null) {
        const { cell, field, before, is_typing } = this.#open;
        const text = field.value;
        const read = text === before && !is_typing && !cell.is_refused ? null : readCell(text, cell.type);
        this.close();
        if (read === null) {
            this.#taken(cell, null, move);
        } else {
            this.#taken(cell, { text, ...read }, move);
        }
    }

    close() {
        const open = this.#open;
        this.#open = null; // first: removing the field makes it lose the focus
        open?.element.remove();
    }

    #field(cell, text) {
        const label = { aria: { label: `${cell.name}, row ${cell.row + 1}`, describedby: 'cell-problem' } };
        if (cell.type === 'bool') {
            const options = [['', 'null'], ['true', 'true'], ['false', 'false']].map(([value, word]) => h('option', { value, text: word }));
            const select = h('select', label, ...options);
            select.value = readCell(text, 'bool').value?.toString() ?? '';
            return select;
        }
        const hint = cell.type === 'string' ? 'null ("" for empty text)' : 'null';
        const common = { ...label, placeholder: hint, title: `Such as ${EXAMPLES[cell.type]}`, spellcheck: 'false', autocomplete: 'off' };
        if (cell.type === 'string') {
            const area = h('textarea', { ...common, rows: Math.min(8, text.split('\n').length) });
            area.value = text;
            return area;
        }
        return h('input', { ...common, type: 'text', value: text, inputmode: cell.type === 'int' || cell.type === 'float' ? 'decimal' : null });
    }

    /** The browser's own calendar, for those who would rather point. */
    #picker(type, field) {
        const native = h('input', { type: PICKER[type], step: type === 'timestamp' ? 1 : null, tabindex: -1, class: 'cell-picker', aria: { hidden: true } });
        native.addEventListener('change', () => {
            field.value = native.value.replace('T', ' ');
            field.focus();
            this.#check(false);
        });
        const open = () => {
            const { value } = readCell(field.value, type);
            native.value = value ? String(value).replace('Z', '') : '';
            native.showPicker();
        };
        return h('span', { class: 'cell-picker-place' }, iconButton('calendar', 'Choose from a calendar', open, { tabindex: -1 }), native);
    }

    #key(event) {
        event.stopPropagation();
        if (event.isComposing) {
            return;
        }
        if (event.key === 'Enter' && event.altKey) {
            this.#open.field.setRangeText?.('\n', this.#open.field.selectionStart, this.#open.field.selectionEnd, 'end');
        } else if (event.key === 'Enter' || event.key === 'Tab') {
            const is_back = event.shiftKey;
            const move = event.key === 'Tab' ? (is_back ? 'left' : 'right') : is_back ? 'up' : 'down';
            if (this.#check(true)) {
                this.commit(move);
            }
        } else if (event.key === 'Escape') {
            this.close();
            this.#left();
        } else {
            return;
        }
        event.preventDefault();
    }

    #focusLeft({ relatedTarget }) {
        if (this.#open && !this.#open.element.contains(relatedTarget) && document.hasFocus()) {
            this.commit(null);
        }
    }

    /** While typing a problem is taken away as soon as it is gone, but not shown before the end. */
    #check(is_end) {
        const { field, cell, problem } = this.#open;
        const found = readCell(field.value, cell.type).problem ?? '';
        if (is_end || !problem.hidden) {
            this.#showProblem(found);
        }
        if (field.localName === 'textarea') {
            field.rows = Math.min(8, field.value.split('\n').length);
        }
        return found === '';
    }

    #showProblem(text) {
        const { field, problem } = this.#open;
        problem.hidden = text === '';
        say(problem, text);
        setAria(field, { invalid: text === '' ? null : true });
    }
}
