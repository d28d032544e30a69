/* Stores in their folder: made, found again, damaged, set aside, removed to the last byte. */
#include "world.h"

#include <sys/wait.h>

#include <sqlite3.h>

#include "base/log.h"
#include "support/disk.h"

#define NAME   "abc-DEF_09"
#define CANARY "a canary that sings nowhere else"

struct fixture {
    char folder[64];
    struct sw_spill *spill;
    struct test_random random;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    world_make_folder(fixture->folder);
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);
    test_random_init(&fixture->random, test_seed());
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sw_spill_close(fixture->spill);
    test_remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

static void restart(struct fixture *fixture)
{
    sw_spill_close(fixture->spill);
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);
}

static char *path_of(const struct fixture *fixture, const char *rest)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/%s", fixture->folder, rest);
    return path;
}

static bool exists(const struct fixture *fixture, const char *rest)
{
    return access(path_of(fixture, rest), F_OK) == 0;
}

/* A store with a table, closed. */
static void make_stored(struct fixture *fixture, const char *name)
{
    struct sw_store *store = world_create(fixture->spill, name);
    struct sw_saved *state = world_state(&fixture->random, 1, 1, 2, 30);
    state->fact[0].value = world_keep(state, CANARY);
    world_save(store, state);
    sw_store_close_work(store);
}

struct listed {
    uint32_t count;
    struct sw_stored last;
};

static void list(void *context, const struct sw_stored *stored)
{
    struct listed *listed = context;
    listed->count++;
    listed->last = *stored;
}

static uint32_t count_stored(struct fixture *fixture, struct sw_stored *last)
{
    struct listed listed = {0};
    assert_int_equal(sw_spill_each(fixture->spill, list, &listed, NULL), SW_OK);
    if (last != NULL) {
        *last = listed.last;
    }
    return listed.count;
}

static void files_are_the_owners_alone(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct stat facts;
    make_stored(fixture, NAME);

    assert_int_equal(stat(path_of(fixture, "sessions"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    assert_int_equal(stat(path_of(fixture, "sessions/" NAME ".db"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(stat(path_of(fixture, "sessions/" NAME ".chunks"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(stat(path_of(fixture, "sessions/index.db"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
}

static void only_good_names_are_stored(void **fixture_of)
{
    static const char *const bad[] = {"",
                                      "../up",
                                      "a/b",
                                      "a b",
                                      "index",
                                      "a.db",
                                      "\xc3\xa4",
                                      "12345678901234567890123456789012345678901234567890"
                                      "123456789012345"};
    struct fixture *fixture = *fixture_of;
    const struct sw_store_facts facts = {.opened_ms = 1};
    struct sw_store *store;
    struct sw_err err = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(
            sw_store_create_work(fixture->spill, bad[i], &facts, INT64_MAX, &store, &err),
            SW_STORAGE);
        assert_int_equal(sw_store_set_aside_work(fixture->spill, bad[i], &err), SW_STORAGE);
        assert_int_equal(sw_spill_remove_work(fixture->spill, bad[i], &err), SW_STORAGE);
    }
}

static void a_name_is_taken_once(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    const struct sw_store_facts facts = {.opened_ms = 1};
    struct sw_store *store;
    struct sw_err err = {0};
    make_stored(fixture, NAME);

    assert_int_equal(sw_store_create_work(fixture->spill, NAME, &facts, INT64_MAX, &store, &err),
                     SW_STORAGE);

    store = world_reopen(fixture->spill, NAME); /* it is as it was */
    sw_store_close_work(store);
}

static void a_second_server_is_kept_out(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    const struct sw_spill_options options = {.state_dir = fixture->folder, .disk_bytes = INT64_MAX};
    struct sw_spill *second;
    struct sw_err err = {0};

    assert_int_equal(sw_spill_open(&options, &second, &err), SW_STORAGE);

    assert_non_null(strstr(err.message, "Another server"));
}

static void the_index_names_what_is_stored(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_stored stored;
    unsigned char key[SW_SHA256_BYTES];
    make_stored(fixture, NAME);
    struct sw_store *store = world_reopen(fixture->spill, NAME);
    sw_store_touch_work(store, 777);
    sw_store_close_work(store);
    sw_store_close_work(world_reopen(fixture->spill, NAME)); /* changes nothing of it */
    restart(fixture);

    assert_int_equal(count_stored(fixture, &stored), 1);

    sw_sha256(NAME, strlen(NAME), key);
    assert_string_equal(stored.name, NAME);
    assert_string_equal(stored.app, "an app");
    assert_memory_equal(stored.key, key, sizeof(key));
    assert_int_equal(stored.opened_ms, 1234567890123);
    assert_int_equal(stored.seen_ms, 777);
    assert_true(stored.disk_bytes > 65536);
}

static void a_lost_index_is_made_anew(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_stored stored;
    make_stored(fixture, NAME);
    sw_spill_close(fixture->spill);
    assert_int_equal(unlink(path_of(fixture, "sessions/index.db")), 0);
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);

    assert_int_equal(count_stored(fixture, &stored), 1);
    assert_string_equal(stored.name, NAME);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_damaged_index_is_made_anew(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    make_stored(fixture, NAME);
    sw_spill_close(fixture->spill);
    write_file(path_of(fixture, "sessions/index.db"), "this is no database, whatever its name");
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);

    assert_int_equal(count_stored(fixture, NULL), 1);
}

static void files_of_no_store_are_swept(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    make_stored(fixture, NAME);
    sw_spill_close(fixture->spill);
    write_file(path_of(fixture, "sessions/orphan.chunks"), CANARY);
    write_file(path_of(fixture, "sessions/other.db-wal"), CANARY);
    fixture->spill = world_open(fixture->folder, SW_DURABILITY_PROCESS, NULL);

    assert_false(exists(fixture, "sessions/orphan.chunks"));
    assert_false(exists(fixture, "sessions/other.db-wal"));
    assert_true(exists(fixture, "sessions/" NAME ".db"));
    assert_int_equal(count_stored(fixture, NULL), 1);
}

/* The whole folder, read as bytes. */
static bool folder_contains(const char *path, const char *text)
{
    char inner[4400];
    bool is_found = false;
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        FILE *file = fopen(inner, "rb");
        static char bytes[1 << 20];
        size_t size = file != NULL ? fread(bytes, 1, sizeof(bytes), file) : 0;
        if (file != NULL) {
            fclose(file);
        }
        is_found = is_found || (size > 0 && memmem(bytes, size, text, strlen(text)) != NULL) ||
                   folder_contains(inner, text);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return is_found;
}

static void nothing_stays_of_what_is_removed(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    make_stored(fixture, NAME);
    assert_true(folder_contains(fixture->folder, CANARY));

    assert_int_equal(sw_spill_remove_work(fixture->spill, NAME, NULL), SW_OK);

    assert_false(folder_contains(fixture->folder, CANARY));
    assert_false(exists(fixture, "sessions/" NAME ".db"));
    assert_false(exists(fixture, "sessions/" NAME ".chunks"));
    assert_int_equal(count_stored(fixture, NULL), 0);
    make_stored(fixture, NAME);
    sw_store_remove_work(world_reopen(fixture->spill, NAME));
    assert_false(folder_contains(fixture->folder, CANARY));
    assert_int_equal(count_stored(fixture, NULL), 0);
}

/* -- damage ------------------------------------------------------------------------------ */

/* Opens and restores whatever is there; the state, or NULL and what is wrong. */
static struct sw_saved *try_all(struct sw_spill *spill, sw_status *status, struct sw_err *err)
{
    struct sw_store *store;
    struct sw_saved *state = NULL;
    *status = sw_store_open_work(spill, NAME, INT64_MAX, &store, err);
    if (*status == SW_OK) {
        *status = world_try_restore(store, NULL, &state, err);
        sw_store_close_work(store);
    }
    return state;
}

static void another_programs_file_is_refused(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    sw_status status;
    make_stored(fixture, NAME);
    assert_int_equal(unlink(path_of(fixture, "sessions/" NAME ".db")), 0);
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path_of(fixture, "sessions/" NAME ".db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);

    assert_null(try_all(fixture->spill, &status, &err));
    assert_int_equal(status, SW_DAMAGED);
    assert_non_null(strstr(err.message, "not one of Spillway's"));

    write_file(path_of(fixture, "sessions/" NAME ".db"),
               "no database at all, but a long enough text");
    assert_null(try_all(fixture->spill, &status, &err));
    assert_int_equal(status, SW_DAMAGED);
}

static void run_on_file(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path_of(fixture, "sessions/" NAME ".db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void what_contradicts_itself_is_refused(void **fixture_of)
{
    static const char *const harms[] = {
        "PRAGMA user_version = 2",
        "PRAGMA application_id = 5",
        "DELETE FROM store",
        "DELETE FROM saved",
        "DELETE FROM rowgroup",
        "DELETE FROM version",
        "DELETE FROM columns",
        "DELETE FROM step",
        "DELETE FROM rowgroup WHERE id = (SELECT max(id) FROM rowgroup)",
        "UPDATE rowgroup SET rows = rows + 1",
        "UPDATE version SET number = 99",
        "UPDATE data SET version = version + 1",
        "UPDATE data SET name = 'x'",
        "UPDATE data SET name = x'00'",
        "UPDATE fact SET value = 5",
        "UPDATE store SET name = 'another'",
        "UPDATE store SET uid = randomblob(16)",
        "UPDATE columns SET list = zeroblob(length(list))",
        "INSERT INTO rowgroup SELECT id + 1000, rows, first_row_id, row_ids, chunks, hash FROM "
        "rowgroup LIMIT 1",
        "CREATE TABLE more (a)",
        "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM fact; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE INDEX i ON log (kind)",
    };
    struct fixture *fixture = *fixture_of;
    for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
        struct sw_err err = {0};
        sw_status status;
        make_stored(fixture, NAME);
        run_on_file(fixture, harms[i]);

        if (try_all(fixture->spill, &status, &err) != NULL || status != SW_DAMAGED) {
            fail_msg("%s: %s", harms[i], sw_status_name(status));
        }

        assert_non_null(strstr(err.message, NAME));
        assert_int_equal(sw_store_set_aside_work(fixture->spill, NAME, &err), SW_OK);
    }
    assert_int_equal(count_stored(fixture, NULL), 0);
    assert_true(exists(fixture, "damaged/" NAME ".db"));
    assert_true(exists(fixture, "damaged/" NAME ".1.db"));
    assert_true(exists(fixture, "damaged/" NAME ".1.chunks"));
}

/* A power cut while it was made: a file without tables. */
static void a_store_that_was_never_finished_goes(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    sw_status status;
    make_stored(fixture, NAME);
    write_file(path_of(fixture, "sessions/" NAME ".db"), "");

    assert_null(try_all(fixture->spill, &status, &err));

    assert_int_equal(status, SW_UNKNOWN_TOKEN);
    assert_false(exists(fixture, "sessions/" NAME ".db"));
    assert_false(exists(fixture, "sessions/" NAME ".chunks"));
    assert_int_equal(count_stored(fixture, NULL), 0);
}

/* A missing or foreign file of chunks. */
static void chunks_of_another_are_refused(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_err err = {0};
    sw_status status;
    char other[4096];
    make_stored(fixture, NAME);
    make_stored(fixture, "other");
    snprintf(other, sizeof(other), "%s", path_of(fixture, "sessions/other.chunks"));
    assert_int_equal(rename(other, path_of(fixture, "sessions/" NAME ".chunks")), 0);

    assert_null(try_all(fixture->spill, &status, &err));
    assert_int_equal(status, SW_DAMAGED);
    assert_int_equal(unlink(path_of(fixture, "sessions/" NAME ".chunks")), 0);
    assert_null(try_all(fixture->spill, &status, &err));
    assert_int_equal(status, SW_DAMAGED);
}

/* Anywhere, or every other time where something is written: most of a small file is empty. */
static size_t place_of_harm(struct test_random *random, const unsigned char *bytes, size_t size,
                            bool is_written)
{
    size_t at = (size_t)test_random_below(random, size);
    for (int i = 0; i < 100000 && is_written && bytes[at] == 0; i++) {
        at = (size_t)test_random_below(random, size);
    }
    return at;
}

/* On a disk in memory, for speed: the state is what it was, or it is said to be damaged. */
static void harm_everywhere(const char *ending, bool is_cut)
{
    struct test_random random;
    char folder[64];
    world_make_folder(folder);
    test_random_init(&random, test_seed());
    struct disk *whole = disk_new();
    struct sw_spill *spill = world_open(folder, SW_DURABILITY_OFF, disk_vfs(whole));
    struct sw_store *store = world_create(spill, NAME);
    struct sw_saved *state = world_state(&random, 1, 1, 2, 20);
    world_save(store, world_copy_state(state));
    sw_store_close_work(store);
    sw_spill_close(spill);
    size_t size = 0;
    assert_non_null(disk_bytes(whole, ending, &size));
    uint32_t seen = 0;
    const uint32_t rounds = 150;
    struct disk *harmed = disk_new();
    for (uint32_t i = 0; i < rounds; i++) {
        struct sw_err err = {0};
        sw_status status;
        disk_copy(whole, harmed);
        size_t at =
            place_of_harm(&random, disk_bytes(harmed, ending, &size), size, !is_cut && i % 2 == 0);
        if (is_cut) {
            disk_truncate(harmed, ending, at);
        } else {
            disk_bytes(harmed, ending, &size)[at] ^=
                (unsigned char)(1u << test_random_below(&random, 8));
        }
        spill = world_open(folder, SW_DURABILITY_OFF, disk_vfs(harmed));
        struct sw_saved *back = try_all(spill, &status, &err);
        if (back != NULL) {
            world_same_state(state, back);
        } else {
            assert_true(status == SW_DAMAGED || status == SW_UNKNOWN_TOKEN);
            assert_true(err.message[0] != '\0');
            seen++;
        }
        sw_saved_free(back);
        sw_spill_close(spill);
    }
    print_message("# %s: %u of %u harms mattered\n", ending, seen, rounds);
    assert_true(seen > 0);
    disk_free(harmed);
    disk_free(whole);
    sw_saved_free(state);
    test_remove_folder(folder);
}

static void a_flipped_bit_is_seen_or_does_not_matter(void **state)
{
    (void)state;
    harm_everywhere(NAME ".db", false);
    harm_everywhere(NAME ".chunks", false);
}

static void a_cut_file_is_seen(void **state)
{
    (void)state;
    harm_everywhere(NAME ".db", true);
    harm_everywhere(NAME ".chunks", true);
}

/* -- limits -------------------------------------------------------------------------------- */

static void a_session_stays_within_its_disk(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    const struct sw_store_facts facts = {.opened_ms = 1};
    struct sw_store *store;
    struct sw_err err = {0};
    assert_int_equal(sw_store_create_work(fixture->spill, NAME, &facts, 2000000, &store, &err),
                     SW_OK);
    struct sw_saved *large = world_state(&fixture->random, 3, 0, 16, 6000);
    struct sw_saved *small = world_state(&fixture->random, 1, 0, 1, 10);

    assert_int_equal(world_try_save(store, large, &err), SW_LIMIT);
    assert_string_equal(err.limit, "session_disk_bytes");
    assert_int_equal(err.limit_allowed, 2000000);
    world_save(store, small);

    assert_true(sw_store_disk_bytes(store) <= 2000000);
    sw_store_remove_work(store);
}

static void all_sessions_stay_within_the_servers_disk(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_spill_figures figures;
    struct sw_err err = {0};
    make_stored(fixture, NAME);
    sw_spill_close(fixture->spill);
    const struct sw_spill_options options = {.state_dir = fixture->folder, .disk_bytes = 2000000};
    assert_int_equal(sw_spill_open(&options, &fixture->spill, &err), SW_OK);
    sw_spill_figures(fixture->spill, &figures);
    assert_int_equal(figures.stores, 1);
    assert_true(figures.disk_bytes > 65536);
    struct sw_store *store = world_create(fixture->spill, "second");

    assert_int_equal(world_try_save(store, world_state(&fixture->random, 3, 0, 16, 6000), &err),
                     SW_LIMIT);

    assert_string_equal(err.limit, "disk_bytes");
    sw_store_remove_work(store);
    assert_int_equal(sw_spill_remove_work(fixture->spill, NAME, NULL), SW_OK);
    sw_spill_figures(fixture->spill, &figures);
    assert_int_equal(figures.disk_bytes, 0);
    assert_int_equal(figures.stores, 0);
}

static void a_nearly_full_disk_is_left_alone(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    const struct sw_store_facts facts = {.opened_ms = 1};
    struct sw_store *store;
    struct sw_err err = {0};
    sw_spill_close(fixture->spill);
    const struct sw_spill_options options = {
        .state_dir = fixture->folder, .disk_bytes = INT64_MAX, .disk_free_bytes = INT64_MAX};
    assert_int_equal(sw_spill_open(&options, &fixture->spill, &err), SW_OK);

    assert_int_equal(sw_store_create_work(fixture->spill, NAME, &facts, INT64_MAX, &store, &err),
                     SW_STORAGE);

    assert_non_null(strstr(err.message, "nearly full"));
}

/* What is counted is what lies there, whatever happened before. */
static void the_counted_bytes_are_those_of_the_files(void **fixture_of)
{
    struct fixture *fixture = *fixture_of;
    struct sw_spill_figures figures;
    for (int i = 0; i < 5; i++) {
        make_stored(fixture, NAME);
        sw_store_close_work(world_reopen(fixture->spill, NAME));
        make_stored(fixture, "second");
        sw_store_remove_work(world_reopen(fixture->spill, "second"));
        struct sw_err err;
        assert_int_equal(i % 2 == 0 ? sw_spill_remove_work(fixture->spill, NAME, &err)
                                    : sw_store_set_aside_work(fixture->spill, NAME, &err),
                         SW_OK);
        sw_spill_figures(fixture->spill, &figures);
        assert_int_equal(figures.disk_bytes, 0);
        assert_int_equal(figures.stores, 0);
        assert_int_equal(figures.open_stores, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(files_are_the_owners_alone),
        TEST(only_good_names_are_stored),
        TEST(a_name_is_taken_once),
        TEST(a_second_server_is_kept_out),
        TEST(the_index_names_what_is_stored),
        TEST(a_lost_index_is_made_anew),
        TEST(a_damaged_index_is_made_anew),
        TEST(files_of_no_store_are_swept),
        TEST(nothing_stays_of_what_is_removed),
        TEST(another_programs_file_is_refused),
        TEST(what_contradicts_itself_is_refused),
        TEST(a_store_that_was_never_finished_goes),
        TEST(chunks_of_another_are_refused),
        cmocka_unit_test(a_flipped_bit_is_seen_or_does_not_matter),
        cmocka_unit_test(a_cut_file_is_seen),
        TEST(a_session_stays_within_its_disk),
        TEST(all_sessions_stay_within_the_servers_disk),
        TEST(a_nearly_full_disk_is_left_alone),
        TEST(the_counted_bytes_are_those_of_the_files),
    };
    sw_log_set_level(SW_LOG_ERROR);
    return cmocka_run_group_tests_name("spill/store", tests, NULL, NULL);
}
