/* A form whole and in pieces: the first byte is the size of the pieces, the first line the
 * Content-Type, the rest the body. However it is cut, the scanner must say the same. */
#include "support/fuzz.h"

#include "base/status.h"
#include "net/multipart.h"

#include <string.h>

static sw_status on_part(void *context, const struct sw_part *part, struct sw_err *err)
{
    struct sw_buf *said = context;
    (void)err;
    sw_buf_put_byte(said, part->is_file ? 'F' : 'P');
    sw_buf_put(said, part->name.data, part->name.length);
    sw_buf_put(said, part->filename.data, part->filename.length);
    return SW_OK;
}

static sw_status on_data(void *context, struct sw_span bytes, struct sw_err *err)
{
    (void)err;
    sw_assert(bytes.length > 0);
    sw_buf_put(context, bytes.data, bytes.length);
    return SW_OK;
}

static sw_status on_part_end(void *context, struct sw_err *err)
{
    (void)err;
    sw_buf_put_byte(context, ';');
    return SW_OK;
}

static sw_status scan(struct sw_span boundary, struct sw_span body, size_t piece,
                      struct sw_buf *said)
{
    struct sw_multipart multipart;
    struct sw_multipart_calls calls = {on_part, on_data, on_part_end, said};
    sw_status status = SW_OK;
    sw_multipart_init(&multipart, boundary, &calls);
    for (size_t at = 0; at < body.length && status == SW_OK; at += piece) {
        size_t length = body.length - at < piece ? body.length - at : piece;
        status = sw_multipart_push(&multipart, sw_span_of(body.data + at, length), NULL);
    }
    if (status == SW_OK) {
        status = sw_multipart_finish(&multipart, NULL);
    }
    sw_multipart_fini(&multipart);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    const char *line_end = memchr(text, '\n', size - 1);
    struct sw_span boundary;
    if (line_end == NULL || sw_multipart_boundary(sw_span_of(text, (size_t)(line_end - text)),
                                                  &boundary, NULL) != SW_OK) {
        return 0;
    }
    struct sw_span body = sw_span_of(line_end + 1, size - 1 - (size_t)(line_end + 1 - text));
    struct sw_buf whole;
    struct sw_buf pieces;
    sw_buf_init(&whole);
    sw_buf_init(&pieces);
    sw_status of_whole = scan(boundary, body, body.length + 1, &whole);
    sw_status of_pieces = scan(boundary, body, (size_t)data[0] % 64 + 1, &pieces);
    sw_assert(of_whole == of_pieces);
    sw_assert(sw_span_equal(sw_buf_peek(&whole), sw_buf_peek(&pieces)));
    sw_buf_fini(&whole);
    sw_buf_fini(&pieces);
    return 0;
}
