import { announce, h, say } from './dom.js';

const HIDDEN = '••••••••';

/** The command that uploads a file from a terminal. The session's token stays covered until asked for. */
export class CurlCommand {
    #session;
    #text;
    #reveal;
    #is_shown = false;

    /** @param {any} session */
    constructor(session) {
        this.#session = session;
        this.#text = h('code', { class: 'command', tabindex: 0 });
        this.#reveal = h('button', { type: 'button', on: { click: () => this.#show(!this.#is_shown) } });
        this.element = h(
            'section',
            { class: 'from-terminal', aria: { labelledby: 'curl-title' } },
            h('h3', { id: 'curl-title', text: 'Upload from a terminal' }),
            this.#text,
            h(
                'div',
                { class: 'form-buttons' },
                this.#reveal,
                h('button', { type: 'button', text: 'Copy the command', on: { click: () => this.#copy() } }),
            ),
            h('p', { class: 'hint', text: 'Put a file’s name in place of FILE. Whoever has the token has this session: keep it to yourself.' }),
        );
    }

    /** Covers the token again, as the dialog opens. */
    cover() {
        this.#show(false);
    }

    #show(is_shown) {
        this.#is_shown = is_shown;
        say(this.#reveal, is_shown ? 'Hide the token' : 'Show the token');
        say(this.#text, curlCommand(this.#session.base, is_shown ? this.#session.info.token : HIDDEN));
    }

    /** Where the page may not write to the clipboard, the command is shown and marked instead. */
    async #copy() {
        try {
            await navigator.clipboard.writeText(curlCommand(this.#session.base, this.#session.info.token));
            announce('The command is on the clipboard.');
        } catch {
            this.#show(true);
            getSelection().selectAllChildren(this.#text);
            announce('The command is marked: copy it with the keyboard.');
        }
    }
}

/**
 * @param {URL} base of the server
 * @param {string} token
 */
export function curlCommand(base, token) {
    return `curl -T FILE -H "Authorization: Bearer ${token}" ${new URL('upload/FILE', base).href}`;
}
