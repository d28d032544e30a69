/* Any bytes as what the spill reads back: a chunk's facts and payload, or a schema. Hashes are made
 * right first, as whoever writes such a file could; then nothing may crash, and what is accepted
 * must be whole: every value can be read, and written again. */
#include "spill/chunk_format.h"
#include "spill/row.h"
#include "spill/schema_code.h"
#include "support/fuzz.h"
#include "support/look.h"

#include <stdlib.h>
#include <string.h>

#define KEY        9
#define DICTIONARY 3
#define ENTRIES    5

static struct sw_dict *dict;

static void make_dict(void)
{
    uint32_t code;
    if (sw_dict_new(NULL, &dict, NULL) != SW_OK) {
        abort();
    }
    sw_dict_write_begin(dict);
    for (int i = 0; i < ENTRIES; i++) {
        if (sw_dict_intern(dict, sw_span_of("abcdefgh", (size_t)i), &code) != SW_OK) {
            abort();
        }
    }
    sw_dict_write_end(dict);
}

static void put_hash(unsigned char *into, const void *data, size_t length, uint64_t seed)
{
    uint64_t hash = sw_hash_bytes(data, length, seed);
    memcpy(into, &hash, sizeof(hash));
}

/* The hashes of the sections as far as they lie within the payload, then that of the facts. */
static void make_hashes_right(unsigned char *facts, size_t size, struct sw_span payload)
{
    if (size < SW_CHUNK_FACTS_HEAD + 8) {
        return;
    }
    size_t sections = (size - SW_CHUNK_FACTS_HEAD - 8) / SW_SECTION_HEAD;
    size_t at = 0;
    for (size_t i = 0; i < sections; i++) {
        unsigned char *section = facts + SW_CHUNK_FACTS_HEAD + i * SW_SECTION_HEAD;
        uint64_t stored;
        memcpy(&stored, section + 16, sizeof(stored));
        if (stored > payload.length - at) {
            break;
        }
        put_hash(section + 24, payload.data + at, (size_t)stored, KEY * 8 + section[0]);
        at += (size_t)stored;
    }
    put_hash(facts + size - 8, facts, size - 8, KEY);
}

static uint64_t touched;

static void use(const struct sw_chunk *chunk)
{
    struct sw_chunk_code code;
    struct sw_span text;
    for (uint32_t i = 0; i < chunk->rows; i++) {
        struct sw_value value = test_cell(chunk, i);
        if (value.type == SW_TYPE_STRING && !value.is_null) {
            touched += sw_hash_bytes(value.u.s.data, value.u.s.length, 0);
        }
        if (sw_exceptions_find(test_look(chunk)->exceptions, i, &text)) {
            touched += sw_hash_bytes(text.data, text.length, 0);
        }
    }
    if (sw_chunk_encode(test_look(chunk), KEY, chunk->dict != NULL ? DICTIONARY : 0, &code, NULL) ==
        SW_OK) {
        sw_chunk_code_fini(&code);
    }
}

static void read_chunk(const uint8_t *data, size_t size)
{
    uint16_t facts_size;
    unsigned char facts[SW_CHUNK_FACTS_MAX];
    struct sw_chunk_facts read;
    struct sw_chunk *chunk;
    struct sw_err err;
    if (size < sizeof(facts_size)) {
        return;
    }
    memcpy(&facts_size, data, sizeof(facts_size));
    data += sizeof(facts_size);
    size -= sizeof(facts_size);
    if (facts_size > sizeof(facts) || facts_size > size) {
        return;
    }
    memcpy(facts, data, facts_size);
    struct sw_span payload = sw_span_of((const char *)data + facts_size, size - facts_size);
    make_hashes_right(facts, facts_size, payload);
    if (sw_chunk_facts_read(sw_span_of((const char *)facts, facts_size), KEY, &read, &err) !=
        SW_OK) {
        return;
    }
    struct sw_dict *own = read.dict != 0 ? dict : NULL;
    if (sw_chunk_decode(&read, KEY, payload, own, NULL, &chunk, &err) == SW_OK) {
        use(chunk);
        sw_chunk_unref(chunk);
    }
}

static void read_schema(struct sw_span bytes)
{
    struct sw_schema *schema;
    struct sw_buf again;
    if (sw_schema_decode(bytes, &schema) != SW_OK) {
        return;
    }
    sw_buf_init(&again);
    sw_schema_encode(schema, &again);
    if (!again.failed && !sw_span_equal(sw_buf_peek(&again), bytes)) {
        abort(); /* a save would not recognise what it has stored */
    }
    sw_buf_fini(&again);
    sw_schema_unref(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (dict == NULL) {
        make_dict();
    }
    if (size > 0 && data[0] == 'c') {
        read_chunk(data + 1, size - 1);
    } else if (size > 0 && data[0] == 's') {
        read_schema(sw_span_of((const char *)data + 1, size - 1));
    }
    return 0;
}
