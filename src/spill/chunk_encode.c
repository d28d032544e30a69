/* From a chunk to bytes: chunk_format.h draws them. */
#include <string.h>

#include "spill/chunk_format.h"
#include "spill/pack.h"
#include "spill/row.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is that of memory");
_Static_assert(sizeof(double) == 8, "floats are IEEE 754");

static void put(unsigned char *into, const void *value, size_t size)
{
    memcpy(into, value, size);
}

static void put_head(const struct sw_chunk *chunk, uint64_t dict, uint32_t sections,
                     unsigned char *into)
{
    const struct sw_zone *zone = &chunk->zone;
    const uint32_t magic = SW_CHUNK_FACTS_MAGIC;
    memset(into, 0, SW_CHUNK_FACTS_HEAD);
    put(into, &magic, 4);
    into[4] = SW_CHUNK_FACTS_VERSION;
    into[5] = (unsigned char)chunk->type;
    into[6] = (unsigned char)chunk->encoding;
    into[7] = chunk->width;
    into[8] = chunk->scale;
    into[9] = (unsigned char)((zone->has_values ? 1 : 0) | (zone->is_ascending ? 2 : 0) |
                              (chunk->bytes_size > 0 ? 4 : 0));
    into[10] = (unsigned char)sections;
    put(into + 12, &chunk->rows, 4);
    put(into + 16, &chunk->base, 8);
    put(into + 24, &dict, 8);
    put(into + 32, &chunk->dict_count, 4);
    put(into + 36, &zone->nulls, 4);
    put(into + 40, &zone->nans, 4);
    put(into + 48, &zone->min_i, 8);
    put(into + 56, &zone->max_i, 8);
    put(into + 64, &zone->min_f, 8);
    put(into + 72, &zone->max_f, 8);
}

struct part {
    uint8_t kind;
    enum sw_pack_content content;
    struct sw_span bytes;
};

static struct sw_span span_of(const void *data, size_t size)
{
    return sw_span_of(data, size);
}

/* Exceptions as one run of bytes. */
static void put_exceptions(const struct sw_exceptions *exceptions, struct sw_buf *out)
{
    uint32_t count = exceptions->count;
    sw_buf_put(out, &count, sizeof(count));
    sw_buf_put(out, exceptions->row, count * sizeof(*exceptions->row));
    sw_buf_put(out, exceptions->end, count * sizeof(*exceptions->end));
    sw_buf_put(out, exceptions->bytes, exceptions->end[count - 1]);
}

/* The sections that the chunk has, in ascending kinds. */
static uint32_t list_parts(const struct sw_chunk *chunk, struct sw_span exceptions,
                           struct part parts[SW_SECTIONS_MAX])
{
    bool is_text = chunk->encoding == SW_ENC_TEXT;
    const struct part all[SW_SECTIONS_MAX] = {
        {SW_SECTION_DATA, is_text && chunk->bytes_size == 0 ? SW_PACK_TEXT : SW_PACK_NUMBERS,
         span_of(chunk->data, chunk->data_size)},
        {SW_SECTION_BYTES, SW_PACK_TEXT, span_of(chunk->bytes, chunk->bytes_size)},
        {SW_SECTION_VALID, SW_PACK_NUMBERS,
         span_of(chunk->valid,
                 chunk->valid != NULL ? ((size_t)chunk->rows + 63) / 64 * sizeof(uint64_t) : 0)},
        {SW_SECTION_SPELLING, SW_PACK_NUMBERS,
         span_of(chunk->null_spelling, chunk->null_spelling != NULL ? chunk->rows : 0)},
        {SW_SECTION_EXCEPTIONS, SW_PACK_TEXT, exceptions},
    };
    uint32_t count = 0;
    for (int i = 0; i < SW_SECTIONS_MAX; i++) {
        if (all[i].bytes.length > 0) {
            parts[count++] = all[i];
        }
    }
    return count;
}

static void put_section(const struct sw_section *section, unsigned char *into)
{
    memset(into, 0, SW_SECTION_HEAD);
    into[0] = section->kind;
    into[1] = section->codec;
    put(into + 8, &section->size, 8);
    put(into + 16, &section->stored, 8);
    put(into + 24, &section->hash, 8);
}

/* Appends the part's bytes, packed where it pays; a lone part that stays as it is is not copied. */
static void put_part(const struct part *part, bool is_alone, uint64_t key,
                     struct sw_chunk_code *code, struct sw_section *section)
{
    size_t before = code->own.length;
    *section = (struct sw_section){.kind = part->kind, .size = part->bytes.length};
    if (sw_pack(part->content, part->bytes, &code->own)) {
        section->codec = SW_CODEC_LZ4;
    } else if (is_alone) {
        code->payload = part->bytes;
    } else {
        sw_buf_put(&code->own, part->bytes.data, part->bytes.length);
    }
    struct sw_span stored = part->bytes;
    if (code->payload.data == NULL && !code->own.failed) {
        stored = sw_span_of(code->own.data + before, code->own.length - before);
    }
    section->stored = stored.length;
    section->hash = sw_hash_bytes(stored.data, stored.length, key * 8 + part->kind);
}

sw_status sw_chunk_encode(const struct sw_chunk *chunk, uint64_t key, uint64_t dict,
                          struct sw_chunk_code *code, struct sw_err *err)
{
    struct sw_buf exceptions;
    struct part parts[SW_SECTIONS_MAX];
    sw_buf_init(&exceptions);
    sw_buf_init(&code->own);
    code->payload = (struct sw_span){NULL, 0};
    if (chunk->exceptions != NULL) {
        put_exceptions(chunk->exceptions, &exceptions);
    }
    uint32_t sections = list_parts(chunk, sw_buf_peek(&exceptions), parts);
    put_head(chunk, dict, sections, code->facts);
    unsigned char *at = code->facts + SW_CHUNK_FACTS_HEAD;
    for (uint32_t i = 0; i < sections; i++) {
        struct sw_section section;
        bool is_alone = sections == 1 && parts[i].kind != SW_SECTION_EXCEPTIONS;
        put_part(&parts[i], is_alone, key, code, &section);
        put_section(&section, at);
        at += SW_SECTION_HEAD;
    }
    uint64_t hash = sw_hash_bytes(code->facts, (size_t)(at - code->facts), key);
    put(at, &hash, 8);
    code->facts_size = (size_t)(at - code->facts) + 8;
    bool failed = exceptions.failed || code->own.failed;
    sw_buf_fini(&exceptions);
    if (failed) {
        sw_chunk_code_fini(code);
        return sw_fail(err, SW_NO_MEMORY, "There is not enough memory to store this.");
    }
    if (code->payload.data == NULL) {
        code->payload = sw_buf_peek(&code->own);
    }
    return SW_OK;
}

void sw_chunk_code_fini(struct sw_chunk_code *code)
{
    sw_buf_fini(&code->own);
    code->payload = (struct sw_span){NULL, 0};
}
