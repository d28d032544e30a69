#include "session/datasetstore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/block.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#define HASH_BYTES (1u << 20)  /* read at once */
#define STEP_BYTES (16u << 20) /* hashed by one step: other tasks take turns */

static const char facts_name[] = "file";

/* -- what is known of a file ------------------------------------------------------------------- */

sw_status sw_file_facts_read(int fd, struct sw_file_facts *facts)
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return SW_STORAGE;
    }
    *facts = (struct sw_file_facts){
        .bytes = about.st_size,
        .mtime_ns = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec,
    };
    return SW_OK;
}

bool sw_file_facts_equal(const struct sw_file_facts *a, const struct sw_file_facts *b)
{
    if (a->bytes != b->bytes) {
        return false;
    }
    return a->has_digest && b->has_digest ? memcmp(a->digest, b->digest, sizeof a->digest) == 0
                                          : a->mtime_ns == b->mtime_ns;
}

void sw_file_facts_write(const struct sw_file_facts *facts, char into[SW_FILE_FACTS_TEXT])
{
    int length = snprintf(into, SW_FILE_FACTS_TEXT, "%" PRId64 " %" PRId64 " ", facts->bytes,
                          facts->mtime_ns);
    char *at = into + length;
    if (!facts->has_digest) {
        (void)snprintf(at, 2, "-");
        return;
    }
    for (size_t i = 0; i < sizeof facts->digest; i++) {
        (void)snprintf(at + 2 * i, 3, "%02x", facts->digest[i]);
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

bool sw_file_facts_parse(struct sw_span text, struct sw_file_facts *facts)
{
    char copy[SW_FILE_FACTS_TEXT];
    int at = 0;
    *facts = (struct sw_file_facts){0};
    if (text.length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    if (sscanf(copy, "%" SCNd64 " %" SCNd64 " %n", &facts->bytes, &facts->mtime_ns, &at) != 2 ||
        at == 0) {
        return false;
    }
    if (strcmp(copy + at, "-") == 0) {
        return true;
    }
    if (strlen(copy + at) != 2 * sizeof facts->digest) {
        return false;
    }
    for (size_t i = 0; i < sizeof facts->digest; i++) {
        int high = hex_digit(copy[at + 2 * (int)i]);
        int low = hex_digit(copy[at + 2 * (int)i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        facts->digest[i] = (unsigned char)(high << 4 | low);
    }
    facts->has_digest = true;
    return true;
}

/* -- hashing ----------------------------------------------------------------------------------- */

/* At most STEP_BYTES more. *is_done: all of it, and `facts` has the digest. */
static sw_status hash_step_work(struct sw_datafile *file, bool *is_done, struct sw_err *err)
{
    if (file->digest == NULL) {
        file->hashed = 0;
        if (sw_digest_new(SW_DIGEST_SHA256, &file->digest) != SW_OK) {
            return sw_fail(err, SW_NO_MEMORY, "out of memory");
        }
    }
    char *block = sw_block_alloc(HASH_BYTES);
    if (block == NULL) {
        return sw_fail(err, SW_NO_MEMORY, "out of memory");
    }
    sw_status status = SW_OK;
    for (int64_t end = file->hashed + STEP_BYTES; file->hashed < end && !*is_done;) {
        ssize_t got = pread(file->fd, block, HASH_BYTES, (off_t)file->hashed);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status =
                sw_fail(err, SW_STORAGE, "the file cannot be read: %s", strerrordesc_np(errno));
            break;
        }
        sw_digest_add(file->digest, block, (size_t)got);
        file->hashed += got;
        *is_done = got == 0;
    }
    sw_block_free(block, HASH_BYTES);
    if (*is_done) {
        sw_digest_finish(file->digest, file->facts.digest);
        sw_digest_free(file->digest);
        file->digest = NULL;
        file->facts.has_digest = true;
    }
    return status;
}

/* -- opening ----------------------------------------------------------------------------------- */

static bool stored_facts(const struct sw_saved *saved, struct sw_file_facts *facts)
{
    for (uint32_t i = 0; i < saved->facts; i++) {
        if (sw_span_equal(saved->fact[i].name, sw_span_text(facts_name))) {
            return saved->tables == 1 && saved->table[0].version != NULL &&
                   sw_file_facts_parse(saved->fact[i].value, facts);
        }
    }
    return false;
}

/* Before anything is restored: a file of another size is another. */
static enum sw_datafile_outcome compare_size(const struct sw_datafile *file, struct sw_err *err)
{
    struct sw_file_facts then;
    struct sw_span text = sw_span_text(sw_store_facts_peek(file->store)->app);
    if (sw_file_facts_parse(text, &then) && then.bytes != file->facts.bytes) {
        (void)sw_fail(err, SW_STORAGE, "it has %" PRId64 " bytes instead of %" PRId64,
                      file->facts.bytes, then.bytes);
        return SW_DATAFILE_CHANGED;
    }
    return SW_DATAFILE_SAME;
}

/* The state is restored: is it the file's? *is_unsure: its bytes must be hashed first. */
static enum sw_datafile_outcome compare(struct sw_datafile *file, bool *is_unsure,
                                        struct sw_err *err)
{
    struct sw_file_facts then;
    if (!stored_facts(file->state, &then)) {
        (void)sw_fail(err, SW_STORAGE, "it was never stored to its end");
        return SW_DATAFILE_NONE;
    }
    *is_unsure = then.mtime_ns != file->facts.mtime_ns && !file->facts.has_digest;
    if (*is_unsure) {
        return SW_DATAFILE_SAME;
    }
    if (!sw_file_facts_equal(&then, &file->facts)) {
        (void)sw_fail(err, SW_STORAGE, "its bytes are others");
        return SW_DATAFILE_CHANGED;
    }
    file->is_retimed = then.mtime_ns != file->facts.mtime_ns;
    memcpy(file->facts.digest, then.digest, sizeof then.digest);
    file->facts.has_digest = then.has_digest;
    return SW_DATAFILE_SAME;
}

static sw_status open_step_work(struct sw_datafile *file, bool *is_done, struct sw_err *err)
{
    bool is_restored = false;
    bool is_unsure = false;
    if (file->store == NULL) {
        SW_TRY(sw_store_open_work(file->spill, file->name, INT64_MAX, &file->store, err));
        file->outcome = compare_size(file, err);
        *is_done = file->outcome != SW_DATAFILE_SAME;
        return *is_done ? SW_OK : sw_restore_new(file->store, file->budget, &file->restore, err);
    }
    if (file->restore != NULL) {
        SW_TRY(sw_restore_step_work(file->restore, &is_restored, err));
        if (!is_restored) {
            return SW_OK;
        }
        file->state = sw_restore_take(file->restore);
        sw_restore_free(file->restore);
        file->restore = NULL;
    } else {
        bool is_hashed = false;
        SW_TRY(hash_step_work(file, &is_hashed, err));
        if (!is_hashed) {
            return SW_OK;
        }
    }
    file->outcome = compare(file, &is_unsure, err);
    *is_done = !is_unsure;
    return SW_OK;
}

/* The store is of no use. What is damaged is kept for whoever wants to look at it. */
static void drop_store_work(struct sw_datafile *file, sw_status why)
{
    sw_restore_free(file->restore);
    file->restore = NULL;
    sw_saved_free(file->state);
    file->state = NULL;
    struct sw_err err;
    sw_status status = SW_OK;
    if (why == SW_DAMAGED) {
        sw_store_close_work(file->store);
        status = sw_store_set_aside_work(file->spill, file->name, &err);
    } else if (file->store != NULL) {
        sw_store_remove_work(file->store);
    } else if (why != SW_UNKNOWN_TOKEN) {
        status = sw_spill_remove_work(file->spill, file->name, &err);
    }
    if (status != SW_OK) {
        sw_log(SW_LOG_WARN, file->name, "remove failed reason=\"%s\"", err.message);
    }
    file->store = NULL;
    file->name[0] = '\0';
}

/* -- saving ------------------------------------------------------------------------------------ */

static sw_status put_facts_work(struct sw_datafile *file)
{
    struct sw_saved *state = file->state;
    char text[SW_FILE_FACTS_TEXT];
    sw_file_facts_write(&file->facts, text);
    char *value = sw_arena_text(&state->arena, sw_span_text(text));
    state->fact[0].name = sw_span_text(facts_name);
    state->fact[0].value = sw_span_of(value, value == NULL ? 0 : strlen(value));
    return value == NULL ? SW_NO_MEMORY : SW_OK;
}

/* Was the file written to while it was read? */
static sw_status check_unchanged(const struct sw_datafile *file, struct sw_err *err)
{
    struct sw_file_facts now;
    if (sw_file_facts_read(file->fd, &now) != SW_OK || now.bytes != file->facts.bytes ||
        now.mtime_ns != file->facts.mtime_ns) {
        return sw_fail(err, SW_STORAGE, "the file was written to while it was read");
    }
    return SW_OK;
}

static sw_status begin_save_work(struct sw_datafile *file, struct sw_err *err)
{
    SW_TRY(check_unchanged(file, err));
    if (file->store == NULL) {
        struct sw_store_facts facts = {.kind = SW_STORE_DATASET};
        memcpy(facts.key, file->key, sizeof facts.key);
        sw_file_facts_write(&file->facts, facts.app);
        facts.opened_ms = sw_clock_system.wall_ms(sw_clock_system.context);
        (void)snprintf(file->name, sizeof file->name, "file-");
        sw_random_text(file->name + strlen(file->name), 12);
        SW_TRY(sw_store_create_work(file->spill, file->name, &facts, INT64_MAX, &file->store, err));
    }
    SW_TRY(put_facts_work(file));
    struct sw_saved *state = file->state;
    file->state = NULL;
    return sw_save_new(file->store, state, &file->save, err);
}

static sw_status keep_step_work(struct sw_datafile *file, bool *is_done, struct sw_err *err)
{
    if (!file->facts.has_digest) {
        bool is_hashed = false;
        return hash_step_work(file, &is_hashed, err);
    }
    return file->save == NULL ? begin_save_work(file, err)
                              : sw_save_step_work(file->save, is_done, err);
}

/* -- stepping ---------------------------------------------------------------------------------- */

static sw_status check_step_work(struct sw_datafile *file, bool *is_done, struct sw_err *err)
{
    unsigned char then[SW_SHA256_BYTES];
    memcpy(then, file->facts.digest, sizeof then);
    SW_TRY(hash_step_work(file, is_done, err));
    if (*is_done && memcmp(then, file->facts.digest, sizeof then) != 0) {
        file->outcome = SW_DATAFILE_CHANGED;
        return sw_fail(err, SW_STORAGE, "its bytes are others, though its time is the same");
    }
    return SW_OK;
}

static sw_status step_work(struct sw_datafile *file, bool *is_done, struct sw_err *err)
{
    switch (file->kind) {
    case SW_DATAFILE_OPEN:
        return open_step_work(file, is_done, err);
    case SW_DATAFILE_CHECK:
        return check_step_work(file, is_done, err);
    case SW_DATAFILE_KEEP:
        return keep_step_work(file, is_done, err);
    }
    return SW_INTERNAL;
}

bool sw_datafile_step_work(struct sw_disk_task *task)
{
    struct sw_datafile *file = task->context;
    bool is_done = false;
    task->status = step_work(file, &is_done, &task->err);
    if (task->status == SW_OK && !is_done && !sw_job_is_cancelled(&task->job)) {
        return true;
    }
    if (file->kind == SW_DATAFILE_OPEN && task->status != SW_OK) {
        file->outcome = SW_DATAFILE_NONE;
    }
    if (file->kind == SW_DATAFILE_OPEN && file->outcome != SW_DATAFILE_SAME) {
        drop_store_work(file, task->status);
    }
    sw_save_free(file->save);
    file->save = NULL;
    return false;
}

bool sw_datafile_close_work(struct sw_disk_task *task)
{
    struct sw_datafile *file = task->context;
    sw_restore_free(file->restore);
    sw_saved_free(file->state);
    sw_store_close_work(file->store);
    if (file->stale != NULL) {
        sw_store_remove_work(file->stale);
    }
    if (file->fd >= 0) {
        (void)close(file->fd);
        file->fd = -1;
    }
    sw_digest_free(file->digest);
    return false;
}
