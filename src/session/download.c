#include "session/download.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/obj.h"
#include "session/server_priv.h"
#include "session/ticket.h"
#include "wire/encode.h"

#define DOWNLOAD_MAGIC 0x646f776eu /* "down" */
#define BUFFER_BYTES   (1u << 20)  /* made ahead of the reader: about two milliseconds of work */
#define STRIPE_ROWS    8192u       /* rows formatted between two looks at the buffer */

/* Two buffers: the loop sends from `front` while a worker fills `back`; they swap when front is
 * spent.  So memory is constant whatever the reader's speed.  A range needs the size of every
 * segment first: a sizing pass writes each into nothing. */
struct sw_download {
    uint32_t magic;
    struct sw_job job;
    struct sw_server *server;
    struct sw_ticket *ticket; /* counted */
    void *request;            /* net's; NULL once closed */
    bool is_sizing, is_head_known, is_head_only, is_running, is_finished, has_failed;
    struct sw_download_head head;
    struct sw_buf front, back;
    size_t sent; /* of front */
    /* the worker's place */
    uint32_t segment;
    uint32_t row; /* in the segment */
    bool is_header_written;
    int64_t skip, left;           /* bytes still to drop, still to give; left < 0: all */
    int64_t *sizes;               /* [segments + 1], the header's first; owned; while sizing */
    struct sw_csv_gather *gather; /* of a sorted one; owned */
};

/* -- the worker's half ------------------------------------------------------------------------- */

static void put_header_work(const struct sw_download *download, struct sw_buf *out)
{
    const struct sw_ticket *ticket = download->ticket;
    sw_encode_csv_header(out, ticket->version->schema, ticket->columns, ticket->column_count);
}

static sw_status put_sorted_work(struct sw_download *download, uint64_t first, uint32_t count,
                                 struct sw_buf *out, struct sw_err *err)
{
    const struct sw_ticket *ticket = download->ticket;
    sw_status status = SW_OK;
    if (download->gather == NULL &&
        sw_csv_gather_new(ticket->version, ticket->columns, ticket->column_count,
                          &download->gather) != SW_OK) {
        out->failed = true;
        return SW_OK;
    }
    while (count > 0 && !out->failed && status == SW_OK) {
        uint64_t positions[SW_CSV_GATHER_MAX];
        uint32_t part = count < SW_CSV_GATHER_MAX ? count : SW_CSV_GATHER_MAX;
        sw_order_positions(ticket->order, first, part, positions);
        status = sw_csv_gather_rows(download->gather, positions, part, out, err);
        first += part;
        count -= part;
    }
    return status;
}

static sw_status put_rows_work(struct sw_download *download, uint32_t segment, uint32_t row,
                               uint32_t count, struct sw_buf *out, struct sw_err *err)
{
    const struct sw_ticket *ticket = download->ticket;
    if (ticket->order != NULL && ticket->order->is_sorted) {
        return put_sorted_work(download, (uint64_t)segment * SW_CHUNK_ROWS + row, count, out, err);
    }
    uint32_t passed = count;
    const uint64_t *select =
        ticket->order == NULL ? NULL : sw_order_select(ticket->order, segment, &passed);
    if (passed == 0) {
        return SW_OK;
    }
    return sw_encode_csv_rows(out, ticket->version->group[segment], ticket->columns,
                              ticket->column_count, select, row, count, err);
}

/* Rows [row, row + count) of a segment. */
static void put_stripe_work(struct sw_download *download, uint32_t segment, uint32_t row,
                            uint32_t count, struct sw_buf *out)
{
    struct sw_err err = {0};
    if (put_rows_work(download, segment, row, count, out, &err) != SW_OK) {
        sw_log(SW_LOG_WARN, NULL, "download failed reason=\"%s\"", err.message);
        out->failed = true;
    }
}

static uint32_t segment_rows(const struct sw_ticket *ticket, uint32_t segment)
{
    if (ticket->order == NULL || !ticket->order->is_sorted) {
        return ticket->version->group[segment]->rows;
    }
    uint64_t left = ticket->order->rows - (uint64_t)segment * SW_CHUNK_ROWS;
    return left < SW_CHUNK_ROWS ? (uint32_t)left : SW_CHUNK_ROWS;
}

static void size_work(struct sw_download *download)
{
    const struct sw_ticket *ticket = download->ticket;
    struct sw_buf scratch;
    sw_buf_init(&scratch);
    put_header_work(download, &scratch);
    download->sizes[0] = (int64_t)scratch.length;
    for (uint32_t i = 0; i < ticket->segments && !sw_job_is_cancelled(&download->job); i++) {
        int64_t size = 0;
        uint32_t rows = segment_rows(ticket, i);
        for (uint32_t row = 0; row < rows && !download->has_failed; row += STRIPE_ROWS) {
            uint32_t count = rows - row < STRIPE_ROWS ? rows - row : STRIPE_ROWS;
            sw_buf_clear(&scratch);
            put_stripe_work(download, i, row, count, &scratch);
            download->has_failed |= scratch.failed;
            size += (int64_t)scratch.length;
        }
        download->sizes[i + 1] = size;
    }
    sw_buf_fini(&scratch);
}

/* What is before the range, or behind it, goes from `back` again. */
static void trim_work(struct sw_download *download, size_t from)
{
    struct sw_buf *back = &download->back;
    size_t got = back->length - from;
    if (download->skip > 0) {
        size_t drop = (int64_t)got < download->skip ? got : (size_t)download->skip;
        memmove(back->data + from, back->data + from + drop, got - drop);
        back->length -= drop;
        got -= drop;
        download->skip -= (int64_t)drop;
    }
    if (download->left >= 0) {
        if ((int64_t)got > download->left) {
            back->length -= got - (size_t)download->left;
            got = (size_t)download->left;
        }
        download->left -= (int64_t)got;
    }
}

static void fill_work(struct sw_download *download)
{
    struct sw_buf *back = &download->back;
    const struct sw_ticket *ticket = download->ticket;
    if (!download->is_header_written) {
        put_header_work(download, back);
        download->is_header_written = true;
        trim_work(download, 0);
    }
    while (back->length < BUFFER_BYTES && download->segment < ticket->segments &&
           download->left != 0 && !back->failed && !sw_job_is_cancelled(&download->job)) {
        uint32_t rows = segment_rows(ticket, download->segment);
        uint32_t count = rows - download->row < STRIPE_ROWS ? rows - download->row : STRIPE_ROWS;
        size_t from = back->length;
        put_stripe_work(download, download->segment, download->row, count, back);
        trim_work(download, from);
        download->row += count;
        if (download->row >= rows) {
            download->segment++;
            download->row = 0;
        }
    }
    download->has_failed |= back->failed;
    download->is_finished =
        download->segment == ticket->segments || download->left == 0 || download->has_failed;
}

static bool step_work(struct sw_job *job, unsigned worker)
{
    (void)worker;
    struct sw_download *download =
        (struct sw_download *)(void *)((char *)job - offsetof(struct sw_download, job));
    sw_assert(download->magic == DOWNLOAD_MAGIC);
    if (download->is_sizing) {
        size_work(download);
    } else {
        fill_work(download);
    }
    sw_csv_gather_leave(download->gather); /* who reads may take his time */
    return false;
}

/* -- the loop's half --------------------------------------------------------------------------- */

static void free_download(struct sw_download *download)
{
    sw_buf_fini(&download->front);
    sw_buf_fini(&download->back);
    sw_csv_gather_free(download->gather); /* it borrows from the ticket */
    sw_ticket_unref(download->ticket);
    free(download->sizes);
    download->magic = 0;
    free(download);
}

static void submit(struct sw_download *download)
{
    download->is_running = true;
    sw_pool_submit(download->server->pool, &download->job);
}

static void know_head(struct sw_download *download, int status, int64_t length)
{
    const struct sw_ticket *ticket = download->ticket;
    download->head.status = status;
    download->head.length = length;
    download->head.content_type = "text/csv; charset=utf-8; header=present";
    download->head.filename = ticket->filename;
    download->head.etag = ticket->etag;
    download->is_head_known = true;
}

/* First and last byte of the range, now that the total is known; false: outside. */
static bool resolve_range(struct sw_download *download, int64_t total)
{
    int64_t first = download->head.first;
    int64_t last = download->head.last;
    if (first < 0) {
        first = last > total ? 0 : total - last;
        last = total - 1;
    } else if (last < 0 || last >= total) {
        last = total - 1;
    }
    download->head.first = first;
    download->head.last = last;
    download->head.total = total;
    return first <= last && first < total;
}

/* Begin at the segment that holds byte `first`. */
static void seek(struct sw_download *download, int64_t first, int64_t length)
{
    const struct sw_ticket *ticket = download->ticket;
    uint32_t segment = 0;
    download->skip = first;
    if (first >= ticket->segment_start[0]) {
        while (segment < ticket->segments && ticket->segment_start[segment + 1] <= first) {
            segment++;
        }
        download->is_header_written = true;
        download->segment = segment;
        download->skip = first - ticket->segment_start[segment];
    }
    download->left = length;
}

static void sizes_known(struct sw_download *download)
{
    struct sw_ticket *ticket = download->ticket;
    if (ticket->segment_start == NULL) {
        for (uint32_t i = 1; i <= ticket->segments; i++) {
            download->sizes[i] += download->sizes[i - 1];
        }
        ticket->segment_start = download->sizes;
        download->sizes = NULL;
    }
    int64_t total = ticket->segment_start[ticket->segments];
    if (!resolve_range(download, total)) {
        know_head(download, 416, 0);
        download->is_finished = true;
        return;
    }
    int64_t length = download->head.last - download->head.first + 1;
    know_head(download, 206, length);
    seek(download, download->head.first, length);
    if (download->is_head_only) {
        download->is_finished = true;
    } else {
        submit(download);
    }
}

static void step_done(struct sw_job *job)
{
    struct sw_download *download =
        (struct sw_download *)(void *)((char *)job - offsetof(struct sw_download, job));
    sw_assert(download->magic == DOWNLOAD_MAGIC);
    download->is_running = false;
    if (download->request == NULL) {
        free_download(download);
        return;
    }
    download->has_failed |= sw_job_is_cancelled(&download->job);
    if (download->is_sizing) {
        download->is_sizing = false;
        if (!download->has_failed) {
            sizes_known(download);
        } else {
            know_head(download, 500, 0);
        }
    }
    download->server->calls.request_ready(download->request);
}

static const struct sw_job_ops job_ops = {step_work, step_done};

static sw_status begin(struct sw_download *download, const struct sw_download_range *range,
                       bool is_ranged, struct sw_err *err)
{
    struct sw_ticket *ticket = download->ticket;
    if (!is_ranged) {
        know_head(download, 200, -1);
        download->left = -1;
        if (download->is_head_only) {
            download->is_finished = true;
        } else {
            ticket->is_used = true;
            submit(download);
        }
        return SW_OK;
    }
    download->head.first = range->first;
    download->head.last = range->last;
    if (ticket->segment_start != NULL) {
        sizes_known(download);
        return SW_OK;
    }
    download->sizes = calloc((size_t)ticket->segments + 1, sizeof download->sizes[0]);
    if (download->sizes == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    download->is_sizing = true;
    submit(download);
    return SW_OK;
}

sw_status sw_download_open(struct sw_server *server, struct sw_span ticket_text,
                           const struct sw_download_range *range, struct sw_span if_range,
                           bool is_head_only, void *request, struct sw_download **download,
                           struct sw_err *err)
{
    struct sw_ticket *ticket = sw_ticket_find(server, ticket_text);
    bool is_ranged = range != NULL && range->is_asked && ticket != NULL &&
                     (if_range.length == 0 || sw_span_equal(if_range, sw_span_text(ticket->etag)));
    if (ticket == NULL || (ticket->is_used && !is_ranged && !is_head_only)) {
        return sw_fail(err, SW_PARAMS,
                       "this download link is used up or has expired: ask for a new one");
    }
    struct sw_download *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    made->magic = DOWNLOAD_MAGIC;
    made->server = server;
    made->ticket = sw_ticket_ref(ticket);
    made->request = request;
    made->is_head_only = is_head_only;
    sw_job_init(&made->job, &job_ops, ticket->session->lane, SW_CLASS_BULK, 1);
    sw_status status = begin(made, range, is_ranged, err);
    if (status != SW_OK) {
        free_download(made);
        return status;
    }
    server->count.downloads++;
    *download = made;
    return SW_OK;
}

bool sw_download_head(struct sw_download *download, struct sw_download_head *head)
{
    *head = download->head;
    return download->is_head_known;
}

/* Front is spent: take what the worker has made, and have it make more. */
static enum sw_piece turn(struct sw_download *download)
{
    if (download->is_running) {
        return SW_PIECE_WAIT;
    }
    if (download->has_failed) {
        return SW_PIECE_FAILED;
    }
    struct sw_buf spent = download->front;
    download->front = download->back;
    download->back = spent;
    sw_buf_clear(&download->back);
    download->sent = 0;
    if (!download->is_finished) {
        if (download->ticket->session == NULL) {
            return SW_PIECE_FAILED; /* its session has ended: so has the lane to work in */
        }
        submit(download);
    }
    if (download->front.length > 0) {
        return SW_PIECE_READY;
    }
    return download->is_finished ? SW_PIECE_END : SW_PIECE_WAIT;
}

enum sw_piece sw_download_next(struct sw_download *download, struct sw_span *piece)
{
    sw_assert(download->is_head_known);
    if (download->sent == download->front.length) {
        enum sw_piece state = turn(download);
        if (state != SW_PIECE_READY) {
            return state;
        }
    }
    size_t left = download->front.length - download->sent;
    size_t length = left < SW_SEND_BYTES_MAX ? left : SW_SEND_BYTES_MAX;
    *piece = sw_span_of(download->front.data + download->sent, length);
    download->sent += length;
    return SW_PIECE_READY;
}

void sw_download_close(struct sw_download *download)
{
    if (download == NULL) {
        return;
    }
    download->request = NULL;
    if (download->is_running) {
        sw_job_cancel(download->server->pool, &download->job);
    } else {
        free_download(download);
    }
}
