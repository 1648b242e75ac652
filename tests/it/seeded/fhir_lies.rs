//! How the FHIR server, what stands before it, and those who write to it beside us are not as one
//! would wish.

use fastrand::Rng;

use super::plan::rate;

/// What a seed decides of that.
#[derive(Debug, Clone, Copy, Default)]
pub struct FhirLies {
    /// Of a thousand answers, how many are other ones, or in another order.
    pub mixed_up: u32,
    /// Of a thousand reads by id, how many are stale. Then searches are not.
    pub stale_reads: u32,
    /// Whether the answers to creates hold what is stored.
    pub represents: bool,
    /// Whether it is told of a version that is known that it is that still (304).
    pub says_not_modified: bool,
    /// How many resources a page of a search holds, if there are pages; the first one may be empty.
    pub page: Option<usize>,
    /// Of a thousand links to a further page, how many lead nowhere any more.
    pub gone_links: u32,
    /// How many patients are merged into others.
    pub merges: usize,
    /// Whether another archive has a part in our studies.
    pub archive: bool,
}

impl FhirLies {
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0xf417);
        let mut one_of = |number: u8| rng.u8(..number) == 0;
        let (mixes_up, has_pages, merges) = (one_of(4), one_of(4), one_of(4));
        let stale_reads = one_of(3);
        let lies = Self {
            represents: one_of(2),
            says_not_modified: one_of(2),
            archive: one_of(4),
            ..Self::default()
        };
        Self {
            mixed_up: if mixes_up { rng.u32(20..300) } else { 0 },
            stale_reads: if stale_reads { rng.u32(20..300) } else { 0 },
            page: has_pages.then(|| rng.usize(..2)),
            gone_links: if has_pages { rate(&mut rng) } else { 0 },
            merges: if merges { rng.usize(1..3) } else { 0 },
            ..lies
        }
    }

    /// What of it is the case.
    pub fn in_words(&self) -> String {
        let words = [
            (self.mixed_up > 0, ", answers mixed up"),
            (self.stale_reads > 0, ", stale reads"),
            (self.page.is_some(), ", pages"),
            (self.merges > 0, ", merged patients"),
            (self.archive, ", another archive"),
        ];
        let words = words.iter().filter(|(is_so, _)| *is_so);
        words.map(|(_, word)| *word).collect()
    }
}
