#include "derive/joinkey.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"

#define UNSEEN    (UINT32_MAX - 1) /* a code that no row had yet */
#define NEAR_MAX  (1u << 24)       /* values looked up in an array: 64 MiB */
#define NEAR_MIN  (1u << 16)
#define SLOTS_MIN 256u
#define DAY_MS    UINT64_C(86400000)

enum key_mode {
    KEY_INT,    /* both integral */
    KEY_FLOAT,  /* both float: the bits, one zero */
    KEY_MIXED,  /* int and float: whole numbers, as ints */
    KEY_MOMENT, /* date and timestamp: milliseconds */
    KEY_TEXT
};

/* The number of each entry of a dictionary. */
struct codes {
    struct codes *next;
    const struct sw_dict *dict; /* borrowed from the version */
    uint32_t count;
    uint32_t *number; /* [count]; owned */
};

/* The distinct strings of the right column: of its dictionaries, or copies. */
struct texts {
    struct sw_arena copies;
    uint32_t count, capacity;
    uint64_t *hash;
    struct sw_span *text;
    uint32_t *slot;
    uint64_t slots; /* power of two */
};

struct key_column {
    uint32_t left, right;
    enum sw_type left_type, right_type;
    enum key_mode mode;
    struct sw_wordmap words;
    struct texts texts;
    struct codes *left_codes, *right_codes; /* owned */
};

struct sw_joinkeys {
    uint32_t columns;
    struct sw_budget *budget;
    size_t charged;
    const struct sw_version *left; /* borrowed */
    struct key_column *column;     /* [columns] owned */
    struct sw_wordmap *pair;       /* [columns - 1] owned */
};

static sw_status no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_NO_MEMORY, "the server has no memory left to join these tables");
}

static sw_status charge(struct sw_joinkeys *keys, size_t bytes, struct sw_err *err)
{
    SW_TRY(sw_budget_charge(keys->budget, bytes, err));
    keys->charged += bytes;
    return SW_OK;
}

/* -- strings -------------------------------------------------------------------------------- */

static uint64_t find_text(const struct texts *texts, uint64_t hash, struct sw_span text)
{
    uint64_t at = hash & (texts->slots - 1);
    for (;; at = (at + 1) & (texts->slots - 1)) {
        uint32_t number = texts->slot[at];
        if (number == SW_WORD_NONE ||
            (texts->hash[number] == hash && sw_span_equal(texts->text[number], text))) {
            return at;
        }
    }
}

static sw_status grow_texts(struct sw_joinkeys *keys, struct texts *texts, struct sw_err *err)
{
    uint32_t capacity = texts->capacity == 0 ? SLOTS_MIN / 2 : texts->capacity * 2;
    uint64_t slots = (uint64_t)capacity * 2;
    size_t each = sizeof(uint64_t) + sizeof(struct sw_span) + 2 * sizeof(uint32_t);
    SW_TRY(charge(keys, (capacity - texts->capacity) * each, err));
    uint64_t *hash = realloc(texts->hash, capacity * sizeof(*hash));
    texts->hash = hash == NULL ? texts->hash : hash;
    struct sw_span *text = realloc(texts->text, capacity * sizeof(*text));
    texts->text = text == NULL ? texts->text : text;
    uint32_t *slot = realloc(texts->slot, slots * sizeof(*slot));
    texts->slot = slot == NULL ? texts->slot : slot;
    if (hash == NULL || text == NULL || slot == NULL) {
        return no_memory(err);
    }
    memset(slot, 0xff, slots * sizeof(*slot));
    texts->capacity = capacity;
    texts->slots = slots;
    for (uint32_t i = 0; i < texts->count; i++) {
        slot[find_text(texts, hash[i], text[i])] = i;
    }
    return SW_OK;
}

/* Plain text lies in a chunk, which may leave memory. */
static sw_status copy_text(struct sw_joinkeys *keys, struct texts *texts, struct sw_span *text,
                           struct sw_err *err)
{
    SW_TRY(charge(keys, text->length + 1, err));
    text->data = sw_arena_text(&texts->copies, *text);
    return text->data == NULL ? no_memory(err) : SW_OK;
}

static sw_status add_text(struct sw_joinkeys *keys, struct texts *texts, struct sw_span text,
                          bool is_copied, uint32_t *number, struct sw_err *err)
{
    uint64_t hash = sw_hash(text.data, text.length);
    if (texts->count == texts->capacity) {
        SW_TRY(grow_texts(keys, texts, err));
    }
    uint32_t *slot = &texts->slot[find_text(texts, hash, text)];
    if (*slot == SW_WORD_NONE) {
        if (is_copied) {
            SW_TRY(copy_text(keys, texts, &text, err));
        }
        texts->hash[texts->count] = hash;
        texts->text[texts->count] = text;
        *slot = texts->count++;
    }
    *number = *slot;
    return SW_OK;
}

static uint32_t number_of_text(const struct texts *texts, struct sw_span text)
{
    if (texts->count == 0) {
        return SW_WORD_NONE;
    }
    return texts->slot[find_text(texts, sw_hash(text.data, text.length), text)];
}

/* -- dictionaries --------------------------------------------------------------------------- */

static struct codes *codes_of(struct codes *list, const struct sw_dict *dict)
{
    while (list != NULL && list->dict != dict) {
        list = list->next;
    }
    return list;
}

/* A table for each dictionary of the column. */
static sw_status list_dictionaries(struct sw_joinkeys *keys, const struct sw_version *version,
                                   uint32_t column, struct codes **list, struct sw_err *err)
{
    for (uint32_t i = 0; i < version->groups; i++) {
        const struct sw_chunk *chunk = version->group[i]->chunk[column];
        if (chunk->dict == NULL) {
            continue;
        }
        struct codes *codes = codes_of(*list, chunk->dict);
        if (codes == NULL) {
            codes = calloc(1, sizeof(*codes));
            if (codes == NULL) {
                return no_memory(err);
            }
            codes->dict = chunk->dict;
            codes->next = *list;
            *list = codes;
        }
        codes->count = chunk->dict_count > codes->count ? chunk->dict_count : codes->count;
    }
    for (struct codes *codes = *list; codes != NULL; codes = codes->next) {
        SW_TRY(charge(keys, codes->count * sizeof(*codes->number), err));
        codes->number = malloc((codes->count + (size_t)1) * sizeof(*codes->number));
        if (codes->number == NULL) {
            return no_memory(err);
        }
        for (uint32_t i = 0; i < codes->count; i++) {
            codes->number[i] = UNSEEN;
        }
    }
    return SW_OK;
}

static void free_codes(struct codes *list)
{
    struct codes *next;
    for (; list != NULL; list = next) {
        next = list->next;
        free(list->number);
        free(list);
    }
}

/* -- making --------------------------------------------------------------------------------- */

static bool is_number(enum sw_type type)
{
    return type == SW_TYPE_BOOL || type == SW_TYPE_INT || type == SW_TYPE_FLOAT;
}

static bool is_time(enum sw_type type)
{
    return type == SW_TYPE_DATE || type == SW_TYPE_TIMESTAMP;
}

static bool choose_mode(enum sw_type left, enum sw_type right, enum key_mode *mode)
{
    if (left == SW_TYPE_STRING || right == SW_TYPE_STRING) {
        *mode = KEY_TEXT;
        return left == right;
    }
    if (is_number(left) && is_number(right)) {
        bool is_left_float = left == SW_TYPE_FLOAT;
        bool is_right_float = right == SW_TYPE_FLOAT;
        *mode = is_left_float && is_right_float   ? KEY_FLOAT
                : is_left_float || is_right_float ? KEY_MIXED
                                                  : KEY_INT;
        return true;
    }
    *mode = left == right ? KEY_INT : KEY_MOMENT;
    return is_time(left) && is_time(right);
}

/* The right column's values lie close together: an array finds them. */
static uint64_t near_range(const struct key_column *column, const struct sw_version *right,
                           uint64_t *lowest)
{
    struct sw_column_zone zone = sw_version_zone(right, column->right);
    if (column->mode != KEY_INT || !zone.has_values) {
        return 0;
    }
    uint64_t range = (uint64_t)zone.max_i - (uint64_t)zone.min_i;
    uint64_t most = right->rows * 8 < NEAR_MIN ? NEAR_MIN : right->rows * 8;
    *lowest = (uint64_t)zone.min_i;
    return range < (most < NEAR_MAX ? most : NEAR_MAX) ? range + 1 : 0;
}

static sw_status init_column(struct sw_joinkeys *keys, struct key_column *column,
                             const struct sw_version *right, struct sw_err *err)
{
    const struct sw_column *a = &keys->left->schema->column[column->left];
    const struct sw_column *b = &right->schema->column[column->right];
    column->left_type = a->type;
    column->right_type = b->type;
    if (!choose_mode(a->type, b->type, &column->mode)) {
        return sw_fail(err, SW_TYPE,
                       "join: `%.100s` is of type %s and `%.100s` of type %s, which are never "
                       "equal: cast one of them first (table.cast_column)",
                       a->name, sw_type_name(a->type), b->name, sw_type_name(b->type));
    }
    if (column->mode == KEY_TEXT) {
        SW_TRY(list_dictionaries(keys, keys->left, column->left, &column->left_codes, err));
        return list_dictionaries(keys, right, column->right, &column->right_codes, err);
    }
    uint64_t lowest = 0;
    uint64_t range = near_range(column, right, &lowest);
    return sw_wordmap_init(&column->words, lowest, range, keys->budget, err);
}

sw_status sw_joinkeys_new(const struct sw_version *left, const uint32_t *left_column,
                          const struct sw_version *right, const uint32_t *right_column,
                          uint32_t count, struct sw_budget *budget, struct sw_joinkeys **keys,
                          struct sw_err *err)
{
    struct sw_joinkeys *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return no_memory(err);
    }
    made->budget = budget;
    made->left = left;
    made->column = calloc(count, sizeof(*made->column));
    made->pair = calloc(count, sizeof(*made->pair));
    sw_status status = made->column == NULL || made->pair == NULL ? no_memory(err) : SW_OK;
    for (uint32_t i = 0; i < count && status == SW_OK; i++) {
        made->columns = i + 1;
        made->column[i].left = left_column[i];
        made->column[i].right = right_column[i];
        sw_arena_init(&made->column[i].texts.copies);
        status = init_column(made, &made->column[i], right, err);
        if (status == SW_OK && i > 0) {
            status = sw_wordmap_init(&made->pair[i - 1], 0, 0, budget, err);
        }
    }
    if (status != SW_OK) {
        sw_joinkeys_free(made);
        return status;
    }
    *keys = made;
    return SW_OK;
}

void sw_joinkeys_free(struct sw_joinkeys *keys)
{
    if (keys == NULL) {
        return;
    }
    for (uint32_t i = 0; i < keys->columns; i++) {
        struct key_column *column = &keys->column[i];
        sw_wordmap_fini(&column->words);
        sw_arena_fini(&column->texts.copies);
        free(column->texts.hash);
        free(column->texts.text);
        free(column->texts.slot);
        free_codes(column->left_codes);
        free_codes(column->right_codes);
        if (i > 0) {
            sw_wordmap_fini(&keys->pair[i - 1]);
        }
    }
    sw_budget_release(keys->budget, keys->charged);
    free(keys->column);
    free(keys->pair);
    free(keys);
}

uint32_t sw_joinkeys_count(const struct sw_joinkeys *keys)
{
    if (keys->columns > 1) {
        return keys->pair[keys->columns - 2].count;
    }
    const struct key_column *column = &keys->column[0];
    return column->mode == KEY_TEXT ? column->texts.count : column->words.count;
}

/* -- words of a vector ---------------------------------------------------------------------- */

/* number[i]: 0 where row i has a value, else SW_WORD_NONE. */
static void start_numbers(struct sw_batch *batch, uint32_t column, uint32_t *restrict number)
{
    const uint64_t *valid = sw_batch_valid(batch, column);
    if (valid == NULL) {
        memset(number, 0, batch->rows * sizeof(*number));
        return;
    }
    for (uint32_t i = 0; i < batch->rows; i++) {
        number[i] = sw_bits_has(valid, i) ? 0 : SW_WORD_NONE;
    }
}

static void float_words(const double *restrict value, uint32_t rows, uint64_t *restrict word,
                        uint32_t *restrict number)
{
    for (uint32_t i = 0; i < rows; i++) {
        double one = value[i] + 0.0; /* -0.0 becomes 0.0 */
        memcpy(&word[i], &one, sizeof(one));
        number[i] = one != one ? SW_WORD_NONE : number[i];
    }
}

/* Whole numbers as ints; all other floats equal no int. */
static void whole_words(const double *restrict value, uint32_t rows, uint64_t *restrict word,
                        uint32_t *restrict number)
{
    for (uint32_t i = 0; i < rows; i++) {
        bool is_whole = value[i] >= -0x1p63 && value[i] < 0x1p63 && value[i] == trunc(value[i]);
        word[i] = is_whole ? (uint64_t)(int64_t)value[i] : 0;
        number[i] = is_whole ? number[i] : SW_WORD_NONE;
    }
}

static void words_of(enum key_mode mode, struct sw_batch *batch, uint32_t column, enum sw_type type,
                     uint64_t *restrict word, uint32_t *restrict number)
{
    start_numbers(batch, column, number);
    if (type == SW_TYPE_FLOAT) {
        const double *value = sw_batch_floats(batch, column);
        (mode == KEY_FLOAT ? float_words : whole_words)(value, batch->rows, word, number);
        return;
    }
    const int64_t *value = sw_batch_ints(batch, column);
    uint64_t unit = mode == KEY_MOMENT && type == SW_TYPE_DATE ? DAY_MS : 1;
    for (uint32_t i = 0; i < batch->rows; i++) {
        word[i] = (uint64_t)value[i] * unit;
    }
}

/* -- rows of the right table ---------------------------------------------------------------- */

static sw_status add_codes(struct sw_joinkeys *keys, struct key_column *column,
                           struct sw_batch *batch, uint32_t *number, struct sw_err *err)
{
    const uint32_t *code = sw_batch_codes(batch, column->right);
    struct codes *codes = codes_of(column->right_codes, sw_batch_chunk(batch, column->right)->dict);
    start_numbers(batch, column->right, number);
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (number[i] == SW_WORD_NONE) {
            continue;
        }
        uint32_t *known = &codes->number[code[i]];
        if (*known == UNSEEN) {
            SW_TRY(add_text(keys, &column->texts, sw_dict_at(codes->dict, code[i]), false, known,
                            err));
        }
        number[i] = *known;
    }
    return SW_OK;
}

static sw_status add_plain(struct sw_joinkeys *keys, struct key_column *column,
                           struct sw_batch *batch, uint32_t *number, struct sw_err *err)
{
    start_numbers(batch, column->right, number);
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (number[i] != SW_WORD_NONE) {
            struct sw_span text = sw_batch_text(batch, column->right, i);
            SW_TRY(add_text(keys, &column->texts, text, true, &number[i], err));
        }
    }
    return SW_OK;
}

static sw_status add_column(struct sw_joinkeys *keys, struct key_column *column,
                            struct sw_batch *batch, struct sw_joinkeys_scratch *scratch,
                            uint32_t *number, struct sw_err *err)
{
    if (column->mode == KEY_TEXT) {
        return (sw_batch_is_coded(batch, column->right) ? add_codes : add_plain)(
            keys, column, batch, number, err);
    }
    words_of(column->mode, batch, column->right, column->right_type, scratch->word, number);
    return sw_wordmap_add(&column->words, scratch->word, batch->rows, number, err);
}

/* Numbers of two columns as one word. */
static void pair_words(struct sw_joinkeys_scratch *scratch, uint32_t *restrict number,
                       uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        scratch->word[i] = (uint64_t)number[i] << 32 | scratch->more[i];
        bool is_none = number[i] == SW_WORD_NONE || scratch->more[i] == SW_WORD_NONE;
        number[i] = is_none ? SW_WORD_NONE : 0;
    }
}

sw_status sw_joinkeys_add(struct sw_joinkeys *keys, struct sw_batch *batch,
                          struct sw_joinkeys_scratch *scratch, uint32_t *number, struct sw_err *err)
{
    SW_TRY(add_column(keys, &keys->column[0], batch, scratch, number, err));
    for (uint32_t i = 1; i < keys->columns; i++) {
        SW_TRY(add_column(keys, &keys->column[i], batch, scratch, scratch->more, err));
        pair_words(scratch, number, batch->rows);
        SW_TRY(sw_wordmap_add(&keys->pair[i - 1], scratch->word, batch->rows, number, err));
    }
    return SW_OK;
}

/* -- rows of the left table ----------------------------------------------------------------- */

sw_status sw_joinkeys_prepare(struct sw_joinkeys *keys, struct sw_err *err)
{
    (void)err;
    for (uint32_t i = 0; i < keys->columns; i++) {
        struct key_column *column = &keys->column[i];
        for (struct codes *codes = column->left_codes; codes != NULL; codes = codes->next) {
            for (uint32_t code = 0; code < codes->count; code++) {
                codes->number[code] = number_of_text(&column->texts, sw_dict_at(codes->dict, code));
            }
        }
    }
    return SW_OK;
}

static void find_texts(const struct key_column *column, struct sw_batch *batch, uint32_t *number)
{
    start_numbers(batch, column->left, number);
    if (!sw_batch_is_coded(batch, column->left)) {
        for (uint32_t i = 0; i < batch->rows; i++) {
            if (number[i] != SW_WORD_NONE) {
                number[i] = number_of_text(&column->texts, sw_batch_text(batch, column->left, i));
            }
        }
        return;
    }
    const uint32_t *code = sw_batch_codes(batch, column->left);
    const struct codes *codes =
        codes_of(column->left_codes, sw_batch_chunk(batch, column->left)->dict);
    for (uint32_t i = 0; i < batch->rows; i++) {
        number[i] = number[i] == SW_WORD_NONE ? SW_WORD_NONE : codes->number[code[i]];
    }
}

static void find_column(const struct key_column *column, struct sw_batch *batch,
                        struct sw_joinkeys_scratch *scratch, uint32_t *number)
{
    if (column->mode == KEY_TEXT) {
        find_texts(column, batch, number);
        return;
    }
    words_of(column->mode, batch, column->left, column->left_type, scratch->word, number);
    sw_wordmap_find(&column->words, scratch->word, batch->rows, number);
}

void sw_joinkeys_find(const struct sw_joinkeys *keys, struct sw_batch *batch,
                      struct sw_joinkeys_scratch *scratch, uint32_t *number)
{
    find_column(&keys->column[0], batch, scratch, number);
    for (uint32_t i = 1; i < keys->columns; i++) {
        find_column(&keys->column[i], batch, scratch, scratch->more);
        pair_words(scratch, number, batch->rows);
        sw_wordmap_find(&keys->pair[i - 1], scratch->word, batch->rows, number);
    }
}
