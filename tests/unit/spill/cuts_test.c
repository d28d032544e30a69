/* Power cuts at every moment: what was acknowledged is there, and what is there is whole.
 * SW_CUTS=N in the environment plays N of them in each mode. */
#include "world.h"

#include "base/log.h"
#include "support/disk.h"

#define STEPS_MAX 40
#define NAME      "session"

/* What was promised at which moment. */
struct promise {
    size_t moment;
    uint64_t seq;
    uint32_t save; /* number of the last save; 0: the empty store */
};

struct story {
    char folder[64];
    struct disk *disk;
    enum sw_durability durability;
    struct test_random random;
    struct sw_saved *saved[STEPS_MAX + 1]; /* by number; [0] empty */
    struct promise promise[STEPS_MAX + 1];
    uint32_t promises, saves;
    uint64_t seq;
};

/* The params of a record follow from its number. */
static size_t params_of(uint64_t seq, char into[8192])
{
    size_t length = (size_t)(seq * 2654435761u % 8000);
    for (size_t i = 0; i < length; i++) {
        into[i] = (char)('a' + (seq + i * 7) % 26);
    }
    return length;
}

static void promise(struct story *story)
{
    story->promise[story->promises++] =
        (struct promise){disk_moment(story->disk), story->seq, story->saves};
}

static void append(struct story *story, struct sw_store *store)
{
    char params[3][8192];
    struct sw_record record[3];
    struct sw_err err = {0};
    size_t count = 1 + test_random_below(&story->random, 3);
    for (size_t i = 0; i < count; i++) {
        uint64_t seq = story->seq + 1 + i;
        record[i] = (struct sw_record){
            .seq = seq,
            .kind = (uint32_t)seq % 5,
            .wall_ms = (int64_t)seq * 1000,
            .method = sw_span_text("table.update"),
            .params = sw_span_of(params[i], params_of(seq, params[i])),
        };
    }
    assert_int_equal(sw_journal_append_work(store, record, count, &err), SW_OK);
    story->seq += count;
    promise(story);
}

static void save(struct story *story, struct sw_store *store)
{
    char text[32];
    uint32_t number = story->saves + 1;
    struct sw_saved *state;
    if (story->saves > 0 && test_random_once_in(&story->random, 2)) {
        state = world_copy_state(story->saved[story->saves]); /* shares what is stored */
    } else {
        state = world_state(&story->random, 1 + (uint32_t)test_random_below(&story->random, 2),
                            (uint32_t)test_random_below(&story->random, 3), 2, 12);
    }
    snprintf(text, sizeof(text), "%u", number);
    state->fact[0].name = world_keep(state, "number");
    state->fact[0].value = world_keep(state, text);
    state->seq = story->seq;
    story->saved[number] = state;
    world_save(store, world_copy_state(state));
    story->saves = number;
    promise(story);
}

/* A session's life on a disk that remembers everything. */
static void live(struct story *story, enum sw_durability durability, uint32_t steps)
{
    *story = (struct story){.durability = durability};
    world_make_folder(story->folder);
    test_random_init(&story->random, test_seed() + durability + steps);
    story->disk = disk_new();
    disk_record(story->disk);
    assert_int_equal(sw_saved_new(0, 0, &story->saved[0]), SW_OK);
    struct sw_spill *spill = world_open(story->folder, durability, disk_vfs(story->disk));
    struct sw_store *store = world_create(spill, NAME);
    promise(story);
    for (uint32_t i = 1; i < steps; i++) {
        if (test_random_once_in(&story->random, 3)) {
            save(story, store);
        } else {
            append(story, store);
        }
        if (test_random_once_in(&story->random, 10)) {
            sw_store_close_work(store);
            store = world_reopen(spill, NAME);
            sw_saved_free(world_restore(store));
        }
    }
    sw_store_close_work(store);
    sw_spill_close(spill);
}

static void end(struct story *story)
{
    for (uint32_t i = 0; i <= story->saves; i++) {
        sw_saved_free(story->saved[i]);
    }
    disk_free(story->disk);
    test_remove_folder(story->folder);
}

struct log_check {
    uint64_t last;
};

static sw_status check_record(void *context, const struct sw_record *record, struct sw_err *err)
{
    struct log_check *check = context;
    char params[8192];
    size_t length = params_of(record->seq, params);
    (void)err;
    assert_int_equal(record->seq, check->last + 1);
    assert_int_equal(record->kind, record->seq % 5);
    assert_int_equal(record->params.length, length);
    assert_memory_equal(record->params.data, params, length);
    check->last = record->seq;
    return SW_OK;
}

/* What was promised before the moment; NULL: not even that there is a session. */
static const struct promise *promised(const struct story *story, size_t moment)
{
    const struct promise *last = NULL;
    for (uint32_t i = 0; i < story->promises; i++) {
        if (story->promise[i].moment <= moment) {
            last = &story->promise[i];
        }
    }
    return last;
}

static uint32_t number_of(const struct sw_saved *state)
{
    for (uint32_t i = 0; i < state->facts; i++) {
        if (sw_span_equal(state->fact[i].name, sw_span_text("number"))) {
            return (uint32_t)strtoul(state->fact[i].value.data, NULL, 10);
        }
    }
    return 0;
}

/* The store that a cut left. True: it is there. */
static bool check_store(const struct story *story, struct sw_spill *spill,
                        const struct promise *least)
{
    struct sw_store *store;
    struct sw_err err = {0};
    sw_status status = sw_store_open_work(spill, NAME, INT64_MAX, &store, &err);
    bool is_power = story->durability == SW_DURABILITY_POWER;
    bool may_be_gone = least == NULL || (!is_power && least->save == 0);
    if (may_be_gone && (status == SW_UNKNOWN_TOKEN || status == SW_DAMAGED ||
                        strstr(err.message, "no longer there") != NULL)) {
        /* Its making is not synced by 'process': it may also be torn until it is saved first. */
        assert_true(status != SW_DAMAGED || !is_power);
        return false;
    }
    if (status != SW_OK) {
        fail_msg("after a cut: %s", err.message);
    }
    struct sw_saved *state = world_restore(store);
    uint32_t number = number_of(state);
    assert_true(number <= STEPS_MAX && story->saved[number] != NULL);
    world_same_state(story->saved[number], state);
    struct log_check check = {.last = state->seq};
    if (sw_journal_read_work(store, state->seq, check_record, &check, &err) != SW_OK) {
        fail_msg("after a cut: %s", err.message);
    }
    assert_int_equal(check.last > state->seq ? check.last : state->seq, sw_journal_last_seq(store));
    assert_true(least == NULL || number >= least->save);
    assert_true(least == NULL || !is_power || check.last >= least->seq);
    sw_saved_free(state);
    sw_store_close_work(store);
    return true;
}

static uint64_t cuts_wanted(void)
{
    const char *text = getenv("SW_CUTS");
    return text != NULL ? strtoull(text, NULL, 10) : 200;
}

/* Cuts at moments that lie evenly over the story; each leaves another disk. */
static void cut_everywhere(enum sw_durability durability)
{
    const uint32_t steps = STEPS_MAX;
    uint64_t left = cuts_wanted();
    uint64_t there = 0;
    while (left > 0) {
        uint64_t cuts_now = left < 1000 ? left : 1000;
        struct story story;
        live(&story, durability, steps);
        size_t moments = disk_moment(story.disk);
        struct disk_cuts *cuts = disk_cuts_new(story.disk);
        for (uint64_t i = 0; i < cuts_now; i++) {
            size_t moment = (size_t)(i * moments / cuts_now +
                                     test_random_below(&story.random, moments / cuts_now + 1));
            struct disk *left_over = disk_new();
            disk_cut(cuts, moment < moments ? moment : moments, &story.random, left_over);
            struct sw_spill *spill = world_open(story.folder, durability, disk_vfs(left_over));
            there += check_store(&story, spill, promised(&story, moment));
            sw_spill_close(spill);
            disk_free(left_over);
        }
        disk_cuts_free(cuts);
        end(&story);
        left -= cuts_now;
    }
    print_message("# %llu of %llu cuts left a session\n", (unsigned long long)there,
                  (unsigned long long)cuts_wanted());
}

static void after_any_cut_everything_acknowledged_is_there(void **state)
{
    (void)state;
    cut_everywhere(SW_DURABILITY_POWER);
}

static void what_was_saved_survives_a_cut_without_syncs_of_the_log(void **state)
{
    (void)state;
    cut_everywhere(SW_DURABILITY_PROCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_any_cut_everything_acknowledged_is_there),
        cmocka_unit_test(what_was_saved_survives_a_cut_without_syncs_of_the_log),
    };
    sw_log_set_level(SW_LOG_ERROR); /* the index is made anew time and again */
    return cmocka_run_group_tests_name("spill/cuts", tests, NULL, NULL);
}
