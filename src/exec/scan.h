/* scan: many outputs folded over one version in one pass.  Outputs name the
 * filters that must pass for them; each column and each filter is read once per
 * vector, however many outputs want it.
 *
 * The row groups are cut into at most SW_SCAN_STRIPES runs (stripes) by their
 * number alone.  A worker's step folds one row group of the first stripe that nobody
 * works on; a stripe's groups are folded in order into one partial per output, and
 * finished stripes are merged in order.  So the floats are the same for any number of
 * workers, and no more partials are held than there are stripes.  An output whose
 * finish says SW_AGAIN goes through further rounds of the same job with the others of
 * its kind; one that fails is left out and keeps its own error.
 *
 * With partials (exec/partials.h) an output whose kind allows it goes row group by row group: what
 * is kept of a group is merged and its rows are not read, what is folded is kept for the next scan.
 * No bit of a result depends on what was found there: sums are exact, and all is merged in order.
 *
 * Loop thread; `done` is called on the loop, once, and owns the scan from then on.  */
#ifndef SW_EXEC_SCAN_H
#define SW_EXEC_SCAN_H

#include "base/budget.h"
#include "base/clock.h"
#include "exec/partials.h"
#include "exec/pool.h"
#include "fold/filter.h"
#include "fold/fold.h"

struct sw_scan;

struct sw_scan_output {
    struct sw_foldrun *run;  /* taken over */
    const uint32_t *filters; /* indices into the spec's filters; copied */
    uint32_t filter_count;
    struct sw_identity definition; /* of its kind and parameters with their inputs; for partials */
};

struct sw_scan_spec {
    struct sw_version *version;       /* a reference is taken */
    struct sw_filter *const *filters; /* distinct; taken over */
    uint32_t filter_count;
    const struct sw_scan_output *outputs;
    uint32_t output_count;
    struct sw_budget *budget;              /* charged for partials; may be NULL */
    struct sw_partials *partials;          /* outlives the scan; NULL: nothing is kept */
    const struct sw_identity *filter_keys; /* [filter_count] of what each tests; with partials */
    bool keeps_whole_only; /* only row groups of which a filter takes all or nothing: in a drag no
                              other state of the filters comes again */
    const struct sw_clock *clock; /* read on workers too */
    enum sw_class urgency;
};

struct sw_scan_result {
    sw_status status; /* SW_CANCELLED when the scan ended before it was known */
    struct sw_err err;
    struct sw_series *series; /* SW_OK: one reference, the scan's */
    uint64_t rows;            /* that passed its filters */
};

typedef void (*sw_scan_done_fn)(void *context, struct sw_scan *scan);

/* What scans keep for one another (bin codes, kernel/places.h) is charged to this root budget, and
 * given up before it refuses anybody; from the server's start to its end. */
void sw_scan_caches_open(struct sw_budget *budget);
void sw_scan_caches_close(void);

/* On failure filters and runs are freed and done is not called. */
SW_MUST_USE sw_status sw_scan_submit(struct sw_pool *pool, struct sw_lane *lane,
                                     const struct sw_scan_spec *spec, sw_scan_done_fn done,
                                     void *context, struct sw_scan **scan, struct sw_err *err);
void sw_scan_cancel(struct sw_scan *scan); /* done follows */
/* 0..1 of the rounds known so far. */
double sw_scan_progress(const struct sw_scan *scan);

/* After done. */
bool sw_scan_was_cancelled(const struct sw_scan *scan);
const struct sw_scan_result *sw_scan_result(const struct sw_scan *scan, uint32_t output);
/* From the first step's start; the clock's microseconds, 0 when no step ran. */
int64_t sw_scan_begun_us(const struct sw_scan *scan);
int64_t sw_scan_compute_us(const struct sw_scan *scan); /* first step to last */
void sw_scan_free(struct sw_scan *scan);

#endif
