/*
 * tests/corpus/csv: NAME.csv is loaded, what comes of it is compared with NAME.expect (loading.h
 * says how a table is written), at once and cut at every byte. Lines of NAME.expect that begin with
 * "option:" say how it is loaded:
 *
 *     option: types a=int b=date:dmy
 *     option: delimiter ;
 *     option: header yes | no
 *     option: strict
 *
 * SW_CORPUS_WRITE=1 writes the .expect files anew, to be read before they are committed.
 */
#include "loading.h"

#include <dirent.h>
#include <sys/stat.h>

#define CORPUS    SW_TEST_DIR "/corpus/csv"
#define TYPES_MAX 8
#define SPLITS    20

struct sample {
    char *csv;
    size_t length;
    char *expect; /* with its options */
    struct sw_json members[TYPES_MAX];
    struct sw_json types;
    struct loading how;
};

static char *read_all(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    struct stat status;
    assert_int_equal(fstat(fileno(file), &status), 0);
    char *data = malloc((size_t)status.st_size + 1);
    assert_non_null(data);
    *length = fread(data, 1, (size_t)status.st_size, file);
    data[*length] = '\0';
    fclose(file);
    return data;
}

static void read_types(struct sample *sample, char *text)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        assert_non_null(equals);
        assert_true(count < TYPES_MAX);
        sample->members[count++] =
            (struct sw_json){.kind = SW_JSON_STRING,
                             .key = sw_span_of(word, (size_t)(equals - word)),
                             .u.text = sw_span_text(equals + 1)};
    }
    sample->types = (struct sw_json){.kind = SW_JSON_OBJECT};
    sample->types.u.list.items = sample->members;
    sample->types.u.list.count = count;
    sample->how.types = &sample->types;
}

/* Takes the option lines; `options` is a copy that stays as long as the sample. */
static void read_options(struct sample *sample, char *options)
{
    char *rest = NULL;
    for (char *line = strtok_r(options, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "option: types ", 14) == 0) {
            read_types(sample, line + 14);
        } else if (strncmp(line, "option: delimiter ", 18) == 0) {
            sample->how.delimiter = line[18];
        } else if (strncmp(line, "option: header ", 15) == 0) {
            sample->how.has_header = line[15] == 'y';
        } else if (strcmp(line, "option: strict") == 0) {
            sample->how.is_strict = true;
        }
    }
}

/* The expected text behind the options. */
static const char *expected_of(const struct sample *sample)
{
    const char *at = sample->expect;
    while (strncmp(at, "option:", 7) == 0) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    return at;
}

static void check_once(const struct sample *sample, const char *what)
{
    struct sw_buf out;
    sw_buf_init(&out);
    dump_load(sample->csv, sample->length, &sample->how, &out);
    assert_same_text(what, sw_span_text(expected_of(sample)), sw_buf_peek(&out));
    sw_buf_fini(&out);
}

static void check_pieces(struct sample *sample, const char *what, const size_t *pieces,
                         size_t count)
{
    sample->how.pieces = pieces;
    sample->how.piece_count = count;
    check_once(sample, what);
    sample->how.piece_count = 0;
}

static void check_splits(struct sample *sample, const char *name)
{
    char what[512];
    struct test_random random;
    test_random_init(&random, test_seed());
    size_t *pieces = calloc(sample->length + 1, sizeof(*pieces));
    assert_non_null(pieces);
    for (size_t i = 0; i < sample->length; i++) {
        snprintf(what, sizeof(what), "%s, cut at byte %zu", name, i);
        check_pieces(sample, what, &i, 1);
        pieces[i] = i;
    }
    snprintf(what, sizeof(what), "%s, byte by byte", name);
    check_pieces(sample, what, pieces, sample->length);
    for (int split = 0; split < SPLITS && sample->length > 0; split++) {
        size_t count = 0;
        size_t at = 0;
        while (at < sample->length) {
            pieces[count++] = at;
            at += 1 + test_random_below(&random, 1 + sample->length / 4);
        }
        snprintf(what, sizeof(what), "%s, cut at random", name);
        sample->how.step_bytes = 1 + test_random_below(&random, 8);
        check_pieces(sample, what, pieces, count);
    }
    free(pieces);
}

static void write_expected(const struct sample *sample, const char *path)
{
    struct sw_buf out;
    sw_buf_init(&out);
    sw_buf_put(&out, sample->expect, (size_t)(expected_of(sample) - sample->expect));
    dump_load(sample->csv, sample->length, &sample->how, &out);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(out.data, 1, out.length, file), out.length);
    fclose(file);
    sw_buf_fini(&out);
}

static void check_file(const char *name)
{
    char path[4096];
    size_t length;
    struct sample sample = {.how = {.has_header = -1}};
    snprintf(path, sizeof(path), CORPUS "/%s.csv", name);
    sample.csv = read_all(path, &sample.length);
    assert_non_null(sample.csv);
    snprintf(path, sizeof(path), CORPUS "/%s.expect", name);
    sample.expect = read_all(path, &length);
    const bool writes = getenv("SW_CORPUS_WRITE") != NULL;
    if (sample.expect == NULL && writes) {
        sample.expect = strdup("");
    }
    if (sample.expect == NULL) {
        fail_msg("%s has no .expect file", name);
    }
    char *options = strdup(sample.expect);
    read_options(&sample, options);
    if (writes) {
        write_expected(&sample, path);
    } else {
        check_once(&sample, name);
        check_splits(&sample, name);
    }
    free(options);
    free(sample.csv);
    free(sample.expect);
}

static int is_csv(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".csv") == 0;
}

static void every_file_of_the_corpus_loads_as_expected_however_it_is_cut(void **state)
{
    (void)state;
    struct dirent **entries = NULL;
    const int count = scandir(CORPUS, &entries, is_csv, alphasort);

    assert_true(count >= 60);

    for (int i = 0; i < count; i++) {
        char name[256];
        snprintf(name, sizeof(name), "%.*s", (int)strlen(entries[i]->d_name) - 4,
                 entries[i]->d_name);
        check_file(name);
        free(entries[i]);
    }
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_of_the_corpus_loads_as_expected_however_it_is_cut),
    };
    return cmocka_run_group_tests_name("ingest/corpus", tests, NULL, NULL);
}
