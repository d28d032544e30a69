/* See fold.h: the kinds by name. */
#include "fold/fold.h"

#include "fold/kinds.h"

const char *const sw_fold_common_params[] = {
    "output", "kind", "table", "select", "except", "where", "facet", NULL,
};

const struct sw_fold *sw_fold_find(struct sw_span kind)
{
    static const struct sw_fold *const folds[] = {
        &sw_fold_histogram, &sw_fold_histogram2d, &sw_fold_line,      &sw_fold_scatter,
        &sw_fold_groupby,   &sw_fold_value,       &sw_fold_quantiles,
    };
    for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
        if (sw_span_equal(kind, sw_span_text(folds[i]->kind))) {
            return folds[i];
        }
    }
    return NULL;
}
