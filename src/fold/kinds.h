/* kinds: the output kinds that are folds, one file each; parameters as in PROTOCOL section 4, and
 * what that page leaves open.  All numbers of time on an axis are milliseconds since 1970 UTC.
 *
 * histogram: x, bins (50) or width, domain?, measure?
 *            -> {edges, count, value?, nulls, below, above}
 *   Domain: the column's range in the whole table, whatever is filtered (a single value v gets
 *   [v - 0.5, v + 0.5], no value [0, 1]).  With `width` edges are multiples of it, or start at
 *   domain[0].  NaN counts among nulls: it has no place on an axis.  A value on an axis is a
 *   double, so integers beyond 2^53 are rounded first.
 * histogram2d: x: {column, bins, domain?}, y: the same, measure?
 *            -> {x_edges, y_edges, count, value?}
 *   Rows outside either axis, null or NaN in either column are not counted.
 * line: x, y: [columns], points, method?, domain? -> {x, y: {column: [..]}}
 *   `points` equal buckets of x (lttb: that many points).  m4: for each bucket and each y the rows
 *   of the first and last non-null y (by x, then by row) and of the least and the greatest (the
 *   first of equals); the union of those rows, each once, ordered by x, then by row; every y gives
 *   its own value at the row, null where it has none.  minmax: the least and greatest only.  mean:
 *   one point per bucket that has a row, at the bucket's middle, the mean of each y there.  lttb:
 *   of the rows of minmax with four buckets per point, chosen by the first y.  NaN in y is as
 *   null; rows without x or outside the domain do not count.
 * scatter: x, y, color?, points -> {x, y, color?, row_ids, total}
 *   Rows with x and y (neither null nor NaN); `total` of them, of which those `points` are shown
 *   whose row id has the smallest hash: a sample that stays while the rows do, and of which a
 *   smaller one is a part.  In order of row id.
 * groupby: by, measures, order?, limit?, other? -> {keys, measures, groups}
 *   Null is a group.  In order of keys (nulls last) when no order is given; ties of an order are
 *   broken by keys; a null measure comes last either way.  `groups`: how many there are; `other`:
 *   adds {other: {measure: v}, other_groups: n} of those not sent.
 * value: measures -> {measures}
 *   Also over no rows: count 0, the rest null.
 * quantiles: column, q, by? -> {q, value}
 *   Type 7, exact; with `by` also {keys, groups}, in order of keys, and
 *   value[group * q.length + i].
 */
#ifndef SW_FOLD_KINDS_H
#define SW_FOLD_KINDS_H

#include "fold/fold.h"

extern const struct sw_fold sw_fold_histogram;
extern const struct sw_fold sw_fold_histogram2d;
extern const struct sw_fold sw_fold_line;
extern const struct sw_fold sw_fold_scatter;
extern const struct sw_fold sw_fold_groupby;
extern const struct sw_fold sw_fold_value;
extern const struct sw_fold sw_fold_quantiles;

#endif
