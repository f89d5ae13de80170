//! The rows of the live feed: a bounded buffer that takes every row once and in order, and holds new rows back while
//! someone reads. Pure: no clock, no DOM, no socket.

mod row;

use std::collections::VecDeque;
use std::sync::Arc;

pub use self::row::{FeedItem, FeedRow};
use crate::model::{LogEntry, Timestamp};

/// The feed: what is shown, newest first, and what waits until the reader returns.
#[derive(Debug, Default)]
pub struct Feed {
    shown: VecDeque<Arc<FeedRow>>,
    waiting: VecDeque<Arc<FeedRow>>,
    /// Log rows that arrived while holding, kept or not.
    waiting_rows: u32,
    is_held: bool,
    /// Up to here the stream has told everything.
    last_id: i64,
    /// Between these ids, both included, lines waited while rows were cleared: which of them are left shows when they are read again.
    doubtful: Option<(i64, i64)>,
    /// Between these ids, the first excluded, what is shown was read at once: the stream may still come to rows of it, and to what was cleared.
    read: (i64, i64),
}

impl Feed {
    /// Lines shown at most, and lines waiting at most: about 1 MB each, more than anyone scrolls through; history has the rest.
    pub const LIMIT: usize = 2_000;

    /// A feed that begins with the newest rows of the trail (newest first) and goes on after `head`.
    pub fn new(newest: Vec<LogEntry>, head: i64) -> Self {
        let mut feed = Self { last_id: head, ..Self::default() };
        feed.replace(newest, head, false);
        feed
    }

    /// Shows these rows (newest first), read when the trail ended at `head`, instead of all that are not newer. `is_all`: there are no older
    /// ones. Gaps stay where they are, unless what is below them is not shown any more. The stream goes on where it was: it may not have
    /// told yet what was cleared before `head`.
    pub fn replace(&mut self, newest: Vec<LogEntry>, head: i64, is_all: bool) {
        let oldest = if is_all { 0 } else { newest.last().map_or(0, |entry| entry.id) };
        let lost = self.lost(&newest, oldest, head);
        let stays = |row: &Arc<FeedRow>| row.first_id() > head || (matches!(row.item, FeedItem::Gap { .. }) && row.first_id() > oldest);
        let read = newest.into_iter().map(|entry| Arc::new(FeedRow { item: FeedItem::Entry(entry), arrived_at: None }));
        let mut rows: Vec<_> = self.shown.drain(..).filter(stays).chain(read).chain(lost).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.first_id()));
        rows.truncate(Self::LIMIT);
        self.shown = rows.into();
        self.read = (oldest, head);
    }

    /// Notes that rows were cleared: some of those that wait may be among them.
    pub fn doubt_waiting(&mut self) {
        if let (Some(oldest), Some(newest)) = (self.waiting.back(), self.waiting.front()) {
            self.doubtful = Some((oldest.first_id(), newest.first_id()));
        }
    }

    /// The gap that lines have left which waited, and which what was read anew does not have.
    fn lost(&mut self, newest: &[LogEntry], oldest: i64, head: i64) -> Option<Arc<FeedRow>> {
        let (first, last) = self.doubtful.take()?;
        let is_read = |id: i64| newest.binary_search_by(|entry| id.cmp(&entry.id)).is_ok();
        let ids = self.shown.iter().filter(|row| matches!(row.item, FeedItem::Entry(_))).map(|row| row.first_id());
        let among = first.max(oldest + 1)..=last.min(head);
        let mut lost = ids.filter(|id| among.contains(id) && !is_read(*id));
        let to = lost.next()?;
        Some(Arc::new(FeedRow { item: FeedItem::Gap { from: lost.next_back().unwrap_or(to), to }, arrived_at: None }))
    }

    /// Whether new rows wait for somebody who reads.
    pub fn is_held(&self) -> bool {
        self.is_held
    }

    /// Takes rows from before the oldest one, newest first, as far as there is room.
    pub fn extend_older(&mut self, rows: Vec<LogEntry>) {
        let oldest = self.oldest_id().unwrap_or(i64::MAX);
        let older = rows.into_iter().filter(|entry| entry.id < oldest);
        let older = older.map(|entry| Arc::new(FeedRow { item: FeedItem::Entry(entry), arrived_at: None }));
        self.shown.extend(older.take(Self::LIMIT.saturating_sub(self.shown.len())));
    }

    /// Whether there is room for older rows.
    pub fn has_room(&self) -> bool {
        self.shown.len() < Self::LIMIT
    }

    /// Where the stream resumes.
    pub fn last_id(&self) -> i64 {
        self.last_id
    }

    /// Takes rows with ascending ids. Rows already seen are passed over.
    pub fn push(&mut self, rows: Vec<LogEntry>, at: Timestamp) {
        for entry in rows {
            if entry.id <= self.last_id {
                continue;
            }
            self.last_id = entry.id;
            if entry.id > self.read.1 {
                self.waiting_rows += u32::from(self.is_held);
                self.add(FeedItem::Entry(entry), at);
            }
        }
    }

    /// Takes rows with ascending ids, and what was cleared between them.
    pub fn push_with_gaps(&mut self, mut rows: Vec<LogEntry>, gaps: &[(i64, i64)], at: Timestamp) {
        for (from, to) in gaps {
            let after = rows.split_off(rows.partition_point(|entry| entry.id < *from));
            self.push(rows, at);
            self.mark_gap(*from, *to, at);
            rows = after;
        }
        self.push(rows, at);
    }

    /// Notes that nothing up to here is missing: other rows do not pass the filter.
    pub fn pass(&mut self, head: i64) {
        self.last_id = self.last_id.max(head);
    }

    /// Notes that the server cannot give these rows any more. Gaps that adjoin are one.
    pub fn mark_gap(&mut self, from: i64, to: i64, at: Timestamp) {
        if to <= self.last_id {
            return;
        }
        let from = from.max(self.last_id + 1);
        self.last_id = to;
        let (oldest, head) = self.read;
        if from > head {
            self.add(FeedItem::Gap { from, to }, at);
        } else if from > oldest {
            let place = self.shown.partition_point(|row| row.first_id() > from);
            insert(&mut self.shown, place, FeedItem::Gap { from, to }, at);
        }
    }

    fn add(&mut self, item: FeedItem, at: Timestamp) {
        insert(if self.is_held { &mut self.waiting } else { &mut self.shown }, 0, item, at);
    }

    /// From now on new rows wait.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    /// Shows what has waited, and new rows as they come. Where more have come than a feed holds, what was shown before leaves: what is
    /// shown is without a break, and history goes on below it.
    pub fn release(&mut self) {
        self.is_held = false;
        self.waiting_rows = 0;
        let mut shown = std::mem::take(&mut self.waiting);
        if let (Some(after), Some(before)) = (shown.back(), self.shown.front())
            && let Some(item) = before.joined(&after.item)
        {
            self.shown[0] = Arc::new(FeedRow { item, arrived_at: after.arrived_at });
            shown.pop_back();
        }
        shown.append(&mut self.shown);
        shown.truncate(Self::LIMIT);
        self.shown = shown;
    }

    /// How many log rows wait.
    pub fn waiting_rows(&self) -> u32 {
        self.waiting_rows
    }

    /// How many lines are shown in all.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Up to `count` lines from the `first` on, newest first.
    pub fn window(&self, first: usize, count: usize) -> Vec<Arc<FeedRow>> {
        self.shown.iter().skip(first).take(count).cloned().collect()
    }

    /// The id of the oldest line: history goes on below it.
    pub fn oldest_id(&self) -> Option<i64> {
        self.shown.back().map(|row| row.first_id())
    }
}

/// Puts a line before the one at `place`, or makes it one with that; the oldest leave where there are too many.
fn insert(rows: &mut VecDeque<Arc<FeedRow>>, place: usize, item: FeedItem, at: Timestamp) {
    let joined = rows.get(place).and_then(|before| before.joined(&item));
    let row = |item| Arc::new(FeedRow { item, arrived_at: Some(at) });
    match joined {
        Some(joined) => rows[place] = row(joined),
        None => rows.insert(place, row(item)),
    }
    rows.truncate(Feed::LIMIT);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_795_348_800_000);

    pub(in crate::streaming) fn entry(id: i64) -> LogEntry {
        LogEntry::blank(id, NOON)
    }

    fn entries(ids: impl IntoIterator<Item = i64>) -> Vec<LogEntry> {
        ids.into_iter().map(entry).collect()
    }

    fn ids(feed: &Feed) -> Vec<i64> {
        feed.window(0, usize::MAX).iter().map(|row| row.first_id()).collect()
    }

    #[test]
    fn every_row_is_taken_once_and_in_order() {
        let mut feed = Feed::new(entries([3, 2, 1]), 3);
        feed.push(entries([4, 5]), NOON);
        feed.push(entries([4, 5, 6]), NOON);
        feed.push(entries([2]), NOON);
        assert_eq!(ids(&feed), [6, 5, 4, 3, 2, 1]);
        assert_eq!(feed.last_id(), 6);
    }

    #[test]
    fn the_stream_goes_on_after_the_head_even_if_newer_rows_are_out_of_scope() {
        let mut feed = Feed::new(entries([3]), 9);
        assert_eq!(feed.last_id(), 9);
        feed.push(entries([9, 10]), NOON);
        assert_eq!(ids(&feed), [10, 3]);
    }

    #[test]
    fn the_oldest_rows_leave_a_full_feed() {
        let mut feed = Feed::new(vec![], 0);
        feed.push(entries(1..=2_500), NOON);
        assert_eq!(feed.len(), Feed::LIMIT);
        assert_eq!(feed.oldest_id(), Some(501));
        assert_eq!(feed.window(1_990, 300).len(), 10);
    }

    #[test]
    fn older_rows_go_to_the_end_as_far_as_there_is_room() {
        let mut feed = Feed::new(entries([9, 8]), 9);
        feed.extend_older(entries([8, 7, 5]));
        feed.extend_older(entries([4]));
        assert_eq!((ids(&feed), feed.last_id(), feed.oldest_id()), (vec![9, 8, 7, 5, 4], 9, Some(4)));
        let mut full = Feed::new(entries((3..2_002).rev()), 2_001);
        assert!(full.has_room());
        full.extend_older(entries([2, 1]));
        assert_eq!((full.len(), full.oldest_id(), full.has_room()), (Feed::LIMIT, Some(2), false));
    }

    #[test]
    fn nothing_moves_while_someone_reads() {
        let mut feed = Feed::new(entries([2, 1]), 2);
        feed.hold();
        feed.push(entries([3, 4]), NOON);
        assert_eq!(ids(&feed), [2, 1]);
        assert_eq!(feed.waiting_rows(), 2);
        feed.release();
        assert_eq!(ids(&feed), [4, 3, 2, 1]);
        assert_eq!(feed.waiting_rows(), 0);
        feed.push(entries([5]), NOON);
        assert_eq!(ids(&feed), [5, 4, 3, 2, 1]);
    }

    #[test]
    fn where_more_waited_than_a_feed_holds_history_goes_on_below_the_newest() {
        let mut feed = Feed::new(entries([1]), 1);
        feed.hold();
        feed.push(entries(2..=2_011), NOON);
        assert_eq!((ids(&feed), feed.waiting_rows()), (vec![1], 2_010));
        feed.release();
        assert_eq!(ids(&feed), (12..=2_011).rev().collect::<Vec<_>>(), "nothing is missing in between");
        assert_eq!((feed.oldest_id(), feed.has_room()), (Some(12), false), "the link below leads to row 11");
    }

    #[test]
    fn a_gap_is_shown_and_not_asked_for_again() {
        let mut feed = Feed::new(entries([5]), 5);
        feed.mark_gap(4, 9, NOON);
        feed.mark_gap(4, 9, NOON);
        feed.push(entries([8, 10]), NOON);
        assert_eq!(feed.window(0, 9).iter().map(|row| row.key()).collect::<Vec<_>>(), [(0, 10), (1, 9), (0, 5)]);
        assert_eq!(feed.last_id(), 10);
    }

    #[test]
    fn a_gap_outlasts_the_reading_that_a_clearing_brings() {
        let mut feed = Feed::new(entries([5, 4, 3]), 5);
        feed.push_with_gaps(entries([6, 12]), &[(7, 10)], NOON);
        assert_eq!(feed.last_id(), 12);
        feed.replace(entries([12, 4]), 13, false);
        assert_eq!(feed.window(0, 9).iter().map(|row| row.key()).collect::<Vec<_>>(), [(0, 12), (1, 10), (0, 4)]);
    }

    #[test]
    fn a_gap_leaves_with_what_is_below_it() {
        let mut feed = Feed::new(entries([2]), 2);
        feed.push_with_gaps(entries([6, 7, 8]), &[(3, 5)], NOON);
        feed.replace(entries([8, 7]), 8, false);
        assert_eq!(ids(&feed), [8, 7], "rows 6 and older are read from below 7 again");
        feed.mark_gap(9, 9, NOON);
        feed.replace(entries([8]), 9, true);
        assert_eq!(ids(&feed), [9, 8]);
    }

    #[test]
    fn rows_that_were_cleared_while_they_waited_leave_a_gap() {
        let mut feed = Feed::new(entries([3, 2]), 3);
        feed.hold();
        feed.push(entries([4, 5, 6, 7]), NOON);
        feed.doubt_waiting();
        feed.push(entries([8]), NOON);
        feed.release();
        feed.replace(entries([8, 6, 2]), 8, true);
        let keys: Vec<_> = feed.window(0, 9).iter().map(|row| row.key()).collect();
        assert_eq!(keys, [(0, 8), (0, 6), (1, 7), (0, 2)], "row 3 was seen");
        // What has been seen since leaves none.
        feed.replace(entries([8]), 8, true);
        assert_eq!(ids(&feed), [8, 4]);
    }

    #[test]
    fn rows_that_arrived_during_a_fresh_read_stay() {
        let mut feed = Feed::new(entries([5, 4, 3]), 5);
        feed.push(entries([6, 7]), NOON);
        feed.replace(entries([6, 3]), 6, false);
        assert_eq!(ids(&feed), [7, 6, 3]);
        assert_eq!(feed.last_id(), 7);
    }

    #[test]
    fn a_gap_that_the_stream_comes_to_after_a_fresh_read_is_shown_in_its_place() {
        let mut feed = Feed::new(entries([3]), 3);
        feed.replace(entries([40, 20, 3]), 40, false);
        assert_eq!(feed.last_id(), 3, "the stream has told nothing of what was read");
        feed.push_with_gaps(entries([20]), &[(4, 9), (30, 35)], NOON);
        feed.push(entries([40, 41]), NOON);
        feed.mark_gap(30, 35, NOON);
        let keys: Vec<_> = feed.window(0, 9).iter().map(|row| row.key()).collect();
        assert_eq!(keys, [(0, 41), (0, 40), (1, 35), (0, 20), (1, 9), (0, 3)]);
        assert_eq!(feed.last_id(), 41);
    }

    #[test]
    fn a_gap_below_what_was_read_is_not_shown() {
        let mut feed = Feed::new(entries([3]), 3);
        feed.replace(entries([40, 20]), 40, false);
        feed.mark_gap(4, 9, NOON);
        assert_eq!((ids(&feed), feed.last_id()), (vec![40, 20], 9));
        let mut whole = Feed::new(entries([3]), 3);
        whole.replace(entries([40, 20]), 40, true);
        whole.mark_gap(4, 9, NOON);
        assert_eq!(ids(&whole), [40, 20, 4], "what was read begins where the trail does");
    }

    #[test]
    fn gaps_that_adjoin_are_one() {
        let gaps = |feed: &Feed| {
            let gap = |row: &Arc<FeedRow>| if let FeedItem::Gap { from, to } = row.item { Some((from, to)) } else { None };
            feed.window(0, usize::MAX).iter().filter_map(gap).collect::<Vec<_>>()
        };
        let mut feed = Feed::new(entries([5]), 5);
        for (from, to) in [(6, 7), (8, 20), (22, 23)] {
            feed.mark_gap(from, to, NOON);
        }
        assert_eq!(gaps(&feed), [(22, 23), (6, 20)], "row 21 may have been of no interest, and was not cleared");
        feed.hold();
        for (from, to) in [(24, 25), (26, 29)] {
            feed.mark_gap(from, to, NOON);
        }
        assert_eq!(gaps(&feed), [(22, 23), (6, 20)], "nothing changes under the eyes of who reads");
        feed.release();
        assert_eq!(gaps(&feed), [(22, 29), (6, 20)]);

        let mut read = Feed::new(entries([3]), 3);
        read.replace(entries([40, 3]), 40, false);
        read.push_with_gaps(vec![], &[(4, 9), (10, 12)], NOON);
        assert_eq!((gaps(&read), ids(&read)), (vec![(4, 12)], vec![40, 4, 3]));
    }

    #[test]
    fn rows_that_were_read_at_once_do_not_wait_for_the_reader() {
        let mut feed = Feed::new(entries([3]), 3);
        feed.replace(entries([6, 5, 3]), 6, false);
        feed.hold();
        feed.push(entries([5, 6, 7]), NOON);
        assert_eq!((ids(&feed), feed.waiting_rows()), (vec![6, 5, 3], 1));
        feed.release();
        assert_eq!(ids(&feed), [7, 6, 5, 3]);
    }
}
