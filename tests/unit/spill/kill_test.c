/* A process that is killed at any moment, on real files: what it had acknowledged by 'process' is
 * there. SW_KILLS=N in the environment kills N of them. */
#include "world.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"

#define NAME "session"

/* What the child says down the pipe after each acknowledgement. */
struct said {
    uint64_t seq;
    uint64_t save;
};

/* The state of a save follows from its number, in either process. */
static struct sw_saved *state_of(uint64_t save, uint64_t seq)
{
    struct test_random random;
    char text[32];
    if (save == 0) {
        struct sw_saved *empty;
        assert_int_equal(sw_saved_new(0, 0, &empty), SW_OK);
        return empty;
    }
    test_random_init(&random, save / 3); /* some hold what the one before held */
    struct sw_saved *state = world_state(&random, 1, (uint32_t)(save / 3 % 4), 2, 40);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)save);
    state->fact[0].value = world_keep(state, text);
    state->seq = seq;
    return state;
}

static uint64_t save_of(const struct sw_saved *state)
{
    return state->facts == 0 ? 0 : strtoull(state->fact[0].value.data, NULL, 10);
}

static sw_status count_record(void *context, const struct sw_record *record, struct sw_err *err)
{
    uint64_t *last = context;
    if (record->seq != *last + 1) {
        return sw_fail(err, SW_INTERNAL, "a record is missing");
    }
    *last = record->seq;
    return SW_OK;
}

/* Opens, restores and reads the log; what is there. */
static struct said look(struct sw_spill *spill, struct sw_store **store, bool is_comparing)
{
    struct sw_err err = {0};
    *store = world_reopen(spill, NAME);
    struct sw_saved *state = world_restore(*store);
    struct said there = {.seq = state->seq, .save = save_of(state)};
    if (is_comparing) {
        struct sw_saved *wanted = state_of(there.save, state->seq);
        world_same_state(wanted, state);
        sw_saved_free(wanted);
    }
    if (sw_journal_read_work(*store, state->seq, count_record, &there.seq, &err) != SW_OK) {
        fail_msg("%s", err.message);
    }
    sw_saved_free(state);
    return there;
}

/* Never returns: it is killed. */
static void live(const char *folder, int pipe_end)
{
    struct sw_store *store;
    struct sw_spill *spill = world_open(folder, SW_DURABILITY_PROCESS, NULL);
    struct said said = look(spill, &store, false);
    for (;;) {
        struct sw_err err = {0};
        if (said.seq % 5 == 4) {
            world_save(store, state_of(said.save + 1, said.seq));
            said.save++;
        }
        const struct sw_record record = {.seq = said.seq + 1,
                                         .method = sw_span_text("table.update"),
                                         .params = sw_span_text("{\"where\": \"x > 1\"}")};
        if (sw_journal_append_work(store, &record, 1, &err) != SW_OK) {
            _exit(1);
        }
        said.seq++;
        if (write(pipe_end, &said, sizeof(said)) != (ssize_t)sizeof(said)) {
            _exit(1);
        }
        if (said.seq % 37 == 0) {
            sw_store_close_work(store);
            said = look(spill, &store, false);
        }
    }
}

/* Kills a child after so many acknowledgements, and a moment; the last that it said. */
static struct said kill_one(const char *folder, struct test_random *random)
{
    int ends[2];
    struct said last = {0};
    struct said said;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        live(folder, ends[1]);
        _exit(1);
    }
    close(ends[1]);
    uint64_t wanted = test_random_below(random, 40);
    for (uint64_t i = 0; i <= wanted && read(ends[0], &said, sizeof(said)) == sizeof(said); i++) {
        last = said;
    }
    struct timespec moment = {.tv_nsec = (long)test_random_below(random, 3000000)};
    (void)ppoll(NULL, 0, &moment, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* it had not given up by itself */
    while (read(ends[0], &said, sizeof(said)) == sizeof(said)) {
        last = said;
    }
    close(ends[0]);
    return last;
}

static void what_a_killed_process_acknowledged_is_there(void **unused)
{
    char folder[64];
    struct test_random random;
    struct sw_store *store;
    struct said acknowledged = {0};
    const char *text = getenv("SW_KILLS");
    uint64_t kills = text != NULL ? strtoull(text, NULL, 10) : 15;
    (void)unused;
    world_make_folder(folder);
    test_random_init(&random, test_seed());
    struct sw_spill *spill = world_open(folder, SW_DURABILITY_PROCESS, NULL);
    sw_store_close_work(world_create(spill, NAME));
    sw_spill_close(spill);
    for (uint64_t i = 0; i < kills; i++) {
        struct said said = kill_one(folder, &random);
        acknowledged = said.seq > 0 ? said : acknowledged;

        spill = world_open(folder, SW_DURABILITY_PROCESS, NULL);
        struct said there = look(spill, &store, true);

        assert_true(there.seq >= acknowledged.seq);
        assert_true(there.save >= acknowledged.save);
        sw_store_close_work(store);
        sw_spill_close(spill);
    }
    print_message("# %llu changes, %llu saves\n", (unsigned long long)acknowledged.seq,
                  (unsigned long long)acknowledged.save);
    test_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_killed_process_acknowledged_is_there)};
    sw_log_set_level(SW_LOG_ERROR);
    return cmocka_run_group_tests_name("spill/kill", tests, NULL, NULL);
}
