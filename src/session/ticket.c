#include "session/ticket.h"

#include <stdlib.h>

#include "base/random.h"
#include "session/server_priv.h"

uint32_t sw_ticket_count_segments(const struct sw_ticket *ticket)
{
    if (ticket->order == NULL || !ticket->order->is_sorted) {
        return ticket->version->groups;
    }
    return (uint32_t)((ticket->order->rows + SW_CHUNK_ROWS - 1) / SW_CHUNK_ROWS);
}

void sw_ticket_add(struct sw_session *session, struct sw_ticket *ticket, char text[SW_TOKEN_TEXT])
{
    sw_random_text(text, SW_TOKEN_BYTES);
    sw_sha256(text, strlen(text), ticket->key);
    ticket->refs = 1;
    ticket->session = session;
    ticket->sibling = session->tickets;
    ticket->segments = sw_ticket_count_segments(ticket);
    ticket->expires_ms = sw_clock_ms(session->server->clock) + (int64_t)SW_TICKET_S * 1000;
    session->tickets = ticket;
    session->ticket_count++;
    HASH_ADD(by_key, session->server->tickets, key, sizeof ticket->key, ticket);
    if (session->ticket_count > SW_DOWNLOADS_PER_SESSION_MAX) {
        struct sw_ticket *oldest = session->tickets;
        while (oldest->sibling != NULL) {
            oldest = oldest->sibling;
        }
        sw_ticket_free(oldest);
    }
}

struct sw_ticket *sw_ticket_find(struct sw_server *server, struct sw_span text)
{
    unsigned char key[SW_SHA256_BYTES];
    sw_sha256(text.data, text.length, key);
    struct sw_ticket *ticket;
    HASH_FIND(by_key, server->tickets, key, sizeof key, ticket);
    return ticket;
}

struct sw_ticket *sw_ticket_ref(struct sw_ticket *ticket)
{
    ticket->refs++;
    return ticket;
}

void sw_ticket_unref(struct sw_ticket *ticket)
{
    if (ticket == NULL || --ticket->refs > 0) {
        return;
    }
    sw_order_unref(ticket->order);
    sw_version_unref(ticket->version);
    free(ticket->columns);
    free(ticket->segment_start);
    free(ticket);
}

void sw_ticket_free(struct sw_ticket *ticket)
{
    struct sw_session *session = ticket->session;
    for (struct sw_ticket **link = &session->tickets; *link != NULL; link = &(*link)->sibling) {
        if (*link == ticket) {
            *link = ticket->sibling;
            break;
        }
    }
    session->ticket_count--;
    HASH_DELETE(by_key, session->server->tickets, ticket);
    ticket->session = NULL;
    sw_ticket_unref(ticket);
}

void sw_ticket_sweep(struct sw_session *session, int64_t now_ms)
{
    struct sw_ticket *next;
    for (struct sw_ticket *ticket = session->tickets; ticket != NULL; ticket = next) {
        next = ticket->sibling;
        if (now_ms >= ticket->expires_ms && ticket->refs == 1) {
            sw_ticket_free(ticket);
        }
    }
}
