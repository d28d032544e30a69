/* From bytes to a chunk: chunk_format.h draws them.  The bytes are doubted throughout. */
#include <stdlib.h>
#include <string.h>

#include "spill/chunk_format.h"
#include "spill/pack.h"
#include "spill/row.h"
#include "table/poison.h"

/* The longest a section may be: the texts of a row group that was sealed early by them. */
#define SECTION_MAX ((uint64_t)1 << 30)

static sw_status damaged(struct sw_err *err, const char *what)
{
    return sw_fail(err, SW_DAMAGED, "%s", what);
}

static uint32_t get_u32(const unsigned char *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static uint64_t get_u64(const unsigned char *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static double get_f64(const unsigned char *from)
{
    double value;
    memcpy(&value, from, sizeof(value));
    return value;
}

/* -- facts ------------------------------------------------------------------------------ */

static void read_head(const unsigned char *from, struct sw_chunk_facts *facts)
{
    struct sw_chunk *parts = &facts->parts;
    parts->type = (enum sw_type)from[5];
    parts->encoding = (enum sw_encoding)from[6];
    parts->width = from[7];
    parts->scale = from[8];
    parts->zone.has_values = (from[9] & 1) != 0;
    parts->zone.is_ascending = (from[9] & 2) != 0;
    facts->sections = from[10];
    parts->rows = get_u32(from + 12);
    parts->base = (int64_t)get_u64(from + 16);
    facts->dict = get_u64(from + 24);
    parts->dict_count = get_u32(from + 32);
    parts->zone.nulls = get_u32(from + 36);
    parts->zone.nans = get_u32(from + 40);
    parts->zone.min_i = (int64_t)get_u64(from + 48);
    parts->zone.max_i = (int64_t)get_u64(from + 56);
    parts->zone.min_f = get_f64(from + 64);
    parts->zone.max_f = get_f64(from + 72);
}

static bool is_width(uint8_t width, bool may_be_zero, uint8_t widest)
{
    return (width == 0 && may_be_zero) ||
           ((width == 1 || width == 2 || width == 4 || width == 8) && width <= widest);
}

/* Encoding, type and width go together. */
static bool is_encoding_good(const struct sw_chunk_facts *facts)
{
    const struct sw_chunk *parts = &facts->parts;
    bool is_coded = parts->encoding == SW_ENC_DICT;
    if ((unsigned)parts->type >= SW_TYPE_COUNT || is_coded != (facts->dict != 0) ||
        (!is_coded && parts->dict_count != 0) || parts->dict_count > SW_DICT_ENTRIES_MAX) {
        return false;
    }
    switch (parts->encoding) {
    case SW_ENC_INT:
        return sw_type_is_integral(parts->type) && is_width(parts->width, true, 8) &&
               (parts->width < 8 || parts->base == 0);
    case SW_ENC_DECIMAL:
        return parts->type == SW_TYPE_FLOAT && is_width(parts->width, true, 4) &&
               parts->scale < SW_DECIMAL_SCALES;
    case SW_ENC_FLOAT:
        return parts->type == SW_TYPE_FLOAT && parts->width == 8;
    case SW_ENC_DICT:
        return parts->type == SW_TYPE_STRING && is_width(parts->width, false, 4);
    case SW_ENC_TEXT:
        return parts->type == SW_TYPE_STRING;
    }
    return false;
}

static bool is_zone_good(const struct sw_chunk *parts)
{
    const struct sw_zone *zone = &parts->zone;
    uint64_t absent = (uint64_t)zone->nulls + zone->nans;
    if (absent > parts->rows || zone->has_values != (absent < parts->rows) ||
        (zone->nans > 0 && parts->type != SW_TYPE_FLOAT)) {
        return false;
    }
    if (parts->type == SW_TYPE_BOOL && (zone->min_i < 0 || zone->max_i > 1)) {
        return false;
    }
    return zone->min_i <= zone->max_i && zone->min_f <= zone->max_f;
}

/* The bytes of values, codes or offsets that so many rows take; 0 with *is_open: any number. */
static uint64_t data_size_of(const struct sw_chunk *parts, bool has_bytes, bool *is_open)
{
    *is_open = parts->encoding == SW_ENC_TEXT && !has_bytes;
    return parts->encoding == SW_ENC_TEXT ? ((uint64_t)parts->rows + 1) * sizeof(uint32_t)
                                          : (uint64_t)parts->rows * parts->width;
}

/* Is the section as long as the rows want it? */
static bool is_section_good(struct sw_chunk_facts *facts, const struct sw_section *section,
                            bool has_bytes)
{
    struct sw_chunk *parts = &facts->parts;
    bool is_open;
    uint64_t data = data_size_of(parts, has_bytes, &is_open);
    bool is_string = parts->type == SW_TYPE_STRING;
    switch ((enum sw_section_kind)section->kind) {
    case SW_SECTION_DATA:
        parts->data_size = (size_t)section->size;
        return is_open ? section->size >= data : section->size == data;
    case SW_SECTION_BYTES:
        parts->bytes_size = (size_t)section->size;
        return has_bytes && parts->encoding == SW_ENC_TEXT;
    case SW_SECTION_VALID:
        facts->has_valid = true;
        return section->size == ((uint64_t)parts->rows + 63) / 64 * sizeof(uint64_t);
    case SW_SECTION_SPELLING:
        facts->has_spelling = true;
        return is_string && facts->has_valid && section->size == parts->rows;
    case SW_SECTION_EXCEPTIONS:
        return !is_string && facts->has_valid && section->size > 3 * sizeof(uint32_t) - 1;
    case SW_SECTION_END:
        break;
    }
    return false;
}

static sw_status read_sections(const unsigned char *from, bool has_bytes,
                               struct sw_chunk_facts *facts, struct sw_err *err)
{
    uint8_t last = 0;
    for (uint32_t i = 0; i < facts->sections; i++, from += SW_SECTION_HEAD) {
        struct sw_section *section = &facts->section[i];
        *section = (struct sw_section){
            .kind = from[0],
            .codec = from[1],
            .size = get_u64(from + 8),
            .stored = get_u64(from + 16),
            .hash = get_u64(from + 24),
        };
        if (section->kind <= last || section->codec >= SW_CODEC_COUNT || section->size == 0 ||
            section->size > SECTION_MAX || section->stored > section->size ||
            (section->codec == SW_CODEC_NONE && section->stored != section->size) ||
            !is_section_good(facts, section, has_bytes)) {
            return damaged(err, "a part of a chunk has no such size");
        }
        last = section->kind;
        facts->payload_size += section->stored;
    }
    return SW_OK;
}

sw_status sw_chunk_facts_read(struct sw_span bytes, uint64_t key, struct sw_chunk_facts *facts,
                              struct sw_err *err)
{
    const unsigned char *from = (const unsigned char *)bytes.data;
    *facts = (struct sw_chunk_facts){0};
    if (bytes.length < SW_CHUNK_FACTS_HEAD + 8 || get_u32(from) != SW_CHUNK_FACTS_MAGIC) {
        return damaged(err, "a chunk's facts are none");
    }
    if (from[4] != SW_CHUNK_FACTS_VERSION) {
        return damaged(err, "a chunk is written in a newer form than this server reads");
    }
    if (from[10] > SW_SECTIONS_MAX ||
        bytes.length != SW_CHUNK_FACTS_HEAD + (size_t)from[10] * SW_SECTION_HEAD + 8 ||
        get_u64(from + bytes.length - 8) != sw_hash_bytes(from, bytes.length - 8, key)) {
        return damaged(err, "a chunk's facts are not as they were written");
    }
    read_head(from, facts);
    if (facts->parts.rows < 1 || facts->parts.rows > SW_CHUNK_ROWS || (from[9] & ~7u) != 0 ||
        from[11] != 0 || !is_encoding_good(facts) || !is_zone_good(&facts->parts)) {
        return damaged(err, "a chunk's facts contradict each other");
    }
    bool has_bytes = (from[9] & 4) != 0;
    SW_TRY(read_sections(from + SW_CHUNK_FACTS_HEAD, has_bytes, facts, err));
    bool is_open;
    uint64_t data = data_size_of(&facts->parts, has_bytes, &is_open);
    if ((data > 0) != (facts->parts.data_size > 0) || has_bytes != (facts->parts.bytes_size > 0) ||
        facts->has_valid != (facts->parts.zone.nulls > 0)) {
        return damaged(err, "a part of a chunk is missing");
    }
    return SW_OK;
}

/* -- sections --------------------------------------------------------------------------- */

static sw_status unpack(const struct sw_section *section, struct sw_span stored, void *into,
                        struct sw_err *err)
{
    if (section->codec == SW_CODEC_NONE) {
        memcpy(into, stored.data, stored.length);
    } else if (!sw_unpack(stored, into, (size_t)section->size)) {
        return damaged(err, "a part of a chunk cannot be unpacked");
    }
    return SW_OK;
}

/* The list's texts in their order. */
static sw_status add_exceptions(const char *bytes, size_t size, uint32_t rows,
                                struct sw_exception_list *list, struct sw_err *err)
{
    const unsigned char *from = (const unsigned char *)bytes;
    uint32_t count = get_u32(from);
    size_t head = (1 + 2 * (size_t)count) * sizeof(uint32_t);
    if (count == 0 || count > rows || size < head) {
        return damaged(err, "a list of exceptions has no such length");
    }
    uint32_t start = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = get_u32(from + (1 + (size_t)i) * sizeof(uint32_t));
        uint32_t end = get_u32(from + (1 + (size_t)count + i) * sizeof(uint32_t));
        bool ascends = i == 0 || row > list->row[i - 1];
        if (row >= rows || !ascends || end < start || end > size - head) {
            return damaged(err, "a list of exceptions contradicts itself");
        }
        sw_status status =
            sw_exception_list_add(list, row, sw_span_of(bytes + head + start, end - start));
        if (status != SW_OK) {
            return sw_fail(err, status, "There is not enough memory for a list of exceptions.");
        }
        start = end;
    }
    return start == size - head ? SW_OK
                                : damaged(err, "a list of exceptions is longer than it says");
}

/* Needs the chunk's null bits. */
static sw_status decode_exceptions(const struct sw_section *section, struct sw_span stored,
                                   struct sw_chunk *chunk, struct sw_err *err)
{
    struct sw_exception_list list = {0};
    struct sw_exceptions *exceptions = NULL;
    char *bytes = malloc((size_t)section->size);
    sw_status status = SW_OK;
    if (bytes == NULL) {
        status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read a table.");
    }
    status = status == SW_OK ? unpack(section, stored, bytes, err) : status;
    status = status == SW_OK ? add_exceptions(bytes, (size_t)section->size, chunk->rows, &list, err)
                             : status;
    for (uint32_t i = 0; status == SW_OK && i < list.count; i++) {
        if (!sw_chunk_is_null(chunk, list.row[i])) {
            status = damaged(err, "an exception is no null");
        }
    }
    if (status == SW_OK && sw_exception_list_seal(&list, &exceptions) != SW_OK) {
        status = sw_fail(err, SW_NO_MEMORY, "There is not enough memory to read a table.");
    }
    status = status == SW_OK ? sw_chunk_take_exceptions(chunk, exceptions, err) : status;
    sw_exception_list_fini(&list);
    free(bytes);
    return status;
}

static sw_status decode_section(const struct sw_section *section, struct sw_span stored,
                                struct sw_chunk *chunk, struct sw_err *err)
{
    switch ((enum sw_section_kind)section->kind) {
    case SW_SECTION_DATA:
        return unpack(section, stored, (void *)(uintptr_t)chunk->data, err);
    case SW_SECTION_BYTES:
        return unpack(section, stored, (void *)(uintptr_t)chunk->bytes, err);
    case SW_SECTION_VALID:
        return unpack(section, stored, (void *)(uintptr_t)chunk->valid, err);
    case SW_SECTION_SPELLING:
        return unpack(section, stored, (void *)(uintptr_t)chunk->null_spelling, err);
    case SW_SECTION_EXCEPTIONS:
        return decode_exceptions(section, stored, chunk, err);
    case SW_SECTION_END:
        break;
    }
    return damaged(err, "a part of a chunk is of an unknown kind");
}

sw_status sw_chunk_decode(const struct sw_chunk_facts *facts, uint64_t key, struct sw_span payload,
                          struct sw_dict *dict, struct sw_budget *budget, struct sw_chunk **chunk,
                          struct sw_err *err)
{
    struct sw_chunk parts = facts->parts;
    struct sw_chunk *made;
    if (payload.length != facts->payload_size) {
        return damaged(err, "a chunk is shorter or longer than it was");
    }
    if ((dict != NULL) != (facts->dict != 0) ||
        (dict != NULL && sw_dict_count(dict) < parts.dict_count)) {
        return damaged(err, "a chunk's dictionary lacks entries");
    }
    parts.dict = dict;
    parts.budget = budget;
    SW_TRY(sw_chunk_new(&parts, facts->has_valid, facts->has_spelling, &made, err));
    if (made->encoding == SW_ENC_TEXT && made->bytes_size == 0) {
        made->bytes = (const char *)made->data + ((size_t)made->rows + 1) * sizeof(uint32_t);
    }
    sw_status status = SW_OK;
    size_t at = 0;
    for (uint32_t i = 0; status == SW_OK && i < facts->sections; i++) {
        const struct sw_section *section = &facts->section[i];
        struct sw_span stored = sw_span_of(payload.data + at, (size_t)section->stored);
        at += stored.length;
        status = sw_hash_bytes(stored.data, stored.length, key * 8 + section->kind) == section->hash
                     ? decode_section(section, stored, made, err)
                     : damaged(err, "a part of a chunk is not as it was written");
    }
    status = status == SW_OK ? sw_chunk_check(made, err) : status;
    if (status != SW_OK) {
        sw_chunk_unref(made);
        return status;
    }
    sw_poison_lay(made);
    *chunk = made;
    return SW_OK;
}
