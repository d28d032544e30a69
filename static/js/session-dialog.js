import { CurlCommand } from './curl-command.js';
import { fill, h } from './dom.js';
import { formatBytes, formatCount, formatDuration } from './format.js';

/** Where the data lie, how much of the server they take, and the button that deletes them now. */
export class SessionDialog {
    #session;
    #facts;
    #curl;
    #dialog;

    /**
     * @param {any} session
     * @param {() => void} ended
     */
    constructor(session, ended) {
        this.#session = session;
        this.#facts = h('dl', { class: 'facts' });
        this.#curl = new CurlCommand(session);
        this.#dialog = h(
            'dialog',
            { class: 'dialog', aria: { labelledby: 'session-title' } },
            h('h2', { id: 'session-title', text: 'This session' }),
            this.#facts,
            this.#curl.element,
            h('p', { class: 'hint', text: 'Tables live in the memory of this server, for this tab alone. They are deleted when the session has been idle for the time above, or at once:' }),
            h(
                'div',
                { class: 'form-buttons' },
                h('button', { type: 'button', class: 'danger', text: 'End the session and delete its data', on: { click: () => this.#end(ended) } }),
                h('button', { type: 'button', text: 'Close', on: { click: () => this.#dialog.close() } }),
            ),
        );
        document.body.append(this.#dialog);
    }

    async open() {
        this.#curl.cover();
        this.#dialog.showModal();
        const info = await this.#session.call('session.info');
        const { idle_timeout_s, server } = this.#session.info;
        const facts = [
            ['Session', this.#session.name],
            ['Memory', `${formatBytes(Number(info.memory_bytes))} of ${formatBytes(Number(info.memory_limit_bytes))}`],
            ['Tables', formatCount(Number(info.tables?.length ?? info.tables))],
            ['Ends when idle for', formatDuration(Number(idle_timeout_s))],
            ['Server', `${server.name} ${server.version}`],
        ];
        fill(this.#facts, ...facts.flatMap(([name, text]) => [h('dt', { text: name }), h('dd', { text })]));
    }

    async #end(ended) {
        await this.#session.close();
        this.#dialog.close();
        ended();
    }
}
