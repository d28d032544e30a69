#include "support/test.h"

#include "net/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof(storage));
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&storage;
    if (strchr(text, ':') != NULL) {
        in6->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
    } else {
        in->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
    }
    return storage;
}

static bool may(struct sw_peers *peers, const char *text, int64_t now_us)
{
    struct sockaddr_storage storage = address(text);
    return sw_peers_may_enter(peers, (struct sockaddr *)(void *)&storage, now_us);
}

static struct sw_peer *enter(struct sw_peers *peers, const char *text)
{
    struct sockaddr_storage storage = address(text);
    return sw_peers_enter(peers, (struct sockaddr *)(void *)&storage, 0);
}

static void an_address_holds_no_more_than_its_number(void **state)
{
    (void)state;
    struct sw_peers peers;
    sw_peers_init(&peers, 2, 1000);

    struct sw_peer *first = enter(&peers, "10.0.0.1");
    assert_true(may(&peers, "10.0.0.1", 0));
    struct sw_peer *second = enter(&peers, "10.0.0.1");
    assert_false(may(&peers, "10.0.0.1", 0));
    assert_true(may(&peers, "10.0.0.2", 0));
    sw_peers_leave(&peers, first);
    assert_true(may(&peers, "10.0.0.1", 0));

    sw_peers_leave(&peers, second);
    sw_peers_fini(&peers);
}

static void an_address_has_no_more_uploads_than_its_number(void **state)
{
    (void)state;
    struct sw_peers peers;
    sw_peers_init(&peers, 2, 1000);
    struct sw_peer *peer = enter(&peers, "10.0.0.1");

    assert_true(sw_peer_begin_upload(peer, 2));
    assert_true(sw_peer_begin_upload(peer, 2));
    assert_false(sw_peer_begin_upload(peer, 2));
    sw_peer_end_upload(peer);
    assert_true(sw_peer_begin_upload(peer, 2));
    assert_false(sw_peers_is_full(&peers, peer));
    assert_ptr_equal(enter(&peers, "10.0.0.1"), peer);
    assert_false(sw_peers_is_full(&peers, peer));
    assert_ptr_equal(enter(&peers, "10.0.0.1"), peer);
    assert_true(sw_peers_is_full(&peers, peer));

    sw_peers_fini(&peers);
}

static void an_ipv6_address_counts_as_its_64(void **state)
{
    (void)state;
    struct sw_peers peers;
    sw_peers_init(&peers, 1, 1000);

    struct sw_peer *peer = enter(&peers, "2001:db8:1:2::1");

    assert_false(may(&peers, "2001:db8:1:2:ffff::9", 0));
    assert_true(may(&peers, "2001:db8:1:3::1", 0));
    sw_peers_leave(&peers, peer);
    sw_peers_fini(&peers);
}

static void an_address_opens_no_faster_than_its_rate(void **state)
{
    (void)state;
    struct sw_peers peers;
    sw_peers_init(&peers, 1000, 10);
    int opened = 0;

    while (may(&peers, "10.0.0.1", 0)) {
        opened++;
    }
    assert_int_equal(opened, 20);
    assert_false(may(&peers, "10.0.0.1", 99999));
    assert_true(may(&peers, "10.0.0.1", 200000));
    assert_true(may(&peers, "10.0.0.1", 200000));
    assert_false(may(&peers, "10.0.0.1", 200000));

    sw_peers_fini(&peers);
}

static void addresses_that_left_are_forgotten(void **state)
{
    (void)state;
    struct sw_peers peers;
    sw_peers_init(&peers, 10, 10);
    struct sw_peer *stays = enter(&peers, "10.0.0.1");
    struct sw_peer *leaves = enter(&peers, "10.0.0.2");
    assert_true(may(&peers, "10.0.0.3", 0));
    sw_peers_leave(&peers, leaves);

    sw_peers_sweep(&peers, 0);
    assert_int_equal(sw_peers_count(&peers), 2); /* .3 has yet to recover */
    sw_peers_sweep(&peers, 10000000);
    assert_int_equal(sw_peers_count(&peers), 1);

    sw_peers_leave(&peers, stays);
    sw_peers_leave(&peers, NULL);
    sw_peers_fini(&peers);
    assert_int_equal(sw_peers_count(&peers), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_holds_no_more_than_its_number),
        cmocka_unit_test(an_address_has_no_more_uploads_than_its_number),
        cmocka_unit_test(an_ipv6_address_counts_as_its_64),
        cmocka_unit_test(an_address_opens_no_faster_than_its_rate),
        cmocka_unit_test(addresses_that_left_are_forgotten),
    };
    return cmocka_run_group_tests_name("net/peers", tests, NULL, NULL);
}
