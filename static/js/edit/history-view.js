import { fill, h } from '../dom.js';
import { counted } from '../format.js';
import { sentence } from './changes.js';

const SHOWN_MAX = 300;

/** What was done to the table, newest first, with the way back to any of it. */
export class HistoryView {
    #table;
    #changes;
    #steps = [];
    #is_jumping = false;
    #is_shown = false;

    /**
     * @param {import('../../client/table.js').Table} table
     * @param {import('./changes.js').Changes} changes
     */
    constructor(table, changes) {
        this.#table = table;
        this.#changes = changes;
        this.element = h('div', { class: 'history', tabindex: 0, role: 'region', aria: { label: 'History' } });
    }

    /** Whether there is something to take back and to do again; null while that is not known. */
    get can() {
        return { undo: this.#steps.some((step) => !step.undone), redo: this.#steps.some((step) => step.undone) };
    }

    show(is_shown) {
        this.#is_shown = is_shown;
        if (is_shown) {
            this.#draw();
        }
    }

    async fetch() {
        this.#steps = await this.#table.history();
        if (this.#is_shown && !this.#is_jumping) {
            this.#draw();
        }
    }

    #draw() {
        const at = this.#steps.filter((step) => !step.undone).length;
        const lines = this.#steps.map((step, i) => this.#line(step, i, at));
        const first = this.#begin(at);
        const shown = lines.slice(-SHOWN_MAX).reverse();
        const hidden = lines.length - shown.length;
        const focused = this.element.contains(document.activeElement);
        fill(
            this.element,
            h('p', { class: 'columns-about', text: this.#about(at) }),
            h('ol', { class: 'history-steps', reversed: true }, ...shown, hidden > 0 ? h('li', { text: `${counted(hidden, 'older step')} not shown` }) : first),
        );
        if (focused) {
            this.element.focus();
        }
    }

    #about(at) {
        if (this.#steps.length === 0) {
            return 'Nothing was changed yet. Every change is listed here and can be taken back (Ctrl+Z) and done again (Ctrl+Shift+Z).';
        }
        const undone = this.#steps.length - at;
        return `${counted(at, 'change')}${undone > 0 ? `, and ${undone} taken back` : ''}. Ctrl+Z takes the last one back, Ctrl+Shift+Z does it again.`;
    }

    #line(step, i, at) {
        const is_now = i === at - 1;
        const steps = i + 1 - at;
        const word = is_now ? null : steps < 0 ? 'Back to here' : 'Do again up to here';
        return h(
            'li',
            { class: step.undone ? 'is-undone' : '', aria: { current: is_now ? 'step' : null } },
            h('time', { datetime: step.time, text: new Date(step.time).toLocaleTimeString('en-GB') }),
            h('span', { class: 'history-what', text: sentence(step.what) }),
            h('span', { class: 'history-rows', text: Number(step.rows) > 0 ? counted(Number(step.rows), 'row') : '' }),
            h('span', { class: 'history-state', text: step.undone ? 'taken back' : is_now ? 'now' : '' }),
            word && h('button', { type: 'button', class: 'link-button', text: word, aria: { label: `${word}: ${step.what}` }, on: { click: () => this.#jump(steps) } }),
        );
    }

    #begin(at) {
        const button = h('button', { type: 'button', class: 'link-button', text: 'Back to here', aria: { label: 'Back to here: the beginning' }, on: { click: () => this.#jump(-at) } });
        return this.#steps.length === 0
            ? null
            : h('li', { aria: { current: at === 0 ? 'step' : null } }, h('span', { class: 'history-what', text: 'The beginning, or the oldest step that is still kept.' }), at > 0 ? button : null);
    }

    async #jump(steps) {
        this.#is_jumping = true;
        this.element.querySelectorAll('button').forEach((button) => (button.disabled = true));
        for (let i = 0; i < Math.abs(steps); i++) {
            if (!(await this.#changes.step(steps < 0 ? 'undo' : 'redo'))) {
                break;
            }
        }
        this.#is_jumping = false;
        await this.fetch().catch(() => {}); // a lost line tells of itself
        this.element.focus();
    }
}
