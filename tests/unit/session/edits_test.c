/* The rules of the queue of edits, of history, of shared data sets and of formulas, through the
 * protocol. */
#include "unit/session/edits_world.h"

/* -- the queue and history ------------------------------------------------------------ */

static void edits_come_in_the_order_of_arrival_and_outlive_their_socket(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1 << 29);
    connect_client(&world);
    upload_text(&world, "fruit.csv", "x\n1\n");
    for (int i = 0; i < 200; i++) {
        say(&world, "table.update",
            "{\"table\":\"fruit\",\"set\":{\"x\":{\"expr\":\"(x * 3 + %d) %% 1009\"}}}", i);
    }
    char token[64];
    memcpy(token, world.token, sizeof token);
    sw_socket_close(world.socket);
    forget(&world);
    assert_int_equal(sw_socket_open(world.server, SW_FORMAT_JSON, &world, &world.socket, NULL),
                     SW_OK);
    say(&world, "session.open", "{\"resume\":\"%s\"}", token);
    say(&world, "table.update", "{\"table\":\"fruit\",\"set\":{\"x\":{\"expr\":\"x\"}}}");
    (void)answer(&world);
    int64_t x = 1;
    for (int i = 0; i < 200; i++) {
        x = (x * 3 + i) % 1009;
    }
    char data[64];
    (void)snprintf(data, sizeof data, "\"data\":[[%" PRId64 "]]", x);
    say(&world, "table.page", "{\"table\":\"fruit\"}");
    assert_non_null(strstr(answer(&world), data));
    close_world(&world);
}

static void a_session_that_ends_gives_up_what_waits(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1 << 29);
    connect_client(&world);
    upload_text(&world, "fruit.csv", "x,y\n1,2\n3,4\n");
    for (int i = 0; i < 100; i++) {
        say(&world, "table.append", "{\"table\":\"fruit\",\"rows\":[{\"x\":%d}]}", i);
    }
    say(&world, "session.close", "{}");
    for (int i = 0; i < 10; i++) {
        turn(&world);
    }
    close_world(&world); /* asserts that nothing is held any more */
}

static void an_edit_that_waits_can_be_cancelled(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1 << 29);
    connect_client(&world);
    upload_text(&world, "fruit.csv", "x\n1\n");
    say(&world, "table.update", "{\"table\":\"fruit\",\"set\":{\"x\":2}}");
    say(&world, "table.update", "{\"table\":\"fruit\",\"set\":{\"x\":{\"expr\":\"x + 40\"}}}");
    unsigned waiting = world.id;
    say(&world, "$/cancel", "{\"id\":%u}", waiting);
    char id[32];
    (void)snprintf(id, sizeof id, "\"id\":%u,", waiting);
    assert_non_null(strstr(await_text(&world, id), "-32070"));
    say(&world, "table.page", "{\"table\":\"fruit\"}");
    assert_non_null(strstr(answer(&world), "\"data\":[[2]]"));
    close_world(&world);
}

static void edits_of_a_dropped_table_are_refused(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1 << 29);
    connect_client(&world);
    upload_text(&world, "fruit.csv", "x\n1\n");
    for (int i = 0; i < 50; i++) {
        say(&world, "table.update", "{\"table\":\"fruit\",\"set\":{\"x\":%d}}", i);
    }
    say(&world, "table.drop", "{\"table\":\"fruit\"}");
    (void)answer(&world);
    (void)await_text(&world, "no table `fruit`");
    say(&world, "table.undo", "{\"table\":\"fruit\"}");
    assert_non_null(strstr(answer(&world), "-32030"));
    close_world(&world);
}

static void too_many_waiting_edits_are_refused(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 1 << 29);
    connect_client(&world);
    upload_text(&world, "fruit.csv", "x\n1\n");
    for (unsigned i = 0; i <= SW_EDITS_WAITING_MAX; i++) {
        say(&world, "table.update", "{\"table\":\"fruit\",\"set\":{\"x\":{\"expr\":\"x + 1\"}}}");
    }
    assert_non_null(strstr(answer(&world), "edits_waiting"));
    close_world(&world);
}

static void history_gives_way_when_memory_runs_short(void **state)
{
    (void)state;
    struct world world;
    struct sw_buf csv;
    open_world(&world, 12 << 20);
    connect_client(&world);
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "x,y\n");
    for (int i = 0; i < 60000; i++) {
        sw_buf_printf(&csv, "%d,%d.5\n", i, i);
    }
    sw_buf_put_byte(&csv, '\0');
    upload_text(&world, "many.csv", csv.data);
    sw_buf_fini(&csv);
    for (int i = 0; i < 60; i++) {
        say(&world, "table.update",
            "{\"table\":\"many\",\"set\":{\"y\":{\"expr\":\"y * 1.37 + %d\"}}}", i);
        const char *came = answer(&world);
        if (strstr(came, "\"changed\":60000") == NULL) {
            fail_msg("edit %d: %.500s", i, came);
        }
        forget(&world);
    }
    int undone = 0;
    const char *came = "";
    do {
        forget(&world);
        say(&world, "table.undo", "{\"table\":\"many\"}");
        came = answer(&world);
        undone += strstr(came, "\"undone\":") != NULL;
    } while (strstr(came, "-32020") == NULL);
    assert_true(undone > 0 && undone < 60);
    assert_non_null(strstr(came, "can no longer be undone"));
    close_world(&world);
}

/* -- shared data sets ----------------------------------------------------------------- */

static void a_data_set_becomes_the_sessions_own_at_its_first_edit(void **state)
{
    (void)state;
    struct world world;
    struct sw_err err;
    open_world(&world, 1 << 29);
    char path[80];
    (void)snprintf(path, sizeof path, "%s/fruit.csv", world.dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("category,x\napples,1\nfigs,2\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sw_server_add_file(world.server, path, &err), SW_OK);
    connect_client(&world);
    do {
        turn(&world);
        say(&world, "table.describe", "{\"table\":\"fruit\"}");
    } while (strstr(answer(&world), "\"status\":\"ready\"") == NULL);
    forget(&world);
    struct sw_socket *first = world.socket;

    say(&world, "table.update", "{\"table\":\"fruit\",\"set\":{\"z\":1}}");
    assert_non_null(strstr(answer(&world), "-32031"));
    say(&world, "table.list", "{}");
    assert_non_null(strstr(answer(&world), "\"shared\":true"));
    say(&world, "table.update",
        "{\"table\":\"fruit\",\"row_ids\":[0],\"set\":{\"x\":10,\"category\":\"new\"}}");
    assert_non_null(strstr(answer(&world), "\"changed\":1"));
    say(&world, "table.list", "{}");
    assert_non_null(strstr(answer(&world), "\"shared\":false"));
    say(&world, "table.page", "{\"table\":\"fruit\"}");
    assert_non_null(strstr(answer(&world), "[[\"new\",\"figs\"],[10,2]]"));

    connect_client(&world); /* another session still has what was loaded */
    say(&world, "table.page", "{\"table\":\"fruit\"}");
    assert_non_null(strstr(answer(&world), "[[\"apples\",\"figs\"],[1,2]]"));
    say(&world, "table.list", "{}");
    assert_non_null(strstr(answer(&world), "\"shared\":true"));
    sw_socket_close(first);
    assert_int_equal(unlink(path), 0);
    close_world(&world);
}

/* -- formulas --------------------------------------------------------------------------- */

static struct sw_version *version_of(struct world *world, const char *table)
{
    struct sw_session *session = NULL;
    assert_int_equal(sw_session_find(world->server, sw_span_text(world->token), &session, NULL),
                     SW_OK);
    return sw_tables_find(&session->tables, sw_span_text(table))->version;
}

/* A table of two row groups with x = 0, 1, 2, ... and the formula z = x * $p. */
static void open_with_formula(struct world *world, int64_t session_memory)
{
    struct sw_buf csv;
    sw_buf_init(&csv);
    sw_buf_put_text(&csv, "x\n");
    for (unsigned i = 0; i < 70000; i++) {
        sw_buf_printf(&csv, "%u\n", i);
    }
    sw_buf_put_byte(&csv, '\0');
    open_world(world, session_memory);
    connect_client(world);
    upload_text(world, "t.csv", csv.data);
    sw_buf_fini(&csv);
    say(world, "input.set", "{\"values\":{\"p\":1}}");
    say(world, "table.add_column", "{\"table\":\"t\",\"name\":\"z\",\"expr\":\"x * $p\"}");
    (void)answer(world);
    assert_int_equal(version_of(world, "t")->groups, 2);
    forget(world);
}

static void a_formula_that_nothing_reads_costs_nothing(void **state)
{
    (void)state;
    struct world world;
    open_with_formula(&world, 1 << 29);
    say(&world, "output.define",
        "{\"output\":\"o\",\"kind\":\"value\",\"table\":\"t\",\"measures\":{\"s\":{\"fn\":\"sum\","
        "\"column\":\"x\"}}}");
    (void)await_text(&world, "\"s\":2449965000");
    const struct sw_version *before = version_of(&world, "t");
    forget(&world);

    for (int i = 2; i < 5; i++) {
        say(&world, "input.set", "{\"values\":{\"p\":%d},\"epoch\":%d}", i, 90 + i);
    }
    (void)await_text(&world, "\"epoch\":94");

    assert_ptr_equal(version_of(&world, "t"), before);
    assert_null(before->group[0]->chunk[1]);
    assert_null(strstr(world.inbox, "output.value"));
    assert_null(strstr(world.inbox, "table.changed"));
    say(&world, "table.page", "{\"table\":\"t\",\"offset\":10,\"limit\":1}");
    assert_non_null(strstr(answer(&world), "\"data\":[[10],[40]]"));
    close_world(&world);
}

static void a_formula_is_computed_for_what_is_read_and_once_for_all(void **state)
{
    (void)state;
    struct world world;
    open_with_formula(&world, 1 << 29);
    say(&world, "table.page", "{\"table\":\"t\",\"limit\":2}");
    (void)answer(&world);
    const struct sw_version *version = version_of(&world, "t");
    const struct sw_chunk *first = version->group[0]->chunk[1];
    assert_non_null(first);
    assert_null(version->group[1]->chunk[1]);

    for (int i = 0; i < 4; i++) {
        say(&world, "output.define",
            "{\"output\":\"o%d\",\"kind\":\"value\",\"table\":\"t\",\"where\":\"z >= 0\","
            "\"measures\":{\"s\":{\"fn\":\"%s\",\"column\":\"z\"}}}",
            i, i % 2 == 0 ? "sum" : "max");
    }
    say(&world, "output.define",
        "{\"output\":\"other\",\"kind\":\"value\",\"table\":\"t\",\"measures\":{\"s\":{\"fn\":"
        "\"count\"}}}");
    (void)await_text(&world, "\"s\":70000");
    (void)await_text(&world, "\"output\":\"o3\"");
    assert_ptr_equal(version_of(&world, "t"), version);
    assert_ptr_equal(version->group[0]->chunk[1], first);
    assert_non_null(version->group[1]->chunk[1]);

    uint64_t number = version->number;
    forget(&world);
    say(&world, "input.set", "{\"values\":{\"p\":2},\"epoch\":99}");
    (void)await_text(&world, "\"flush\",\"params\":{\"epoch\":99");
    assert_int_equal(version_of(&world, "t")->number, number + 1);
    assert_non_null(strstr(world.inbox, "formulas follow new inputs"));
    assert_non_null(strstr(world.inbox, "\"s\":4899930000"));
    assert_non_null(strstr(world.inbox, "\"s\":139998"));
    assert_null(strstr(world.inbox, "\"output\":\"other\""));
    close_world(&world);
}

static void a_formula_that_memory_does_not_hold_is_the_error_of_who_reads_it(void **state)
{
    (void)state;
    struct world world;
    open_with_formula(&world, 8 << 20);
    say(&world, "table.set_formula",
        "{\"table\":\"t\",\"column\":\"z\",\"expr\":\"x || ' %0120d'\"}", 0);
    assert_non_null(strstr(answer(&world), "\"result\""));

    say(&world, "table.page", "{\"table\":\"t\",\"sort\":[{\"column\":\"z\"}]}");
    const char *came = answer(&world);
    assert_non_null(strstr(came, "-32050"));
    assert_non_null(strstr(came, "session_memory_bytes"));

    say(&world, "table.page", "{\"table\":\"t\",\"columns\":[\"x\"],\"limit\":2}");
    assert_non_null(strstr(answer(&world), "\"data\":[[0,1]]"));
    say(&world, "table.set_formula", "{\"table\":\"t\",\"column\":\"z\",\"expr\":\"x + 1\"}");
    assert_non_null(strstr(answer(&world), "\"result\""));
    say(&world, "table.page",
        "{\"table\":\"t\",\"sort\":[{\"column\":\"z\",\"desc\":true}],\"limit\":1}");
    assert_non_null(strstr(answer(&world), "\"data\":[[69999],[70000]]"));
    close_world(&world);
}

static void who_leaves_while_a_formula_is_computed_leaves_nothing_behind(void **state)
{
    (void)state;
    struct world world;
    open_with_formula(&world, 1 << 29);
    say(&world, "output.define",
        "{\"output\":\"o\",\"kind\":\"value\",\"table\":\"t\",\"measures\":{\"s\":{\"fn\":\"sum\","
        "\"column\":\"z\"}}}");
    say(&world, "table.page", "{\"table\":\"t\",\"sort\":[{\"column\":\"z\"}]}");
    say(&world, "table.describe", "{\"table\":\"t\"}");
    say(&world, "download.create", "{\"table\":\"t\"}");
    say(&world, "$/cancel", "{\"id\":%u}", world.id - 1);
    say(&world, "session.close", "{}");
    for (int i = 0; i < 10; i++) {
        turn(&world);
    }
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_come_in_the_order_of_arrival_and_outlive_their_socket),
        cmocka_unit_test(a_session_that_ends_gives_up_what_waits),
        cmocka_unit_test(an_edit_that_waits_can_be_cancelled),
        cmocka_unit_test(edits_of_a_dropped_table_are_refused),
        cmocka_unit_test(too_many_waiting_edits_are_refused),
        cmocka_unit_test(history_gives_way_when_memory_runs_short),
        cmocka_unit_test(a_data_set_becomes_the_sessions_own_at_its_first_edit),
        cmocka_unit_test(a_formula_that_nothing_reads_costs_nothing),
        cmocka_unit_test(a_formula_is_computed_for_what_is_read_and_once_for_all),
        cmocka_unit_test(a_formula_that_memory_does_not_hold_is_the_error_of_who_reads_it),
        cmocka_unit_test(who_leaves_while_a_formula_is_computed_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("session/edits", tests, NULL, NULL);
}
