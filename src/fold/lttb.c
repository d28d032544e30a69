/* Largest triangle three buckets (Sveinn Steinarsson, "Downsampling time series for visual
 * representation", 2013): the first and the last point stay; of each bucket between them the
 * point that makes the largest triangle with the one chosen before and the mean of the next
 * bucket. */
#include <math.h>

#include "fold/line.h"

struct range {
    size_t begin, end;
};

/* Points of the k-th of `buckets` buckets between the first and the last point. */
static struct range bucket_of(size_t k, size_t buckets, size_t n)
{
    double each = (double)(n - 2) / (double)buckets;
    return (struct range){(size_t)floor((double)k * each) + 1,
                          (size_t)floor((double)(k + 1) * each) + 1};
}

static void mean_of(const double *x, const double *y, struct range range, double *mean_x,
                    double *mean_y)
{
    double n = (double)(range.end - range.begin);
    *mean_x = 0;
    *mean_y = 0;
    for (size_t i = range.begin; i < range.end; i++) {
        *mean_x += x[i] / n;
        *mean_y += y[i] / n;
    }
}

size_t sw_lttb(const double *x, const double *y, size_t n, size_t points, size_t *kept)
{
    if (n <= points || points < 3) {
        size_t all = n <= points ? n : points;
        for (size_t i = 0; i < all; i++) {
            kept[i] = all == 1 ? 0 : i * (n - 1) / (all - 1);
        }
        return all;
    }
    size_t buckets = points - 2;
    size_t chosen = 0;
    kept[0] = 0;
    for (size_t k = 0; k < buckets; k++) {
        struct range own = bucket_of(k, buckets, n);
        struct range next = bucket_of(k + 1, buckets, n);
        next = k + 1 == buckets ? (struct range){n - 1, n} : next;
        double mean_x;
        double mean_y;
        double largest = -1;
        size_t best = own.begin;
        mean_of(x, y, next, &mean_x, &mean_y);
        for (size_t i = own.begin; i < own.end; i++) {
            double area = fabs((x[chosen] - mean_x) * (y[i] - y[chosen]) -
                               (x[chosen] - x[i]) * (mean_y - y[chosen]));
            if (area > largest) {
                largest = area;
                best = i;
            }
        }
        chosen = best;
        kept[k + 1] = best;
    }
    kept[points - 1] = n - 1;
    return points;
}
