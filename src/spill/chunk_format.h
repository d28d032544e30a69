/* chunk_format: a column chunk as bytes.  Pure functions, any thread.
 *
 * Facts (what is known of it without its values), little-endian:
 *
 *     0  u32  magic "SWc1"
 *     4  u8   format version, 1
 *     5  u8   type                 enum sw_type
 *     6  u8   encoding             enum sw_encoding
 *     7  u8   width                bytes of a value, code: 0, 1, 2, 4, 8
 *     8  u8   scale                SW_ENC_DECIMAL
 *     9  u8   flags                1 has_values, 2 is_ascending, 4 bytes_size > 0
 *    10  u8   sections             0..5
 *    11  u8   0
 *    12  u32  rows
 *    16  i64  base
 *    24  u64  dictionary's key     0: none
 *    32  u32  dict_count
 *    36  u32  nulls
 *    40  u32  nans
 *    44  u32  0
 *    48  i64  min_i, max_i
 *    64  f64  min_f, max_f
 *    80  sections, 32 bytes each:
 *          0  u8   kind            enum sw_section_kind, ascending, each once
 *          1  u8   codec           0 as it is, 1 LZ4
 *          2  6 bytes 0
 *          8  u64  size            unpacked
 *         16  u64  stored          in the payload
 *         24  u64  hash            XXH3 of the stored bytes, seeded by key * 8 + kind
 *     +  u64  hash                 XXH3 of all before, seeded by the chunk's key
 *
 * Payload: the sections' stored bytes one after another.  A reader refuses kinds, flags and
 * versions that it does not know: what adds one raises the format version.
 *
 * Nothing of the bytes is believed: sizes are checked before arithmetic, sums against hashes, and
 * values against what kernels rely on (offsets ascend, codes are below dict_count, values lie
 * within the zone, null bits agree with the number of nulls). */
#ifndef SW_SPILL_CHUNK_FORMAT_H
#define SW_SPILL_CHUNK_FORMAT_H

#include "base/buf.h"
#include "table/chunk.h"

#define SW_CHUNK_FACTS_MAGIC   0x31635753u /* "SWc1" */
#define SW_CHUNK_FACTS_VERSION 1

enum sw_section_kind {
    SW_SECTION_DATA = 1,   /* chunk->data */
    SW_SECTION_BYTES,      /* chunk->bytes, where they are a block of their own */
    SW_SECTION_VALID,      /* chunk->valid */
    SW_SECTION_SPELLING,   /* chunk->null_spelling */
    SW_SECTION_EXCEPTIONS, /* u32 count, u32 row[count], u32 end[count], texts */
    SW_SECTION_END
};
#define SW_SECTIONS_MAX (SW_SECTION_END - 1)

enum sw_codec { SW_CODEC_NONE, SW_CODEC_LZ4, SW_CODEC_COUNT };

struct sw_section {
    uint8_t kind, codec;
    uint64_t size, stored, hash;
};

#define SW_CHUNK_FACTS_HEAD 80
#define SW_SECTION_HEAD     32
#define SW_CHUNK_FACTS_MAX  (SW_CHUNK_FACTS_HEAD + SW_SECTIONS_MAX * SW_SECTION_HEAD + 8)

struct sw_chunk_facts {
    struct sw_chunk parts; /* as sw_chunk_new takes it, without dict and budget */
    uint64_t dict;         /* its key; 0: none */
    bool has_valid, has_spelling;
    uint32_t sections;
    struct sw_section section[SW_SECTIONS_MAX];
    uint64_t payload_size;
};

/* A chunk as bytes. The payload may be the chunk's own: valid as long as both. */
struct sw_chunk_code {
    unsigned char facts[SW_CHUNK_FACTS_MAX];
    size_t facts_size;
    struct sw_span payload;
    struct sw_buf own; /* the payload, where it is not the chunk's */
};

SW_MUST_USE sw_status sw_chunk_encode(const struct sw_chunk *chunk, uint64_t key, uint64_t dict,
                                      struct sw_chunk_code *code, struct sw_err *err);
void sw_chunk_code_fini(struct sw_chunk_code *code);

/* SW_DAMAGED; err's message then says what, in half a sentence for the caller's. */
SW_MUST_USE sw_status sw_chunk_facts_read(struct sw_span bytes, uint64_t key,
                                          struct sw_chunk_facts *facts, struct sw_err *err);
/* `dict`: the dictionary of facts->dict, with dict_count entries at least; NULL where that is 0. */
SW_MUST_USE sw_status sw_chunk_decode(const struct sw_chunk_facts *facts, uint64_t key,
                                      struct sw_span payload, struct sw_dict *dict,
                                      struct sw_budget *budget, struct sw_chunk **chunk,
                                      struct sw_err *err);
/* Are the values such as kernels rely on? (chunk_check.c) */
SW_MUST_USE sw_status sw_chunk_check(const struct sw_chunk *chunk, struct sw_err *err);

#endif
