/* See pins.h. */
#include "table/pins.h"

static void let_go(struct sw_pins *pins)
{
    for (uint32_t i = 0; i < SW_PINS; i++) {
        if (pins->chunk[i] != NULL) {
            sw_chunk_unpin(pins->chunk[i]);
            pins->chunk[i] = NULL;
        }
    }
}

/* Where memory is short, what is held here may be what is in the way. */
bool sw_pins_change(struct sw_pins *pins, const struct sw_chunk *chunk)
{
    const struct sw_chunk **slot = &pins->chunk[sw_pins_slot(chunk)];
    struct sw_err err = {0};
    if (*slot != NULL) {
        sw_chunk_unpin(*slot);
        *slot = NULL;
    }
    sw_status status = sw_chunk_pin(chunk, &err);
    if (status == SW_NO_MEMORY || status == SW_LIMIT) {
        let_go(pins);
        status = sw_chunk_pin(chunk, &err);
    }
    if (status == SW_OK) {
        *slot = chunk;
    } else if (pins->status == SW_OK) {
        pins->status = status;
        pins->err = err;
    }
    return status == SW_OK;
}

sw_status sw_pins_leave(struct sw_pins *pins, struct sw_err *err)
{
    sw_status status = pins->status;
    let_go(pins);
    if (status != SW_OK && err != NULL) {
        *err = pins->err;
    }
    pins->status = SW_OK;
    return status;
}
