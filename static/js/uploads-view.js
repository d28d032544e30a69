import { announce, fill, h, iconButton, say } from './dom.js';
import { formatBytes, formatCount, formatDuration } from './format.js';

const DONE_STAYS_MS = 4000;

/** A line per upload: progress, rate, pause, resume, cancel; and those that a reload cut off. */
export class UploadsView {
    #session;
    /** @type {Map<any, any>} */
    #lines = new Map();
    #unfinished;

    /**
     * @param {any} session
     */
    constructor(session) {
        this.#session = session;
        this.#unfinished = h('div', { class: 'unfinished' });
        this.element = h('section', { class: 'uploads', aria: { label: 'Uploads' } }, this.#unfinished);
        session.on('upload', (upload) => this.#show(upload));
    }

    /** Tells of uploads that the last page began; their files have to be chosen again. */
    async findUnfinished() {
        const found = await this.#session.unfinishedUploads();
        const is_live = ({ metadata, size }) => [...this.#lines.keys()].some(({ name, total }) => name === metadata.filename && total === size);
        const lines = found.filter((previous) => !is_live(previous)).map((previous) =>
            h(
                'div',
                { class: 'upload is-waiting' },
                h('span', {
                    text: `The upload of ${previous.metadata.filename} (${formatBytes(previous.size)}) was interrupted. Choose or drop the same file again and it goes on where it stopped.`,
                }),
                h('button', { type: 'button', text: 'Forget it', on: { click: () => this.#forget(previous) } }),
            ),
        );
        fill(this.#unfinished, ...lines);
    }

    async #forget(previous) {
        await this.#session.forgetUpload(previous);
        await this.findUnfinished();
    }

    #show(upload) {
        const line = this.#lines.get(upload) ?? this.#open(upload);
        const { state, bytes, total } = upload;
        const is_over = state === 'done' || state === 'cancelled';
        if (state === 'parsing' || total === null) {
            line.bar.removeAttribute('value');
        } else {
            line.bar.value = total > 0 ? bytes / total : 1;
        }
        line.bar.hidden = state === 'failed' || is_over;
        line.pause.hidden = state !== 'sending';
        line.play.hidden = state !== 'paused';
        line.cancel.hidden = is_over;
        say(line.text, words(upload));
        line.element.classList.toggle('is-failed', state === 'failed');
        if (line.state !== state) {
            line.state = state;
            this.#entered(upload, line);
        }
    }

    #entered(upload, line) {
        if (upload.state === 'done' || upload.state === 'failed') {
            announce(`${upload.name}: ${words(upload)}`);
        }
        if (upload.state === 'done' || upload.state === 'cancelled') {
            setTimeout(() => this.#remove(upload), upload.state === 'done' ? DONE_STAYS_MS : 0);
            upload.gone.then(() => this.findUnfinished());
        }
        line.cancel.title = upload.state === 'failed' ? 'Close' : 'Cancel the upload';
    }

    #open(upload) {
        const bar = h('progress', { max: 1, aria: { label: `Upload of ${upload.name}` } });
        const text = h('span', { class: 'upload-text' });
        const pause = iconButton('pause', `Pause ${upload.name}`, () => upload.pause());
        const play = iconButton('play', `Go on with ${upload.name}`, () => upload.resume(), { hidden: true });
        const cancel = iconButton('close', 'Cancel the upload', () => this.#cancel(upload));
        const element = h('div', { class: 'upload' }, h('strong', { class: 'upload-name', text: upload.name }), bar, text, pause, play, cancel);
        const line = { element, bar, text, pause, play, cancel, state: null };
        this.#lines.set(upload, line);
        this.element.append(element);
        this.findUnfinished();
        return line;
    }

    #cancel(upload) {
        if (upload.state === 'failed') {
            this.#remove(upload);
        } else {
            upload.cancel();
        }
    }

    #remove(upload) {
        this.#lines.get(upload)?.element.remove();
        this.#lines.delete(upload);
    }
}

function words({ state, bytes, total, rows, rate, error }) {
    const sent = total === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`;
    const read = rows > 0 ? `, ${formatCount(rows)} rows` : '';
    switch (state) {
        case 'sending': {
            const left = rate > 0 && total !== null ? `, ${formatDuration((total - bytes) / rate)} left` : '';
            return `${sent}${read}${rate > 0 ? `, ${formatBytes(rate)}/s` : ''}${left}`;
        }
        case 'paused':
            return `Paused at ${sent}${read}`;
        case 'parsing':
            return `All bytes are there, reading${read || ' …'}`;
        case 'done':
            return `Done${read}`;
        case 'failed':
            return error?.message ?? 'The upload failed.';
        case 'cancelled':
            return 'Cancelled';
        default:
            return 'Starting …';
    }
}
