//! Go's stable sort.
//!
//! Some of the orders by which Caddy's adapter sorts are not consistent: of two equal things each may come before the
//! other. What comes out depends on which pairs are compared, so this is the same algorithm as Go's `sort.SliceStable`:
//! insertion sort on blocks of twenty, then merging by rotation (SymMerge, Kim and Kutzner 2004).

/// Sorts in place. `less(a, b)` says whether `a` must come before `b`.
pub(crate) fn sort_stable<T>(items: &mut [T], mut less: impl FnMut(&T, &T) -> bool) {
    const BLOCK: usize = 20;
    for block in items.chunks_mut(BLOCK) {
        insertion_sort(block, &mut less);
    }
    let mut size = BLOCK;
    while size < items.len() {
        for pair in items.chunks_mut(size * 2) {
            if pair.len() > size {
                merge(pair, size, &mut less);
            }
        }
        size *= 2;
    }
}

fn insertion_sort<T>(items: &mut [T], less: &mut impl FnMut(&T, &T) -> bool) {
    for start in 1..items.len() {
        let mut at = start;
        while at > 0 && less(&items[at], &items[at - 1]) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// Merges the sorted parts before and after `middle`.
fn merge<T>(items: &mut [T], middle: usize, less: &mut impl FnMut(&T, &T) -> bool) {
    let length = items.len();
    if middle == 0 || middle == length {
        return;
    }
    if middle == 1 {
        // A single first item goes before the first that is not less.
        let at = partition(1, length, |at| less(&items[at], &items[0]));
        items[..at].rotate_left(1);
        return;
    }
    if length - middle == 1 {
        // A single last item goes before the first that it is less than.
        let at = partition(0, middle, |at| !less(&items[middle], &items[at]));
        items[at..].rotate_right(1);
        return;
    }
    let half = length / 2;
    let sum = half + middle;
    let (from, to) = if middle > half {
        (sum - length, half)
    } else {
        (0, middle)
    };
    let start = partition(from, to, |at| !less(&items[sum - 1 - at], &items[at]));
    let end = sum - start;
    if start < middle && middle < end {
        items[start..end].rotate_left(middle - start);
    }
    let (left, right) = items.split_at_mut(half);
    if 0 < start && start < half {
        merge(left, start, less);
    }
    if half < end && end < length {
        merge(right, end - half, less);
    }
}

/// The first index in a range for which the condition is false, if it is true up to some index and false after it.
fn partition(mut from: usize, mut to: usize, mut condition: impl FnMut(usize) -> bool) -> usize {
    while from < to {
        let middle = from + (to - from) / 2;
        if condition(middle) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::sort_stable;

    #[test]
    fn agrees_with_any_stable_sort_on_consistent_orders() {
        let mut seed = 1_u64;
        for length in [0, 1, 2, 19, 20, 21, 40, 41, 100, 333] {
            let mut items: Vec<(u64, usize)> = (0..length)
                .map(|index| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ((seed >> 33) % 10, index)
                })
                .collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_stable(&mut items, |left, right| left.0 < right.0);
            assert_eq!(items, expected);
        }
    }

    #[test]
    fn an_order_that_is_always_true_reverses_short_lists() {
        let mut items = [1, 2, 3, 4];
        sort_stable(&mut items, |_, _| true);
        assert_eq!(items, [4, 3, 2, 1]);
    }
}
