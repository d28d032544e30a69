import { fill, h, iconButton } from '../dom.js';

const BRIEF_MS = 5000;

/**
 * One line at the foot of the window about the last edit: what was done and how to take it back, or why
 * it was refused. It stays until the next one or until it is closed; a `brief` one goes by itself.
 */
export class EditNote {
    #timer = null;

    constructor() {
        this.element = h('div', { class: 'edit-note', role: 'status', hidden: true });
    }

    /**
     * @param {string} text '' takes it away
     * @param {{mood?: 'plain' | 'bad', actions?: [string, () => void][], is_brief?: boolean}} [options]
     */
    say(text, { mood = 'plain', actions = [], is_brief = false } = {}) {
        clearTimeout(this.#timer);
        const buttons = actions.map(([word, click]) => h('button', { type: 'button', text: word, on: { click } }));
        const close = iconButton('close', 'Close this note', () => this.say(''));
        fill(this.element, h('span', { class: 'edit-note-text', text }), ...buttons, close);
        this.element.dataset.mood = mood;
        this.element.hidden = text === '';
        if (is_brief) {
            this.#timer = setTimeout(() => this.say(''), BRIEF_MS);
        }
    }

    destroy() {
        clearTimeout(this.#timer);
        this.element.remove();
    }
}
