import { Emitter } from './emitter.js';
import { CODE, SpillwayError } from './errors.js';

/** A checkpoint every so many bytes: what a cut connection loses at most has to be sent again. */
const CHUNK_BYTES = 8 * 1024 * 1024;
/** Looks at a table that is not there before the upload counts as failed without a reason. */
const MISSES_MAX = 5;
const RETRY_DELAYS_MS = [0, 500, 1000, 2000, 4000, 8000, 8000];

/**
 * One file on its way into a table.
 *
 * States: starting, sending, paused, parsing (all bytes are there), done, failed, cancelled.
 * Events: `change` (this) whenever state, bytes or rows moved; `done` {upload, table}; `failed` SpillwayError.
 */
export class Upload extends Emitter {
    #session;
    #hub;
    #options;
    #tus = null;
    #finish;
    #rate_mark = null;
    #misses = 0;
    /** @type {number | null} all rows of the table, once the server told that they are in */
    #rows_landed = null;
    state = 'starting';
    /** @type {string | null} */
    id = null;
    /** @type {string | null} */
    table = null;
    bytes = 0;
    rows = 0;
    /** bytes per second, smoothed */
    rate = 0;
    /** @type {SpillwayError | null} */
    error = null;
    /** Settles when the server has forgotten a cancelled upload and its table, or could not be told. */
    gone = Promise.resolve();

    /**
     * @param {import('../spillway.js').Session} session
     * @param {import('./uploads.js').Uploads} hub
     * @param {any} source a File or Blob; in Node also a Buffer
     * @param {object} options
     * @param {string} options.name file name, shown and used to name the table
     * @param {string} [options.table]
     * @param {Record<string, string>} [options.types] column: type, where the guess shall not decide
     * @param {string} [options.format]
     * @param {number} [options.chunk_bytes]
     * @param {any} [options.previous] what `session.previousUploads(file)` found: go on there
     */
    constructor(session, hub, source, options) {
        super();
        this.#session = session;
        this.#hub = hub;
        this.source = source;
        this.#options = options;
        this.name = options.name;
        this.total = source.size ?? source.byteLength ?? null;
        /** @type {Promise<{upload: string, table: string}>} */
        this.done = new Promise((resolve, reject) => {
            this.#finish = { resolve, reject };
        });
        this.done.catch(() => {}); // the state says it too
    }

    /** @param {any} tus the tus-js-client module, or null for one plain PUT */
    start(tus) {
        if (tus) {
            this.#tus = this.#prepare(tus);
            if (this.#options.previous) {
                this.#tus.resumeFromPreviousUpload(this.#options.previous);
            }
            this.#become('sending');
            this.#tus.start();
        } else {
            this.#become('sending');
            this.#put().catch((error) => this.#fail(SpillwayError.from(error)));
        }
    }

    async pause() {
        if (this.state === 'sending' && this.#tus) {
            this.#become('paused');
            await this.#tus.abort();
        }
    }

    resume() {
        if (this.state === 'paused') {
            this.#rate_mark = null;
            this.#become('sending');
            this.#tus.start();
        }
    }

    /** Ends the upload and tells the server to forget what has arrived. */
    async cancel() {
        if (['done', 'failed', 'cancelled'].includes(this.state)) {
            return;
        }
        // The server forgets an upload that it could not be told of when its time is over.
        this.gone = Promise.resolve(this.#tus?.abort(true)).catch(() => {});
        this.#become('cancelled');
        this.#finish.reject(new SpillwayError(CODE.cancelled, 'The upload was cancelled.'));
        await this.gone;
    }

    /** @param {any} params of `upload.progress` */
    receiveProgress(params) {
        this.table = params.table ?? this.table;
        this.rows = params.rows ?? this.rows;
        this.emit('change', this);
    }

    /** @param {any} params of `upload.failed` */
    receiveFailure(params) {
        this.#tus?.abort();
        this.#fail(SpillwayError.from(params.error));
    }

    /** @param {any} params of the `table.changed` that ends the loading; it may come before our last byte is answered */
    receiveEnd(params) {
        this.#rows_landed = Number(params.rows);
        this.checkReady();
    }

    /** All bytes are with the server; the table is complete when the server told so or its description does. */
    async checkReady() {
        if (this.state !== 'parsing' || this.table === null) {
            return;
        }
        if (this.#rows_landed !== null) {
            this.#succeed(this.#rows_landed);
            return;
        }
        try {
            const about = await this.#session.table(this.table).describe();
            if (about.status !== 'loading' && this.state === 'parsing') {
                this.#succeed(this.#rows_landed ?? Number(about.rows));
            }
        } catch (error) {
            // A table that is gone failed to load: the reason is on its way, this is only that it is gone.
            this.#misses += error.code === CODE.noSuchTable ? 1 : 0;
            const is_passing = error.code === CODE.connectionLost || error.code === CODE.closed;
            if (!is_passing && (error.code !== CODE.noSuchTable || this.#misses >= MISSES_MAX)) {
                this.#fail(error);
            }
        }
    }

    #prepare(tus) {
        const { table, types, format, chunk_bytes } = this.#options;
        const metadata = { filename: this.name };
        Object.assign(metadata, table && { table }, format && { format }, types && { types: JSON.stringify(types) });
        return new tus.Upload(this.source, {
            endpoint: new URL('/files', this.#session.base).href,
            headers: this.#session.authorization(),
            metadata,
            chunkSize: chunk_bytes ?? CHUNK_BYTES,
            retryDelays: RETRY_DELAYS_MS,
            removeFingerprintOnSuccess: true,
            fingerprint: async (file) => this.#hub.fingerprint(file),
            onAfterResponse: (request, response) => this.#learn(request, response),
            onUploadUrlAvailable: () => this.#nameFromUrl(),
            onProgress: (bytes) => this.#sent(bytes),
            onSuccess: () => this.#allSent(),
            onError: (error) => this.#fail(tusError(error)),
        });
    }

    /** The answer to the creation names upload and table. */
    #learn(request, response) {
        if (request.getMethod() !== 'POST') {
            return;
        }
        try {
            const named = JSON.parse(response.getBody());
            this.id = named.upload ?? this.id;
            this.table = named.table ?? this.table;
            this.emit('change', this);
        } catch {
            // Without a body the address of the upload still names it.
        }
    }

    #nameFromUrl() {
        this.id ??= decodeURIComponent(this.#tus.url.split('/').pop());
        this.emit('change', this);
    }

    async #put() {
        const { table, types, format } = this.#options;
        const query = new URLSearchParams();
        Object.entries({ table, format, types: types && JSON.stringify(types) }).forEach(([key, value]) => {
            if (value) {
                query.set(key, value);
            }
        });
        const url = new URL(`/upload/${encodeURIComponent(this.name)}?${query}`, this.#session.base);
        const answer = await this.#session.fetch(url, {
            method: 'PUT',
            headers: this.#session.authorization(),
            body: this.source,
        });
        const body = await answer.json().catch(() => ({}));
        if (!answer.ok) {
            throw answerError(body, answer.status);
        }
        this.id = body.upload;
        this.table = body.table;
        this.bytes = this.total ?? 0;
        this.#allSent();
    }

    /** @param {number} bytes */
    #sent(bytes) {
        const now = performance.now();
        this.bytes = bytes;
        const mark = this.#rate_mark ?? { now, bytes };
        if (now - mark.now >= 250) {
            const fresh = ((bytes - mark.bytes) * 1000) / (now - mark.now);
            this.rate = this.rate === 0 ? fresh : this.rate * 0.6 + fresh * 0.4;
            this.#rate_mark = { now, bytes };
        } else {
            this.#rate_mark = mark;
        }
        this.emit('change', this);
    }

    #allSent() {
        if (this.state === 'sending') {
            this.#become('parsing');
            this.#hub.sent(this);
        }
    }

    /** @param {number} rows */
    #succeed(rows) {
        this.rows = rows;
        this.#become('done');
        const end = { upload: this.id, table: this.table };
        this.emit('done', end);
        this.#finish.resolve(end);
    }

    /** @param {SpillwayError} error */
    #fail(error) {
        if (['done', 'failed', 'cancelled'].includes(this.state)) {
            return;
        }
        this.error = error;
        this.#become('failed');
        this.emit('failed', error);
        this.#finish.reject(error);
    }

    #become(state) {
        this.state = state;
        this.emit('change', this);
    }
}

/** @param {any} error of tus-js-client */
function tusError(error) {
    const response = error.originalResponse;
    if (!response) {
        const advice = 'The server could not be reached; choose the file again to go on where it stopped.';
        return new SpillwayError(CODE.upload, advice);
    }
    let body = {};
    try {
        body = JSON.parse(response.getBody());
    } catch {
        // The status has to do.
    }
    return answerError(body, response.getStatus());
}

/**
 * @param {any} body of an answer that is an error: the error object itself
 * @param {number} status
 */
function answerError(body, status) {
    const message = body.message ?? `The server answered ${status} to the upload.`;
    return new SpillwayError(body.code ?? CODE.upload, message, body.data);
}
