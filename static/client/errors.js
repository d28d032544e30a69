/** Codes of the protocol (section 5) that the client itself looks at. */
export const CODE = Object.freeze({
    noSession: -32001,
    unknownToken: -32010,
    nothingToUndo: -32020,
    conflict: -32021,
    noSuchTable: -32030,
    noSuchColumn: -32031,
    noSuchOutput: -32032,
    expression: -32040,
    type: -32041,
    upload: -32060,
    cancelled: -32070,
    connectionLost: -32098,
    closed: -32099,
});

/** An error answer of the server, or one of the client's own (connection lost, closed). */
export class SpillwayError extends Error {
    /**
     * @param {number} code
     * @param {string} message
     * @param {any} [data]
     */
    constructor(code, message, data) {
        super(message);
        this.name = 'SpillwayError';
        this.code = code;
        this.data = data;
    }

    /**
     * @param {any} error what stands in `error` of an answer
     * @returns {SpillwayError}
     */
    static from(error) {
        return error instanceof SpillwayError
            ? error
            : new SpillwayError(error?.code ?? -32603, error?.message ?? 'The server gave no reason.', error?.data);
    }
}
